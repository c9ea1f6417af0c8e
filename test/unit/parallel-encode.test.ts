// The row encoder against a reference that is slow and plain. Random parts are seeded; the seed is in the test's name or its failure.
import { describe, expect, test } from 'vitest';
import { RowsBroken } from '../../src/core/errors.ts';
import { createRowEncoder } from '../../src/dump/parallel/encode.ts';

type Field = Buffer | null;
const FULL = 0xffffff;
const EOF_PACKET = Buffer.from([0xfe, 3, 1, 2, 0]);
const refusal = Buffer.concat([Buffer.from([0xff, 0x25, 5]), Buffer.from('#70100Query execution was interrupted')]);

/** Numbers that are the same in every run. */
function chance(seed: number) {
	let state = seed;
	const below = (end: number) => {
		state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
		return Math.floor((state / 2 ** 32) * end);
	};
	const bytes = (length: number) => Buffer.from(Array.from({ length }, () => below(256)));
	return { below, bytes };
}

/** A number in so many bytes, the lowest first. */
const little = (value: number, bytes: number) => Buffer.from(Array.from({ length: bytes }, (_, at) => Math.floor(value / 256 ** at) & 255));

function field(value: Field): Buffer {
	if (value === null) return Buffer.from([0xfb]);
	const { length } = value;
	if (length < 251) return Buffer.concat([little(length, 1), value]);
	if (length < 65536) return Buffer.concat([Buffer.from([0xfc]), little(length, 2), value]);
	if (length < 1 << 24) return Buffer.concat([Buffer.from([0xfd]), little(length, 3), value]);
	return Buffer.concat([Buffer.from([0xfe]), little(length, 8), value]);
}
const payload = (row: readonly Field[]) => Buffer.concat(row.map(field));

/** Payloads as packets, numbered from `first` on. */
function stream(payloads: readonly Buffer[], first = 7): Buffer {
	let number = first;
	const pieces: Buffer[] = [];
	for (const whole of payloads) {
		for (let at = 0; ; at += FULL) {
			const part = whole.subarray(at, at + FULL);
			pieces.push(little(part.length, 3), little(number++, 1), part);
			if (part.length < FULL) break;
		}
	}
	return Buffer.concat(pieces);
}

const ESCAPES: Readonly<Record<string, string>> = { '\0': '\\0', '\t': '\\t', '\n': '\\n', '\\': '\\\\' };
const escaped = (value: Field) =>
	value === null
		? Buffer.from('\\N')
		: Buffer.from(
				value.toString('latin1').replace(/[\0\t\n\\]/g, (byte) => ESCAPES[byte] ?? ''),
				'latin1',
			);
const line = (row: readonly Field[]) =>
	Buffer.concat(row.flatMap((each, at) => [escaped(each), Buffer.from(at === row.length - 1 ? '\n' : '\t')]));

/** XXH64 with seed 0, after its specification, in numbers without end. */
function xxh64(bytes: Buffer): bigint {
	const [P1, P2, P3, P4, P5] = [0x9e3779b185ebca87n, 0xc2b2ae3d27d4eb4fn, 0x165667b19e3779f9n, 0x85ebca77c2b2ae63n, 0x27d4eb2f165667c5n];
	const u64 = (value: bigint) => BigInt.asUintN(64, value);
	const turn = (value: bigint, by: bigint) => u64((value << by) | (value >> (64n - by)));
	const round = (lane: bigint, word: bigint) => u64(turn(u64(lane + word * P2), 31n) * P1);
	let at = 0;
	let hash = P5;
	if (bytes.length >= 32) {
		const lanes = [u64(P1 + P2), P2, 0n, u64(-P1)];
		for (; at + 32 <= bytes.length; at += 32)
			for (const [lane, value] of lanes.entries()) lanes[lane] = round(value, bytes.readBigUInt64LE(at + lane * 8));
		hash = lanes.reduce((sum, lane, index) => u64(sum + turn(lane, [1n, 7n, 12n, 18n][index] ?? 0n)), 0n);
		for (const lane of lanes) hash = u64((hash ^ round(0n, lane)) * P1 + P4);
	}
	hash = u64(hash + BigInt(bytes.length));
	for (; at + 8 <= bytes.length; at += 8) hash = u64(turn(hash ^ round(0n, bytes.readBigUInt64LE(at)), 27n) * P1 + P4);
	for (; at + 4 <= bytes.length; at += 4) hash = u64(turn(hash ^ u64(BigInt(bytes.readUInt32LE(at)) * P1), 23n) * P2 + P3);
	for (; at < bytes.length; at++) hash = u64(turn(hash ^ u64(BigInt(bytes[at] ?? 0) * P5), 11n) * P1);
	hash = u64((hash ^ (hash >> 33n)) * P2);
	hash = u64((hash ^ (hash >> 29n)) * P3);
	return hash ^ (hash >> 32n);
}
const sum = (hashes: readonly bigint[]) =>
	BigInt.asUintN(
		64,
		hashes.reduce((one, other) => one + other, 0n),
	);

