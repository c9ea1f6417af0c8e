import { setTimeout as pause } from 'node:timers/promises';
import { LockstepError } from '../core/errors.ts';
import type { StatusReport } from '../core/status-report.ts';
import type { AppContext } from './context.ts';
import type { ConnectionOptions } from './servers.ts';
import { type SizeMemory, statusOf } from './status-report.ts';
import { RARELY_MS, withinLimit } from './within.ts';

const EVERY_MS = 2_000;

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
	const sizes: SizeMemory = new Map();
	for (;;) {
		await pause(every, undefined, { signal }).catch(() => signal.throwIfAborted());
		const report = await answerOf(context, connection, sizes);
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

/** How it is, or why it does not say so now. */
async function answerOf(
	context: AppContext,
	connection: Omit<ConnectionOptions, 'role'>,
	sizes: SizeMemory,
): Promise<StatusReport | string> {
	try {
		return await withinLimit((signal) => statusOf({ ...context, signal }, connection, { sizes }), context.signal);
	} catch (error) {
		context.signal.throwIfAborted();
		if (!(error instanceof LockstepError)) throw error;
		return error.description.message;
	}
}
