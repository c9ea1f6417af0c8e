import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import type { SqlAction } from '../../src/core/action.ts';
import { fail, must, note, ok, should, warning } from '../../src/core/check.ts';
import type { Director, Recovery, Review } from '../../src/core/director.ts';
import { ServerError, Stopped, VerifyFailed } from '../../src/core/errors.ts';
import type { Recorded } from '../../src/core/events.ts';
import type { Executor } from '../../src/core/executor.ts';
import { readJournal } from '../../src/core/journal.ts';
import type { Json } from '../../src/core/json.ts';
import { runRecordOf } from '../../src/core/run-record.ts';
import { type RunOptions, run, undo } from '../../src/core/runner.ts';
import type { AnyStep, Outputs, Step } from '../../src/core/step.ts';
import { followWaits } from '../../src/core/waits.ts';
import { query } from '../../src/sql/sql.ts';

type Facts = { readonly value: string };
type ToyStep = Step<Outputs, Facts, Json>;

const set = (id: string, name: string, value: string): SqlAction => ({
	...{ kind: 'sql', id, why: 'for the test', on: 'server', changes: true },
	statement: { pieces: [`${name} = ${value}`] },
});

/** A step that wants the setting of its own name to be "new". */
const step = (id: string, more: Partial<ToyStep> = {}): ToyStep => ({
	...{ id, title: `Step ${id}`, why: 'because' },
	inspect: async ({ runQuery }) => ({
		value: await runQuery(
			'server',
			query({ pieces: [id] }, (rows) => rows[0]?.value ?? ''),
		),
	}),
	plan: ({ facts }) => (facts.value === 'new' ? [] : [set('set', id, 'new')]),
	undo: ({ facts, origin }) => (facts.value === origin.value ? [] : [set('back', id, origin.value)]),
	...more,
});

/** A server that is a handful of settings. `broken` makes an action fail; what was performed is in `done`. */
class Toy {
	readonly settings: Record<string, string> = { a: 'old', b: 'old', c: 'old' };
	readonly done: string[] = [];
	readonly stop = new AbortController();
	broken: (statement: string) => boolean = () => false;

	/** A proof during which somebody asks to stop. */
	stopped(): [] {
		this.stop.abort(new Stopped('By hand.'));
		return [];
	}

	readonly world: Executor = {
		signal: this.stop.signal,
		now: () => new Date(0),
		runQuery: async (_on, asked) => asked.read([{ value: this.settings[String(asked.statement.pieces[0])] ?? null }]),
		runQueryAs: () => Promise.reject(new Error('no logins here')),
		digests: () => Promise.reject(new Error('no rows here')),
		rowDifferences: () => Promise.reject(new Error('no rows here')),
		definitions: () => Promise.reject(new Error('no definitions here')),
		folderFacts: () => Promise.reject(new Error('no files here')),
		tool: async () => ({ tool: null, unfit: [] }),
		serverProgram: () => Promise.reject(new Error('no servers here')),
		serverLeft: () => Promise.reject(new Error('no servers here')),
		readers: () => Promise.reject(new Error('none here')),
		lease: () => Promise.reject(new Error('no locks here')),
		perform: async (action, { signal }) => {
			signal.throwIfAborted();
			const text = String((action as SqlAction).statement.pieces[0]);
			if (this.broken(text)) throw new ServerError({ message: `refused: ${text}` });
			const [name = '', value = ''] = text.split(' = ');
			this.settings[name] = value;
			this.done.push(text);
			return [] as never;
		},
	};
}

class Answers implements Director {
	readonly reviews: Review[] = [];
	readonly asked: string[] = [];
	typed: string[] = [];
	go = true;
	recoveries: Recovery[] = [];

	async review(review: Review) {
		this.reviews.push(review);
		return this.go ? { go: true as const, typed: this.typed } : { go: false as const, previewOnly: false };
	}

	async recover() {
		this.asked.push('recover');
		return this.recoveries.shift() ?? ('keep' as const);
	}
}

function toy(steps: readonly AnyStep<Outputs>[], afterFailure: 'keep' | 'put-back' = 'keep') {
	const events: Recorded[] = [];
	const server = new Toy();
	const director = new Answers();
	const options: RunOptions<Outputs> = {
		...{ run: 'r1', key: 'toy', servers: { server: 'db1' }, identities: {}, request: null },
		...{ executor: server.world, director, env: { outputs: {} }, now: () => new Date(0), signal: server.stop.signal },
		runbook: { id: 'toy', title: 'Toy', steps, afterFailure, summary: (env) => ({ ...env.outputs }) },
		sink: (event) => events.push(JSON.parse(JSON.stringify(event)) as Recorded),
	};
	return { server, director, events, options, types: () => events.map((event) => event.type) };
}

