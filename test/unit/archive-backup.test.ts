import { execFileSync, spawnSync } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { accountsFile, databaseFiles } from '../../src/archive/layout.ts';
import { listBackups } from '../../src/archive/list.ts';
import {
	buildManifest,
	countObjects,
	type Manifest,
	type ManifestFile,
	type ManifestParts,
	readManifest,
} from '../../src/archive/manifest.ts';
import { seal } from '../../src/archive/seal.ts';
import { parseSums, sumOf, sumsText, verifySums } from '../../src/archive/sums.ts';
import { readmeText } from '../../src/archive/texts.ts';
import { claimFolder, pointLatest, publish, writeFileDurably, writeStream } from '../../src/archive/write.ts';
import type { Check } from '../../src/core/check.ts';
import { UserError } from '../../src/core/errors.ts';
import { createDumpScanner, scanning } from '../../src/dump/scan.ts';

let folder: string;
beforeEach(async () => {
	folder = await mkdtemp(join(tmpdir(), 'lockstep-backup-'));
});
afterEach(() => rm(folder, { recursive: true }));

const dump = new URL('../fixtures/dumps/mariadb-11.8.sql', import.meta.url);
const began = new Date('2026-11-21T02:00:00.250Z');
const later = (ms: number) => new Date(began.getTime() + ms);

const parts = (id: string, files: readonly ManifestFile[]): ManifestParts => ({
	tool: { name: 'lockstep', version: '1.0.0' },
	id,
	profile: 'db3-backup',
	tags: { why: 'before the move' },
	started: began,
	finished: later(372_000),
	server: {
		flavor: 'mariadb',
		version: '11.8.6-MariaDB',
		host: 'db3',
		port: 3306,
		server_id: 3,
		server_uuid: null,
		hostname: 'db3',
		sql_mode: 'STRICT_TRANS_TABLES',
		character_set: 'utf8mb4',
		time_zone: 'SYSTEM',
		lower_case_table_names: 0,
	},
	consistency: {
		method: 'lock',
		statement: 'FLUSH TABLES WITH READ LOCK',
		requested: later(1000),
		acquired: later(1120),
		released: later(359_240),
		connection_id: 4711,
		connection_alive_at_end: true,
	},
	position: {
		source: { host: 'db1', port: 3306, file: 'mysql-bin.000213', pos: 88112, gtid: '0-1-84213' },
		self: { file: 'db3-bin.000007', pos: 342, gtid: '0-1-84213' },
	},
	dump: {
		client: 'mariadb-dump',
		client_version: '11.8.6',
		argv: ['--defaults-extra-file=/dev/fd/3', '--single-transaction'],
		databases: ['shop'],
		ignored_tables: [],
		compression: 'zstd',
		level: 3,
	},
	files,
	rowsEstimated: 20,
	dataBytes: 4096,
	replica: { before: { io: 'Yes' }, after: { io: 'Yes' }, caught_up_ms: 41_000 },
	warnings: [],
});

/** A whole backup, published, made of the recorded dump and in the order that a run has. */
async function backUp(at = began): Promise<{ path: string; manifest: Manifest }> {
	const { label, partial, final } = await claimFolder(folder, at);
	const files: ManifestFile[] = [];
	for (const path of [...databaseFiles(['shop', "it's\nodd"], 'zstd').values(), accountsFile('zstd')]) {
		const scanner = createDumpScanner();
		const stream = await writeStream(join(partial, path), { compress: 'zstd' });
		await pipeline(createReadStream(dump), scanning(scanner), stream.input);
		const { bytes, rawBytes, sha256 } = await stream.done;
		const found = scanner.end();
		const objects = countObjects(found.databases);
		const file = { path, bytes, raw_bytes: rawBytes, sha256, footer: found.footer };
		if (path.startsWith('accounts')) files.push({ ...file, kind: 'accounts' });
		else files.push({ ...file, kind: 'database', database: 'shop', rows: found.rows, tables: objects.tables, objects });
	}
	const manifest = buildManifest(parts(label, files));
	await writeFileDurably(join(partial, 'README.txt'), readmeText(manifest));
	await writeFileDurably(join(partial, 'run.log'), 'begun\n');
	await seal(partial, manifest);
	await publish(partial, final);
	await pointLatest(join(folder, 'latest'), label);
	return { path: final, manifest };
}

const failing = (checks: readonly Check[]) => checks.filter((check) => check.status === 'fail').map((check) => check.title);
const refusal = async (promise: Promise<unknown>): Promise<UserError> => {
	const error = await promise.then(
		() => expect.fail('it went well'),
		(reason: unknown) => reason,
	);
	expect(error).toBeInstanceOf(UserError);
	return error as UserError;
};