/** What the encoder makes of bytes that come in chunks of the lengths that `cut` says. */
function encode(bytes: Buffer, columns: number, cut: () => number, how: { hash?: boolean; text?: boolean } = {}) {
	const texts: Buffer[] = [];
	const sizes: number[] = [];
	const encoder = createRowEncoder({
		columns,
		hash: how.hash ?? true,
		text: how.text ?? true,
		flush: (text) => {
			sizes.push(text.length);
			texts.push(Buffer.from(text));
		},
	});
	let taken: number | null = null;
	let at = 0;
	try {
		while (at < bytes.length && taken === null) {
			const size = cut();
			const got = encoder.push(bytes.subarray(at, at + size));
			if (got === null) at += size;
			else taken = at + got;
		}
	} finally {
		encoder.finish();
	}
	const { rows, rawBytes, digest, largest, end } = encoder;
	return { text: Buffer.concat(texts), sizes, rows, rawBytes, digest, largest, end, taken };
}

/** Compared without a diff of megabytes. */
function same(found: ReturnType<typeof encode>, rows: readonly (readonly Field[])[], hint: string, digest?: bigint): void {
	const text = Buffer.concat(rows.map(line));
	const wanted = digest ?? sum(rows.map((row) => xxh64(payload(row))));
	const differs = text.equals(found.text) ? -1 : text.findIndex((byte, at) => byte !== found.text[at]);
	const { largest } = found;
	expect(
		{ differs, length: found.text.length, raw: found.rawBytes, rows: found.rows, digest: found.digest.toString(16), largest },
		hint,
	).toEqual({
		differs: -1,
		length: text.length,
		raw: text.length,
		rows: rows.length,
		digest: wanted.toString(16),
		largest: rows.reduce((most, row) => Math.max(most, payload(row).length), 0),
	});
}

const always = (size: number) => () => size;

describe('rows', () => {
	const random = chance(11);
	const lengths = [0, 1, 2, 7, 8, 15, 16, 17, 31, 32, 33, 250, 251, 252, 300];
	const some = Array.from({ length: 6 }, (_, row): Field[] => [
		row % 3 === 0 ? null : Buffer.from(String(row * 7919)),
		row % 4 === 0 ? Buffer.alloc(0) : random.bytes(lengths[random.below(lengths.length)] ?? 0),
		Buffer.from('tab\there, line\nthere, \\ and \0'),
	]);
	const bytes = stream([...some.map(payload), EOF_PACKET]);

	test('cut in two at every position, and byte by byte', () => {
		for (let at = 1; at <= bytes.length; at++) {
			const sizes = [at, bytes.length];
			const found = encode(bytes, 3, () => sizes.shift() ?? 1);
			same(found, some, `cut at ${at}`);
			expect(found.taken).toBe(bytes.length);
		}
		const found = encode(bytes, 3, always(1));
		same(found, some, 'byte by byte');
		expect(found.end).toEqual({ error: null, warnings: 259 });
	});

	test('every byte, alone and at every place of 40', () => {
		const rows: Field[][] = [];
		for (let byte = 0; byte < 256; byte++) {
			const alone = Buffer.from([byte]);
			rows.push(
				[alone, Buffer.alloc(40, byte)],
				[Buffer.concat([Buffer.alloc(byte % 40, 0x61), alone, Buffer.alloc(39 - (byte % 40), 0x62)]), alone],
			);
		}
		for (const special of [0, 9, 10, 0x5c])
			for (let at = 0; at < 40; at++) {
				const value = Buffer.alloc(40, 0x5d);
				value[at] = special;
				rows.push([value, value.subarray(at)]);
			}
		same(encode(stream([...rows.map(payload), EOF_PACKET]), 2, always(1000)), rows, 'every byte');
	});

	test.each([1, 2, 3, 4, 5, 6, 7, 8])('random ones, cut at random (seed %i)', (seed) => {
		const { below, bytes: noise } = chance(seed * 104729);
		const columns = 1 + below(12);
		const kind = below(3);
		const dense = Buffer.from('\0\t\n\\a');
		const rows = Array.from({ length: 40 + below(160) }, () =>
			Array.from({ length: columns }, (): Field => {
				const dice = below(100);
				if (dice < 12) return null;
				if (dice < 20) return Buffer.alloc(0);
				if (dice < 97 || kind < 2)
					return noise(below(dice < 80 ? 24 : 700)).map((byte) => (kind === 1 ? dense[byte % dense.length] : byte) ?? 0) as Buffer;
				return noise(below(3000));
			}),
		);
		const found = encode(stream([...rows.map(payload), EOF_PACKET], below(256)), columns, () => 1 + below(seed % 2 ? 50 : 5000));
		same(found, rows, `seed ${seed}`);
	});

	test('lengths around what a length takes and what the window holds, at any place of it', () => {
		const random = chance(5);
		const lengths = [65535, 65536, 131_060, 250, 131_066, 131_067, 131_068, 0, 131_069, 131_072, 262_144, 251, 400_001];
		const rows = lengths.map((length): Field[] => [Buffer.alloc(length, 'long text\twith a tab '), null, random.bytes(9)]);
		const bytes = stream([...rows.map(payload), EOF_PACKET]);
		// Their own hashes: the reference would take seconds.
		const digest = encode(bytes, 3, always(65_536), { text: false }).digest;
		for (const size of [65_536, 131_072, 1 << 20, 4093]) same(encode(bytes, 3, always(size)), rows, `chunks of ${size}`, digest);
		same(
			encode(bytes, 3, () => 1 + random.below(200_000)),
			rows,
			'random chunks',
			digest,
		);
	});

	test('4096 columns, all of them NULL, three times the bytes', () => {
		const wide = Array.from({ length: 40 }, (_, row): Field[] =>
			Array.from({ length: 4096 }, (_, at) => (row % 20 === 7 ? Buffer.from(String(at)) : null)),
		);
		const digest = sum(wide.map((row) => xxh64(payload(row))));
		const bytes = stream([...wide.map(payload), EOF_PACKET]);
		for (const size of [65_536, bytes.length]) {
			const found = encode(bytes, 4096, always(size));
			same(found, wide, `chunks of ${size}`, digest);
			expect(Math.max(...found.sizes)).toBeLessThan(700_000);
		}
	});
});

