import { expect, test } from 'vitest';
import type { Recorded, RunEvent } from '../../src/core/events.ts';
import { fold, NOTHING_YET } from '../../src/core/state.ts';

let seq = 0;
const at = (event: RunEvent): Recorded => ({ v: 2, run: 'r1', seq: ++seq, at: '2026-01-01T00:00:00.000Z', ...event });
const all = (...events: RunEvent[]) => events.map(at).reduce(fold, NOTHING_YET);

const step = (id: string) => ({ id, title: id, why: '' });
const START: RunEvent = {
	...{
		type: 'run-started',
		runbook: 'toy',
		title: 'Toy',
		key: 'k',
		servers: { server: 'db1' },
		steps: [step('a'), step('b')],
		resumes: null,
	},
	...{ carried: { touched: [], outputs: {} }, identities: {}, afterFailure: 'keep', request: null },
};
const action = (id: string, undoing = false): RunEvent => ({
	...{ type: 'action-started', step: 'a', undoing, action: { id, kind: 'sql', on: 'server', text: id, why: '', changes: true } },
});
const FAILURE = { class: 'ServerError', step: 'a', description: { message: 'refused' }, checks: [], left: [] };

test('steps go from waiting through running to done', () => {
	expect(all(START)).toMatchObject({
		run: 'r1',
		phase: 'looking',
		servers: { server: 'db1' },
		steps: [{ status: 'waiting' }, { status: 'waiting' }],
	});
	const running = all(START, { type: 'step-started', step: 'a' });
	expect(running).toMatchObject({ phase: 'running', current: 'a', steps: [{ status: 'running' }, { status: 'waiting' }] });
	const done: RunEvent = { type: 'step-done', step: 'a', output: null, ms: 12, again: false, acted: true };
	expect(fold(running, at(done)).steps[0]).toMatchObject({ status: 'done', ms: 12, again: false });
});

test('the transcript shows each action with its end, the same one twice apart', () => {
	const { transcript } = all(
		START,
		action('x'),
		{ type: 'action-failed', step: 'a', action: 'x', ms: 1, description: { message: 'no' } },
		action('x'),
		{ type: 'action-done', step: 'a', action: 'x', ms: 2 },
		action('y', true),
	);
	expect(transcript).toMatchObject([
		{ status: 'failed', ms: 1, undoing: false },
		{ status: 'done', ms: 2, undoing: false },
		{ status: 'running', ms: null, undoing: true },
	]);
});

test('42: how long locks were held is summed up, until they are released or the run ends; of one that died with its process nothing is known', () => {
	const lock = (state: 'held' | 'released', second: number): Recorded => ({
		...at({ type: 'lock', step: 'a', lock: { state, on: 'server', since: '2026-01-01T00:00:10.000Z', clientsWait: true, until: null } }),
		at: `2026-01-01T00:00:${second}.000Z`,
	});
	const end = (outcome: 'stopped' | 'undone', time: string): Recorded => ({
		...at({ type: 'run-ended', outcome, open: false, warnings: [], failure: null, summary: {} }),
		at: time,
	});
	const held = [at(START), lock('held', 10), lock('held', 12)];
	expect(held.reduce(fold, NOTHING_YET).heldMs).toBe(null);
	expect([...held, lock('released', 14), end('stopped', '2026-01-01T01:00:00.000Z')].reduce(fold, NOTHING_YET).heldMs).toBe(4000);
	expect([...held, end('stopped', '2026-01-01T00:00:16.000Z')].reduce(fold, NOTHING_YET).heldMs).toBe(6000);
	const later = at({ type: 'engine', pid: 2, birth: null, host: 'h', socket: null, version: '1' });
	expect([...held, later, end('undone', '2026-01-02T00:00:00.000Z')].reduce(fold, NOTHING_YET).heldMs).toBe(null);
});

test('after a failure, finished steps that are rolled back say so', () => {
	const state = all(
		START,
		{ type: 'step-started', step: 'a' },
		{ type: 'step-failed', step: 'a', failure: FAILURE },
		{ type: 'undo-started', steps: ['a'] },
		{ type: 'undo-done', left: [], foreign: [], kept: false },
		{ type: 'run-ended', outcome: 'undone', open: false, warnings: [], failure: null, summary: {} },
	);
	expect(state).toMatchObject({
		phase: 'ended',
		failure: FAILURE,
		end: { outcome: 'undone' },
		steps: [{ status: 'undone' }, { status: 'waiting' }],
	});
});

test('folding changes nothing that was', () => {
	const before = all(START);
	const copy = structuredClone(before);
	fold(before, at({ type: 'step-started', step: 'a' }));
	fold(before, at({ type: 'note', step: 'a', level: 'note', text: 'x' }));
	expect(before).toEqual(copy);
});
