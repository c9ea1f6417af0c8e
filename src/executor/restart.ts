import { setTimeout as pause } from 'node:timers/promises';
import type { RestartAction } from '../core/action.ts';
import { ConnectError, LockstepError, type ServerError } from '../core/errors.ts';
import { duration } from '../core/format.ts';
import type { PerformOptions } from '../core/step.ts';
import { isLoginRefused } from '../dialects/common/errors.ts';
import { startSandboxServer } from '../sandbox/sandbox.ts';
import type { Session } from '../server/session.ts';

const EVERY_MS = 250;

/** How a statement that ends its server ended; null where it failed. */
export function endOf(error: ServerError, down: readonly number[]): 'restarts' | 'down' | null {
	if (down.includes(error.code ?? 0)) return 'down';
	return error.connectionLost ? 'restarts' : null;
}

/**
 * Waits until a server that is ending has ended (it cuts `before`, a connection from before), and then until it can be logged in to again.
 * Where it is down and is a sandbox's, it is started; else `onDown` is told, once.
 * Throws ConnectError where it does not come in time, or does not take our login any more.
 */
export async function untilRestarted(
	{ mostMs, dataDir }: RestartAction,
	options: PerformOptions & { readonly signal: AbortSignal },
	at: {
		readonly before: Session | undefined;
		readonly connect: () => Promise<Session>;
		readonly name: string;
		readonly env: NodeJS.ProcessEnv;
	},
): Promise<void> {
	const late = AbortSignal.timeout(mostMs);
	const signal = AbortSignal.any([options.signal, late]);
	const wait = () => pause(EVERY_MS, undefined, { signal }).catch(() => options.signal.throwIfAborted());
	while (at.before !== undefined && !at.before.lost.aborted && !late.aborted) await wait();
	let isReported = false;
	for (;;) {
		try {
			await at.connect();
			return;
		} catch (cause) {
			options.signal.throwIfAborted();
			// Said by a server that works: waiting helps nobody.
			if (!(cause instanceof LockstepError) || isLoginRefused(cause)) throw cause;
			if (late.aborted) throw notStarted(at.name, mostMs, cause);
			if (!isReported) {
				isReported = true;
				if (dataDir === null || !(await startSandboxServer(dataDir, at.env))) options.onDown?.();
			}
			await wait();
		}
	}
}

const notStarted = (name: string, mostMs: number, cause: LockstepError): ConnectError =>
	new ConnectError(
		{
			message: `${name} was not started again within ${duration(mostMs)}.`,
			reason: cause.description.message,
			hints: ['Start that server, then give the same command again: it resumes from here.'],
		},
		{ cause },
	);
