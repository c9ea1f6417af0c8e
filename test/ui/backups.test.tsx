import { cleanup } from 'ink-testing-library';
import { afterEach, describe, expect, test, vi } from 'vitest';
import type { BackupCard, Verified } from '../../src/core/backups.ts';
import { UserError, VerifyFailed } from '../../src/core/errors.ts';
import type { Json } from '../../src/core/json.ts';
import type { Progress } from '../../src/core/progress.ts';
import { openSession } from '../../src/ui/session.ts';
import {
	type BackupsDesk,
	backupCard,
	DAMAGED,
	DRILL_RECORD,
	FOLDER,
	GOOD,
	PARTIAL,
	played,
	REPORT,
	VERIFY_RECORD,
} from './backups-story.ts';
import { ctrl, DOWN, ENTER, ESC, openAt, paste, TAB, UP } from './open.tsx';
import { fakeDesk } from './story.ts';

afterEach(cleanup);

const desk = (more: Partial<BackupsDesk> = {}) =>
	fakeDesk({
		backups: {
			backupFolders: async () => [
				{ path: FOLDER, of: ['db3-backup'], backups: 1, incomplete: 1, damaged: 1 },
				{ path: '/srv/backup/db1', of: ['db1'], backups: 0, incomplete: 0, damaged: 0 },
			],
			backups: async (folder) => ({ folder, cards: [GOOD, DAMAGED, PARTIAL] }),
			showBackup: async () => REPORT,
			...more,
		},
	});

const progress: Progress = {
	...{ unit: 'bytes', done: 3_000_000_000, total: 10_000_000_000, estimated: false, rate: 100_000_000, average: 100_000_000 },
	...{ leftMs: 70_000, elapsedMs: 30_000, current: 'shop.orders.00003.dat.zst' },
};