describe('a backup', () => {
	test('has a manifest with all it must tell, and reads back as it was', async () => {
		const { path, manifest } = await backUp();
		expect(await readManifest(path)).toEqual(manifest);
		expect(await readManifest(join(folder, 'latest'))).toEqual(manifest);
		const [first, , accounts] = manifest.files;
		expect(manifest).toMatchObject({
			format: 1,
			id: '20261121T020000Z',
			state: 'complete',
			started: '2026-11-21T02:00:00Z',
			finished: '2026-11-21T02:06:12Z',
			tags: { why: 'before the move' },
			consistency: { requested: '2026-11-21T02:00:01Z', acquired: '2026-11-21T02:00:01Z', held_ms: 358_120 },
			dump: { compression: 'zstd:3' },
			totals: { databases: 2, tables: 22, rows: 42, rows_estimated: 20 },
			verify: { checksums: 'ok', footer: 'ok', restore_test: null },
		});
		expect(manifest.totals.bytes).toBe(manifest.files.reduce((sum, file) => sum + file.bytes, 0));
		expect(first?.objects).toEqual({
			tables: 11,
			views: 3,
			triggers: 3,
			procedures: 2,
			functions: 3,
			events: 2,
			sequences: 1,
			packages: 1,
			package_bodies: 1,
		});
		expect(accounts).toMatchObject({ kind: 'accounts', path: 'accounts.sql.zst' });
	});

	test('passes sha256sum -c and our own proof', async () => {
		const { path } = await backUp();
		expect(execFileSync('sha256sum', ['-c', '--strict', 'SHA256SUMS'], { cwd: path, encoding: 'utf8' })).toContain('manifest.json: OK');
		const seen: string[] = [];
		const checks = await verifySums(path, { onFile: (file, index, count) => seen.push(`${index + 1}/${count} ${file}`) });
		expect(failing(checks)).toEqual([]);
		expect(checks.map((check) => check.title)).toEqual([
			'README.txt',
			'accounts.sql.zst',
			'it%27s%0Aodd.sql.zst',
			'manifest.json',
			'shop.sql.zst',
		]);
		expect(seen.at(-1)).toBe('5/5 shop.sql.zst');
		await writeFile(join(path, 'run.log'), 'the log goes on\n', { flag: 'a' });
		expect(failing(await verifySums(path))).toEqual([]);
	});

	test('with any changed byte fails its proof', async () => {
		const { path } = await backUp();
		for (const name of (await readdir(path)).filter((file) => file !== 'run.log')) {
			const whole = await readFile(join(path, name));
			for (const at of [0, Math.floor(whole.length / 3), whole.length - 2]) {
				const flipped = Buffer.from(whole);
				flipped[at] = (flipped[at] ?? 0) ^ 1;
				await writeFile(join(path, name), flipped);
				const result = await verifySums(path).catch((error: unknown) => error);
				if (result instanceof UserError) expect(['manifest.json', 'SHA256SUMS']).toContain(name);
				else expect(failing(result as readonly Check[]).length, `${name} at ${at}`).toBeGreaterThan(0);
			}
			await writeFile(join(path, name), whole);
		}
		expect(failing(await verifySums(path))).toEqual([]);
	});

	test('cut off, swapped, missing or with sums made anew fails its proof', async () => {
		const { path } = await backUp();
		const shop = join(path, 'shop.sql.zst');
		const whole = await readFile(shop);
		await writeFile(shop, whole.subarray(0, -4096));
		expect(failing(await verifySums(path))).toEqual(['shop.sql.zst']);
		// Somebody "mends" it by summing again: the manifest still knows.
		await writeFile(join(path, 'SHA256SUMS'), execFileSync('sh', ['-c', 'sha256sum README.txt *.zst manifest.json'], { cwd: path }));
		expect(failing(await verifySums(path))).toEqual(['shop.sql.zst']);
		await rm(shop);
		expect((await verifySums(path)).find((check) => check.title === 'shop.sql.zst')).toMatchObject({ status: 'fail', found: 'missing' });
		await writeFile(shop, whole);
		await rename(join(path, 'README.txt'), join(path, 'x'));
		await rename(shop, join(path, 'README.txt'));
		await rename(join(path, 'x'), shop);
		expect(failing(await verifySums(path))).toEqual(['README.txt', 'shop.sql.zst']);
	});

	test('is told in the list from running, damaged and foreign folders', async () => {
		await backUp(later(60_000));
		const { path } = await backUp();
		await claimFolder(folder, later(120_000));
		const damaged = await backUp(later(180_000));
		await rm(join(damaged.path, 'manifest.json'));
		await mkdir(join(folder, 'lost+found'));
		await writeFile(join(folder, '20261121T090000Z'), 'a file');
		await symlink(path, join(folder, '20261121T100000Z'));
		expect((await listBackups(folder)).map((found) => [found.state, found.label])).toEqual([
			['complete', '20261121T020000Z'],
			['complete', '20261121T020100Z'],
			['partial', '20261121T020200Z'],
			['damaged', '20261121T020300Z'],
		]);
		expect((await listBackups(folder))[3]).toMatchObject({ problem: expect.stringContaining('no manifest.json') });
		expect(await listBackups(join(folder, 'gone'))).toEqual([]);
		expect((await refusal(listBackups(join(folder, '20261121T090000Z')))).told.what).toContain('cannot be listed');
	});
});