describe('a row of several packets', () => {
	/** Byte n is 7 × n. */
	const filled = (length: number) =>
		Buffer.alloc(
			length,
			Uint8Array.from({ length: 256 }, (_, at) => at * 7),
		);
	// Payload's length and its XXH64 as python-xxhash 3.8 gives it: a field of 24-bit length up to 2^24 + 3, else of 64 bits.
	test.each([
		[FULL - 1, 0x52ffa8aa5f5af117n],
		[FULL, 0x00235f79d1da639an],
		[FULL + 1, 0xb5af9b59ef5beef3n],
		[2 * FULL, 0x0d629ef244312c08n],
	])('of %i bytes', (length, hash) => {
		const { below } = chance(length);
		const row = [filled(length - (length > FULL + 4 ? 9 : 4))];
		const small = [Buffer.from('next')];
		const found = encode(stream([payload(row), payload(small), EOF_PACKET]), 1, () => 1 + below(400_000));
		same(found, [row, small], `${length} bytes`, sum([hash, xxh64(payload(small))]));
		expect(found.end?.error).toBeNull();
		expect(Math.max(...found.sizes)).toBeLessThan(700_000);
	});

	test('whose packets end within a field and within its length, in chunks that do as well', () => {
		const head = [Buffer.alloc(3), null];
		for (const before of [1, 3]) {
			// The second long field's length lies across the first packet's end.
			const first = Buffer.alloc(FULL - 4 - 5 - before, 'x');
			const row = [...head, first, Buffer.alloc(70_000, 'y\n'), Buffer.alloc(0), null];
			const bytes = stream([payload(row), EOF_PACKET]);
			const digest = encode(bytes, 6, always(131_072), { text: false }).digest;
			let at = 0;
			// Byte by byte around the packet's end.
			const found = encode(bytes, 6, () => {
				const size = at < FULL - 20 ? Math.min(1 << 20, FULL - 20 - at) : at < FULL + 40 ? 1 : 1 << 20;
				at += size;
				return size;
			});
			same(found, [row], `${before} bytes before the end`, digest);
		}
	});
});

