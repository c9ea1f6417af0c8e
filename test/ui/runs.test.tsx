import { cleanup } from 'ink-testing-library';
import { afterEach, describe, expect, test } from 'vitest';
import type { RunDetails } from '../../src/app/wizard-backend.ts';
import type { RunEntry } from '../../src/core/run-entry.ts';
import { show } from '../../src/core/shown-action.ts';
import { fold, NOTHING_YET } from '../../src/core/state.ts';
import { sql } from '../../src/sql/sql.ts';
import { DOWN, ENTER, ESC, openAt, TAB, UP } from './open.tsx';
import { card, FINDINGS, fakeDesk, opening, REQUESTS, RUN, recorder, undone } from './story.ts';

afterEach(cleanup);

const FOLDER = '/srv/backup/db3-backup/20261121T020000Z.partial';
const entry = (run: string, more: Partial<RunEntry> = {}): RunEntry => ({
	...{ run, title: 'Back up under a lock', servers: { server: 'db3-backup' }, started: '2026-11-21T02:00:00Z', state: 'finished' },
	...{ outcome: 'done', ended: '2026-11-21T02:06:12Z', ms: 372_000, lock_ms: 358_000, bytes: 1024 ** 3, raw_bytes: 4 * 1024 ** 3 },
	...{ steps: { done: 3, of: 3 }, resumed_by: null, ...more },
});
const PROVISION = { title: 'Set up a backup replica', servers: { primary: 'db1', replica: 'db3-backup' } } as const;
const RUNS: readonly RunEntry[] = [
	entry('r4-provision', { ...PROVISION, state: 'unfinished', outcome: 'stopped', steps: { done: 2, of: 4 }, bytes: null, lock_ms: null }),
	entry('r3-backup', { outcome: 'stopped', bytes: null, raw_bytes: null, lock_ms: 4000 }),
	entry('r2-backup'),
];
const record = recorder();
const state = opening('backup')
	.map((event) => record(event))
	.reduce(fold, NOTHING_YET);
const detailsOf = (run: string, more: Partial<RunDetails> = {}): RunDetails => {
	const found = RUNS.find((each) => each.run === run) ?? entry(run);
	const isProvision = run.endsWith('provision');
	return {
		...{ entry: found, state, end: null, partial: null, next: [], request: isProvision ? REQUESTS.provision : REQUESTS.backup },
		...(isProvision && {
			next: [
				{ goal: 'resume', command: '' },
				{ goal: 'undo', command: '' },
			],
		}),
		...more,
	};
};
const backend = (options: Parameters<typeof fakeDesk>[0] = {}) =>
	fakeDesk({ allRuns: () => RUNS, details: (run) => detailsOf(run), ...options });
const details = (run: string, options: Parameters<typeof fakeDesk>[0] = {}, size: readonly [number, number] = [80, 24]) =>
	openAt([{ at: 'home' }, { at: 'all-runs' }, { at: 'run-details', run }], backend(options), { size });

describe('20: the runs of this machine', () => {
	test('are an item of Home with their number, and a list that says how each ended', async () => {
		const wizard = openAt([{ at: 'home' }], backend());
		await wizard.sees(/Runs +5 +3 on this machine/);
		await wizard.press(`${TAB}${DOWN}${DOWN}${DOWN}${DOWN}${ENTER}`);
		const text = await wizard.sees('3 runs');
		for (const part of ['❯ ▲ Set up a backup replica on db3-backup, primary db1', 'unfinished, 2 of 4 steps complete'])
			expect(text).toContain(part);
		expect(text).toContain('done; 2026-11-21 02:00 UTC, took 6:12, lock held 5:58, 4.0 GiB -> 1.0 GiB');
		// 42: also of one that was stopped.
		expect(text).toContain('stopped; 2026-11-21 02:00 UTC, took 6:12, lock held 4.0 s');
	});

	test('/ filters them, esc shows all again, and coming back from one finds it', async () => {
		const wizard = openAt([{ at: 'home' }, { at: 'all-runs' }], backend());
		await wizard.sees('3 runs');
		await wizard.press('/stopped');
		expect(await wizard.sees(/❯ ↶ Back up/)).not.toContain('Set up');
		await wizard.press(`${ESC}`);
		await wizard.sees('Set up a backup replica');
		await wizard.press(`G${ENTER}`);
		await wizard.sees(/Run +r2-backup/);
		await wizard.press(ESC);
		await wizard.sees(/❯ ✓ Back up/);
		await wizard.press('/nothing of that');
		await wizard.sees('No run has that in its name.');
	});

	test.each([
		[60, 16],
		[80, 24],
		[200, 50],
	])('fit %d×%d', async (...size) => {
		for (const place of [{ at: 'all-runs' }, { at: 'run-details', run: 'r4-provision' }] as const) {
			const wizard = openAt([{ at: 'home' }, place], backend(), { size });
			const text = await wizard.sees('2 of 4 steps');
			for (const line of text.split('\n')) expect([...line].length).toBeLessThanOrEqual(size[0]);
			cleanup();
		}
	});
});

