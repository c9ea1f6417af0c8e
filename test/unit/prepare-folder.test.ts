import { chmod, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { finalize } from '../../src/archive/finalize.ts';
import { pathsFor } from '../../src/archive/layout.ts';
import type { FileAction } from '../../src/core/action.ts';
import { VerifyFailed } from '../../src/core/errors.ts';
import { fileEffect, folderFacts } from '../../src/executor/files.ts';
import { prepareFolder } from '../../src/runbooks/backup/prepare-folder.ts';

const AT = new Date('2026-11-26T02:00:00Z');
type Step = typeof prepareFolder;
type Working = Parameters<NonNullable<Step['run']>>[0];

test('backups that begin in the same second have folders of their own, in any order', async () => {
	const to = await mkdtemp(join(tmpdir(), 'lockstep-second-'));
	try {
		const notes: string[] = [];
		const begin = async () => {
			const paths = pathsFor(to, AT, '20261126T020000Z');
			const env = {
				paths,
				folderFacts,
				note: (text: string) => void notes.push(text),
				perform: (action: FileAction) => fileEffect(action),
			};
			const facts = await prepareFolder.inspect(env as unknown as Working);
			return {
				paths,
				go: () =>
					prepareFolder.run?.({
						...env,
						facts,
						origin: facts,
						plan: prepareFolder.plan({ ...env, facts, origin: facts } as unknown as Working),
					} as unknown as Working),
			};
		};
		// All look before any of them makes its folder; one more finds a folder that is there.
		const runs = await Promise.all([begin(), begin(), begin()]);
		await Promise.all(runs.map(({ go }) => go()));
		const late = await begin();
		await late.go();
		const labels = [...runs, late].map(({ paths }) => paths.label);
		expect(new Set(labels).size).toBe(4);
		expect((await readdir(to)).sort()).toEqual(labels.map((label) => `${label}.partial`).sort());
		expect(notes.length).toBeGreaterThanOrEqual(3);
	} finally {
		await rm(to, { recursive: true });
	}
});

test('a folder in which something else has written is not made a backup', async () => {
	const folder = await mkdtemp(join(tmpdir(), 'lockstep-seal-'));
	try {
		await writeFile(join(folder, 'README.txt'), '');
		await writeFile(join(folder, 'other.sql.zst'), '');
		await expect(finalize(folder, { files: [] } as never)).rejects.toThrow(VerifyFailed);
		expect(await readdir(folder)).not.toContain('manifest.json');
	} finally {
		await rm(folder, { recursive: true });
	}
});

test.each([
	['a folder of this user alone', 0o700, null],
	['a folder of a group', 0o2775, null],
	['a folder that every user can write', 0o777, 'everybody'],
	['a folder like /tmp', 0o1777, null],
])('%s: which other users can replace a backup there is known', async (_, mode, exposedTo) => {
	const to = await mkdtemp(join(tmpdir(), 'lockstep-exposed-'));
	try {
		await chmod(to, mode);
		expect(await folderFacts(join(to, 'not yet', 'there'))).toMatchObject({ nearest: to, exposedTo });
		expect(await folderFacts(to)).toMatchObject({ exposedTo });
	} finally {
		await rm(to, { recursive: true });
	}
});
