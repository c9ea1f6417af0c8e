import { unlink } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import type { Director, Recovery, Reviewed } from '../core/director.ts';
import { PASSING, type Recorded } from '../core/events.ts';
import type { RunEnd } from '../core/runner.ts';
import { parseJson } from '../core/schema.ts';
import { unpackError } from '../workers/serialize.ts';
import { keepPassingEvents } from './passing-events.ts';
import { type Answer, FROM_WATCHER, type FromEngine, type FromWatcher, lineOf, type Question } from './protocol.ts';

/** The engine's side of its socket: tells everybody who watches, and asks them. Nobody who watches slowly holds it up. */
export interface RunServer {
	readonly director: Director;
	prepared(servers: { readonly [role: string]: string }, warnings: readonly string[]): void;
	publish(event: Recorded): void;
	/** Tells the end and closes, once everybody has been told or two seconds have passed. Who began the run is waited for: some fail that soon. */
	over(end: RunEnd): Promise<void>;
}

/** A watcher with more than this unread is let go; it comes back when it reads again, and is told all from where it was. */
const UNREAD = 4 * 1024 ** 2;
/** Drawings are left out for a watcher with more than this unread. */
const BUSY = 64 * 1024;
/** How long a question waits for somebody to come (back) before the harmless answer is taken. */
const ALONE_MS = 3_000;
const GOODBYE_MS = 2_000;

type Asked = { readonly question: Question; readonly answer: (answer: Answer) => void; readonly refuse: (error: unknown) => void };

export async function openRunServer(path: string, onStop: (word: Extract<FromWatcher, { say: 'stop' }>) => void): Promise<RunServer> {
	const watchers = new Set<Socket>();
	const events: Recorded[] = [];
	const passing = keepPassingEvents();
	const open = new Map<number, Asked>();
	let ids = 0;
	let ready: FromEngine | null = null;
	let alone: NodeJS.Timeout | undefined;
	let came: () => void;
	const firstWatcher = new Promise<void>((resolve) => {
		came = resolve;
	});

	const send = (to: Socket, word: FromEngine) => {
		if (to.destroyed || !to.writable) return;
		to.write(lineOf(word));
		if (to.writableLength > UNREAD) to.destroy();
	};
	const all = (word: FromEngine) => {
		for (const watcher of watchers) send(watcher, word);
	};

	/** Nobody is there to be asked: what changes least. */
	const alonely = () => {
		clearTimeout(alone);
		if (watchers.size > 0 || open.size === 0) return;
		alone = setTimeout(() => {
			if (watchers.size > 0) return;
			for (const { question, answer } of open.values()) answer(question.kind === 'review' ? { go: false, previewOnly: false } : 'keep');
		}, ALONE_MS);
	};

	const welcome = (watcher: Socket, since: number) => {
		watchers.add(watcher);
		if (ready !== null) send(watcher, ready);
		const samples = passing.samples(since);
		let next = 0;
		const sendSamples = (before: number) => {
			for (let sample = samples[next]; sample !== undefined && sample.at <= before; sample = samples[++next])
				send(watcher, { say: 'event', ...sample });
		};
		for (const [at, event] of events.entries()) {
			if (at < since) continue;
			sendSamples(at);
			send(watcher, { say: 'event', at, event });
		}
		sendSamples(events.length);
		for (const { event } of passing.latest()) send(watcher, { say: 'event', at: events.length, event });
		for (const [id, { question }] of open) send(watcher, { say: 'question', id, question });
		came();
	};

	const takeAnswer = (from: Socket, id: number, answer: Answer) => {
		// The first one counts.
		if (!open.has(id)) return;
		open.get(id)?.answer(answer);
		for (const watcher of watchers) if (watcher !== from) send(watcher, { say: 'answered', answer });
	};

	const hear = (from: Socket, word: FromWatcher) => {
		switch (word.say) {
			case 'watch':
				welcome(from, word.since);
				return;
			case 'answer':
				takeAnswer(from, word.id, word.answer);
				return;
			case 'refuse':
				open.get(word.id)?.refuse(unpackError(word.error));
				return;
			case 'stop':
				onStop(word);
		}
	};

	const server = createServer((socket) => {
		const gone = () => {
			watchers.delete(socket);
			alonely();
		};
		socket.on('error', gone);
		socket.on('close', gone);
		const lines = createInterface({ input: socket }).on('line', (line) => {
			// Null: torn when the other side died in the middle of it, or nothing that this version knows.
			const word = parseJson(FROM_WATCHER, line);
			if (word !== null) hear(socket, word);
		});
		// It gives the socket's errors once more: a watcher that was killed must not end the run.
		lines.on('error', gone);
	});
	await new Promise<void>((resolve, reject) => {
		server.once('error', reject);
		server.listen(path, resolve);
	});

	const ask = <T extends Answer>(question: Question): Promise<T> => {
		const id = ++ids;
		return new Promise<T>((resolve, reject) => {
			const done = () => open.delete(id);
			open.set(id, {
				question,
				answer: (answer) => done() && resolve(answer as T),
				refuse: (error) => done() && reject(error),
			});
			all({ say: 'question', id, question });
			alonely();
		});
	};

	return {
		director: {
			review: (review) => ask<Reviewed>({ kind: 'review', review }),
			recover: (failure) => ask<Recovery>({ kind: 'recover', failure }),
		},
		prepared(servers, warnings) {
			ready = { say: 'prepared', servers, warnings };
			all(ready);
		},
		publish(event) {
			const at = events.length;
			if (PASSING.has(event.type)) passing.take(event, at);
			else events.push(event);
			for (const watcher of watchers) {
				if (!PASSING.has(event.type) || watcher.writableLength < BUSY) send(watcher, { say: 'event', at, event });
			}
		},
		async over(end) {
			clearTimeout(alone);
			await Promise.race([firstWatcher, pause(ALONE_MS)]);
			const farewells = [...watchers].map(
				(watcher) =>
					new Promise<void>((resolve) => {
						watcher.once('close', resolve);
						watcher.end(lineOf({ say: 'over', end }));
					}),
			);
			server.close();
			await Promise.race([Promise.all(farewells), pause(GOODBYE_MS)]);
			for (const watcher of watchers) watcher.destroy();
			await unlink(path).catch(() => undefined);
		},
	};
}