describe('a manifest is refused', () => {
	async function withManifest(text: string): Promise<UserError> {
		await writeFile(join(folder, 'manifest.json'), text);
		return refusal(readManifest(folder));
	}
	const changed = (change: (manifest: { files: object[]; consistency: object }) => void): string => {
		const file = { path: 'a.sql', kind: 'database', bytes: 1, raw_bytes: 1, sha256: '0'.repeat(64), footer: true } as const;
		const manifest = JSON.parse(JSON.stringify(buildManifest(parts('20261121T020000Z', [file]))));
		change(manifest);
		return JSON.stringify(manifest);
	};

	test('where the folder holds none, or is none', async () => {
		expect((await refusal(readManifest(folder))).told).toMatchObject({
			what: `This is no complete backup: ${folder}`,
			mend: [expect.any(String)],
		});
		expect((await refusal(readManifest(join(folder, 'gone')))).told.what).toContain('no complete backup');
	});

	test.each([
		['cut off', '{"format": 1, "id"', 'not JSON'],
		['empty', '', 'not JSON'],
		['of another kind', '[]', 'no format'],
		['without its content', '{"format": 1}', 'tool.version, id, state'],
	])('where it is %s', async (_, text, why) => {
		const { told } = await withManifest(text);
		expect(told.what).toContain('damaged');
		expect(told.why).toContain(why);
	});

	test('where a newer lockstep made it', async () => {
		const { told } = await withManifest(changed((manifest) => Object.assign(manifest, { format: 2 })));
		expect(told.what).toContain('newer lockstep');
		expect(told.why).toBe('Its format is 2; this one knows 1.');
	});

	test.each(['../../etc/passwd', '/etc/passwd', '..', 'a/b', ''])('where a file in it lies outside its folder: %j', async (path) => {
		const { told } = await withManifest(changed(({ files }) => Object.assign(files[0] ?? {}, { path })));
		expect(told.why).toBe('Missing or wrong in it: files.*.path.');
	});

	test('where a number is none', async () => {
		const { told } = await withManifest(
			changed(({ files, consistency }) => {
				Object.assign(files[0] ?? {}, { bytes: -1 });
				Object.assign(consistency, { held_ms: 'x' });
			}),
		);
		expect(told.why).toBe('Missing or wrong in it: consistency.held_ms, files.*.bytes.');
	});

	test('not where fields are more than we know', async () => {
		await writeFile(
			join(folder, 'manifest.json'),
			changed((manifest) => Object.assign(manifest, { more: 1 })),
		);
		expect(await readManifest(folder)).toMatchObject({ more: 1 });
	});
});

describe('SHA256SUMS', () => {
	const odd = ['a b', 'back\\slash', 'two\nlines', 'return\r', '-dash', '*star', 'größe ✓', "it's", ' lead', '\\n'];

	test('says what sha256sum says, and sha256sum takes it, for odd names too', async () => {
		const sums = [];
		for (const name of odd) {
			await writeFile(join(folder, name), `content of ${name}`);
			sums.push(sumOf(name, `content of ${name}`));
		}
		const text = sumsText(sums);
		const theirs = execFileSync('sha256sum', ['--', ...odd], { cwd: folder, encoding: 'utf8' });
		expect(text.split('\n').sort()).toEqual(theirs.split('\n').sort());
		await writeFile(join(folder, 'SHA256SUMS'), text);
		expect(spawnSync('sha256sum', ['-c', '--strict', '--quiet', 'SHA256SUMS'], { cwd: folder })).toMatchObject({ status: 0 });
		expect(
			parseSums(text)
				.map((sum) => sum.path)
				.sort(),
		).toEqual([...odd].sort());
		expect(parseSums(theirs).map((sum) => sum.path)).toEqual(odd);
	});

	test.each(['no sum', `${'0'.repeat(64)}`, `${'0'.repeat(63)}  name`])('with a line that is none is refused: %s', (line) => {
		expect(() => parseSums(`${line}\n`)).toThrow(UserError);
	});
});