describe('14: one run', () => {
	test('that is unfinished is resumed: its plan, by the same request', async () => {
		const wizard = details('r4-provision');
		await wizard.sees(/❯ Resume/);
		await wizard.press(ENTER);
		await wizard.sees('Plan');
		expect(wizard.backend.requests).toEqual([REQUESTS.provision]);
	});

	test('is undone after its statements were shown, and a yes', async () => {
		const wizard = details('r4-provision');
		await wizard.sees(/❯ Resume/);
		await wizard.press(`${DOWN}${ENTER}`);
		await wizard.sees('      SET GLOBAL read_only = OFF');
		await wizard.press(ENTER);
		await wizard.sees(/❯ No, change nothing/);
		await wizard.press(ENTER);
		await wizard.sees('undo it');
		expect(wizard.backend.undoing).toEqual([]);
		await wizard.press(`${ENTER}${DOWN}${ENTER}`);
		await wizard.sees('Rolling back what was changed');
		expect(wizard.backend.undoing).toEqual([{ run: 'r4-provision', typed: [] }]);
		wizard.backend.play(...undone);
		wizard.backend.end();
		await wizard.sees('Undone: everything is as it was.');
	});

	test('49: what an undo would destroy is named, and its name typed first', async () => {
		const [first, ...others] = FINDINGS;
		const consents = [{ name: 'db3-backup', reason: 'Databases would be dropped:', affected: ['mine'] }];
		const wizard = details('r4-provision', { undoFindings: () => (first === undefined ? [] : [{ ...first, consents }, ...others]) });
		await wizard.sees(/❯ Resume/);
		await wizard.press(`${DOWN}${ENTER}`);
		await wizard.sees('SET GLOBAL read_only = OFF');
		await wizard.press(ENTER);
		expect(await wizard.sees('Type db3-backup to confirm')).toMatch(/Confirm +Databases would be dropped:\n +mine/);
		await wizard.press(`db3${ENTER}`);
		await wizard.sees('Must be exactly db3-backup');
		await wizard.press(`-backup${ENTER}`);
		await wizard.sees('Undo this?');
		await wizard.press(`${DOWN}${ENTER}`);
		await wizard.sees('Rolling back what was changed');
		expect(wizard.backend.undoing).toEqual([{ run: 'r4-provision', typed: ['db3-backup'] }]);
	});

	test('16: where its name is typed nothing that carries the danger is cut, at 60 columns', async () => {
		const reason = 'db3-backup was written to since this run, by others: what they made goes with what the run made.';
		const affected = Array.from({ length: 9 }, (_, index) => `orders_of_2026_${index}`);
		const drop = show({
			...{ kind: 'sql', id: 'drop', on: 'replica', why: 'as it was', changes: true },
			...{ statement: sql`DROP DATABASE crm`, destroys: [{ on: 'replica', kind: 'database', name: 'crm' }] },
		});
		const forget = show({
			...{ kind: 'sql', id: 'forget', on: 'primary', why: 'made by this run', changes: true },
			statement: sql`DROP USER repl`,
		});
		const finding = {
			step: 'seed',
			title: 'Data was copied',
			actions: [drop, forget],
			foreign: [],
			consents: [{ name: 'db3-backup', reason, affected }],
		};
		const wizard = details('r4-provision', { undoFindings: () => [finding] }, [60, 16]);
		await wizard.sees(/❯ Resume/);
		await wizard.press(`${DOWN}${ENTER}`);
		await wizard.sees('DROP DATABASE crm');
		await wizard.press(ENTER);
		await wizard.sees('Type db3-backup to confirm');
		const rows: string[] = [];
		for (const page of [1, 2, 3]) {
			if (page > 1) await wizard.press('\x1b[6~');
			rows.push(wizard.text().split('\n').slice(1).join('\n').replaceAll(/\n +/g, ' '));
		}
		const read = rows.join('\n');
		expect(read).toMatch(/Destroys +DROP database crm on db3-backup/);
		expect(read).toContain(`Confirm    ${reason}`);
		expect(read).toMatch(/Sends +DROP USER repl on db1/);
		for (const name of affected) expect(read).toContain(name);
		expect(read).not.toContain('…');
	});

	test('shows its statements', async () => {
		const wizard = details('r2-backup');
		await wizard.sees(/Lock +held 5:58/);
		await wizard.press('s');
		await wizard.sees('No statement was sent.');
		await wizard.press(ESC);
		await wizard.sees(/Lock +held 5:58/);
	});

	test('that cannot be read says why', async () => {
		const gone = () => {
			throw new Error('EACCES: the journal');
		};
		await details(RUN, { details: gone }).sees('EACCES: the journal');
	});
});