describe('a run that resumes another', () => {
	const proof = (count: { n: number }): ToyStep => ({
		...{ id: 'proof', title: 'Proof', why: 'because', proves: () => true },
		inspect: async () => ({ value: '' }),
		plan: () => [],
		run: async () => ++count.n,
	});

	test.each([
		['a step before it acts again', 'old', 2],
		['no step acts', 'new', 1],
	])('takes a proof again where %s', async (_name, value, proven) => {
		const count = { n: 0 };
		const a = step('a', { verify: async () => [must('A', { pass: 'holds', fail: 'does not hold' }, toyed.server.settings.a === 'new')] });
		const toyed: ReturnType<typeof toy> = toy([a, proof(count)]);
		expect((await run(toyed.options)).outcome).toBe('done');
		expect(count.n).toBe(1);
		const past = runRecordOf({ newer: false, events: toyed.events });
		if (past === undefined) throw new Error('no past');
		// Somebody has changed it back in between.
		toyed.server.settings.a = value;
		const again = { ...toyed.options, env: { outputs: {} }, record: { ...past, end: null, open: true } };
		expect((await run(again)).outcome).toBe('done');
		expect(count.n).toBe(proven);
	});
});

describe('a step that says what the run came to', () => {
	const heard: (string | null)[] = [];
	const conclusion = (more: Partial<ToyStep> = {}): ToyStep => ({
		...{ id: 'report', title: 'Report', why: 'because', concludes: true },
		inspect: async () => ({ value: '' }),
		plan: () => [set('told', 'report', 'yes')],
		async run({ plan, perform, failure }) {
			heard.push(failure?.description.message ?? null);
			for (const action of plan) await perform(action);
			return null;
		},
		...more,
	});

	beforeEach(() => heard.splice(0));

	test('is done after a failure, before anything is rolled back, and receives it', async () => {
		const { options, server } = toy([step('a'), step('b'), conclusion()], 'put-back');
		server.broken = (text) => text.startsWith('b =');
		expect(await run(options)).toMatchObject({ outcome: 'failed', open: false, failure: { step: 'b' } });
		expect(heard).toEqual(['refused: b = new']);
		expect(server.done).toEqual(['a = new', 'report = yes', 'a = old']);
	});

	test('is done once where nothing fails', async () => {
		const { options, server } = toy([step('a'), conclusion()], 'put-back');
		expect((await run(options)).outcome).toBe('done');
		expect([heard, server.done]).toEqual([[null], ['a = new', 'report = yes']]);
	});

	test('throws what takes the place of the failure, and the rest is rolled back', async () => {
		const run8 = () => Promise.reject(new VerifyFailed([fail('WORSE', 'does not hold')], 'It did not pass.'));
		const { options, server } = toy([step('a'), step('b'), conclusion({ run: run8 })], 'put-back');
		server.broken = (text) => text.startsWith('b =');
		expect((await run(options)).failure).toMatchObject({ class: 'VerifyFailed', step: 'report', checks: [{ id: 'WORSE' }] });
		expect(server.done).toEqual(['a = new', 'a = old']);
	});

	test('is not done where the run was stopped, or refused before it began', async () => {
		const stopped = toy([step('a', { verify: async () => stopped.server.stopped() }), step('b'), conclusion()], 'put-back');
		expect((await run(stopped.options)).outcome).toBe('stopped');
		const refused = toy([step('a', { checks: () => [fail('NO', 'does not hold')] }), conclusion()], 'put-back');
		expect((await run(refused.options)).failure?.class).toBe('CheckFailed');
		expect(heard).toEqual([]);
	});
});

