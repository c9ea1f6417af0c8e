import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createConnection, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Recorded } from '../../src/core/events.ts';
import { lineOf } from '../../src/daemon/protocol.ts';
import { openRunServer } from '../../src/daemon/run-server.ts';
import { watch } from '../../src/daemon/watch.ts';

let folder: string;
let path: string;
beforeEach(async () => {
	folder = await mkdtemp(join(tmpdir(), 'lockstep-socket-'));
	path = join(folder, 'run.sock');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const note = (seq: number, text = ''): Recorded => ({
	...{ v: 2, run: 'r', seq, at: '2026-01-01T00:00:00.000Z' },
	...{ type: 'note', step: null, level: 'note', text },
});
const nobody = { review: () => new Promise<never>(() => undefined), recover: () => new Promise<never>(() => undefined) };

test('a watcher that is killed in the middle of a message, sent or received, does not end the daemon', async () => {
	const stops: string[] = [];
	const post = await openRunServer(path, ({ why }) => stops.push(why));
	const dying = createConnection(path);
	dying.on('error', () => undefined);
	let heard = '';
	dying.on('data', (text) => {
		heard += text;
	});
	dying.write(lineOf({ say: 'watch', since: 0 }));
	post.publish(note(1));
	await vi.waitUntil(() => heard.includes('"seq":1'));
	const word = lineOf({ say: 'stop', why: 'half', signal: null });
	dying.write(word.slice(0, 12));
	dying.destroy();
	// ErrorMessage while the engine does not know yet: its next write meets a closed socket.
	for (let seq = 2; seq < 50; seq++) post.publish(note(seq, 'x'.repeat(10_000)));
	const seen: number[] = [];
	const watched = watch(path, {
		director: nobody,
		on: (event) => void seen.push(event.seq),
		signal: new AbortController().signal,
		alive: async () => true,
	});
	await vi.waitUntil(() => seen.length === 49);
	const end = { type: 'run-ended', outcome: 'done', open: false, warnings: [], failure: null, summary: {} } as const;
	await post.over(end);
	expect(await watched).toEqual({ how: 'over', end });
	expect(stops).toEqual([]);
});

test('a daemon that is killed in the middle of a message is known to be dead', async () => {
	const server = createServer((socket) => {
		socket.write(lineOf({ say: 'event', at: 0, event: note(1) }) + lineOf({ say: 'event', at: 1, event: note(2) }).slice(0, 40));
		socket.end();
		server.close();
	}).listen(path);
	await once(server, 'listening');
	const seen: number[] = [];
	const watched = await watch(path, {
		director: nobody,
		on: (event) => void seen.push(event.seq),
		signal: new AbortController().signal,
		alive: async () => false,
	});
	expect(watched).toEqual({ how: 'died' });
	expect(seen).toEqual([1]);
});

test('an end that comes before the first watcher is reported to the command that began the run', async () => {
	const post = await openRunServer(path, () => undefined);
	const end = { type: 'run-ended', outcome: 'failed', open: false, warnings: [], failure: null, summary: {} } as const;
	const over = post.over(end);
	const watched = await watch(path, {
		director: nobody,
		on: () => undefined,
		signal: new AbortController().signal,
		alive: async () => false,
	});
	expect(watched).toEqual({ how: 'over', end });
	await over;
});

test('a name with any line end of Unicode arrives whole, in an event and in a question', async () => {
	const odd = 'a\u2028b\u2029c\u0085d\ne\rf\u202e';
	const post = await openRunServer(path, () => undefined);
	const heard: unknown[] = [];
	const watched = watch(path, {
		director: {
			review: nobody.review,
			async recover(failure) {
				heard.push(failure.description.message);
				return 'keep';
			},
		},
		on: (event) => void heard.push(event.type === 'note' ? event.text : null),
		signal: new AbortController().signal,
		alive: async () => true,
	});
	post.publish(note(1, odd));
	expect(await post.director.recover({ class: 'UserError', step: null, description: { message: odd }, checks: [], left: [] })).toBe('keep');
	const end = { type: 'run-ended', outcome: 'done', open: false, warnings: [odd], failure: null, summary: {} } as const;
	await post.over(end);
	expect(await watched).toEqual({ how: 'over', end });
	expect(heard).toEqual([odd, odd]);
});

test('of two watchers that answer differently the first counts, and the other one learns it', async () => {
	const post = await openRunServer(path, () => undefined);
	const texts: string[] = [];
	const late = Promise.withResolvers<'undo'>();
	const asked = Promise.withResolvers<void>();
	let asks = 0;
	const common = { on: () => undefined, signal: new AbortController().signal, alive: async () => true };
	const second = watch(path, {
		...common,
		director: {
			review: nobody.review,
			recover: () => {
				asked.resolve();
				return asks++ === 0 ? late.promise : new Promise<never>(() => undefined);
			},
			answered: (text) => void texts.push(text),
		},
	});
	const failure = { class: 'UserError', step: null, description: { message: 'x' }, checks: [], left: [] } as const;
	const decided = post.director.recover(failure);
	await asked.promise;
	const told: string[] = [];
	const first = watch(path, {
		...common,
		director: { review: nobody.review, recover: async () => 'retry', answered: (text) => void told.push(text) },
	});
	expect(await decided).toBe('retry');
	await vi.waitUntil(() => texts.length > 0);
	late.resolve('undo');
	// A late answer is none to the next question.
	const again = post.director.recover(failure);
	expect(await again).toBe('retry');
	expect([told, texts[0]]).toEqual([[], 'Another terminal answered first: try the step again. No answer is needed here.']);
	await post.over({ type: 'run-ended', outcome: 'done', open: false, warnings: [], failure: null, summary: {} });
	await Promise.all([first, second]);
});

test('a later watcher gets the progress from the beginning, thinned, and what is in hand now', async () => {
	const engine = await openRunServer(path, () => undefined);
	const at = (second: number) => new Date(Date.parse('2026-01-01T00:00:00.000Z') + second * 1000).toISOString();
	const progress = (seq: number, second: number): Recorded => ({
		...{ v: 2, run: 'r', seq, at: at(second), type: 'progress', step: 'dump' },
		progress: {
			...{ unit: 'bytes', done: second, total: null, estimated: true, rate: second, average: null, leftMs: null, elapsedMs: 0 },
			...{ current: 'd.t', lagSeconds: second, tables: { done: 0, total: 1 }, finished: [], next: [] },
			workers: [{ worker: 1, name: 'd.t', done: second, total: null, ms: 0, rate: null }],
		},
	});
	engine.publish(note(1));
	for (let second = 0; second < 1000; second++) for (const part of [0, 0.4]) engine.publish(progress(2 + second, second + part));
	engine.publish(note(2000, 'between'));
	engine.publish({
		v: 2,
		run: 'r',
		seq: 2001,
		at: at(1000),
		type: 'waiting',
		step: 'dump',
		wait: { on: 'server', text: 'X', since: at(999) },
	});
	const seen: Recorded[] = [];
	const watched = watch(path, {
		director: nobody,
		on: (event) => void seen.push(event),
		signal: new AbortController().signal,
		alive: async () => true,
	});
	await vi.waitUntil(() => seen.some(({ type }) => type === 'waiting'));
	await engine.over({ type: 'run-ended', outcome: 'done', open: false, warnings: [], failure: null, summary: {} });
	await watched;
	expect(seen[0]).toMatchObject({ type: 'note', seq: 1 });
	const told = seen.filter((event) => event.type === 'progress');
	const lags = told.map((event) => event.progress.lagSeconds ?? Number.NaN);
	expect(lags).toEqual(lags.toSorted((a, b) => a - b));
	expect(lags[0]).toBe(0);
	expect(lags.length).toBeGreaterThan(100);
	expect(lags.length).toBeLessThan(260);
	// The gaps are equal all along: nothing of the run is left out.
	const gaps = lags.slice(1, -1).map((lag, index) => lag - (lags[index] ?? 0));
	expect(Math.max(...gaps)).toBeLessThanOrEqual(8);
	// Only the last word says what is in hand.
	expect(told.filter((event) => event.progress.workers !== undefined)).toEqual([told.at(-1)]);
	expect(told.at(-1)?.progress).toMatchObject({ done: 999.4, workers: [{ name: 'd.t', done: 999.4 }] });
	expect(seen.findIndex(({ seq }) => seq === 2000)).toBeGreaterThan(100);
});
