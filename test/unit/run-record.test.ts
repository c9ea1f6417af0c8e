import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { newRunId } from '../../src/app/built-run.ts';
import type { AppContext } from '../../src/app/context.ts';
import { isRunning } from '../../src/app/run-in-background.ts';
import { UserError } from '../../src/core/errors.ts';
import type { RunEvent } from '../../src/core/events.ts';
import { openJournal, type ReadJournal } from '../../src/core/journal.ts';
import { findOpen, newest, type RunRecord, runRecordOf } from '../../src/core/run-record.ts';
import { processStartTime } from '../../src/exec/process.ts';

const START: Extract<RunEvent, { type: 'run-started' }> = {
	...{ type: 'run-started', runbook: 'toy', title: 'Toy', key: 'work', servers: {}, steps: [], resumes: null, request: { kind: 'x' } },
	...{ carried: { touched: [], outputs: {} }, identities: {}, afterFailure: 'keep' },
};
const record = (events: readonly RunEvent[], run = 'r1'): ReadJournal => ({
	newer: false,
	events: events.map((event, index) => ({ v: 2, run, seq: index + 1, at: '2026-01-01T00:00:00.000Z', ...event })),
});

const facts = (step: string, origin: string): RunEvent => ({ type: 'facts', step, facts: origin, origin });
const action = (step: string, changes = true, undoing = false): RunEvent => ({
	...{ type: 'action-started', step, undoing },
	action: { id: 'x', kind: 'sql', on: 'server', text: 'X', why: '', changes },
});
const done = (step: string, output: string): RunEvent => ({ type: 'step-done', step, output, ms: 1, again: false, acted: true });
const ended = (outcome: 'done' | 'failed' | 'undone' | 'stopped', open: boolean): RunEvent => ({
	...{ type: 'run-ended', outcome, open, warnings: [], failure: null, summary: {} },
});

test('a journal that ends in the middle is open, with its facts, finished and changed steps', () => {
	const past = runRecordOf(record([START, facts('a', 'A'), action('a'), done('a', 'out'), facts('b', 'B'), action('b', false)]));
	expect(past).toEqual({
		...{ title: 'Toy', undoing: [], servers: {}, identities: {}, afterFailure: 'keep', engine: null, end: null, newer: false },
		...{ run: 'r1', runbook: 'toy', key: 'work', started: '2026-01-01T00:00:00.000Z', resumes: false, request: { kind: 'x' }, open: true },
		...{ origins: { a: 'A', b: 'B' }, outputs: { a: 'out' }, touched: ['a'], acted: {}, marks: {}, steps: [] },
		// This journal is an older lockstep's: it names nothing that was made.
		effects: { touched: ['a'], made: null, lost: [], undone: 'no', left: [], drift: [] },
	});
});

test('the first facts of a step are what undo goes back to', () => {
	expect(runRecordOf(record([START, facts('a', 'first'), facts('a', 'second')]))?.origins).toEqual({ a: 'first' });
});

test('a step that is begun again has no output until it is done again', () => {
	const again: RunEvent[] = [START, done('a', 'old'), { type: 'step-started', step: 'a' }];
	expect(runRecordOf(record(again))?.outputs).toEqual({});
	expect(runRecordOf(record([...again, done('a', 'new')]))?.outputs).toEqual({ a: 'new' });
});

test('what an earlier run had done is carried over', () => {
	const start: RunEvent = { ...START, carried: { touched: ['a'], outputs: { a: 'carried' } } };
	expect(runRecordOf(record([start, action('b')]))).toMatchObject({ touched: ['a', 'b'], outputs: { a: 'carried' } });
});

test.each([
	['done', false, { open: false, touched: ['a'] }],
	['failed', true, { open: true, touched: ['a'] }],
	['failed', false, { open: false, touched: [] }],
	['stopped', true, { open: true, touched: ['a'] }],
	['undone', false, { open: false, touched: [] }],
	['undone', true, { open: true, touched: ['a'] }],
] as const)('a run that ended %s (open: %s)', (outcome, open, wanted) => {
	expect(runRecordOf(record([START, action('a'), ended(outcome, open)]))).toMatchObject(wanted);
});

test('who does it, and how it ended, is known', () => {
	const engine = { pid: 7, birth: '70', host: 'here', socket: '/run/s', version: '1' };
	expect(runRecordOf(record([{ type: 'engine', ...engine }, START, action('a')]))).toMatchObject({ engine, end: null });
	expect(runRecordOf(record([START, ended('done', false)]))?.end).toMatchObject({ outcome: 'done' });
});

test('a roll-back changes no step', () => {
	expect(runRecordOf(record([START, action('a', true, true)]))?.touched).toEqual([]);
});

test('events without a beginning are no run', () => {
	expect(runRecordOf(record([facts('a', 'A')]))).toBeUndefined();
});

test('only the newest run of the same work is resumed, and only if it is open', () => {
	const folder = mkdtempSync(join(tmpdir(), 'lockstep-past-'));
	try {
		const write = (run: string, events: readonly RunEvent[]) => {
			const journal = openJournal(folder, run);
			for (const event of record(events, run).events) journal.write(event);
			journal.close();
		};
		write('1-open', [START, action('a')]);
		expect(findOpen(folder, 'work')?.run).toBe('1-open');
		write('2-other', [{ ...START, key: 'other work' }, ended('done', false)]);
		expect(findOpen(folder, 'work')?.run).toBe('1-open');
		write('3-done', [START, action('a'), ended('done', false)]);
		expect(findOpen(folder, 'work')).toBeUndefined();
		expect(newest(folder, (past) => past.key === 'work')?.run).toBe('3-done');
		write('4-torn', []);
		expect(newest(folder, () => true)?.run).toBe('3-done');
	} finally {
		rmSync(folder, { recursive: true });
	}
});

test('a run that a newer lockstep wrote to is not resumed', () => {
	const folder = mkdtempSync(join(tmpdir(), 'lockstep-past-'));
	try {
		const journal = openJournal(folder, '1-newer');
		for (const event of record([START, action('a')]).events) journal.write(event);
		journal.close();
		appendFileSync(journal.path, `${JSON.stringify({ v: 3, run: '1-newer', type: 'something' })}\n`);
		expect(() => findOpen(folder, 'work')).toThrow(UserError);
	} finally {
		rmSync(folder, { recursive: true });
	}
});

test('runs sort by when they began, also within a second', () => {
	const at = (ms: number) => newRunId({ now: () => new Date(Date.UTC(2026, 0, 1, 0, 0, 0, ms)) } as AppContext, 'provision');
	const runs = [at(7), at(80), at(900), at(1000)];
	expect(runs).toEqual(runs.toSorted());
});

test('a process that has the number of a dead run is not that run', async () => {
	const engine = { pid: process.pid, host: hostname(), socket: null, version: '1' };
	const runs = [await processStartTime(process.pid), 'of another'].map(
		(born) => ({ engine: { ...engine, birth: born ?? null } }) as unknown as RunRecord,
	);
	expect(await Promise.all(runs.map(isRunning))).toEqual([true, false]);
});
