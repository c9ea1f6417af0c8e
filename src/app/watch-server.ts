import { setTimeout as pause } from 'node:timers/promises';
import { ConnectError, ServerError, Stopped } from '../core/errors.ts';
import { failureOf } from '../core/failure.ts';
import type { BackupFolderState, ServerSeen, StatusReport } from '../core/status-report.ts';
import type { Turn } from './turns.ts';
import { RARELY_MS, withinLimit } from './within.ts';

/** It is asked for at most such a part of the time: what takes a second is asked every ten. */
const SHARE = 10;
const AT_MOST_MS = 60_000;
/** So long a question that is on its way may still take when its watch ends: a live server is not left in the middle of an answer. */
const GRACE_MS = 500;

/** What a watch is about. */
export interface Watched {
	readonly ask: (signal: AbortSignal) => Promise<StatusReport>;
	readonly folder: () => Promise<BackupFolderState>;
	/** Begins a question, when it is its turn. */
	readonly turn: Turn;
	readonly now: () => Date;
	/** Breaks off the question that is on its way. */
	readonly end: AbortSignal;
}

export interface Watcher {
	readonly on: (seen: ServerSeen) => void;
	/** What an earlier watch saw last: it stays until the server says something else. */
	readonly from?: ServerSeen | undefined;
	/** From one answer to the next question. */
	readonly everyMs: number;
	/** Ends the watch. */
	readonly signal: AbortSignal;
}

const isSilence = (error: unknown): boolean =>
	error instanceof ConnectError || error instanceof Stopped || (error instanceof ServerError && error.connectionLost);

function stateAfter(error: unknown): 'silent' | 'locked' | 'failed' {
	if (error instanceof ConnectError && (error.needsPassword !== null || error.unverified !== null)) return 'locked';
	return isSilence(error) ? 'silent' : 'failed';
}

/** Asks a server again and again, with a time limit of its own. Never rejects. */
export async function watchServer({ ask, folder, turn, now, end }: Watched, { on, from, everyMs, signal }: Watcher): Promise<void> {
	const unknown = { lastBackup: null, disk: null };
	let seen: ServerSeen =
		from !== undefined && from.state !== 'locked' && from.state !== 'failed'
			? from
			: { state: 'connecting', report: null, since: null, failure: null, folder: from?.folder ?? unknown };
	const show = (next: Partial<ServerSeen>) => {
		seen = { ...seen, ...next };
		if (!signal.aborted) on(seen);
	};
	/** Of a folder that hangs nobody waits. */
	const readFolder = () =>
		void folder().then(
			(found) => show({ folder: found }),
			() => undefined,
		);
	const late = new AbortController();
	// What is on its way to a server that hangs must not keep the program from its end.
	const giveUp = () => void setTimeout(() => late.abort(new Stopped('Nothing asks any more.')), GRACE_MS).unref();
	signal.addEventListener('abort', giveUp, { once: true });
	const stop = AbortSignal.any([late.signal, end]);
	show({});
	readFolder();
	let every = everyMs;
	while (!signal.aborted) {
		const over = await turn();
		if (signal.aborted) return over();
		const asked = now().toISOString();
		if (seen.state === 'connecting' && seen.since === null) show({ since: asked });
		const from = performance.now();
		try {
			const report = await withinLimit(ask, stop);
			every = Math.min(AT_MOST_MS, Math.max(everyMs, SHARE * (performance.now() - from)));
			const { lastBackup, disk } = report;
			show({ state: 'answers', report, since: null, failure: null, folder: { lastBackup, disk } });
		} catch (error) {
			const state = stateAfter(error);
			show({ state, since: seen.since ?? asked, failure: failureOf(error) });
			// A wrong password again and again may lock the account.
			if (state === 'locked') return;
			every = Math.min(RARELY_MS, every * 2);
			readFolder();
		} finally {
			over();
		}
		await pause(every, undefined, { signal }).catch(() => undefined);
	}
}
