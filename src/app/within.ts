import { ConnectError } from '../core/errors.ts';

/** A server that is watched and has not said all within this does not answer. */
export const ANSWER_MS = 10_000;

/** A server that a watch finds silent is asked less and less often, at most this rarely. */
export const RARELY_MS = 8_000;

/**
 * What `ask` gives, within {@link ANSWER_MS}, also where it cannot be broken off; its signal aborts then. Rejects with ConnectError after that
 * time, or with the reason of `stop`.
 */
export async function withinLimit<T>(ask: (signal: AbortSignal) => Promise<T>, stop: AbortSignal): Promise<T> {
	const late = AbortSignal.timeout(ANSWER_MS);
	const signal = AbortSignal.any([stop, late]);
	const { promise, reject } = Promise.withResolvers<never>();
	const giveUp = () => reject(stop.aborted ? stop.reason : new ConnectError(`no answer within ${ANSWER_MS / 1000} s.`));
	signal.addEventListener('abort', giveUp, { once: true });
	promise.catch(() => undefined);
	const asked = ask(signal);
	asked.catch(() => undefined);
	try {
		return await Promise.race([asked, promise]);
	} finally {
		signal.removeEventListener('abort', giveUp);
	}
}
