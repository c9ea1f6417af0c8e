import { execFileSync } from 'node:child_process';
import { appendFile, mkdir, mkdtemp, readdir, readFile, rename, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { hashFile, sumOf, sumsText } from '../../src/archive/checksums.ts';
import { changeSourceFile } from '../../src/archive/layout.ts';
import { type Manifest, manifestText } from '../../src/archive/manifest.ts';
import { openFileReaders } from '../../src/archive/read-threads.ts';
import { readWhole } from '../../src/archive/read-whole.ts';
import { type Verification, verifyBackup } from '../../src/archive/verify.ts';
import { UserError } from '../../src/core/errors.ts';
import { backUp, parallelBackUp } from '../support/backup-folder.ts';

let folder: string;
beforeEach(async () => {
	folder = await mkdtemp(join(tmpdir(), 'lockstep-verify-'));
});
afterEach(() => rm(folder, { recursive: true }));

const failing = ({ checks }: Verification) => checks.filter(({ status }) => status === 'fail');
const named = (verification: Verification) => [...new Set(failing(verification).map(({ title }) => title))];
/** A sum that is wrong may be the file's fault or SHA256SUMS': both are named. */
const accused = (verification: Verification) =>
	failing(verification).flatMap(({ title, expected }) => [title, ...(expected?.includes('SHA256SUMS') ? ['SHA256SUMS'] : [])]);
const verified = async (path: string) => named(await verifyBackup(path));

/** Somebody "fixes" a changed backup: sums made anew over all that is there. */
async function sumAgain(path: string): Promise<void> {
	const names = (await readdir(path)).filter((name) => name !== 'SHA256SUMS');
	const sums = await Promise.all(names.map(async (name) => ({ path: name, sha256: (await hashFile(join(path, name))).sha256 })));
	await writeFile(join(path, 'SHA256SUMS'), sumsText(sums));
}

type Loose<T> = { -readonly [K in keyof T]: T[K] extends object ? Loose<T[K]> : T[K] };
async function forge(path: string, change: (manifest: Loose<Manifest>) => void): Promise<Verification> {
	const before = await readFile(join(path, 'manifest.json'), 'utf8');
	const manifest = JSON.parse(before);
	change(manifest);
	await writeFile(join(path, 'manifest.json'), manifestText(manifest));
	await sumAgain(path);
	const result = await verifyBackup(path);
	await writeFile(join(path, 'manifest.json'), before);
	await sumAgain(path);
	return result;
}

describe.each([
	['the vendor’s engine', backUp],
	['the parallel engine', parallelBackUp],
] as const)('a backup by %s', (_, make) => {
	test('passes, in one reading of every file, and sha256sum -c takes it too', async () => {
		const { path, manifest } = await make(folder);
		const told: { done: number; total: number }[] = [];
		const result = await verifyBackup(join(folder, 'latest'), { onProgress: (at) => told.push(at) });
		const names = (await readdir(path)).sort();
		expect(result).toMatchObject({ folder: path, manifest, files: names.length, rows: expect.any(Number) });
		expect(result.checks.map(({ title, status }) => [title, status])).toEqual(names.map((name) => [name, 'ok']));
		expect(told.at(-1)?.done).toBe(told.at(-1)?.total);
		expect(told.at(-1)?.total).toBe(result.bytes);
		expect(execFileSync('sha256sum', ['-c', '--strict', 'SHA256SUMS'], { cwd: path, encoding: 'utf8' })).toContain('run.log: OK');
	});

	test('with any flipped byte fails, and the file is named', async () => {
		const { path } = await make(folder);
		let seed = 20_261_121;
		const random = (below: number) => {
			seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
			return seed % below;
		};
		for (const name of await readdir(path)) {
			const whole = await readFile(join(path, name));
			for (const at of [0, whole.length - 1, ...Array.from({ length: 3 }, () => random(whole.length))]) {
				const flipped = Buffer.from(whole);
				flipped[at] = (flipped[at] ?? 0) ^ (1 << random(8));
				await writeFile(join(path, name), flipped);
				expect(accused(await verifyBackup(path)), `${name} at ${at}, seed ${seed}`).toContain(name);
			}
			await writeFile(join(path, name), whole);
		}
		expect(await verified(path)).toEqual([]);
	});

	test('cut, longer, missing, more, swapped or replaced by a link or a folder fails, and each file is named', async () => {
		const { path } = await make(folder);
		for (const name of await readdir(path)) {
			const file = join(path, name);
			const whole = await readFile(file);
			for (const length of [0, Math.floor(whole.length / 2), whole.length - 1]) {
				await truncate(file, length);
				expect(accused(await verifyBackup(path)), `${name} cut to ${length}`).toContain(name);
				await writeFile(file, whole);
			}
			await appendFile(file, 'x');
			expect(accused(await verifyBackup(path)), `${name} longer`).toContain(name);
			await writeFile(file, whole);
			await rename(file, join(folder, 'aside'));
			expect(await verified(path), `${name} missing`).toContain(name);
			await symlink(join(folder, 'aside'), file);
			expect(failing(await verifyBackup(path))).toContainEqual(expect.objectContaining({ title: name, found: 'a symbolic link' }));
			await rm(file);
			await mkdir(file);
			expect(failing(await verifyBackup(path))).toContainEqual(expect.objectContaining({ title: name, found: 'a folder' }));
			await rm(file, { recursive: true });
			await rename(join(folder, 'aside'), file);
		}
		await writeFile(join(path, 'shop.sql.zst.bak'), 'x');
		await mkdir(join(path, '.hidden'));
		expect(await verified(path)).toEqual(['.hidden', 'shop.sql.zst.bak']);
		await rm(join(path, 'shop.sql.zst.bak'));
		await rm(join(path, '.hidden'), { recursive: true });
		const [one, two] = ['README.txt', 'run.log'];
		await rename(join(path, one), join(folder, 'aside'));
		await rename(join(path, two), join(path, one));
		await rename(join(folder, 'aside'), join(path, two));
		expect(await verified(path)).toEqual([one, two]);
	});

	test('whose manifest was changed and all sums made anew fails on what is counted', async () => {
		const { path, manifest } = await make(folder);
		expect(named(await forge(path, () => undefined))).toEqual([]);
		for (const [index, { path: name, kind }] of manifest.files.entries()) {
			for (const key of ['raw_bytes', 'rows', 'tables'] as const) {
				if (manifest.files[index]?.[key] === undefined) continue;
				const result = await forge(path, ({ files }) => Object.assign(files[index] ?? {}, { [key]: (files[index]?.[key] ?? 0) + 1 }));
				expect(named(result), `${key} of ${name}`).toContain(name);
			}
			expect(named(await forge(path, ({ files }) => Object.assign(files[index] ?? {}, { sha256: '0'.repeat(64) })))).toContain(name);
			// It is left out: then nothing knows the file but its sum, and the manifest does not add up.
			expect(named(await forge(path, ({ files }) => void files.splice(index, 1))), `${kind} ${name} left out`).toContain('manifest.json');
		}
		for (const key of ['databases', 'rows', 'bytes', 'raw_bytes'] as const)
			expect(named(await forge(path, ({ totals }) => Object.assign(totals, { [key]: totals[key] + 1 }))), key).toEqual(['manifest.json']);
		for (const change of [{ gtid: '0-1-84214' }, { pos: 88113 }, { file: 'mysql-bin.000214' }])
			expect(named(await forge(path, ({ position }) => Object.assign(position.source ?? {}, change)))).toEqual([
				changeSourceFile(manifest.dump.engine),
			]);
		expect(failing(await forge(path, (all) => Object.assign(all, { tables: [null] })))[0]).toMatchObject({
			found: expect.stringContaining('tables.*'),
		});
		expect(failing(await forge(path, (all) => Object.assign(all, { files: 1 })))[0]).toMatchObject({
			title: 'manifest.json',
			found: 'Missing or wrong in it: files.',
		});
	});
});

test('tables that the files do not bear out are named', async () => {
	const { path } = await parallelBackUp(folder);
	const expected = async (change: (manifest: Loose<Manifest>) => void) => failing(await forge(path, change)).map((check) => check.expected);
	expect(await expected(({ tables }) => Object.assign(tables?.[0] ?? {}, { rows: 4 }))).toEqual([
		'totals of 5 rows',
		'4 rows of shop.orders',
	]);
	expect(await expected((all) => void Object.assign(all, { tables: all.tables?.slice(0, -1) }))).toEqual([
		'totals of 5 rows',
		"shop.old among the manifest's tables",
	]);
	expect(await expected(({ tables }) => Object.assign(tables?.[1] ?? {}, { name: 'nine' }))).toEqual(['the table nine (manifest.json)']);
	expect(await expected(({ files }) => Object.assign(files[3] ?? {}, { chunk: 7 }))).toEqual(['the file 1 of shop.orders']);
	await writeFile(join(path, 'shop.orders.00000.sql'), 'LOAD DATA');
	expect(failing(await verifyBackup(path)).map((check) => check.expected)).toContain(
		'a statement that loads shop.orders.00000.dat into `orders`',
	);
});

test('a row more, summed anew everywhere, is counted', async () => {
	const { path, manifest } = await parallelBackUp(folder);
	const name = 'shop.orders.00000.dat.zst';
	const raw = Buffer.concat([zstdDecompressSync(await readFile(join(path, name))), Buffer.from('9\tz\n')]);
	const packed = zstdCompressSync(raw);
	await writeFile(join(path, name), packed);
	const { sha256 } = await hashFile(join(path, name));
	const more = packed.length - (manifest.files.find((file) => file.path === name)?.bytes ?? 0);
	const result = await forge(path, ({ files, totals }) => {
		Object.assign(files.find((file) => file.path === name) ?? {}, { sha256, bytes: packed.length, raw_bytes: raw.length });
		Object.assign(totals, { bytes: totals.bytes + more, raw_bytes: totals.raw_bytes + 4 });
	});
	expect(failing(result)).toEqual([
		{ id: 'BACKUP-FILE', title: name, status: 'fail', expected: '2 rows (manifest.json)', found: '3 rows' },
	]);
});

test('a folder that is not finished, was renamed, or is none is named as that', async () => {
	const { path } = await backUp(folder);
	await rename(path, join(folder, 'moved'));
	const moved = await verifyBackup(join(folder, 'moved'));
	expect(failing(moved)).toEqual([]);
	expect(moved.checks[0]).toMatchObject({ status: 'note', found: expect.stringContaining('20261121T020000Z') });
	const partial = join(folder, '20261121T020000Z.partial');
	await rename(join(folder, 'moved'), partial);
	expect(await verified(partial)).toEqual(['20261121T020000Z.partial']);
	await rm(join(partial, 'manifest.json'));
	expect(await verified(partial)).toEqual(['20261121T020000Z.partial', 'manifest.json']);
	await expect(verifyBackup(folder)).rejects.toThrow(UserError);
	await expect(verifyBackup(join(folder, 'gone'))).rejects.toThrow(UserError);
	await expect(verifyBackup(join(partial, 'README.txt'))).rejects.toThrow(UserError);
});

test('one by a newer lockstep is left to that, a damaged format is named', async () => {
	const { path } = await backUp(folder);
	const text = (await readFile(join(path, 'manifest.json'), 'utf8')).replace('"format": 1', '"format": 3');
	await writeFile(join(path, 'manifest.json'), text);
	expect(await verified(path)).toEqual(['manifest.json']);
	await sumAgain(path);
	await expect(verifyBackup(path)).rejects.toThrow(/newer lockstep/);
});

test('a backup of before logs were summed passes, and says of them that nothing proves them', async () => {
	const { path } = await backUp(folder);
	const sums = (await readFile(join(path, 'SHA256SUMS'), 'utf8')).split('\n').filter((line) => !line.includes('run.'));
	await writeFile(join(path, 'SHA256SUMS'), sums.join('\n'));
	const { checks } = await verifyBackup(path);
	expect(checks.filter(({ status }) => status !== 'ok').map(({ title, status }) => [title, status])).toEqual([
		['run.jsonl', 'note'],
		['run.log', 'note'],
	]);
});

test.each([
	['.zst', (text: string) => zstdCompressSync(text)],
	['.gz', (text: string) => gzipSync(text)],
])('a %s file is read to the end of its last frame, and not a byte further', async (ending, pack) => {
	const path = join(folder, `a${ending}`);
	const text = 'abc\n'.repeat(50_000);
	const one = pack(text);
	const read = async (...parts: Uint8Array[]) => {
		await writeFile(path, Buffer.concat(parts));
		return readWhole(path, { readAs: 'lines' });
	};
	expect(await read(one)).toMatchObject({
		broken: null,
		lines: 50_000,
		rawBytes: 200_000,
		sha256: sumOf('', '').sha256.replace(/.*/, (await hashFile(path)).sha256),
	});
	expect(await read(one, one)).toMatchObject({ broken: null, lines: 100_000 });
	const behind = [
		Buffer.from('garbage'),
		Buffer.alloc(1),
		Buffer.alloc(9),
		one.subarray(0, 1),
		one.subarray(0, 2),
		one.subarray(0, 3),
		one.subarray(0, one.length - 1),
	];
	for (const rest of behind) expect((await read(one, rest)).broken, rest.toString('hex')).not.toBe(null);
	for (const length of [0, 1, 3, 10, one.length - 1, one.length - 4, one.length - 5, one.length - 8])
		expect((await read(one.subarray(0, length))).broken, `cut to ${length}`).not.toBe(null);
	const large = pack(Array.from({ length: 400_000 }, (_, row) => `${(row * 7919) % 99_991}\t${row}`).join('\n'));
	for (let at = 0; at < large.length; at += Math.ceil(large.length / 7)) {
		const flipped = Buffer.from(large);
		flipped[at] = (flipped[at] ?? 0) ^ 0xff;
		const found = await read(flipped);
		expect(found.bytes).toBe(large.length);
	}
});

test('threads read as this one does, name what cannot be read, and end when they are closed', async () => {
	const { path } = await backUp(folder);
	const stop = new AbortController();
	const [reader] = openFileReaders(1, 2 ** 30, stop.signal);
	const [here] = openFileReaders(1, 0, undefined);
	const order = { path: join(path, 'shop.sql.zst'), readAs: 'dump', size: 1 } as const;
	let bytes = 0;
	const read = await reader?.read(order, (count) => {
		bytes += count;
	});
	expect(read).toEqual(await here?.read(order, () => undefined));
	expect(bytes).toBe(read?.bytes);
	await expect(reader?.read({ ...order, path: join(path, 'gone') }, () => undefined)).rejects.toThrow(UserError);
	stop.abort(new UserError('enough'));
	await expect(reader?.read(order, () => undefined)).rejects.toThrow('enough');
	await reader?.[Symbol.asyncDispose]();
});
