import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { lstat, mkdir, mkdtemp, readdir, readFile, readlink, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { fileProblem } from '../../src/archive/problem.ts';
import { pointLatest, publish, reserveFolder, writeFileDurably, writeStream } from '../../src/archive/write.ts';
import { UserError } from '../../src/core/errors.ts';

let folder: string;
beforeEach(async () => {
	folder = await mkdtemp(join(tmpdir(), 'lockstep-write-'));
});
afterEach(() => rm(folder, { recursive: true }));

const onPath = (tool: string) =>
	(process.env.PATH ?? '')
		.split(':')
		.some((at) => at !== '' && execFileSync('sh', ['-c', `[ -x "$0" ] && echo yes || true`, join(at, tool)]).length > 0);
const mode = async (path: string) => ((await stat(path)).mode & 0o777).toString(8);
const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');
const caught = async (promise: Promise<unknown>): Promise<UserError> => {
	const error = await promise.then(
		() => expect.fail('it went well'),
		(reason: unknown) => reason,
	);
	expect(error).toBeInstanceOf(UserError);
	return error as UserError;
};

const dump = new URL('../fixtures/dumps/mariadb-11.8.sql', import.meta.url);
const raw = async () => Buffer.concat([...Array<Buffer>(40).fill(await readFile(dump)), randomBytes(300_000)]);

describe.each([
	{ compress: 'zstd', unpack: zstdDecompressSync, proof: ['zstd', '-tq'] },
	{ compress: 'gzip', unpack: gunzipSync, proof: ['gzip', '-t'] },
	{ compress: 'none', unpack: (bytes: Buffer) => bytes, proof: ['cat'] },
] as const)('a stream into a file ($compress)', ({ compress, unpack, proof }) => {
	test('comes back as it was, with its sizes and the sum of the file on disk', async () => {
		const bytes = await raw();
		const path = join(folder, 'dump');
		const stream = await writeStream(path, { compress });
		await pipeline(Readable.from([bytes.subarray(0, 1), bytes.subarray(1, 70_000), bytes.subarray(70_000)]), stream.input);
		const written = await stream.done;
		const onDisk = await readFile(path);
		expect(unpack(onDisk).equals(bytes)).toBe(true);
		expect(written).toEqual({ bytes: onDisk.length, rawBytes: bytes.length, sha256: sha256(onDisk) });
		expect(stream).toMatchObject({ bytes: onDisk.length, rawBytes: bytes.length });
		expect(await mode(path)).toBe('600');
		const [tool, ...argv] = proof;
		if (onPath(tool)) execFileSync(tool, [...argv, path], { stdio: ['ignore', 'ignore', 'inherit'] });
	});

	test('of nothing is a whole file too', async () => {
		const stream = await writeStream(join(folder, 'empty'), { compress });
		stream.input.end();
		expect((await stream.done).rawBytes).toBe(0);
		expect(unpack(await readFile(join(folder, 'empty')))).toHaveLength(0);
	});

	test('cut off by its source is rejected, not finished', async () => {
		const stream = await writeStream(join(folder, 'cut'), { compress });
		stream.input.write(randomBytes(100_000));
		stream.input.destroy(new Error('the dump tool died'));
		await expect(stream.done).rejects.toThrow('the dump tool died');
	});
});

test('levels are obeyed', async () => {
	const bytes = await raw();
	const sizes = [];
	for (const level of [1, 19]) {
		const stream = await writeStream(join(folder, `at-${level}`), { compress: 'zstd', level });
		stream.input.end(bytes);
		sizes.push((await stream.done).bytes);
	}
	expect(sizes[1]).toBeLessThan(sizes[0] ?? 0);
});

test('a slow disk holds the source back', async () => {
	const stream = await writeStream(join(folder, 'slow'), { compress: 'none' });
	let taken = 0;
	while (stream.input.write(Buffer.alloc(64 * 1024))) taken++;
	expect(taken).toBeLessThan(100);
	stream.input.end();
	expect((await stream.done).rawBytes).toBe((taken + 1) * 64 * 1024);
});

test('a disk that takes no more is a clear error at both ends, and the source is stopped', () => {
	// A limit of the size of a file stands in for a full disk: the write that reaches it is cut short, the next one fails.
	const script = `
		import { Readable } from 'node:stream';
		import { pipeline } from 'node:stream/promises';
		import { writeStream } from ${JSON.stringify(new URL('../../src/archive/write.ts', import.meta.url).href)};
		const stream = await writeStream(${JSON.stringify(join(folder, 'big'))}, { compress: 'none' });
		let stopped = false;
		function* endless() { try { for (;;) yield Buffer.alloc(50_000); } finally { stopped = true; } }
		const fed = await pipeline(Readable.from(endless()), stream.input).catch((error) => error);
		const done = await stream.done.catch((error) => error);
		console.log(JSON.stringify({ same: fed === done, stopped, name: done.name, description: done.description, code: done.cause?.code }));
	`;
	const words = execFileSync('sh', ['-c', 'ulimit -f 2000; exec "$0" --input-type=module -e "$1"', process.execPath, script], {
		encoding: 'utf8',
	});
	expect(JSON.parse(words)).toMatchObject({
		same: true,
		stopped: true,
		name: 'UserError',
		code: 'EFBIG',
		description: { message: `The file cannot be written: ${join(folder, 'big')}`, hints: [expect.stringContaining('Raise the limit')] },
	});
});

test('a full disk is named as such', () => {
	const cause = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
	const problem = fileProblem('The file cannot be written', '/backup/x', cause);
	expect(problem.cause).toBe(cause);
	expect(problem.description).toEqual({
		message: 'The file cannot be written: /backup/x',
		reason: 'The disk is full.',
		hints: ['Make room there, or choose a folder on a larger disk.'],
		details: 'ENOSPC: no space left on device, write',
	});
	expect(fileProblem('Other words', '/elsewhere', problem)).toBe(problem);
});

test.each([
	['a folder that is not there', 'gone/dump', 'not there'],
	['a file in place of a folder', 'file/dump', 'is a file'],
	['a file that exists', 'file', 'overwrites nothing'],
])('%s is refused before anything flows', async (_, name, why) => {
	await writeFile(join(folder, 'file'), 'kept');
	const error = await caught(writeStream(join(folder, name), { compress: 'zstd' }));
	expect(error.description.message).toContain(join(folder, name));
	expect(error.description.reason).toContain(why);
	expect(error.description.hints).toHaveLength(1);
	expect(await readFile(join(folder, 'file'), 'utf8')).toBe('kept');
});

test('a text is written whole, in place of the old one, and leaves nothing beside it', async () => {
	const path = join(folder, 'text');
	await writeFile(`${path}.new`, 'left by a crash');
	await writeFileDurably(path, 'one');
	await writeFileDurably(path, 'two ünï');
	expect(await readFile(path, 'utf8')).toBe('two ünï');
	expect(await mode(path)).toBe('600');
	expect(await readdir(folder)).toEqual(['text']);
	const error = await caught(writeFileDurably(join(folder, 'gone', 'text'), ''));
	expect(error.description.message).toBe(`The file cannot be written: ${join(folder, 'gone', 'text')}`);
});

describe('the folder of a backup', () => {
	const at = new Date('2026-11-21T02:00:00Z');

	test('is claimed by one run alone, for this user only', async () => {
		const to = join(folder, 'deep', 'backups');
		const claims = await Promise.all([reserveFolder(to, at), reserveFolder(to, at), reserveFolder(to, at)]);
		expect(claims.map((claim) => claim.label).sort()).toEqual(['20261121T020000Z', '20261121T020000Z-02', '20261121T020000Z-03']);
		for (const { partial, label } of claims) {
			expect(partial).toBe(join(to, `${label}.partial`));
			expect(await mode(partial)).toBe('700');
		}
		expect(await mode(to)).toBe('700');
	});

	test('that cannot be made is a clear error', async () => {
		await writeFile(join(folder, 'file'), '');
		expect((await caught(reserveFolder(join(folder, 'file', 'x'), at))).description.message).toContain('cannot be made');
	});

	test('is published by its manifest only, once, and replaces nothing', async () => {
		const { partial, final } = await reserveFolder(folder, at);
		expect((await caught(publish(partial, final))).description.reason).toContain('manifest.json');
		await writeFile(join(partial, 'manifest.json'), '{}');
		await mkdir(final);
		expect((await caught(publish(partial, final))).description.reason).toContain('overwrites nothing');
		await rm(final, { recursive: true });
		await publish(partial, final);
		expect(await readdir(folder)).toEqual(['20261121T020000Z']);
		expect(await readdir(final)).toEqual(['manifest.json']);
	});

	test('is what `latest` points at, by a name relative to it', async () => {
		const link = join(folder, 'latest');
		await pointLatest(link, '20261121T020000Z');
		await pointLatest(link, '20261122T020000Z');
		expect(await readlink(link)).toBe('20261122T020000Z');
		expect(await readdir(folder)).toEqual(['latest']);
	});

	test('a folder called latest is left alone', async () => {
		const link = join(folder, 'latest');
		await mkdir(link);
		expect((await caught(pointLatest(link, '20261121T020000Z'))).description.message).toContain(link);
		expect((await lstat(link)).isDirectory()).toBe(true);
		expect(await readdir(folder)).toEqual(['latest']);
	});
});
