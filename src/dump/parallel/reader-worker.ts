// One reader: a connection with its own snapshot, in a thread of its own, so that packets become text and text becomes frames without a detour.

import '../../core/quiet.ts';

import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { packError } from '../../core/error-wire.ts';
import { ServerError } from '../../core/errors.ts';
import { duration } from '../../core/format.ts';
import { unpackStatement } from '../../server/lease-wire.ts';
import { connect, type Session } from '../../server/session.ts';
import { Secret } from '../../sql/secret.ts';
import { createRowEncoder } from './encode.ts';
import { type PackedFile, packTo } from './pack.ts';
import type { Begun, FromReader, Packing, Piece, ReaderData, ToReader } from './reader-wire.ts';

const FLOW_MS = 200;
/** So long a statement may take to say why its connection is lost. */
const TOLD_WITHIN_MS = 1000;
/** Silence is counted in ticks, not by the clock: of a time in which this process itself stood still there is but one. */
const TICKS = 10;
/** At a time from the socket. */
const READ_BYTES = 128 * 2 ** 10;

const data = workerData as ReaderData;
const port = parentPort;
if (port === null) throw new TypeError('reader-worker.ts is a thread of openReaders');
const say = (message: FromReader) => port.postMessage(message);

try {
	const session = await connect(data.address, data.password === null ? null : new Secret(data.password), {
		settings: data.settings,
		readBytes: READ_BYTES,
	});
	serve(session);
} catch (error) {
	say({ kind: 'failed', error: packError(error) });
}

function serve(session: Session): void {
	const done = { rawBytes: 0, bytes: 0, rows: 0 };
	let began: Begun[] = [];
	let told = 0;
	let broken = false;
	/** What runs on the server ends with it. */
	const stop = new AbortController();
	let running: Promise<unknown> = Promise.resolve();
	const tell = (now: typeof done) => {
		told = performance.now();
		say({ kind: 'flow', counters: { ...now }, began });
		began = [];
	};
	const fail = (error: unknown) => {
		if (broken) return;
		broken = true;
		say({ kind: 'broken', error: packError(error) });
	};

	const read = async (piece: Piece, folder: string, packing: Packing): Promise<{ readonly landed: Promise<void> }> => {
		const { database, table, chunk, path } = piece;
		began.push({ database, table, chunk });
		const file = path === null ? null : packTo(join(folder, path), packing);
		const encoder = createRowEncoder({ columns: piece.columns, hash: true, text: true, flush: (text) => file?.write(text) });
		const so = () => ({
			rawBytes: done.rawBytes + encoder.rawBytes,
			bytes: done.bytes + (file?.bytes ?? 0),
			rows: done.rows + encoder.rows,
		});
		/** What went wrong on our side while rows were coming. */
		let ours: unknown = null;
		let ticks = 0;
		const silence = setInterval(() => ++ticks >= TICKS && fail(silent(piece, data.silentMs)), data.silentMs / TICKS);
		const push = (bytes: Uint8Array) => {
			ticks = 0;
			try {
				const used = encoder.push(bytes);
				if (performance.now() - told >= FLOW_MS) tell(so());
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
			await session.raw(unpackStatement(piece.select), sink, { signal: stop.signal });
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
			say({
				kind: 'file',
				file: { path: path ?? '', database, table, chunk, rows, bytes, rawBytes, sha256, digest: hex(digest), largest },
			});
		});
		return { landed };
	};

	const dump = async (pieces: readonly Piece[], folder: string, packing: Packing) => {
		/** Files on their way to the disk, while the next is read. */
		const landing: Promise<void>[] = [];
		try {
			for (const piece of pieces) {
				const { landed } = await read(piece, folder, packing);
				landed.catch(fail);
				landing.push(landed);
			}
			await Promise.all(landing);
			tell(done);
			say({ kind: 'dumped' });
		} catch (error) {
			fail(error);
		}
	};

	session.lost.addEventListener('abort', () => {
		const why = session.lost.reason;
		const words = why instanceof Error && why.name !== 'AbortError' ? why.message : undefined;
		// A statement that ran tells it better: it ends when the server was told to end it.
		void Promise.race([running, pause(TOLD_WITHIN_MS)]).then(() =>
			setImmediate(() =>
				fail(
					new ServerError(
						{ message: 'A connection that read rows is lost.', ...(words ? { details: words } : {}) },
						{ connectionLost: true },
					),
				),
			),
		);
	});
	port?.on('message', (message: ToReader) => {
		switch (message.kind) {
			case 'query': {
				const { id, statement, timeoutMs, bytes } = message;
				running = session.query(unpackStatement(statement), { timeoutMs, bytes, signal: stop.signal }).then(
					(rows) => say({ kind: 'answer', id, rows }),
					(error) => say({ kind: 'refused', id, error: packError(error) }),
				);
				return;
			}
			case 'dump':
				running = dump(message.pieces, message.folder, message.packing);
				return;
			case 'end':
				broken = true;
				stop.abort();
				return void running.then(() => session.close()).then(() => say({ kind: 'closed' }));
		}
	});
	say({ kind: 'open', connectionId: session.connectionId });
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
	if (error.code === null || ![1412, 1146, 1054, 1049].includes(error.code)) return error;
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
