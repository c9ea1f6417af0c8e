import { createConnection } from 'node:net';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import type { Director } from '../core/director.ts';
import { Stopped } from '../core/errors.ts';
import { PASSING, type Recorded } from '../core/events.ts';
import type { RunEnd } from '../core/runner.ts';
import { parseJson } from '../core/schema.ts';
import { packError } from '../workers/serialize.ts';
import { answeredText, FROM_ENGINE, type FromEngine, type FromWatcher, lineOf } from './protocol.ts';

/** Who watches an engine at work. */
export interface Watching {
	readonly director: Director;
	readonly on: (event: Recorded) => void;
	readonly onPrepared?: (servers: { readonly [role: string]: string }, warnings: readonly string[]) => void;
	/** Aborted to have it stop safely; with a `Stopped` by SIGHUP as its reason, or by `leave`, to look away. */
	readonly signal: AbortSignal;
	readonly leave?: AbortSignal;
	/** Whether the engine's process is still there. */
	readonly alive: () => Promise<boolean>;
}

export type Watched = { readonly how: 'over'; readonly end: RunEnd } | { readonly how: 'died' } | { readonly how: 'left' };

const EVERY_MS = 15;

/** Watches until the run is over, its engine has died, or the watcher leaves. A connection that breaks is made again: the engine tells all from where it was. */
export async function watch(path: string, watching: Watching): Promise<Watched> {
	const { signal, leave, alive } = watching;
	const place = { since: 0 };
	const left = () => leave?.aborted || (signal.aborted && signal.reason instanceof Stopped && signal.reason.signal === 'SIGHUP');
	for (;;) {
		const end = await once(path, watching, place, left);
		if (end !== null) return { how: 'over', end };
		if (left()) return { how: 'left' };
		if (!(await alive())) return { how: 'died' };
		await pause(EVERY_MS);
	}
}

/** One connection: gives the run's end, or null where it broke before. */
function once(path: string, watching: Watching, place: { since: number }, left: () => boolean | undefined): Promise<RunEnd | null> {
	const { director, on, onPrepared, signal, leave } = watching;
	return new Promise((resolve) => {
		const socket = createConnection(path);
		let end: RunEnd | null = null;
		const send = (word: FromWatcher) => socket.writable && socket.write(lineOf(word));
		const stop = () => {
			if (left()) return void socket.destroy();
			const why = signal.reason instanceof Stopped ? signal.reason : new Stopped('Stopped.');
			send({ say: 'stop', why: why.description.message, signal: why.signal === 'SIGINT' || why.signal === 'SIGTERM' ? why.signal : null });
		};
		const away = () => socket.destroy();
		const hear = (word: FromEngine) => {
			switch (word.say) {
				case 'prepared':
					onPrepared?.(word.servers, word.warnings);
					return;
				case 'event':
					if (!PASSING.has(word.event.type)) place.since = word.at + 1;
					on(word.event);
					return;
				case 'question': {
					const { id, question } = word;
					const asked = question.kind === 'review' ? director.review(question.review) : director.recover(question.failure);
					void asked.then(
						(answer) => send({ say: 'answer', id, answer }),
						(error) => send({ say: 'refuse', id, error: packError(error) }),
					);
					return;
				}
				case 'answered':
					director.answered?.(answeredText(word.answer));
					return;
				case 'over':
					end = word.end;
			}
		};
		socket.on('connect', () => {
			send({ say: 'watch', since: place.since });
			if (signal.aborted) stop();
		});
		signal.addEventListener('abort', stop);
		leave?.addEventListener('abort', away);
		// Each line is heard before the next is read: what the watcher throws is its own bug and is not swallowed.
		const lines = createInterface({ input: socket }).on('line', (line) => {
			// Null: torn when the other side died in the middle of it, or nothing that this version knows.
			const word = parseJson(FROM_ENGINE, line);
			if (word !== null) hear(word);
		});
		lines.on('error', () => undefined);
		socket.on('error', () => undefined);
		socket.on('close', () => {
			signal.removeEventListener('abort', stop);
			leave?.removeEventListener('abort', away);
			// What was read before the end is still on its way through the lines.
			setImmediate(() => setImmediate(() => resolve(end)));
		});
	});
}