describe('before anything is done', () => {
	test('the failed checks of all steps are shown together, without a question', async () => {
		const no = (id: string) => ({ checks: () => [fail(`NO-${id}`, 'does not hold'), ok('YES', 'holds')] });
		const { options, server, director } = toy([step('a', no('A')), step('b'), step('c', no('C'))]);
		const end = await run(options);
		expect(end).toMatchObject({ outcome: 'failed', open: false, failure: { class: 'CheckFailed' } });
		expect(end.failure?.checks.map((check) => check.id)).toEqual(['NO-A', 'NO-C']);
		expect([server.done, director.reviews]).toEqual([[], []]);
	});

	test('an inspection that fails after a failed check is explained by that check; otherwise it is the failure itself', async () => {
		const inspect = () => Promise.reject(new ServerError({ message: 'access denied' }));
		const checked = toy([step('a', { checks: () => [fail('RIGHTS', 'may not look')] }), step('b', { inspect })]);
		expect((await run(checked.options)).failure).toMatchObject({ class: 'CheckFailed', checks: [{ id: 'RIGHTS' }] });
		const unchecked = toy([step('a', { checks: () => [warning('ODD', 'is odd')] }), step('b', { inspect })]);
		expect((await run(unchecked.options)).failure).toMatchObject({ class: 'ServerError', description: { message: 'access denied' } });
	});

	const asks = (name: string) => ({ consents: () => [{ name, reason: `${name} is destroyed`, affected: ['shop'] }] });

	test.each([[[]], [['db2']], [['DB1']], [['db1 ']]])('%j does for the name that must be typed what nothing does', async (typed) => {
		const { options, server, director } = toy([step('a'), step('b', asks('db1'))]);
		director.typed = typed;
		const end = await run(options);
		expect(end).toMatchObject({
			outcome: 'failed',
			open: false,
			failure: { class: 'CheckFailed', checks: [{ id: 'CONSENT', found: 'shop' }] },
		});
		expect(end.failure?.checks[0]?.hints?.join()).toContain('--confirm db1');
		expect(server.done).toEqual([]);
	});

	test('the right names let it continue; the same question is asked once', async () => {
		const { options, director } = toy([step('a', asks('db1')), step('b', asks('db1')), step('c', asks('db2'))]);
		director.typed = ['db2', 'db1'];
		expect((await run(options)).outcome).toBe('done');
		expect(director.reviews[0]?.consents.map(({ name }) => name)).toEqual(['db1', 'db2']);
	});

	test('who declines changes nothing', async () => {
		const { options, server, director } = toy([step('a')]);
		director.go = false;
		expect(await run(options)).toMatchObject({ outcome: 'declined', open: false, failure: null });
		expect(server.done).toEqual([]);
	});

	test('later steps are planned with preview outputs, which give way to the real ones', async () => {
		const seen: Json[] = [];
		const later = step('b', {
			plan({ outputs }) {
				seen.push(outputs.a ?? null);
				return [];
			},
		});
		const { options } = toy([step('a', { previewOutput: '<later>', run: async () => 'real' }), later]);
		expect(await run(options)).toMatchObject({ outcome: 'done', summary: { a: 'real' } });
		expect(seen).toEqual(['<later>', 'real']);
	});

	test('an event that cannot be written stops the run before the act', async () => {
		const { options, server } = toy([step('a')]);
		const sink = (event: Recorded) => {
			if (event.type === 'action-started') throw new Error('disk full');
		};
		const end = await run({ ...options, sink });
		expect(end).toMatchObject({
			outcome: 'failed',
			failure: { class: 'Bug', description: { message: expect.stringContaining('disk full') } },
		});
		expect(server.done).toEqual([]);
	});
});