describe('the way to a backup', () => {
	test('leads from home over its folder and its card to what can be done with it', async () => {
		const wizard = openAt([{ at: 'home' }], desk());
		await wizard.sees('healthy');
		await wizard.press(`${TAB}${DOWN}${DOWN}${ENTER}`);
		expect(await wizard.sees('Another folder')).toMatch(/db3-backup +1 backup, 1 incomplete, 1 damaged {2}\/srv\/backup\/db3-backup/);
		expect(await wizard.sees('Another folder')).toMatch(/db1 +none yet/);
		await wizard.press(ENTER);
		const list = await wizard.sees('20261120T175348Z');
		expect(list).toContain('❯ ✓ 20261120T175348Z  8 hours ago  latest');
		expect(list).toContain('MariaDB 11.8.6 · parallel engine · zstd:3');
		expect(list).toMatch(/42.1 GiB -> 10.0 GiB on disk[ ·\n]+lock held 5:58/);
		expect(list).toContain('✓ verified 6 hours ago · ○ not drilled yet');
		expect(list).toMatch(/✗ 20261119T020000Z\n +manifest.json is not JSON/);
		expect(list).toMatch(/▲ 20261118T020000Z\n +interrupted: incomplete, and no backup · 10.0 GiB on disk/);
		await wizard.press(ENTER);
		const one = await wizard.sees('mysql-bin.000213:88112');
		for (const item of ['Verify', 'Drill', 'Restore', 'Back']) expect(one).toContain(item);
		await wizard.press('\x1b[6~\x1b[6~\x1b[6~\x1b[6~');
		await wizard.sees('lockstep restore /srv');
		await wizard.press(ESC);
		await wizard.sees('20261119T020000Z');
		await wizard.press(ESC);
		await wizard.sees('Whose backups?');
	});

	test('another folder is typed, and one that is not there is said', async () => {
		const asked: string[] = [];
		const backups = async (folder: string) => {
			asked.push(folder);
			throw new UserError({ message: `There is no folder ${folder}` });
		};
		const wizard = openAt([{ at: 'folders' }], desk({ backups }));
		await wizard.sees('Another folder');
		await wizard.press(`${DOWN}${DOWN}${ENTER}${paste('/mnt/old?')}${ENTER}`);
		await wizard.sees('There is no folder /mnt/old?');
		expect(asked).toEqual(['/mnt/old?']);
	});

	test('an empty folder says what fills it', async () => {
		const backups = async (folder: string) => ({ folder, cards: [] });
		const text = await openAt([{ at: 'backups', folder: FOLDER }], desk({ backups })).sees(`No backups in ${FOLDER}`);
		expect(text).toContain(`lockstep backup --server SERVER --to ${FOLDER}`);
	});

	test('of a damaged one what is wrong can be found, of a partial one nothing is offered', async () => {
		const wizard = openAt([{ at: 'backups', folder: FOLDER }], desk());
		await wizard.sees('20261119T020000Z');
		await wizard.press(`${DOWN}${ENTER}`);
		const damaged = await wizard.sees(/Verify\s+names all that is wrong/);
		expect(damaged).toContain('manifest.json is not JSON');
		expect(damaged).not.toMatch(/Drill|Restore/);
		await wizard.press(ESC);
		// The list is where it was left.
		await wizard.sees('❯ ✗ 20261119T020000Z');
		await wizard.press(`${DOWN}${ENTER}`);
		expect(await wizard.sees('Its run is over')).not.toMatch(/Verify|Drill|Restore/);
	});

	test('25: what an interrupted run left is removed after a question whose first answer keeps it; of one at work that is not offered', async () => {
		const left: BackupCard[] = [GOOD, PARTIAL];
		const wizard = openAt([{ at: 'backups', folder: FOLDER }], desk({ backups: async (folder) => ({ folder, cards: left }) }));
		await wizard.sees('1 backup, 1 incomplete, 20.0 GiB on disk');
		await wizard.press(`G${ENTER}`);
		await wizard.sees(/❯ Remove it +10\.0 GiB on disk/);
		await wizard.press(ENTER);
		expect(await wizard.sees(/❯ Keep it/)).toContain(`Remove ${PARTIAL.path}?`);
		await wizard.press(`${ESC}`);
		await wizard.sees(/❯ Remove it/);
		expect(wizard.backend.removed).toEqual([]);
		await wizard.press(ENTER);
		await wizard.sees(/❯ Keep it/);
		left.pop();
		await wizard.press(`${DOWN}${ENTER}`);
		await wizard.sees('1 backup, 10.0 GiB on disk');
		expect(wizard.backend.removed).toEqual([PARTIAL.path]);
		cleanup();
		const busy = openAt([{ at: 'archive', card: { ...PARTIAL, partial: 'running' } }], desk());
		const text = await busy.sees('A run at work writes to it');
		expect(text).toMatch(/▸ 20261118T020000Z\n +running: no backup until it is complete/);
		expect(text).toMatch(/❯ Its run/);
		expect(text).not.toContain('Remove');
	});

	test('25, 55: the list is ordered by o and filtered by /', async () => {
		const cards = [backupCard('20261103T020000Z'), backupCard('20261102T020000Z', { bytes: 99 * 1024 ** 3 }), PARTIAL];
		const wizard = openAt([{ at: 'home' }, { at: 'backups', folder: FOLDER }], desk({ backups: async (folder) => ({ folder, cards }) }));
		const labels = () => [...wizard.text().matchAll(/2026\d{4}T\d{6}Z/g)].map(([label]) => label);
		await wizard.sees('newest first');
		await wizard.press('o');
		await wizard.sees('oldest first');
		expect(labels()[0]).toBe(PARTIAL.label);
		await wizard.press('o');
		await wizard.sees('largest first');
		expect(labels()[0]).toBe('20261102T020000Z');
		await wizard.press('/interrupted');
		await vi.waitFor(() => expect(labels()).toEqual([PARTIAL.label]));
		await wizard.press('q');
		await wizard.sees('nothing matches');
		expect(wizard.quits()).toBe(0);
		await wizard.press(`\x7f${ENTER}${ENTER}`);
		await wizard.sees('Its run is over');
	});

	test.each([
		[60, 16],
		[80, 24],
		[200, 50],
	])('every screen of it fits %d×%d', async (columns, rows) => {
		const cards = Array.from({ length: 30 }, (_, index) => backupCard(`202611${String(index + 1).padStart(2, '0')}T020000Z`)).toReversed();
		const whole = desk({ backups: async (folder) => ({ folder, cards }) });
		const fits = (text: string) => {
			const lines = text.split('\n');
			expect(lines).toHaveLength(rows);
			for (const line of lines) expect([...line].length).toBeLessThanOrEqual(columns);
			expect(lines.at(-1)).toMatch(/help/);
		};
		const list = openAt([{ at: 'backups', folder: FOLDER }], whole, { size: [columns, rows] });
		fits(await list.sees('❯ ✓ 20261130T020000Z'));
		await list.press('\x1b[F');
		const last = await list.sees('30 of 30');
		fits(last);
		expect(last).toMatch(/❯ ✓ 20261101T020000Z[\s\S]*not drilled yet/);
		await list.press(UP);
		fits(await list.sees(/❯ ✓ 20261102T020000Z[\s\S]*not drilled yet/));
		const work = () => new Promise<never>(() => {});
		for (const [place, wanted] of [
			[{ at: 'home' }, 'Restore or verify'],
			[{ at: 'folders' }, 'Another folder'],
			[{ at: 'archive', card: GOOD }, /Back *\n/],
			[{ at: 'verify', card: GOOD }, 'to its last byte'],
			[{ at: 'pick', flow: 'restore', backup: REPORT }, 'Into which server?'],
			[{ at: 'restore', backup: REPORT, card: { name: 'lab', server: 'lab', badge: 'test', output: null } }, 'Check and review'],
		] as const) {
			cleanup();
			fits(await openAt([place], desk({ verify: work }), { size: [columns, rows] }).sees(wanted));
		}
	});
});

