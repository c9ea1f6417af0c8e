// The thread that a lease's connection lives in: nothing that the main thread does, or fails to do, delays what happens here.

import '../core/quiet.ts';

import { setTimeout as pause } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { packError } from '../core/error-wire.ts';
import { LockstepError, LockTimeout } from '../core/errors.ts';
import { duration } from '../core/format.ts';
import { Secret } from '../sql/secret.ts';
import type { Row } from '../sql/sql.ts';
import { keepAlive, prove } from './heartbeat.ts';
import { type FromLease, givenBack, type LeaseData, lockLost, type ToLease, unpackStatement, type WireStatement } from './lease-wire.ts';
import { connect, type Session } from './session.ts';

/** What runs when the time is spent or the lease is given back has so long to end by itself. */
const MOMENT_MS = 1_000;
/** For each statement that puts something back. */
const BACK_MS = 3_000;
/** For putting everything back: through a network that swallows everything nothing is, and then the server waits for nobody. */
const SPEND_MS = 10_000;
/** For ending on the server what was given up. */
const GIVE_UP_MS = 2_000;
/** The most that a timer takes. */
const LONGEST_MS = 2 ** 31 - 1;

const data = workerData as LeaseData;
const { address, leaseSeconds, heartbeatMs } = data;
const password = data.password === null ? null : new Secret(data.password);
/** As long as half the lease without an answer is as good as none: the server may have let go already. */
const answerMs = leaseSeconds * 500;

const port = parentPort;
if (port === null) throw new TypeError('lease-worker.ts is a thread of openLease');
const say = (message: FromLease) => port.postMessage(message);

await connect(address, password, { lockWaitSeconds: data.lockWaitSeconds, waitTimeoutSeconds: leaseSeconds }).then(serve, (error) =>
	say({ kind: 'failed', error: packError(error) }),
);

function serve(session: Session): void {
	/** Why nothing more is taken: lost, spent, or given back. */
	let over: LockstepError | null = null;
	let countdown: NodeJS.Timeout | undefined;
	let spending: Promise<void> | null = null;
	/** What was asked and is not answered, and how to give it up. */
	const running = new Map<number, { readonly stop: AbortController; readonly settled: Promise<void> }>();

	const finish = (why: LockstepError) => {
		over = why;
		clearTimeout(countdown);
		stopHeart();
	};
	const lose = (cause?: unknown) => {
		if (over !== null) return;
		const why = cause instanceof LockstepError ? cause.message : 'The server, an administrator or the network ended it.';
		finish(lockLost(`It was connection ${session.connectionId} of ${address.name}: ${why}`, cause));
		session.destroy();
		say({ kind: 'lost', error: packError(over) });
	};
	const stopHeart = heartbeatMs === null ? () => {} : keepAlive(session, { everyMs: heartbeatMs, answerMs, onFailure: lose });

	/** Leaves nothing of ours running on the connection, if need be by cutting it. */
	const quiet = async () => {
		for (let waited = 0; session.busy && waited < MOMENT_MS; waited += 20) await pause(20);
		for (const { stop } of running.values()) stop.abort();
		// A heartbeat that nobody answers.
		if (session.busy) session.destroy();
	};

	const putBack = async (back: readonly WireStatement[]) => {
		await quiet();
		let other: Promise<Session> | null = null;
		for (const each of back) {
			const statement = unpackStatement(each);
			const run = (on: Session) => on.query(statement, { timeoutMs: BACK_MS }).catch(() => {});
			if (!session.lost.aborted) await run(session);
			if (!session.lost.aborted) continue;
			other ??= connect({ ...address, connectTimeoutMs: BACK_MS }, password);
			await run(await other);
		}
		await (await other)?.close();
	};

	const hold = (mostMs: number, back: readonly WireStatement[]) => {
		if (over !== null) return;
		clearTimeout(countdown);
		countdown = setTimeout(
			() => {
				const why = new LockTimeout({
					message: `The lock was held for as long as was allowed (${duration(mostMs)}).`,
					reason: `${address.name} was freed, so that nothing waits any longer.`,
					hints: ['What was read under the lock is not whole: throw it away.', 'Allow it more time with --max-lock-time.'],
				});
				finish(why);
				spending = Promise.race([putBack(back).catch(() => {}), pause(SPEND_MS)])
					.then(() => session.close())
					.then(() => say({ kind: 'spent', error: packError(why) }));
			},
			Math.min(mostMs, LONGEST_MS),
		);
	};

	const answer = (id: number, work: (signal: AbortSignal) => Promise<readonly Row[]>) => {
		if (over !== null) return say({ kind: 'refused', id, error: packError(over) });
		const stop = new AbortController();
		const settled = work(stop.signal).then(
			(rows) => say({ kind: 'answer', id, rows }),
			(error) => say({ kind: 'refused', id, error: packError(over instanceof LockTimeout ? over : error) }),
		);
		running.set(id, { stop, settled: settled.finally(() => running.delete(id)) });
	};

	const release = async () => {
		if (over === null) finish(givenBack());
		await spending;
		await quiet();
		await Promise.race([Promise.all([...running.values()].map((each) => each.settled)), pause(GIVE_UP_MS)]);
		await session.close();
		say({ kind: 'closed' });
	};

	session.lost.addEventListener('abort', () => lose(session.lost.reason), { once: true });
	port?.on('message', (message: ToLease) => {
		switch (message.kind) {
			case 'query': {
				const { id, statement, timeoutMs } = message;
				return answer(id, (signal) => session.query(unpackStatement(statement), { timeoutMs, signal }));
			}
			case 'prove':
				return answer(message.id, async () => {
					await prove(session, answerMs).catch(lose);
					if (over !== null) throw over;
					return [];
				});
			case 'abort':
				return running.get(message.id)?.stop.abort();
			case 'hold':
				return hold(message.mostMs, message.back);
			case 'release':
				return void release();
			default:
				throw new TypeError('a lease was asked what it does not know');
		}
	});
	say({ kind: 'open', connectionId: session.connectionId });
	if (session.lost.aborted) lose(session.lost.reason);
}
