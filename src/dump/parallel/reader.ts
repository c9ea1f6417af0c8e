import { Worker } from 'node:worker_threads';
import { unpackError } from '../../core/error-wire.ts';
import { ServerError, Stopped } from '../../core/errors.ts';
import { ownProgram } from '../../core/program-files.ts';
import type { ServerAddress } from '../../server/address.ts';
import { serializeStatement } from '../../server/lease-wire.ts';
import type { Secret } from '../../sql/secret.ts';
import type { Settings } from '../../sql/settings.ts';
import type { Row, Statement } from '../../sql/sql.ts';
import type { Begun, Counters, FromReader, Packing, Piece, ReaderData, ToReader } from './reader-wire.ts';
import type { RowsFile } from './table-rows.ts';

/** One reader, as the main thread sees it. */
export interface Reader {
	readonly connectionId: number;
	/** With `bytes` each character of the answer is a byte. */
	query(statement: Statement, timeoutMs: number, bytes?: boolean): Promise<readonly Row[]>;
	/** One at a time. Rejects where anything went wrong; then this reader is over. */
	dump(
		pieces: readonly Piece[],
		folder: string,
		packing: Packing,
		on: { file(file: RowsFile): void; flow(counters: Counters, began: readonly Begun[]): void },
	): Promise<void>;
	/** Ends what runs on the server, the connection and the thread. Never throws. */
	close(): Promise<void>;
}

/** A moment, unless the server does not answer. */
const GOODBYE_MS = 5_000;

// The sources run as they are in tests: the thread's file has the ending of this one.
const THREAD = ownProgram('dump/parallel/reader-worker');

/** Throws what `connect` throws. */
export async function openReader(
	address: ServerAddress,
	password: Secret | null,
	settings: Settings,
	signal: AbortSignal,
	silentMs: number,
): Promise<Reader> {
	const workerData: ReaderData = { address, password: password?.reveal() ?? null, settings, silentMs };
	// Flags of this process are not the thread's: Node refuses a thread one that belongs to `--eval`.
	const worker = new Worker(THREAD, { name: 'reader', workerData, execArgv: [] });
	const opened = Promise.withResolvers<number>();
	const closed = Promise.withResolvers<void>();
	const waiting = new Map<number, PromiseWithResolvers<readonly Row[]>>();
	type Job = { readonly end: PromiseWithResolvers<void>; readonly on: Parameters<Reader['dump']>[3] };
	let job: Job | null = null;
	let asked = 0;
	let over: Error | null = null;
	const tell = (message: ToReader) => worker.postMessage(message);

	const fail = (error: Error) => {
		over ??= error;
		opened.reject(over);
		for (const each of waiting.values()) each.reject(over);
		job?.end.reject(over);
	};
	const died = (cause?: unknown) => {
		const why = cause instanceof Error ? cause.message : undefined;
		fail(
			new ServerError(
				{ message: `A thread that read rows from ${address.name} ended.`, ...(why ? { reason: why } : {}) },
				{ cause, connectionLost: true },
			),
		);
		closed.resolve();
	};
	worker.on('error', died);
	worker.on('messageerror', died);
	worker.on('exit', () => died());
	worker.on('message', (message: FromReader) => {
		switch (message.kind) {
			case 'open':
				return opened.resolve(message.connectionId);
			case 'failed':
			case 'broken':
				return fail(unpackError(message.error));
			case 'answer':
				return waiting.get(message.id)?.resolve(message.rows);
			case 'refused':
				return waiting.get(message.id)?.reject(unpackError(message.error));
			case 'flow':
				return job?.on.flow(message.counters, message.began);
			case 'file':
				return job?.on.file(message.file);
			case 'dumped':
				return job?.end.resolve();
			case 'closed':
				return closed.resolve();
		}
	});

	const end = async () => {
		fail(new Stopped(`Reading from ${address.name} was given up.`));
		tell({ kind: 'end' });
		const late = setTimeout(closed.resolve, GOODBYE_MS);
		await closed.promise;
		clearTimeout(late);
		await worker.terminate();
	};
	let ending: Promise<void> | null = null;
	const stop = () => opened.reject(signal.reason ?? new Stopped('given up'));
	signal.addEventListener('abort', stop, { once: true });
	if (signal.aborted) stop();
	let connectionId: number;
	try {
		connectionId = await opened.promise;
	} catch (error) {
		await worker.terminate();
		throw error;
	} finally {
		signal.removeEventListener('abort', stop);
	}
	return {
		connectionId,
		query: async (statement, timeoutMs, bytes = false) => {
			if (over !== null) throw over;
			asked += 1;
			const id = asked;
			const answer = Promise.withResolvers<readonly Row[]>();
			waiting.set(id, answer);
			tell({ kind: 'query', id, statement: serializeStatement(statement), timeoutMs, bytes });
			try {
				return await answer.promise;
			} finally {
				waiting.delete(id);
			}
		},
		dump: async (pieces, folder, packing, on) => {
			if (over !== null) throw over;
			job = { end: Promise.withResolvers<void>(), on };
			tell({ kind: 'dump', pieces, folder, packing });
			try {
				await job.end.promise;
			} finally {
				job = null;
			}
		},
		close: () => {
			ending ??= end();
			return ending;
		},
	};
}