describe('verify', () => {
	const opened = async () => {
		const verify = played<Verified>();
		const wizard = openAt([{ at: 'archive', card: GOOD }], desk({ verify: verify.work }));
		await wizard.sees('mysql-bin');
		await wizard.press(ENTER);
		await vi.waitFor(() => expect(verify.begun).toHaveLength(1));
		const [begun] = verify.begun;
		if (begun === undefined) throw new Error('not begun');
		return { wizard, verify, begun };
	};

	test('shows how far it is and when it will be done, then what it proved', async () => {
		const { wizard, verify, begun } = await opened();
		begun.onlooker.progress(progress);
		const text = await wizard.sees('shop.orders.00003.dat.zst');
		expect(text).toContain('30 %   2.8 GiB / 9.3 GiB');
		expect(text).toContain('~1:10 left, done about 02:03:10');
		expect(begun.path).toBe(GOOD.path);
		verify.resolve({ folder: GOOD.path, record: VERIFY_RECORD, notes: [], written: null });
		expect(await wizard.sees(`Backup verified: ${GOOD.path}`)).toContain('84.0 M rows counted');
		await wizard.press(ENTER);
		await wizard.sees('mysql-bin');
		expect(begun.signal.aborted).toBe(false);
	});

	test('names everything that is wrong', async () => {
		const { wizard, verify } = await opened();
		const bad = (title: string, found: string) => ({ id: 'BACKUP-FILE', title, status: 'fail' as const, expected: '4096 bytes', found });
		verify.reject(
			new VerifyFailed([bad('shop.sql.zst', '4095 bytes'), bad('crm.sql.zst', 'missing')], 'It is not the backup that was made.'),
		);
		const text = await wizard.sees('It is not the backup that was made.');
		expect(text).toMatch(/shop.sql.zst[\s\S]*4095 bytes[\s\S]*crm.sql.zst[\s\S]*missing/);
		expect(text).toContain('✗ failed');
	});

	test('esc stops it and says so', async () => {
		const { wizard, verify, begun } = await opened();
		await wizard.press(ESC);
		await wizard.sees('Stopping: no more is read.');
		expect(begun.signal.aborted).toBe(true);
		verify.reject(begun.signal.reason);
		expect(await wizard.sees('nothing is proven')).toContain('▲ stopped');
		await wizard.press(ESC);
		await wizard.sees('mysql-bin');
	});
});

describe('drill', () => {
	test('is a run: what is asked for goes to the plan, and its end says what it came to and where the report is', async () => {
		const wizard = openAt([{ at: 'archive', card: GOOD }], desk());
		await wizard.sees('mysql-bin');
		await wizard.press(`${DOWN}${ENTER}`);
		await vi.waitFor(() => expect(wizard.backend.requests).toHaveLength(1));
		const request = { kind: 'drill', backup: GOOD.path, replicate: false, tls: true } as const;
		expect(wizard.backend.requests).toEqual([request]);
		const step = { id: 'prove', title: 'Verify the restored data', why: 'A load that says yes is no proof.' };
		wizard.backend.play(
			{ type: 'reviewed', go: true, typed: [] },
			{
				...{ type: 'run-started', runbook: 'drill', title: `Drill backup ${GOOD.label}`, key: 'drill', identities: {}, request },
				...{ servers: { server: 'the throwaway server' }, afterFailure: 'put-back', steps: [step], resumes: null },
				carried: { touched: [], outputs: {} },
			},
			{ type: 'step-started', step: 'prove' },
		);
		await wizard.sees('Verify the restored data');
		await wizard.press(ctrl('c'));
		expect(await wizard.sees('Stop this run?')).toMatch(/stops the throwaway\s+server/);
		await wizard.press(ENTER);
		const report = `${GOOD.path}.drill.md`;
		const checks = [{ id: 'CONTENTS', title: 'Every row of 212 tables is the one that was dumped', status: 'ok' as const }];
		const { format: _format, type: _type, tool: _tool, ...record } = DRILL_RECORD;
		const summary = { ...record, backup: GOOD.path, record: `${GOOD.path}.drill.json`, report, checks };
		wizard.backend.play(
			{ type: 'step-done', step: 'prove', output: null, ms: 300, again: false, acted: true },
			{
				type: 'run-ended',
				outcome: 'done',
				open: false,
				warnings: [],
				failure: null,
				summary: summary as unknown as { [key: string]: Json },
			},
		);
		const text = await wizard.sees('Drill passed');
		for (const part of ['Time to recovery  6:12', '✓ Every row of 212 tables', report]) expect(text).toContain(part);
	});
});