describe('25: what an incomplete backup left', () => {
	const partials = [{ path: FOLDER, bytes: 135 * 1024 ** 2, run: 'r3-backup', status: 'interrupted' as const, isInUse: false }];
	const left = { partials, details: (run: string) => detailsOf(run, { partial: FOLDER }) };

	test('is listed with its size, and removed after a question whose first answer keeps it', async () => {
		const list = openAt([{ at: 'home' }, { at: 'all-runs' }], backend(left));
		await list.sees('3 runs, 1 incomplete backup of 135.0 MiB on disk');
		cleanup();
		const wizard = details('r3-backup', left);
		await wizard.sees(/❯ Remove its folder +incomplete backup, 135\.0 MiB/);
		await wizard.press(ENTER);
		expect(await wizard.sees(/❯ Keep it/)).toContain(`Remove ${FOLDER}?`);
		await wizard.press(ENTER);
		await wizard.sees(/❯ Remove its folder/);
		expect(wizard.backend.removed).toEqual([]);
		await wizard.press(ENTER);
		await wizard.sees(/❯ Keep it/);
		await wizard.press(`${DOWN}${ENTER}`);
		await wizard.sees(/❯ Back/);
		expect(wizard.backend.removed).toEqual([FOLDER]);
	});

	test('is not offered to be removed while its run is at work', async () => {
		const wizard = details('r3-backup', { ...left, partials: partials.map((each) => ({ ...each, isInUse: true })) });
		expect(await wizard.sees(/❯ Back/)).not.toContain('Remove');
		await wizard.press(UP);
		await wizard.sees(/❯ Back/);
	});
});

describe('50: recover and undo without a run', () => {
	test('list those that can be undone, and show the statements of the one that is chosen', async () => {
		const wizard = openAt([{ at: 'home' }, { at: 'choose-run', goal: 'undo' }], backend());
		const text = await wizard.sees('Which run is to be undone?');
		for (const run of RUNS) expect(text).toContain(run.run);
		await wizard.press(ENTER);
		await wizard.sees('These statements undo it.');
		await wizard.press(ESC);
		await wizard.sees('Which run is to be undone?');
	});

	test('list those that were interrupted, and show what the one that is chosen has left', async () => {
		const runs = () => [card('r9-cut', 'interrupted'), card('r8-works', 'running')];
		const wizard = openAt([{ at: 'home' }, { at: 'choose-run', goal: 'recover' }], backend({ runs }));
		const text = await wizard.sees('Which run is to be rolled back?');
		expect([text.includes('r9-cut'), text.includes('r8-works')]).toEqual([true, false]);
		await wizard.press(ENTER);
		await wizard.sees('It has left this.');
	});

	test('say so where no run is left', async () => {
		await openAt([{ at: 'home' }, { at: 'choose-run', goal: 'recover' }], backend()).sees('No run is left to recover.');
	});
});