describe('the end', () => {
	const row = payload([Buffer.from('1'), Buffer.from('a')]);

	test('leaves alone what comes after it', () => {
		const bytes = stream([row, row, EOF_PACKET]);
		for (const size of [1, 5, 1000]) {
			const found = encode(Buffer.concat([bytes, Buffer.from('of another result set')]), 2, always(size));
			expect(found).toMatchObject({ taken: bytes.length, rows: 2, end: { error: null, warnings: 259 } });
			expect(found.text.toString()).toBe('1\ta\n1\ta\n');
		}
	});

	test('is an error packet in mid-stream: its words are kept, and the rows before it', () => {
		for (const before of [0, 1, 700]) {
			const bytes = stream([...Array.from({ length: before }, () => row), refusal]);
			const found = encode(Buffer.concat([bytes, Buffer.from([1])]), 2, always(777));
			expect(found).toMatchObject({ taken: bytes.length, rows: before, end: { error: refusal, warnings: 0 } });
			expect(found.rawBytes).toBe(before * 4);
		}
	});

	test('is not a row that begins as it does', () => {
		const long = Buffer.concat([Buffer.from([0xfe]), little(3, 8), Buffer.from('abc')]);
		const empty = Buffer.concat([Buffer.from([0xfe]), little(0, 8)]);
		const found = encode(stream([long, empty, EOF_PACKET]), 1, always(100));
		expect(found).toMatchObject({ rows: 2, end: { error: null } });
		expect(found.text.toString()).toBe('abc\n\n');
	});

	test('has not come: null, and no end', () => {
		expect(encode(stream([row, row]).subarray(0, -1), 2, always(3))).toMatchObject({ taken: null, end: null, rows: 1 });
	});

	test('takes no more bytes', () => {
		const encoder = createRowEncoder({ columns: 2, hash: true, text: true, flush: () => {} });
		const bytes = stream([row, EOF_PACKET]);
		expect(encoder.push(bytes)).toBe(bytes.length);
		expect(() => encoder.push(bytes)).toThrow('has ended');
		encoder.finish();
	});
});

describe('bytes that are no rows', () => {
	const good = payload([Buffer.from('1'), Buffer.from('abc')]);
	const huge = (first: number[]) => Buffer.concat([Buffer.from(first), Buffer.alloc(200_000)]);
	test.each([
		['a column too few', payload([Buffer.from('1')])],
		['a column too many', payload([null, null, null])],
		['a field beyond the row', Buffer.from([1, 0x61, 9, 0x61])],
		['a field of 16 MB beyond the row', Buffer.from([1, 0x61, 0xfd, 255, 255, 255, 0x61])],
		['a field of 2^63 bytes', Buffer.from([1, 0x61, 0xfe, 0, 0, 0, 0, 0, 0, 0, 128])],
		['a field that nearly wraps around', Buffer.from([1, 0x61, 0xfe, 0xf0, 0xff, 0xff, 0xff, 0, 0, 0, 0])],
		['a length that is cut off', Buffer.from([1, 0x61, 0xfc, 1])],
		['an error within a row', Buffer.from([1, 0x61, 0xff])],
		['nothing', Buffer.alloc(0)],
		['a long row that begins as an error does', huge([0xff])],
		['a long row of the wrong columns', huge([0xfd, 8, 8, 0])],
		['a long row that ends too soon', huge([0xfe, 0, 0, 0, 0, 0, 0, 0, 9])],
	])('%s', (_, bad) => {
		const bytes = stream([good, bad, good, EOF_PACKET]);
		for (const size of [1, 1 << 20]) {
			if (size === 1 && bytes.length > 1000) continue;
			expect(() => encode(bytes, 2, always(size))).toThrow(RowsBroken);
		}
		// What comes next is not troubled by it.
		expect(encode(stream([good, EOF_PACKET]), 2, always(9)).text.toString()).toBe('1\tabc\n');
	});

	test('a packet that is missing', () => {
		const [one, two] = [stream([good], 4), stream([good, EOF_PACKET], 6)];
		expect(() => encode(Buffer.concat([one, two]), 2, always(1000))).toThrow(/out of order/);
	});
});

test('without text nothing is flushed; without hash the digest stays 0; packet numbers wrap', () => {
	const rows = Array.from({ length: 600 }, (_, at): Field[] => [Buffer.from(String(at)), null]);
	const bytes = stream([...rows.map(payload), EOF_PACKET], 250);
	const digest = sum(rows.map((row) => xxh64(payload(row))));
	expect(encode(bytes, 2, always(999), { text: false })).toMatchObject({ rows: 600, digest, rawBytes: 0, sizes: [] });
	expect(encode(bytes, 2, always(999), { hash: false })).toMatchObject({ rows: 600, digest: 0n, text: Buffer.concat(rows.map(line)) });
});
