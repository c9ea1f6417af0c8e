import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { aftermath, isMade, lostWords, NO_EFFECTS, tally } from '../../src/core/effects.ts';
import { UserError } from '../../src/core/errors.ts';
import type { Recorded, RunEvent } from '../../src/core/events.ts';
import { journals, openJournal, readJournal } from '../../src/core/journal.ts';
import type { Json } from '../../src/core/json.ts';
import type { Thing } from '../../src/core/model.ts';
import { changedServer, findResumable, isSameServer, runRecordOf } from '../../src/core/run-record.ts';
import { afterWords } from '../../src/render/aftermath.ts';

const database = (name: string): Thing => ({ on: 'replica', kind: 'database', name });
const at = (event: RunEvent, run = 'r1', when = '2026-01-01T00:00:00.000Z'): Recorded => ({ v: 2, run, seq: 1, at: when, ...event });
const started = (key: string, more: Partial<Extract<RunEvent, { type: 'run-started' }>> = {}): RunEvent => ({
	...{ type: 'run-started', runbook: 'toy', title: 'Toy', key, servers: { replica: 'db2' }, steps: [], resumes: null, request: {} },
	...{ carried: { touched: [], outputs: {}, made: [], lost: [] }, identities: { replica: { serverId: 1, dataDir: '/a', madeAt: 'x' } } },
	...{ afterFailure: 'keep', ...more },
});
const act = (step: string, more: { makes?: readonly Thing[]; destroys?: readonly Thing[]; undoing?: boolean } = {}): RunEvent => ({
	...{ type: 'action-started', step, undoing: more.undoing ?? false },
	action: {
		id: 'x',
		kind: 'sql',
		on: 'replica',
		text: 'X',
		why: '',
		changes: true,
		makes: more.makes ?? [],
		destroys: more.destroys ?? [],
	},
});
const ended = (outcome: 'done' | 'failed' | 'undone', open: boolean): RunEvent => ({
	...{ type: 'run-ended', outcome, open, warnings: [], failure: null, summary: {} },
});
const undone = (more: Partial<Extract<RunEvent, { type: 'undo-done' }>> = {}): RunEvent => ({
	...{ type: 'undo-done', left: [], foreign: [], kept: false, ...more },
});
const fold = (...events: readonly RunEvent[]) => events.map((event) => at(event)).reduce(tally, NO_EFFECTS);

describe('what a run did, from its journal', () => {
	test('what it drops of its own is no loss; what existed before is, however often it is created again', () => {
		const deeds = fold(
			started('k'),
			act('clear', { destroys: [database('old')] }),
			act('load', { makes: [database('old'), database('new')] }),
			act('load', { destroys: [database('new')] }),
			act('load', { makes: [database('new')] }),
		);
		expect(deeds.lost).toEqual([database('old')]);
		expect(deeds.made).toEqual([database('old'), database('new')]);
		expect([isMade(deeds.made, database('new')), isMade(deeds.made, database('mine'))]).toEqual([true, false]);
	});

	test('what the server refused to destroy still exists; where the connection was lost that is not known', () => {
		const drop = act('clear', { destroys: [database('old')] });
		const failed = { type: 'action-failed', step: 'clear', action: 'x', ms: 1, description: { message: 'no' } } as const;
		expect(fold(started('k'), drop, { ...failed, spared: [database('old')] }).lost).toEqual([]);
		expect(fold(started('k'), drop, failed).lost).toEqual([database('old')]);
	});

	test('an older journal names nothing: whatever was not there in the beginning may be the run’s', () => {
		const deeds = fold(started('k', { carried: { touched: ['load'], outputs: {} } }), act('load', { makes: [database('a')] }));
		expect([deeds.made, deeds.touched, isMade(deeds.made, database('b'))]).toEqual([null, ['load'], true]);
	});

	const lossy = [started('k'), act('clear', { destroys: [database('big'), database('crm')] })];
	test.each([
		['nothing changed', [started('k')], ended('failed', false), 'untouched', 'Untouched: nothing was changed.'],
		[
			'rolled back',
			[started('k'), act('a'), undone()],
			ended('failed', false),
			'as-before',
			'As before: what the run changed was rolled back.',
		],
		[
			'rolled back but for what is gone',
			[...lossy, undone()],
			ended('undone', false),
			'rolled-back-except',
			'Rolled back, except: databases big, crm on db2: dropped, cannot be restored.',
		],
		['cut off', [started('k'), act('a')], null, 'kept', expect.stringMatching(/^What was done so far is kept\./)],
		[
			'kept',
			[...lossy, undone({ kept: true })],
			ended('failed', true),
			'kept',
			expect.stringContaining('Cannot be restored: databases big'),
		],
		[
			'left',
			[started('k'), act('a'), undone({ left: ['SET X'] })],
			ended('failed', true),
			'left-changed',
			expect.stringMatching(/^CHANGED/),
		],
		['done', [started('k'), act('a')], ended('done', false), 'complete', null],
	] as const)('%s', (_name, events, end, state, words) => {
		const deeds = fold(...events, ...(end === null ? [] : [end]));
		const over = end?.type === 'run-ended' ? end : null;
		expect(aftermath(deeds, over).state).toBe(state);
		expect(afterWords(deeds, over, { servers: { replica: 'db2' } })).toEqual(words);
	});

	test('losses are named by server and kind', () => {
		expect(lostWords([database('a'), { on: 'replica', kind: 'replication', name: 'db1:3306' }], {})).toEqual([
			'database a on replica: dropped, cannot be restored',
			'replication from db1:3306 on replica: reset, cannot be restored',
		]);
	});
});

