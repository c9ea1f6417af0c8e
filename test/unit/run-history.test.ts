import { existsSync } from 'node:fs';
import { appendFile, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { backupsIn } from '../../src/app/backups.ts';
import type { AppContext } from '../../src/app/context.ts';
import { partialBackups, removablePartial, removePartial } from '../../src/app/partial-backups.ts';
import { allRuns, runDetails } from '../../src/app/run-history.ts';
import { runsOf } from '../../src/app/runs.ts';
import type { RunEvent } from '../../src/core/events.ts';
import { openJournal } from '../../src/core/journal.ts';
import type { Json } from '../../src/core/json.ts';
import { processStartTime } from '../../src/exec/process.ts';
import { renderList } from '../../src/render/backups.ts';
import { renderRun, renderRuns } from '../../src/render/runs.ts';
import { REQUESTS } from '../ui/story.ts';

let folder: string;
let context: AppContext;
beforeEach(async () => {
	folder = await mkdtemp(join(tmpdir(), 'lockstep-runs-'));
	const signal = new AbortController().signal;
	context = {
		...{ env: {}, now: () => new Date('2026-11-21T03:00:00Z'), version: '1', signal, configFile: null, warnings: [], stateFolder: folder },
		...{ profiles: { list: () => [] } as unknown as AppContext['profiles'], passwordPrompt: () => undefined },
	};
});
afterEach(() => rm(folder, { recursive: true }));

/** An event, and how many seconds after two o'clock it was. */
type Timed = readonly [seconds: number, event: RunEvent];

function write(run: string, ...events: readonly Timed[]) {
	const journal = openJournal(join(folder, 'runs'), run);
	events.forEach(([seconds, event], index) => {
		journal.write({ v: 2, run, seq: index + 1, at: new Date(Date.parse('2026-11-21T02:00:00Z') + seconds * 1000).toISOString(), ...event });
	});
	journal.close();
}

const LABEL = '20261121T020000Z';
const backups = () => join(folder, 'backups');
const partial = (label = LABEL) => join(backups(), `${label}.partial`);
type Started = Extract<RunEvent, { type: 'run-started' }>;
const start = (kind: 'backup' | 'provision', more: Partial<Started> = {}): Started => ({
	...{ type: 'run-started', resumes: null, carried: { touched: [], outputs: {} }, identities: {} },
	...(kind === 'backup'
		? {
				...{ runbook: 'locked-dump', title: 'Back up under a lock', servers: { server: 'db3' }, afterFailure: 'put-back' },
				...{ key: `backup db3 ${LABEL}`, request: { ...REQUESTS.backup, to: backups() } as unknown as Json },
			}
		: {
				...{ runbook: 'provision-replica', title: 'Set up a backup replica', servers: { primary: 'db1', replica: 'db3' } },
				...{ afterFailure: 'keep', key: 'provision db1 db3', request: REQUESTS.provision as unknown as Json },
			}),
	steps: ['a', 'b'].map((id) => ({ id, title: id, why: '' })),
	...more,
});
const REVIEWED: RunEvent = { type: 'reviewed', go: true, typed: [] };
const act = (text: string, changes = true): RunEvent => ({
	...{ type: 'action-started', step: 'a', undoing: false },
	action: { id: 'x', kind: 'sql', on: 'server', text, why: 'because', changes },
});
const DONE: RunEvent = { type: 'step-done', step: 'a', output: null, ms: 5, again: false, acted: true };
const lock = (state: 'held' | 'released'): RunEvent => ({
	...{ type: 'lock', step: 'a' },
	lock: { state, on: 'server', since: '', clientsWait: true, until: null },
});
const ended = (outcome: 'done' | 'failed' | 'stopped' | 'undone', open: boolean, summary: Record<string, Json> = {}): RunEvent => ({
	...{ type: 'run-ended', outcome, open, warnings: [], failure: null, summary },
});
const engine = (pid: number, birth: string): RunEvent => ({
	...{ type: 'engine', pid, birth, host: hostname(), socket: null, version: '1' },
});
const alive = async () => engine(process.pid, (await processStartTime(process.pid)) ?? '');

const text = async () =>
	renderRuns({ entries: (await allRuns(context)).map(({ entry }) => entry), partials: [], newer: [] }, { width: 80, color: false });

describe('20: the list of runs', () => {
	test('says of each how it stands: at work first, then what is left to do, then the newest', async () => {
		write('1-done', [0, start('backup')], [100, REVIEWED], [101, act('X')], [110, ended('done', false, { bytes: 1024, rawBytes: 4096 })]);
		write('2-unfinished', [0, start('provision')], [1, act('X')], [2, DONE], [9, ended('stopped', true)]);
		write('3-cut', [0, engine(1, 'never')], [0, start('backup')], [1, act('X')]);
		write('4-working', [0, await alive()], [0, start('backup')], [1, act('X')]);
		write('5-failed', [0, start('backup')], [1, act('X')], [2, ended('failed', false)]);
		const runs = (await allRuns(context)).map(({ entry }) => entry);
		expect(runs.map(({ run, state, outcome, ms }) => [run, state, outcome, ms])).toEqual([
			['4-working', 'running', null, 3_600_000],
			['3-cut', 'interrupted', null, 1000],
			['2-unfinished', 'unfinished', 'stopped', 9000],
			['5-failed', 'finished', 'failed', 2000],
			// What the plan waited for a person is no work.
			['1-done', 'finished', 'done', 10_000],
		]);
		expect(runs.at(-1)).toMatchObject({ bytes: 1024, raw_bytes: 4096, ended: '2026-11-21T02:01:50.000Z' });
		const shown = await text();
		for (const part of [
			/At work\n▸ Back up under a lock on db3\n {2}running, 0 of 2 steps complete; 2026-11-21 02:00 UTC, for 1:00:00\n {2}4-working/,
			/Interrupted\n▲ Back up under a lock on db3/,
			/▲ Set up a backup replica on db3, primary db1\n {2}unfinished, 1 of 2 steps complete; 2026-11-21 02:00 UTC, took 9.0 s/,
			/✓ Back up under a lock on db3\n {2}done; 2026-11-21 02:00 UTC, took 10 s, 4.0 KiB -> 1.0 KiB/,
			/Next: {2}lockstep runs 4-working/,
		])
			expect(shown).toMatch(part);
	});

	test('a run that a later one resumed is over', async () => {
		write('1-first', [0, start('provision')], [1, act('X')], [2, ended('stopped', true)]);
		write('2-second', [0, start('provision', { carried: { touched: ['a'], outputs: {} } })], [1, ended('done', false)]);
		expect((await allRuns(context)).map(({ entry }) => [entry.run, entry.state, entry.resumed_by])).toEqual([
			['2-second', 'finished', null],
			['1-first', 'finished', '2-second'],
		]);
	});

	test('one that was interrupted stays in sight where a newer run of the same work took nothing over', async () => {
		const cut: Timed[] = [
			[0, engine(1, 'never')],
			[0, start('backup')],
			[1, act('X')],
		];
		write('1-cut', ...cut);
		write('2-anew', [0, start('backup')], [1, act('X')], [2, ended('done', false)]);
		expect((await runsOf(context)).map(({ run, state }) => [run, state])).toEqual([['1-cut', 'interrupted']]);
		expect((await allRuns(context)).map(({ entry }) => [entry.run, entry.state, entry.resumed_by])).toEqual([
			['1-cut', 'interrupted', null],
			['2-anew', 'finished', null],
		]);
		write('3-unfinished', [0, start('provision')], [1, act('X')], [2, ended('stopped', true)]);
		expect((await runsOf(context)).map(({ run }) => run)).toEqual(['3-unfinished', '1-cut']);
		// Another server answers there: the same command begins anew, and resumes that one no more.
		write('4-anew', [0, start('provision')], [1, act('X')], [2, ended('done', false)]);
		expect((await runsOf(context)).map(({ run }) => run)).toEqual(['1-cut']);
		expect((await runDetails(context, '3-unfinished')).entry).toMatchObject({ state: 'finished', resumed_by: null });
		expect((await runDetails(context, '3-unfinished')).next).toMatchObject([{ goal: 'undo' }]);
	});

	test('42: of a backup that was stopped it knows how long the lock was held; a roll-back of the next day is no part of it', async () => {
		const stopped: Timed[] = [
			[0, engine(1, 'never')],
			[0, start('backup')],
			[5, act('X')],
			[10, lock('held')],
			[11, lock('held')],
			[14, lock('released')],
			[15, act('Y')],
		];
		write('1-stopped', ...stopped, [90_000, engine(2, 'never')], [90_001, act('Z')], [90_002, ended('undone', false)]);
		write('2-died', ...stopped.slice(0, 5));
		expect((await allRuns(context)).map(({ entry }) => [entry.run, entry.lock_ms, entry.ms])).toEqual([
			['2-died', 1000, 11_000],
			['1-stopped', 4000, 15_000],
		]);
	});

	test('is empty where there are none, and names those of a newer lockstep', async () => {
		expect(await text()).toBe('No runs on this machine yet.');
		expect(renderRuns({ entries: [], partials: [], newer: ['r9'] }, { width: 80, color: false })).toContain('By a newer lockstep: r9');
	});
});

describe('14: one run', () => {
	const shown = async (run: string) => renderRun(await runDetails(context, run), { width: 80, color: false });

	test('an unfinished one is resumed by its own command, or undone', async () => {
		write('1-unfinished', [0, start('provision')], [1, act('CREATE USER x')], [2, DONE], [9, ended('stopped', true)]);
		expect((await runDetails(context, '1-unfinished')).next).toEqual([
			{ goal: 'resume', command: 'lockstep provision --primary db1 --replica db3-backup' },
			{ goal: 'undo', command: 'lockstep undo 1-unfinished' },
		]);
		const words = await shown('1-unfinished');
		for (const part of ['unfinished, 1 of 2 steps complete', 'CREATE USER x', 'server: because', 'Resume it'])
			expect(words).toContain(part);
	});

	test('an interrupted backup is rolled back, and what it left on disk is shown with its command', async () => {
		await mkdir(partial(), { recursive: true });
		write('1-cut', [0, engine(1, 'never')], [0, start('backup')], [1, act('X')]);
		expect((await runDetails(context, '1-cut')).next).toEqual([{ goal: 'recover', command: 'lockstep recover 1-cut' }]);
		expect(await shown('1-cut')).toContain(`lockstep runs --remove-partial ${partial()}`);
	});

	test('of a complete backup nothing is to be undone', async () => {
		write('1-done', [0, start('backup')], [1, act('X')], [2, ended('done', false)]);
		expect((await runDetails(context, '1-done')).next).toEqual([]);
	});

	test('a drill whose journal says nothing of its result is shown all the same', async () => {
		write('1-drill', [0, { ...start('backup'), runbook: 'drill', title: 'Drill' }], [1, ended('done', false, { backup: '/srv/b' })]);
		write('2-empty', [0, { ...start('backup'), runbook: 'drill', title: 'Drill', key: 'drill 2' }], [1, ended('done', false)]);
		expect(await shown('1-drill')).toContain('✓ Drill passed: /srv/b');
		expect(await shown('2-empty')).toMatch(/✓ Drill passed$/m);
	});

	test('that does not exist is refused, and one of a newer lockstep is not judged', async () => {
		await expect(runDetails(context, 'none')).rejects.toThrow('There is no run none.');
		write('1-newer');
		await appendFile(join(folder, 'runs', '1-newer.jsonl'), `${JSON.stringify({ v: 3, run: '1-newer', type: 'something' })}\n`);
		await expect(runDetails(context, '1-newer')).rejects.toThrow('was done by a newer lockstep');
	});
});

describe('25: what an incomplete backup left on disk', () => {
	const OTHER = '20261121T020000Z-02';
	beforeEach(async () => {
		await mkdir(partial(), { recursive: true });
		await writeFile(join(partial(), 'shop.sql'), 'x'.repeat(2048));
	});
	const make = (label = LABEL) => act(`mkdir -m 700 ${partial(label)}`);

	test('is listed with its size and its run, and removed', async () => {
		write('1-stopped', [0, start('backup')], [1, make()], [2, ended('stopped', false)]);
		expect(await partialBackups(context)).toEqual([
			{ path: partial(), bytes: 2048, run: '1-stopped', status: 'interrupted', isInUse: false },
		]);
		const words = renderRuns({ entries: [], partials: await partialBackups(context), newer: [] }, { width: 120, color: false });
		for (const part of ['1 incomplete backup, 2.0 KiB on disk', 'left by 1-stopped', `lockstep runs --remove-partial ${partial()}`])
			expect(words).toContain(part);
		await removePartial(await removablePartial(context, partial()));
		expect(existsSync(partial())).toBe(false);
		expect(existsSync(backups())).toBe(true);
	});

	test('in the list of backups a running one is not an interrupted one, and neither counts', async () => {
		write('1-stopped', [0, start('backup')], [1, make()], [2, ended('stopped', false)]);
		write('2-working', [0, await alive()], [0, start('backup')], [1, make(OTHER)]);
		await mkdir(partial(OTHER));
		await mkdir(partial('20261120T020000Z'));
		const { cards } = await backupsIn(context, backups());
		expect(cards.map(({ partial: status, run }) => [status, run])).toEqual([
			['running', '2-working'],
			['interrupted', '1-stopped'],
			['unknown', null],
		]);
		const words = renderList(backups(), cards, { width: 80, color: false, now: context.now() });
		expect(words).toContain('0 backups, 3 incomplete, 2.0 KiB on disk');
	});

	test('is never removed while a backup is at work in its folder', async () => {
		write('1-stopped', [0, start('backup')], [1, make()], [2, ended('stopped', false)]);
		write('2-working', [0, await alive()], [0, start('backup')]);
		await expect(removablePartial(context, partial())).rejects.toThrow(`A backup is at work in ${backups()}.`);
		expect(await partialBackups(context)).toMatchObject([{ isInUse: true }]);
	});

	test('is not removed where another machine may have made it', async () => {
		// It found the name taken, and went on to the next.
		const refused: RunEvent = { type: 'action-failed', step: 'a', action: 'x', ms: 1, description: { message: 'EEXIST' } };
		write('1-ours', [0, start('backup')], [1, make()], [1, refused], [1, make(OTHER)], [2, ended('stopped', false)]);
		await expect(removablePartial(context, partial())).rejects.toThrow('No run of this machine made');
		await mkdir(partial(OTHER));
		expect(await removablePartial(context, partial(OTHER))).toMatchObject({ run: '1-ours' });
	});

	test.each(['.', '20261121T020000Z', 'mine.partial', 'link'])('only a folder that is one is removed, not %j', async (name) => {
		write('1-stopped', [0, start('backup')], [1, make()], [2, ended('stopped', false)]);
		await mkdir(join(backups(), '20261121T020000Z'));
		await mkdir(join(backups(), 'mine.partial'));
		await symlink(partial(), join(backups(), 'link'));
		await expect(removablePartial(context, join(backups(), name))).rejects.toThrow('is not the folder of an incomplete backup.');
	});

	test('nor a link of such a name', async () => {
		write('1-stopped', [0, start('backup')], [1, make()], [2, ended('stopped', false)]);
		await symlink(partial(), partial(OTHER));
		await expect(removablePartial(context, partial(OTHER))).rejects.toThrow('is not the folder of an incomplete backup.');
	});
});
