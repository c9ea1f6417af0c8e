import { ServerError } from '../core/errors.ts';
import { sql } from '../sql/sql.ts';
import type { Session } from './session.ts';

/** Throws ServerError unless the very same connection answers within `answerMs`. */
export async function prove(session: Session, answerMs: number): Promise<void> {
	const [row] = await session.query(sql`SELECT CONNECTION_ID() AS id`, { timeoutMs: answerMs });
	if (Number(row?.id) === session.connectionId) return;
	throw new ServerError(
		`It was connection ${session.connectionId} of ${session.address.name}, and now ${row?.id ?? 'none'} answers.`,
		// Whoever answers, it is not the connection that held something.
		{ connectionLost: true },
	);
}

/**
 * Keeps a session that has nothing to do from the end of its `wait_timeout`, and finds out that nobody answers any more: `onFailure`, once.
 * A statement that runs keeps the connection from being idle, and tells of its loss itself. Gives what ends it.
 */
export function keepAlive(
	session: Session,
	options: { readonly everyMs: number; readonly answerMs: number; readonly onFailure: (error: Error) => void },
): () => void {
	const beat = async () => {
		if (session.busy) return;
		await prove(session, options.answerMs).catch((error: Error) => {
			stop();
			options.onFailure(error);
		});
	};
	const heart = setInterval(beat, options.everyMs);
	const stop = () => clearInterval(heart);
	session.lost.addEventListener('abort', stop, { once: true });
	return stop;
}
