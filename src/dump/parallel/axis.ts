import type { KeyPart } from '../../dialects/dialect.ts';
import { id, list, query, raw, type Statement, sql } from '../../sql/sql.ts';
import type { Ask } from './ranges.ts';

/** A key's column as a line of whole numbers, so that it can be halved. */
export interface Axis {
	readonly low: bigint;
	readonly high: bigint;
	/** One number is one value, rather than all that begin alike. */
	readonly exact: boolean;
	/** The least value of this number, as SQL. */
	literal(at: bigint): string;
	/** SQL that holds up to the last value of this number. */
	upTo(name: string, at: bigint): string;
}

const INTEGER = /^(tiny|small|medium|big)?int\b|^year\b/i;
const BINARY = /^(var)?binary\b/i;
/** As many leading bytes as a number of 64 bits holds. */
const BYTES = 8;

const TEXT = /^(var)?char\b/i;

/** Null where there are no rows, or where the type has no such line. `from`: the table, with what the columns before are equal to. */
export async function axisOf(part: KeyPart, from: Statement, ask: Ask): Promise<Axis | null> {
	const name = id(part.name).fragment[0];
	const ends = async (shown: (end: string) => string) =>
		ask(
			query(sql`SELECT ${raw(shown(`MIN(${name})`))} AS low, ${raw(shown(`MAX(${name})`))} AS high FROM ${from}`, ([row]) =>
				row?.low == null || row.high == null ? null : ([row.low, row.high] as const),
			),
		);
	if (INTEGER.test(part.type)) {
		const found = await ends((end) => end);
		return found && numbers(BigInt(found[0]), BigInt(found[1]));
	}
	if (BINARY.test(part.type)) {
		const found = await ends((end) => `HEX(${end})`);
		return found && bytes(prefix(found[0]), prefix(found[1]));
	}
	if (TEXT.test(part.type) && part.collation) {
		const found = await ends((end) => `CONVERT(${end} USING utf8mb4)`);
		return found && letters(found[0], found[1], part.collation);
	}
	return null;
}

const numbers = (low: bigint, high: bigint): Axis => ({
	low,
	high,
	exact: true,
	literal: String,
	upTo: (name, at) => `${name} <= ${at}`,
});

const prefix = (hex: string): bigint => BigInt(`0x${hex.slice(0, 2 * BYTES).padEnd(2 * BYTES, '0')}`);

function bytes(low: bigint, high: bigint): Axis {
	const most = 2n ** 64n - 1n;
	const literal = (at: bigint) => `X'${at.toString(16).padStart(2 * BYTES, '0')}'`;
	return { low, high, exact: false, literal, upTo: (name, at) => (at >= most ? '1' : `${name} < ${literal(at + 1n)}`) };
}

const WORDS = '0123456789abcdefghijklmnopqrstuvwxyz';
const CODES = Array.from({ length: 95 }, (_, at) => String.fromCharCode(32 + at)).join('');
/** As many places as distinguish enough. */
const PLACES = 12;

/**
 * Text behind what its ends have in common, as digits of an alphabet. How a collation orders text is its own affair: this is near enough to cut
 * evenly, and which bounds are in order is asked of the server before they are used.
 */
function letters(first: string, last: string, collation: string): Axis {
	const alphabet = collation.endsWith('_bin') ? CODES : WORDS;
	const base = BigInt(alphabet.length);
	let same = 0;
	while (same < first.length && first[same] === last[same]) same++;
	// Not half a character.
	const common = first.slice(0, same).replace(/[\ud800-\udbff]$/, '');
	const place = (character: string | undefined): number => {
		if (character === undefined) return 0;
		const at = alphabet.indexOf(alphabet === WORDS ? character.toLowerCase() : character);
		return at >= 0 ? at : character < '0' ? 0 : alphabet.length - 1;
	};
	const number = (text: string) => {
		let value = 0n;
		for (let at = 0; at < PLACES; at++) value = value * base + BigInt(place(text[common.length + at]));
		return value;
	};
	const literal = (value: bigint) => {
		let text = '';
		for (let at = 0, rest = value; at < PLACES; at++, rest /= base) text = alphabet.charAt(Number(rest % base)) + text;
		return list([common + text]).fragment.join('');
	};
	const high = base ** BigInt(PLACES) - 1n;
	const [one, other] = [number(first), number(last)];
	const low = one < other ? one : other;
	const most = one < other ? other : one;
	return { low, high: most, exact: false, literal, upTo: (name, at) => (at >= high ? '1' : `${name} < ${literal(at + 1n)}`) };
}
