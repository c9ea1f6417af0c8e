import { execFileSync, spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parseSums, sumOf, sumsText } from '../../src/archive/checksums.ts';
import { listBackups, newestBackup } from '../../src/archive/list.ts';
import { buildManifest, readManifest } from '../../src/archive/manifest.ts';
import { reserveFolder } from '../../src/archive/write.ts';
import { UserError } from '../../src/core/errors.ts';
import { backUp, later, parts } from '../support/backup-folder.ts';

let folder: string;
beforeEach(async () => {
	folder = await mkdtemp(join(tmpdir(), 'lockstep-backup-'));
});
afterEach(() => rm(folder, { recursive: true }));

const refusal = async (promise: Promise<unknown>): Promise<UserError> => {
	const error = await promise.then(
		() => expect.fail('it went well'),
		(reason: unknown) => reason,
	);
	expect(error).toBeInstanceOf(UserError);
	return error as UserError;
};

describe('a backup', () => {
	test('has a complete manifest, and reads back as it was', async () => {
		const { path, manifest } = await backUp(folder);
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

	test('is listed apart from running, damaged and foreign folders', async () => {
		await backUp(folder, later(60_000));
		const { path } = await backUp(folder);
		await reserveFolder(folder, later(120_000));
		const damaged = await backUp(folder, later(180_000));
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
		expect(await newestBackup(folder)).toMatchObject({ state: 'complete', label: '20261121T020100Z' });
		expect(await listBackups(join(folder, 'gone'))).toEqual([]);
		expect(await newestBackup(join(folder, 'gone'))).toBeNull();
		expect((await refusal(listBackups(join(folder, '20261121T090000Z')))).description.message).toContain('cannot be listed');
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
		expect((await refusal(readManifest(folder))).description).toMatchObject({
			message: `This is no complete backup: ${folder}`,
			hints: [expect.any(String)],
		});
		expect((await refusal(readManifest(join(folder, 'gone')))).description.message).toContain('no complete backup');
	});

	test.each([
		['cut off', '{"format": 1, "id"', 'not JSON'],
		['empty', '', 'not JSON'],
		['of another kind', '[]', 'no format'],
		['without its content', '{"format": 1}', 'tool, id, state'],
	])('where it is %s', async (_, text, why) => {
		const { description: told } = await withManifest(text);
		expect(told.message).toContain('damaged');
		expect(told.reason).toContain(why);
	});

	test('where a newer lockstep made it', async () => {
		const { description: told } = await withManifest(changed((manifest) => Object.assign(manifest, { format: 2 })));
		expect(told.message).toContain('newer lockstep');
		expect(told.reason).toBe('Its format is 2; this one knows 1.');
	});

	test.each(['../../etc/passwd', '/etc/passwd', '..', 'a/b', ''])('where a file in it lies outside its folder: %j', async (path) => {
		const { description: told } = await withManifest(changed(({ files }) => Object.assign(files[0] ?? {}, { path })));
		expect(told.reason).toBe('Missing or wrong in it: files.*.path.');
	});

	test('where a number is none', async () => {
		const { description: told } = await withManifest(
			changed(({ files, consistency }) => {
				Object.assign(files[0] ?? {}, { bytes: -1 });
				Object.assign(consistency, { held_ms: 'x' });
			}),
		);
		expect(told.reason).toBe('Missing or wrong in it: consistency.held_ms, files.*.bytes.');
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