describe('what takes long', () => {
	test('is said within two seconds, without values, until it is answered', async () => {
		vi.useFakeTimers();
		try {
			const { options, server, events } = toy([
				step('a', {
					inspect: async ({ runQuery }) => {
						await runQuery(
							'server',
							query({ pieces: ["SELECT `v`\n  FROM t WHERE v = 'o\\'ne' AND w = 'two'"] }, () => null),
						);
						return { value: 'new' };
					},
				}),
			]);
			const { runQuery } = server.world;
			const slow = Promise.withResolvers<void>();
			const world: Executor = { ...server.world, runQuery: (on, asked) => slow.promise.then(() => runQuery(on, asked)) };
			const ended = run({ ...options, executor: world });
			await vi.advanceTimersByTimeAsync(900);
			const waits = () => events.filter(({ type }) => type === 'waiting');
			expect(waits()).toEqual([]);
			await vi.advanceTimersByTimeAsync(1000);
			expect(waits()).toMatchObject([
				{ step: 'a', wait: { on: 'server', text: "SELECT `v` FROM t WHERE v = '…' AND w = '…'", since: '1970-01-01T00:00:00.000Z' } },
			]);
			slow.resolve();
			await ended;
			expect(waits().slice(1)).toMatchObject([{ wait: null }]);
			const place = (type: string) => events.findIndex((event) => event.type === type);
			expect(place('waiting')).toBeLessThan(place('review'));
		} finally {
			vi.useRealTimers();
		}
	});

	test('of several the one that began first is said, then the next', async () => {
		vi.useFakeTimers();
		try {
			const waits: (string | null)[] = [];
			const { follow, stop } = followWaits(
				() => new Date(0),
				(wait) => waits.push(wait?.text ?? null),
			);
			const [one, other] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
			const both = Promise.all([follow('server', () => 'one', one.promise), follow(null, () => 'other', other.promise)]);
			await vi.advanceTimersByTimeAsync(2000);
			one.resolve();
			await vi.advanceTimersByTimeAsync(0);
			expect(waits).toEqual(['one', 'other']);
			stop();
			other.resolve();
			await both;
			expect(waits).toEqual(['one', 'other']);
		} finally {
			vi.useRealTimers();
		}
	});

	test('reading whole tables before a step, as a resumed run does, reports its progress', async () => {
		const tables = ['t', 'u'].map((name, at) => ({ database: 'd', name, rows: 100 * (at + 1), bytes: 0 }));
		const { options, server, events } = toy([
			step('a', {
				inspect: async ({ digests }) => {
					await digests('server', tables, { connections: 1 });
					return { value: 'new' };
				},
			}),
		]);
		const part = { at: 1, of: 1 };
		const world: Executor = {
			...server.world,
			digests: async (_on, _tables, { onFlow }) => {
				const workers = [{ worker: 1, database: 'd', table: 'u', part, rawBytes: 10, rows: 50, isDone: false }];
				onFlow?.({ rawBytes: 10, bytes: 0, rows: 50, table: 'u', began: [], workers });
				return [];
			},
		};
		await run({ ...options, executor: world });
		expect(events.find(({ type }) => type === 'progress')).toMatchObject({
			step: 'a',
			progress: {
				unit: 'rows',
				done: 50,
				total: 300,
				current: 'd.u',
				workers: [{ name: 'd.u', done: 50, total: 200 }],
				next: [{ name: 'd.t' }],
			},
		});
	});
});

describe('a run that goes well', () => {
	test('inspects everything first, writes each act down before it, and proves each step', async () => {
		const { options, server, types } = toy([step('a', { verify: async () => [ok('A', 'took effect')] }), step('b')]);
		expect(await run(options)).toMatchObject({ outcome: 'done', open: false, failure: null, warnings: [] });
		expect(server.done).toEqual(['a = new', 'b = new']);
		expect(types()).toEqual([
			...['run-started', 'looking', 'looking', 'review', 'reviewed'],
			...['looking', 'step-started', 'facts', 'action-started', 'action-done', 'checks', 'step-done'],
			...['looking', 'step-started', 'facts', 'action-started', 'action-done', 'step-done', 'run-ended'],
		]);
	});

	test('numbers its events without a gap', async () => {
		const { options, events } = toy([step('a')]);
		await run(options);
		expect(events.map((event) => event.seq)).toEqual(events.map((_, index) => index + 1));
	});

	test('collects warnings of proofs and of steps, not notes', async () => {
		const verify = async () => [warning('SLOW', 'is slow', { found: '9 s' }), note('N', 'by the way')];
		const told = step('b', {
			run: async ({ note: say }) => {
				say('the tool said something', 'warning');
				say('all is well');
				return null;
			},
		});
		const { options } = toy([step('a', { verify }), told]);
		expect((await run(options)).warnings).toEqual(['is slow: 9 s', 'the tool said something']);
	});

	test('ends with a warning that its plan did not show, not with one that was agreed to', async () => {
		// Both are judged again when their step begins: the first was known, the second came up since.
		let isChanged = false;
		const known = step('a', { checks: () => [warning('KNOWN', 'is slow')] });
		const later = step('b', {
			checks: () => [should('LATER', { pass: 'has room', fail: 'has no room' }, !isChanged, { wrong: '1 byte' })],
		});
		const { options, director } = toy([known, later]);
		const { review } = director;
		director.review = (seen) => {
			isChanged = true;
			return review.call(director, seen);
		};
		expect((await run(options)).warnings).toEqual(['has no room: 1 byte']);
	});
});

