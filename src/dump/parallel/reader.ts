import { ServerError, Stopped } from '../../core/errors.ts';
import { ownProgram } from '../../core/program-files.ts';
import type { ServerAddress } from '../../server/address.ts';
import type { Secret } from '../../sql/secret.ts';
import type { Settings } from '../../sql/settings.ts';
import type { Row, Statement } from '../../sql/sql.ts';
import { packStatement } from '../../workers/serialize.ts';
import { startWorker } from '../../workers/worker-client.ts';
import type { DumpOrder, DumpProgress, ReaderThread } from './reader-wire.ts';

/** One reader, as the main thread sees it. */
export interface Reader {
	readonly connectionId: number;
	/** With `bytes` each character of the answer is a byte. */
	query(statement: Statement, timeoutMs: number, bytes?: boolean): Promise<readonly Row[]>;
	/** One at a time. Rejects where anything went wrong; then this reader is over. */
	dump(order: DumpOrder, onProgress: (progress: DumpProgress) => void): Promise<void>;
	/** Ends what runs on the server, the connection and the thread. Never throws. */
	close(): Promise<void>;
}

/** A moment, unless the server does not answer. */
const GOODBYE_MS = 5_000;

const THREAD = ownProgram('dump/parallel/reader-worker');

/** Throws what `connect` throws, or the signal's reason. */
export async function openReader(
	address: ServerAddress,
	password: Secret | null,
	{ settings, silentMs }: { readonly settings: Settings; readonly silentMs: number },
	signal: AbortSignal,
): Promise<Reader> {
	const thread = startWorker<ReaderThread>(THREAD, {
		data: { address, password: password?.reveal() ?? null, settings, silentMs },
		ended: (cause) =>
			new ServerError(
				{
					message: `A thread that read rows from ${address.name} ended.`,
					...(cause instanceof Error && { reason: cause.message }),
				},
				{ cause, connectionLost: true },
			),
	});
	const connectionId = await thread.ready(signal);
	return {
		connectionId,
		query: (statement, timeoutMs, bytes = false) => thread.call('query', { statement: packStatement(statement), timeoutMs, bytes }),
		dump: (order, onProgress) => thread.call('dump', order, { onProgress }),
		close() {
			thread.fail(new Stopped(`Reading from ${address.name} was given up.`));
			return thread.close(GOODBYE_MS);
		},
	};
}