describe('work that is no run', () => {
	test('a program that ends stops it, and waits until all is cleared away', async () => {
		const session = openSession();
		const { promise, resolve } = Promise.withResolvers<void>();
		const told: string[] = [];
		session.attend({ stop: () => told.push('stop'), ended: promise.then(() => void told.push('ended')) });
		const closed = session.close('leave').then(() => told.push('closed'));
		await vi.waitFor(() => expect(told).toEqual(['stop']));
		resolve();
		await closed;
		expect(told).toEqual(['stop', 'ended', 'closed']);
	});
});

describe('restore', () => {
	test('asks where, sandboxes and tests first, then what; the request is what was typed', async () => {
		const wizard = openAt([{ at: 'archive', card: GOOD }], desk());
		await wizard.sees('mysql-bin');
		await wizard.press(`${DOWN}${DOWN}${ENTER}`);
		expect(await wizard.sees('Into which server?')).toMatch(/❯ lab +TEST[\s\S]*db3-backup +PROD/);
		await wizard.press(ENTER);
		expect(await wizard.sees('Check and review')).toContain('the server holds 6 databases, 42.1 GiB');
		// Up from the button: the binary log, accounts, tables, databases.
		await wizard.press(`${UP}${UP}${UP}${UP}shop, nope${ENTER}${ENTER}${ENTER}${ENTER}${ENTER}`);
		await wizard.sees('The backup holds no nope.');
		await wizard.press(`${UP}${UP}${UP}${UP}${ctrl('u')}shop${ENTER}shop.table_3${ENTER} ${ENTER}${ENTER}${ENTER}`);
		await vi.waitFor(() => expect(wizard.backend.requests).toHaveLength(1));
		expect(wizard.backend.requests).toEqual([
			{
				...{ kind: 'restore', server: 'mysql://root@127.0.0.1:3310', backup: GOOD.path, databases: ['shop'], tables: ['shop.table_3'] },
				...{ accounts: true, writeBinlog: false },
			},
		]);
	});

	test('a server that is no profile is typed in the same place', async () => {
		const wizard = openAt([{ at: 'home' }, { at: 'pick', flow: 'restore', backup: REPORT }], desk());
		await wizard.sees('Into which server?');
		await wizard.press(`${paste('db9.example')}${ENTER}`);
		expect(await wizard.sees('Step 2/5')).toContain('restore into db9.example');
	});

	test('all of it is the answer that stands, of a vendor’s dump as well', async () => {
		const card = { name: 'lab', server: 'lab', badge: 'test', output: null } as const;
		const wizard = openAt([{ at: 'restore', card, backup: { ...REPORT, engine: 'vendor' } }], desk());
		expect(await wizard.sees('Check and review')).toContain('Tables');
		await wizard.press(ENTER);
		await vi.waitFor(() => expect(wizard.backend.requests).toHaveLength(1));
		expect(wizard.backend.requests).toEqual([{ kind: 'restore', server: 'lab', backup: GOOD.path, accounts: false, writeBinlog: false }]);
	});
});

test('every screen of it shows its keys, and draws with ASCII alone where that is set', async () => {
	for (const [place, wanted, told] of [
		[{ at: 'folders' }, 'Another folder', 'Whose backups'],
		[{ at: 'backups', folder: FOLDER }, '20261119T020000Z', 'as lockstep list shows them'],
		[{ at: 'archive', card: GOOD }, 'mysql-bin', 'proves that a backup restores'],
		[{ at: 'verify', card: GOOD }, 'failed', 'written beside the backup'],
	] as const) {
		const wizard = openAt([place], desk(), { size: [80, 40], ascii: true });
		expect((await wizard.sees(wanted)).replace(/[\x00-\x7f]/g, '')).toBe('');
		await wizard.press('?');
		await wizard.sees(new RegExp(told.replaceAll(' ', '\\s+')));
		cleanup();
	}
});