describe('which run is resumed', () => {
	let folder: string;
	beforeEach(() => {
		folder = mkdtempSync(join(tmpdir(), 'lockstep-runs-'));
	});
	afterEach(() => rmSync(folder, { recursive: true, force: true }));

	const write = (run: string, ...events: readonly (readonly [when: string, event: RunEvent])[]) => {
		const journal = openJournal(folder, run);
		for (const [when, event] of events) journal.write(at(event, run, `2026-01-01T00:00:${when}.000Z`));
		journal.close();
	};
	const SAME = { replica: { serverId: 1, dataDir: '/a', madeAt: 'x' } };

	test('the newest of this work, on the same servers, where nothing else acted since', () => {
		write('1', ['01', started('k')], ['02', act('a')]);
		write('0', ['00', started('other')], ['01', act('a')], ['01', ended('done', false)]);
		expect(findResumable(folder, 'k', SAME).record?.run).toBe('1');
	});

	test.each([
		['another run is done since', ended('done', false), /the run 2 \(Toy\) changed the same server since/],
		['another run was cut off since', null, /the run 2 \(Toy\)/],
	] as const)('%s: not resumed, and said', (_name, end, why) => {
		write('1', ['01', started('k')], ['02', act('a')]);
		write('2', ['03', started('other')], ['04', act('a')], ...(end === null ? [] : [['05', end] as const]));
		const found = findResumable(folder, 'k', SAME);
		expect(found).toEqual({ past: undefined, refused: expect.stringMatching(why) });
	});

	test('a backup that put everything back since does not hinder it; one on another server neither', () => {
		write('1', ['01', started('k')], ['02', act('a')]);
		write('2', ['03', started('backup', { afterFailure: 'put-back' })], ['04', act('a')], ['05', ended('done', false)]);
		write('3', ['03', started('else', { identities: { replica: { serverId: 1, dataDir: '/b' } } })], ['04', act('a')]);
		expect(findResumable(folder, 'k', SAME).record?.run).toBe('1');
	});

	test('a server that was made anew at the same address is another one', () => {
		write('1', ['01', started('k')], ['02', act('a')]);
		const anew = { replica: { ...SAME.replica, madeAt: 'y' } };
		expect(findResumable(folder, 'k', anew)).toEqual({ past: undefined, refused: expect.stringContaining('db2 is not the server') });
	});

	test.each([
		[{ a: 1, b: null }, { a: 1, b: 'later known' }, true],
		[{ a: 1 }, { a: 1, c: 2 }, true],
		[{ a: 1, b: 2 }, { a: 1, b: 3 }, false],
		[{}, { a: 1 }, false],
		[undefined, { a: 1 }, false],
	] as readonly (readonly [Json | undefined, Json, boolean])[])('%j and %j: %j', (before, now, same) => {
		expect(isSameServer(before, now)).toBe(same);
		const past = runRecordOf({ newer: false, events: [at(started('k', { identities: { replica: before ?? null } }))] });
		expect(past === undefined ? null : changedServer(past, { replica: now })).toBe(same ? undefined : 'replica');
	});

	test('journals that others may write are not believed', () => {
		write('1', ['01', started('k')]);
		chmodSync(join(folder, '1.jsonl'), 0o622);
		expect(() => readJournal(join(folder, '1.jsonl'))).toThrow(UserError);
		chmodSync(join(folder, '1.jsonl'), 0o600);
		chmodSync(folder, 0o777);
		expect(() => journals(folder)).toThrow(UserError);
		expect(() => openJournal(folder, '2')).toThrow(
			expect.objectContaining({ description: expect.objectContaining({ hints: [`chmod go-w ${folder}`] }) }),
		);
	});
});
