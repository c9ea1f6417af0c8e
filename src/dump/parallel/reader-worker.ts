// One reader: a connection with its own snapshot, in a thread of its own, so that packets become text and text becomes frames without a detour.

import { isTableChanged } from '../../dialects/common/errors.ts';
import '../../core/quiet.ts';

import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { ServerError } from '../../core/errors.ts';
import { duration } from '../../core/format.ts';
import { connect, type Session } from '../../server/session.ts';
import { Secret } from '../../sql/secret.ts';
import { unpackStatement } from '../../workers/serialize.ts';
import { type Call, serveThread, type Thread, type ThreadMethods } from '../../workers/worker-thread.ts';
import { createRowEncoder } from './encode.ts';
import { type PackedFile, packTo } from './pack.ts';
import type { Begun, DumpOrder, DumpProgress, Piece, ReaderThread } from './reader-wire.ts';

const FLOW_MS = 200;
/** So long a statement may take to say why its connection is lost. */
const REPORT_WITHIN_MS = 1000;
/** Silence is counted in ticks, not by the clock: of a time in which this process itself stood still there is but one. */
const TICKS = 10;
/** At a time from the socket. */
const READ_BYTES = 128 * 2 ** 10;

await serveThread<ReaderThread>(async (data, thread) => {
	const session = await connect(data.address, data.password === null ? null : new Secret(data.password), {
		settings: data.settings,
		readBytes: READ_BYTES,
	});
	return serve(session, data.silentMs, thread);
});

function serve(session: Session, silentMs: number, thread: Thread<ReaderThread>): ThreadMethods<ReaderThread> {
	const done = { rawBytes: 0, bytes: 0, rows: 0 };
	let began: Begun[] = [];
	let reportedRows = 0;
	let running: Promise<unknown> = Promise.resolve();
	const track = <T>(work: Promise<T>): Promise<T> => {
		running = work.catch(() => {});
		return work;
	};

	const read = async (
		piece: Piece,
		{ folder, packing }: DumpOrder,
		call: Call<DumpProgress>,
	): Promise<{ readonly landed: Promise<void> }> => {
		const { database, table, chunk, path } = piece;
		began.push({ database, table, chunk, from: { rawBytes: done.rawBytes, rows: done.rows } });
		const file = path === null ? null : packTo(join(folder, path), packing);
		const encoder = createRowEncoder({ columns: piece.columns, hash: true, text: true, flush: (text) => file?.write(text) });
		const so = () => ({
			rawBytes: done.rawBytes + encoder.rawBytes,
			bytes: done.bytes + (file?.bytes ?? 0),
			rows: done.rows + encoder.rows,
		});
		const report = () => {
			reportedRows = performance.now();
			call.report({ kind: 'flow', counters: so(), began });
			began = [];
		};
		/** What went wrong on our side while rows were coming. */
		let ours: unknown = null;
		let ticks = 0;
		const silence = setInterval(() => ++ticks >= TICKS && thread.fail(silent(piece, silentMs)), silentMs / TICKS);
		const push = (bytes: Uint8Array) => {
			ticks = 0;
			try {
				const used = encoder.push(bytes);
				if (performance.now() - reportedRows >= FLOW_MS) report();
				if (used !== null && !encoder.end?.error) encoder.finish();
				return used;
			} catch (error) {
				ours = error;
				throw error;
			}
		};
		const sink = {
			push,
			get end() {
				return encoder.end;
			},
		};
		try {
			await session.raw(unpackStatement(piece.select), sink, { signal: call.signal });
		} catch (error) {
			file?.abandon();
			throw ours ?? worded(error, piece);
		} finally {
			clearInterval(silence);
		}
		Object.assign(done, so());
		const { rows, rawBytes, digest, largest } = encoder;
		const landed = finish(file).then((sha256) => {
			// Only now: the end of an empty file has bytes too.
			const bytes = file?.bytes ?? 0;
			call.report({
				kind: 'file',
				file: { path: path ?? '', database, table, chunk, rows, bytes, rawBytes, sha256, digest: hex(digest), largest },
			});
		});
		return { landed };
	};

	const dump = async (order: DumpOrder, call: Call<DumpProgress>) => {
		/** Files on their way to the disk, while the next is read. */
		const landing: Promise<void>[] = [];
		try {
			for (const piece of order.pieces) {
				const { landed } = await read(piece, order, call);
				landed.catch(thread.fail);
				landing.push(landed);
			}
			await Promise.all(landing);
			call.report({ kind: 'flow', counters: { ...done }, began });
			began = [];
		} catch (error) {
			thread.fail(error);
			throw error;
		}
	};

	session.lost.addEventListener('abort', () => {
		const why = session.lost.reason;
		const message = why instanceof Error && why.name !== 'AbortError' ? why.message : undefined;
		// A statement that ran tells it better: it ends when the server was told to end it.
		void Promise.race([running, pause(REPORT_WITHIN_MS)]).then(() =>
			setImmediate(() =>
				thread.fail(
					new ServerError(
						{ message: 'A connection that read rows is lost.', ...(message ? { details: message } : {}) },
						{ connectionLost: true },
					),
				),
			),
		);
	});
	return {
		opened: session.connectionId,
		methods: {
			query: ({ statement, timeoutMs, bytes }, { signal }) =>
				track(session.query(unpackStatement(statement), { timeoutMs, bytes, signal })),
			dump: (order, call) => track(dump(order, call)),
		},
		async close() {
			await thread.abortAll();
			await session.close();
		},
	};
}

const finish = (file: PackedFile | null): Promise<string> => file?.finish() ?? Promise.resolve('');

const hex = (digest: bigint) => digest.toString(16).padStart(16, '0');

const silent = ({ database, table }: Piece, ms: number): ServerError =>
	new ServerError(
		{
			message: `Nothing came of ${database}.${table} for ${duration(ms)}, so its rows are waited for no longer.`,
			reason: 'The server stands still, or what is between it and here swallows everything.',
			hints: ['What the server is busy with: SHOW FULL PROCESSLIST;  whether its disk answers: its error log.'],
		},
		{ connectionLost: true },
	);

/** What of an error only a reader knows. */
function worded(error: unknown, { database, table }: Piece): unknown {
	if (!(error instanceof ServerError)) return error;
	// It held a snapshot, and no lock that anybody else would miss.
	if (error.connectionLost)
		return new ServerError(
			{ ...error.description, message: `The connection that read ${database}.${table} is lost.` },
			{ cause: error, connectionLost: true },
		);
	// A table is not as it was when the snapshot began, or is no more.
	if (!isTableChanged(error)) return error;
	return new ServerError(
		{
			message: `The table ${database}.${table} was changed, or dropped, after the moment that the backup is of: its rows of that moment can no longer be read.`,
			...(error.description.reason === undefined ? {} : { reason: error.description.reason }),
			hints: ['Make the backup again while no session changes tables (ALTER, DROP, RENAME, TRUNCATE, OPTIMIZE).'],
			...(error.description.details === undefined ? {} : { details: error.description.details }),
		},
		{ cause: error.cause, code: error.code },
	);
}
