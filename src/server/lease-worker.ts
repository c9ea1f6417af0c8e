// The thread that a lease's connection lives in: nothing that the main thread does, or fails to do, delays what happens here.

import '../core/quiet.ts';

import { setTimeout as pause } from 'node:timers/promises';
import { LockstepError, LockTimeout } from '../core/errors.ts';
import { duration } from '../core/format.ts';
import { Secret } from '../sql/secret.ts';
import { packError, unpackStatement, type WireStatement } from '../workers/serialize.ts';
import { serveThread, type Thread, type ThreadMethods } from '../workers/worker-thread.ts';
import { keepAlive, prove } from './heartbeat.ts';
import { givenBack, type LeaseData, type LeaseThread, lockLost } from './lease-wire.ts';
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

const isSpent = (over: LockstepError | null): boolean => over instanceof LockTimeout;

await serveThread<LeaseThread>(async (data, thread) => {
	const password = data.password === null ? null : new Secret(data.password);
	const session = await connect(data.address, password, {
		lockWaitSeconds: data.lockWaitSeconds,
		waitTimeoutSeconds: data.leaseSeconds,
	});
	return serve(session, data, password, thread);
});

function serve(
	session: Session,
	{ address, leaseSeconds, heartbeatMs }: LeaseData,
	password: Secret | null,
	thread: Thread<LeaseThread>,
): ThreadMethods<LeaseThread> {
	/** As long as half the lease without an answer is as good as none: the server may have let go already. */
	const answerMs = leaseSeconds * 500;
	/** Why nothing more is taken: lost, spent, or given back. */
	let over: LockstepError | null = null;
	let countdown: NodeJS.Timeout | undefined;
	let spending: Promise<void> | null = null;

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
		thread.report({ kind: 'lost', error: packError(over) });
	};
	const stopHeart = heartbeatMs === null ? () => {} : keepAlive(session, { everyMs: heartbeatMs, answerMs, onFailure: lose });

	/** Leaves nothing of ours running on the connection, if need be by cutting it. */
	const quiet = async () => {
		for (let waited = 0; session.busy && waited < MOMENT_MS; waited += 20) await pause(20);
		void thread.abortAll();
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

	const startDeadline = (mostMs: number, back: readonly WireStatement[]) => {
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
					.then(() => thread.report({ kind: 'spent', error: packError(why) }));
			},
			Math.min(mostMs, LONGEST_MS),
		);
	};

	const unlessOver = async <T>(work: () => Promise<T>): Promise<T> => {
		if (over !== null) throw over;
		try {
			return await work();
		} catch (error) {
			throw isSpent(over) ? over : error;
		}
	};

	session.lost.addEventListener('abort', () => lose(session.lost.reason), { once: true });
	if (session.lost.aborted) lose(session.lost.reason);
	return {
		opened: session.connectionId,
		methods: {
			query: ({ statement, timeoutMs }, { signal }) => unlessOver(() => session.query(unpackStatement(statement), { timeoutMs, signal })),
			verify: () =>
				unlessOver(async () => {
					await prove(session, answerMs).catch(lose);
					if (over !== null) throw over;
				}),
			startDeadline: async ({ mostMs, back }) => startDeadline(mostMs, back),
		},
		async close() {
			if (over === null) finish(givenBack());
			await spending;
			await quiet();
			await Promise.race([thread.abortAll(), pause(GIVE_UP_MS)]);
			await session.close();
		},
	};
}
