import { expect, test, vi } from 'vitest';
import { makeTurns } from '../../src/app/turns.ts';
import { watchServer } from '../../src/app/watch-server.ts';
import { ConnectError, UserError } from '../../src/core/errors.ts';
import type { BackupFolderState, ServerSeen, StatusReport } from '../../src/core/status-report.ts';
import { STATUS } from '../ui/story.ts';

const FOLDER: BackupFolderState = { lastBackup: STATUS.lastBackup, disk: STATUS.disk };

/** A watch of a server that answers as the test says, and all that was told of it. */
function watching(ask: (asked: number, signal: AbortSignal) => Promise<StatusReport>, from?: ServerSeen, turn = makeTurns(1, 60_000)) {
	const seen: ServerSeen[] = [];
	const [watch, end] = [new AbortController(), new AbortController()];
	let asked = 0;
	const ended = watchServer(
		{ ask: (signal) => ask(++asked, signal), folder: async () => FOLDER, turn, now: () => new Date(), end: end.signal },
		{ on: (next) => seen.push(next), from, everyMs: 1, signal: watch.signal },
	);
	return { seen, watch, end, ended, asked: () => asked, last: () => seen.at(-1) };
}

const password = new ConnectError('needed', { needsPassword: { account: 'root@db', sameAs: null } });

test('a server is connecting, then answers; what its folder says comes before', async () => {
	const { promise, resolve } = Promise.withResolvers<StatusReport>();
	const { last, seen, watch } = watching(() => promise);
	expect(last()).toMatchObject({ state: 'connecting', report: null, since: null });
	await vi.waitFor(() => expect(last()).toMatchObject({ state: 'connecting', since: expect.any(String) }));
	await vi.waitFor(() => expect(last()).toMatchObject({ state: 'connecting', folder: FOLDER }));
	resolve(STATUS);
	await vi.waitFor(() => expect(last()).toMatchObject({ state: 'answers', report: STATUS, since: null, failure: null }));
	watch.abort();
	expect(seen.slice(0, -1).every(({ state }) => state === 'connecting')).toBe(true);
});

test('one that cannot be reached is asked again, and keeps since when it is silent and what it said last', async () => {
	const { seen, last, asked, watch } = watching(async (asked) => {
		if (asked !== 1) throw new ConnectError('Nothing listens there.');
		return STATUS;
	});
	await vi.waitFor(() => expect(asked()).toBeGreaterThan(2));
	expect(seen.some(({ state }) => state === 'answers')).toBe(true);
	await vi.waitFor(() => expect(last()?.state).toBe('silent'));
	expect(last()).toMatchObject({ state: 'silent', report: STATUS, failure: { description: { message: 'Nothing listens there.' } } });
	const since = last()?.since;
	const before = asked();
	await vi.waitFor(() => expect(asked()).toBeGreaterThan(before + 1));
	expect(last()?.since).toBe(since);
	watch.abort();
});

test('one that needs a person is not asked again; one that cannot be asked at all is', async () => {
	const locked = watching(async () => {
		throw password;
	});
	await vi.waitFor(() => expect(locked.last()).toMatchObject({ state: 'locked', folder: FOLDER }));
	await locked.ended;
	expect(locked.asked()).toBe(1);
	const failed = watching(async () => {
		throw new UserError('The option file is missing.');
	});
	await vi.waitFor(() => expect(failed.last()?.state).toBe('failed'));
	await vi.waitFor(() => expect(failed.asked()).toBeGreaterThan(1));
	failed.watch.abort();
});

test('a later watch begins with what an earlier one saw, unless a person had to log in', async () => {
	const hangs = () => new Promise<never>(() => {});
	const from: ServerSeen = { state: 'answers', report: STATUS, since: null, failure: null, folder: FOLDER };
	const second = watching(hangs, from);
	expect(second.last()).toBe(second.seen[0]);
	expect(second.last()).toMatchObject({ state: 'answers', report: STATUS });
	// One that was waited for is not connecting anew: it is silent for as long as before.
	const waited: ServerSeen = { ...from, state: 'connecting', report: null, since: '2026-11-21T02:02:00Z' };
	expect(watching(hangs, waited).last()).toEqual(waited);
	expect(watching(hangs, { ...from, state: 'locked' }).last()).toMatchObject({ state: 'connecting', report: null, folder: FOLDER });
});

test('the end of a watch lets a question take a moment, and breaks one off that hangs', async () => {
	const signals: AbortSignal[] = [];
	const { watch, ended, last } = watching((_, signal) => {
		signals.push(signal);
		return new Promise(() => {});
	});
	await vi.waitFor(() => expect(last()).toMatchObject({ folder: FOLDER }));
	watch.abort();
	expect(signals[0]?.aborted).toBe(false);
	await vi.waitFor(() => expect(signals[0]?.aborted).toBe(true), 5_000);
	await ended;
	expect(last()?.state).toBe('connecting');
});

test('servers are asked in turns, and one that hangs holds up none for longer than its turn', async () => {
	const turn = makeTurns(1, 50);
	const hanging = watching(() => new Promise(() => {}), undefined, turn);
	const next = watching(async () => STATUS, undefined, turn);
	expect(next.asked()).toBe(0);
	await vi.waitFor(() => expect(next.last()?.state).toBe('answers'));
	expect(hanging.last()?.state).toBe('connecting');
	hanging.watch.abort();
	next.watch.abort();
});

test('turns are given in order, and ending one twice gives one turn only', async () => {
	const turn = makeTurns(2, 60_000);
	const [first, second] = [await turn(), await turn()];
	const given: string[] = [];
	const third = turn().then(() => given.push('third'));
	const fourth = turn().then(() => given.push('fourth'));
	first();
	first();
	await third;
	await new Promise(setImmediate);
	expect(given).toEqual(['third']);
	second();
	await fourth;
	expect(given).toEqual(['third', 'fourth']);
});