describe('a failure that keeps what was done', () => {
	const refusing = (times: number) => {
		const made = toy([step('a'), step('b'), step('c')]);
		made.server.broken = (text) => text === 'b = new' && times-- > 0;
		return made;
	};

	test('is open, to be resumed', async () => {
		const { options, server, director } = refusing(1);
		expect(await run(options)).toMatchObject({ outcome: 'failed', open: true, failure: { class: 'ServerError', step: 'b' } });
		expect([server.settings, director.asked]).toEqual([{ a: 'new', b: 'old', c: 'old' }, ['recover']]);
	});

	test('is tried again as often as is asked for', async () => {
		const { options, server, director } = refusing(2);
		director.recoveries = ['retry', 'retry'];
		expect((await run(options)).outcome).toBe('done');
		expect(server.done).toEqual(['a = new', 'b = new', 'c = new']);
	});

	test('is rolled back on request, the last step first', async () => {
		const { options, server, director } = toy([step('a'), step('b'), step('c')]);
		server.broken = (text) => text === 'c = new';
		director.recoveries = ['undo'];
		expect(await run(options)).toMatchObject({ outcome: 'undone', open: false, failure: { step: 'c' } });
		expect(server.done).toEqual(['a = new', 'b = new', 'b = old', 'a = old']);
	});

	test('of a proof is a VerifyFailed with what failed', async () => {
		const verify = async () => [ok('OK', 'fine'), fail('A', 'took no effect', { expected: 'new', found: 'old' })];
		const end = await run(toy([step('a', { verify })]).options);
		expect(end).toMatchObject({ outcome: 'failed', open: true, failure: { class: 'VerifyFailed', step: 'a', checks: [{ id: 'A' }] } });
	});

	test('before anything changed leaves nothing open', async () => {
		const { options, server } = toy([step('a', { run: () => Promise.reject(new ServerError('no')) })]);
		expect(await run(options)).toMatchObject({ outcome: 'failed', open: false });
		expect(server.done).toEqual([]);
	});

	test('a run that is being stopped does not ask whether to retry', async () => {
		const { options, server, director } = toy([step('a', { verify: async () => server.stopped() }), step('b')]);
		expect(await run(options)).toMatchObject({ outcome: 'stopped', open: true, failure: { class: 'Stopped' } });
		expect([server.done, director.asked]).toEqual([['a = new'], []]);
	});
});

describe('a failure that rolls back', () => {
	test('asks nothing and is over', async () => {
		const { options, server, director } = toy([step('a'), step('b')], 'put-back');
		server.broken = (text) => text === 'b = new';
		expect(await run(options)).toMatchObject({ outcome: 'failed', open: false, failure: { class: 'ServerError' } });
		expect([server.settings.a, server.settings.b, director.asked]).toEqual(['old', 'old', []]);
	});

	test('continues to roll back although the run is being stopped', async () => {
		const { options, server } = toy([step('a', { verify: async () => server.stopped() }), step('b')], 'put-back');
		expect(await run(options)).toMatchObject({ outcome: 'stopped', open: false });
		expect(server.done).toEqual(['a = new', 'a = old']);
	});

	test('names the statements that would fix what it could not', async () => {
		const { options, server } = toy([step('a'), step('b'), step('c')], 'put-back');
		server.broken = (text) => text === 'c = new' || text === 'a = old';
		const end = await run(options);
		expect(end).toMatchObject({
			outcome: 'failed',
			open: true,
			failure: { class: 'LeftChanged', description: { reason: 'refused: c = new' } },
		});
		expect(end.failure?.left).toContain('server: a = old');
		expect(server.settings).toMatchObject({ a: 'new', b: 'old' });
	});

	test('notices an undo that did not take effect', async () => {
		const { options, server } = toy([step('a', { undo: () => [set('back', 'other', 'old')] }), step('b')], 'put-back');
		server.broken = (text) => text === 'b = new';
		expect((await run(options)).failure).toMatchObject({ class: 'LeftChanged', left: ['server: other = old', expect.any(String)] });
	});
});

