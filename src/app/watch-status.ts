import { setTimeout as pause } from 'node:timers/promises';
import { LockstepError } from '../core/errors.ts';
import type { StatusReport } from '../core/status-report.ts';
import type { AppContext } from './context.ts';
import type { ConnectionOptions } from './servers.ts';
import { statusOf } from './status-report.ts';

const EVERY_MS = 2_000;
/** A watch asks a server that does not answer less and less often, at most this rarely. */
const RARELY_MS = 8_000;
/** A server that has not answered all within this counts as unreachable. */
const ANSWER_MS = 10_000;

/** A server that does not answer now. */
export interface Unreachable {
	/** RFC 3339 */
	readonly since: string;
	readonly reason: string;
}

/** Looks again and again, from the second time on. Throws the signal's reason, and what is no error of ours. */
export async function* watchStatus(
	context: AppContext,
	connection: Omit<ConnectionOptions, 'role'>,
): AsyncGenerator<StatusReport | Unreachable, never> {
	const { signal } = context;
	let since: string | null = null;
	let every = EVERY_MS;
	for (;;) {
		await pause(every, undefined, { signal }).catch(() => signal.throwIfAborted());
		const report = await within(context, (bounded) => statusOf(bounded, connection));
		if (typeof report !== 'string') {
			[since, every] = [null, EVERY_MS];
			yield report;
			continue;
		}
		since ??= context.now().toISOString();
		every = Math.min(RARELY_MS, every * 2);
		yield { since, reason: report };
	}
}

/** What a server gives, or why it gives nothing now. */
async function within<T>(context: AppContext, ask: (bounded: AppContext) => Promise<T>): Promise<T | string> {
	const late = AbortSignal.timeout(ANSWER_MS);
	const signal = AbortSignal.any([context.signal, late]);
	const aborted = new Promise<never>((_resolve, reject) => {
		signal.addEventListener('abort', () => reject(signal.reason), { once: true });
	});
	aborted.catch(() => undefined);
	try {
		const asked = ask({ ...context, signal });
		asked.catch(() => undefined);
		// Also where what is asked cannot be broken off.
		return await Promise.race([asked, aborted]);
	} catch (error) {
		context.signal.throwIfAborted();
		if (late.aborted) return `no answer within ${ANSWER_MS / 1000} s.`;
		if (!(error instanceof LockstepError)) throw error;
		return error.description.message;
	}
}