describe('an interrupted run that is resumed', () => {
	const interrupted = async (steps: readonly AnyStep<Outputs>[]) => {
		const made = toy(steps);
		made.server.broken = (text) => text === 'b = new';
		await run(made.options);
		made.server.broken = () => false;
		const past = runRecordOf({ events: made.events, newer: false });
		if (past === undefined) throw new Error('no past');
		const events: Recorded[] = [];
		const options = { ...made.options, run: 'r2', env: { outputs: {} }, record: past, sink: (event: Recorded) => void events.push(event) };
		return { ...made, past, options, later: events };
	};

	test('does not do again what is proven, and has its output', async () => {
		const first = step('a', {
			async run({ plan, perform }) {
				for (const action of plan) await perform(action);
				return { from: 'the first run' };
			},
		});
		const { options, server, later, past } = await interrupted([first, step('b')]);
		expect(past).toMatchObject({ open: true, touched: ['a', 'b'], outputs: { a: { from: 'the first run' } } });
		const end = await run(options);
		expect(end).toMatchObject({ outcome: 'done', summary: { a: { from: 'the first run' } } });
		expect(server.done).toEqual(['a = new', 'b = new']);
		expect(later.filter((event) => event.type === 'step-done')).toMatchObject([
			{ step: 'a', again: true },
			{ step: 'b', again: false },
		]);
	});

	test('does again what does not hold any more', async () => {
		const verify: ToyStep['verify'] = async ({ runQuery }) => [
			must(
				'A',
				{ pass: 'is new', fail: 'is not new' },
				(await runQuery(
					'server',
					query({ pieces: ['a'] }, (rows) => rows[0]?.value),
				)) === 'new',
			),
		];
		const { options, server, director } = await interrupted([step('a', { verify }), step('b')]);
		server.settings.a = 'somebody else’s';
		expect((await run(options)).outcome).toBe('done');
		expect(director.reviews[1]?.steps[0]).toMatchObject({ done: false, actions: [{ text: 'a = new' }] });
		expect(server.settings).toMatchObject({ a: 'new', b: 'new' });
	});

	test('names the run that it resumes, and asks about what appeared meanwhile, also where a step is done', async () => {
		const consents: ToyStep['consents'] = ({ facts }) =>
			facts.value === 'foreign' ? [{ name: 'db1', reason: 'gone', affected: ['it'] }] : [];
		const calm = await interrupted([step('a', { consents }), step('b')]);
		expect((await run(calm.options)).outcome).toBe('done');
		expect(calm.director.reviews[1]).toMatchObject({
			...{ resumes: '1970-01-01T00:00:00.000Z', consents: [] },
			steps: [
				{ done: true, actions: [] },
				{ done: false, actions: [{ text: 'b = new' }] },
			],
		});
		const odd = await interrupted([step('a', { consents }), step('b')]);
		odd.server.settings.a = 'foreign';
		expect(await run(odd.options)).toMatchObject({ outcome: 'failed', open: true, failure: { checks: [{ id: 'CONSENT', found: 'it' }] } });
		expect(odd.server.settings).toMatchObject({ a: 'foreign', b: 'old' });
	});

	test('writes a journal that stands alone: undo goes back to before the first run', async () => {
		const { options, server, later, past } = await interrupted([step('a'), step('b')]);
		await run(options);
		const all = runRecordOf({ events: later, newer: false });
		expect(all).toMatchObject({ open: false, origins: { a: { value: 'old' }, b: { value: 'old' } } });
		expect(await undo({ ...options, run: 'r3', env: { outputs: {} }, record: all ?? past })).toMatchObject({
			outcome: 'undone',
			open: false,
		});
		expect(server.settings).toMatchObject({ a: 'old', b: 'old' });
	});

	test('resumes and undoes a journal of an older lockstep, whose step has been renamed since', async () => {
		const { options, server, past, events } = await interrupted([step('finalize'), step('b')]);
		const folder = mkdtempSync(join(tmpdir(), 'lockstep-renamed-'));
		const path = join(folder, 'r1.jsonl');
		const older = events.map((event) => `${JSON.stringify(event).replaceAll('"finalize"', '"seal"')}\n`).join('');
		writeFileSync(path, older, { mode: 0o600 });
		const read = runRecordOf(readJournal(path));
		rmSync(folder, { recursive: true });
		expect(older).toContain('"step":"seal"');
		expect(read).toEqual(past);
		if (read === undefined) throw new Error('no past');
		server.done.length = 0;
		expect((await run({ ...options, record: read })).outcome).toBe('done');
		expect(server.done).toEqual(['b = new']);
		expect((await undo({ ...options, env: { outputs: {} }, record: read })).outcome).toBe('undone');
		expect(server.settings).toMatchObject({ finalize: '', b: 'old' });
	});

	test('an undo of what was restored by hand does nothing', async () => {
		const { options, server, past } = await interrupted([step('a'), step('b')]);
		server.settings.a = 'old';
		server.done.length = 0;
		expect((await undo({ ...options, record: past })).outcome).toBe('undone');
		expect(server.done).toEqual([]);
	});
});
