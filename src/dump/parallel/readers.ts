import type { Compression } from '../../core/action.ts';
import { fail } from '../../core/check.ts';
import { LockstepError, Stopped, VerifyFailed } from '../../core/errors.ts';
import type { Flow, WorkerFlow } from '../../core/step.ts';
import { warningText } from '../../core/values.ts';
import type { Definition } from '../../dialects/common/definitions.ts';
import type { Dialect } from '../../dialects/contract/dialect.ts';
import type { ServerAddress } from '../../server/address.ts';
import type { Secret } from '../../sql/secret.ts';
import { currentSettings, type Settings, unlikeSettings } from '../../sql/settings.ts';
import { type Query, type Row, type Statement, shown, sql } from '../../sql/sql.ts';
import { packStatement } from '../../workers/serialize.ts';
import { readDefinitions } from '../definitions/read.ts';
import { rowsNames } from './names.ts';
import { batches, shares } from './pieces.ts';
import { type Bound, bounds, range } from './ranges.ts';
import { openReader, type Reader } from './reader.ts';
import type { Begun, Counters, Piece } from './reader-wire.ts';
import { selectRows } from './select.ts';
import { type RowsFile, type TableRows, weight } from './table-rows.ts';

export type { RowsFile, TableRows } from './table-rows.ts';

/** Connections that read tables' rows at the same time, each in a thread of its own. After an error or an abort they are over. */
export interface Readers extends AsyncDisposable {
	readonly connectionIds: readonly number[];
	/**
	 * Runs a statement on every reader's connection at once; their rows, in order. Throws the first that fails, and VerifyFailed where the server
	 * warns: of a snapshot that it did not give it says no more (138).
	 */
	each(statement: Statement, options?: { readonly timeoutMs?: number }): Promise<readonly (readonly Row[])[]>;
	/** Runs these statements, shared out among the readers' connections, on each one after the other; all their rows. Throws the first that fails. */
	share(statements: readonly Statement[], options?: { readonly timeoutMs?: number }): Promise<readonly Row[]>;
	/** Reads the definitions of all that is in these databases, but for what is `ignored`, on all connections at once. Throws what `readDefinitions` does. */
	definitions(
		databases: readonly string[],
		ignored?: (name: { readonly database: string; readonly name: string }) => boolean,
		/** Of the answer about one object and of the list of all. */
		bounds?: { readonly answerMs?: number | undefined; readonly listMs?: number | undefined },
	): Promise<readonly Definition[]>;
	/**
	 * Dumps the tables' rows, or (into null) only reads them for their counts and digests: LOAD DATA text, a file a chunk, by table as given and
	 * by chunk. A table without rows has one (empty) file too. `onFlow` is told about every 200 ms and at the end, `onFile` of every file that is
	 * on the disk. One call at a time.
	 * Throws ServerError, UserError where a file cannot be written, or the signal's reason; then nothing runs on the server any longer, and files may be left.
	 */
	dump(
		tables: readonly TableRows[],
		into: { readonly folder: string; readonly compress: Compression; readonly level: number } | null,
		how: {
			readonly signal: AbortSignal;
			/** Bound of each answer but those of rows. */
			readonly answerMs?: number | undefined;
			readonly onFlow?: (flow: Flow) => void;
			readonly onFile?: (file: RowsFile) => void;
		},
	): Promise<readonly RowsFile[]>;
}

const QUERY_TIMEOUT_MS = 60_000;
const FLOW_MS = 200;
/** Rows stream as they are found, unsorted: a server that finds none for so long stands still. */
const SILENT_MS = 15 * 60_000;

/** Connects them all. Throws what `connect` throws, or the signal's reason; the signal ends them later, too. */
export async function openReaders(options: {
	readonly address: ServerAddress;
	readonly password: Secret | null;
	readonly workers: number;
	readonly dialect: Dialect;
	readonly signal: AbortSignal;
	/** For so long a server may send nothing of the rows that it reads; milliseconds. */
	readonly silentMs?: number;
}): Promise<Readers> {
	const { address, password, dialect, signal } = options;
	const opening = Array.from({ length: Math.max(1, options.workers) }, () =>
		openReader(address, password, { settings: dialect.readers.settings, silentMs: options.silentMs ?? SILENT_MS }, signal),
	);
	const settled = await Promise.allSettled(opening);
	const readers = settled.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
	const failed = settled.find((each) => each.status === 'rejected');
	if (failed !== undefined) {
		await Promise.all(readers.map((reader) => reader.close()));
		throw failed.reason;
	}

	/** What each thread has read since it began. */
	const totals: Counters[] = readers.map(() => ({ rawBytes: 0, bytes: 0, rows: 0 }));
	let ending: Promise<void> | null = null;
	const cut = () => {
		ending ??= Promise.all(readers.map((reader) => reader.close())).then(() => {});
		return ending;
	};
	const close = async () => {
		signal.removeEventListener('abort', cut);
		await cut();
	};
	signal.addEventListener('abort', cut, { once: true });
	if (signal.aborted) await cut();

	const each: Readers['each'] = (statement, { timeoutMs = QUERY_TIMEOUT_MS } = {}) =>
		Promise.all(
			readers.map(async (reader) => {
				const rows = await reader.query(statement, timeoutMs);
				if (Number(rows[0]?.warnings ?? 0) > 0) throw warned(statement, await reader.query(sql`SHOW WARNINGS`, timeoutMs));
				// MariaDB does not even warn.
				const level = unlikeSettings(LEVEL, currentSettings(LEVEL).read(await reader.query(currentSettings(LEVEL).statement, timeoutMs)));
				if (Object.keys(level).length > 0) throw warned(statement, [{ Code: 'isolation', Message: 'it is not REPEATABLE READ' }]);
				return rows;
			}),
		);

	const share: Readers['share'] = async (statements, { timeoutMs = QUERY_TIMEOUT_MS } = {}) => {
		const answers = await Promise.all(
			readers.map(async (reader, index) => {
				const rows: Row[] = [];
				for (let at = index; at < statements.length; at += readers.length)
					rows.push(...(await reader.query(statements[at] as Statement, timeoutMs)));
				return rows;
			}),
		);
		return answers.flat();
	};

	const definitions: Readers['definitions'] = async (databases, ignored, { answerMs = QUERY_TIMEOUT_MS, listMs = answerMs } = {}) => {
		const read = await readDefinitions(
			readers.map((reader) => ({ query: (statement, { bytes, list }) => reader.query(statement, list ? listMs : answerMs, bytes) })),
			dialect.definitions,
			databases,
			ignored,
		);
		// As rows are read.
		await each(dialect.definitions.asBytes);
		return read;
	};

	const dump: Readers['dump'] = async (tables, into, how) => {
		const stopped = Promise.withResolvers<never>();
		stopped.promise.catch(() => {});
		const stop = () => {
			const { reason } = how.signal.aborted ? how.signal : signal;
			const given = () => stopped.reject(reason instanceof LockstepError ? reason : new Stopped('Reading rows was given up.'));
			cut().then(given, given);
		};
		for (const each of [how.signal, signal]) {
			if (each.aborted) stop();
			each.addEventListener('abort', stop, { once: true });
		}
		try {
			const work = run({ readers, totals, dialect }, tables, into, how);
			work.catch(() => {});
			return await Promise.race([work, stopped.promise]);
		} catch (error) {
			await cut();
			throw how.signal.aborted || signal.aborted ? await stopped.promise : error;
		} finally {
			for (const each of [how.signal, signal]) each.removeEventListener('abort', stop);
		}
	};
	return { connectionIds: readers.map((reader) => reader.connectionId), each, share, definitions, dump, [Symbol.asyncDispose]: close };
}

/** A consistent snapshot is none at any other. */
const LEVEL: Settings = { tx_isolation: 'REPEATABLE-READ', transaction_isolation: 'REPEATABLE-READ' };

/** What the server did otherwise than it was asked. */
export const warned = (statement: Statement, warnings: readonly Row[]): VerifyFailed =>
	new VerifyFailed(
		[
			fail('SNAPSHOT', 'The server did not do what its snapshot rests on', {
				expected: `no warning after ${shown(statement)}`,
				found: warnings.map(warningText).join('; ') || 'warnings that it does not show',
			}),
		],
		'The server did not give a consistent snapshot.',
	);

type Cut = { readonly piece: Piece; readonly weight: number };

/** The readers of one server, with what each has read since it began. */
type Crew = { readonly readers: readonly Reader[]; readonly totals: Counters[]; readonly dialect: Dialect };

async function run(
	{ readers, totals, dialect }: Crew,
	tables: readonly TableRows[],
	into: { readonly folder: string; readonly compress: Compression; readonly level: number } | null,
	{ answerMs = QUERY_TIMEOUT_MS, onFlow = () => {}, onFile = () => {} }: Omit<Parameters<Readers['dump']>[2], 'signal'>,
): Promise<readonly RowsFile[]> {
	const cuts = await plan({ readers, dialect }, tables, into?.compress ?? null, answerMs);
	const queue = batches(cuts, readers.length);
	const files: RowsFile[] = [];
	const file = (each: RowsFile) => {
		files.push(each);
		onFile(each);
	};
	const chunks = Map.groupBy(cuts, ({ piece }) => tableKey(piece.database, piece.table));
	const partsOf = (database: string, table: string) => chunks.get(tableKey(database, table))?.length ?? 1;
	const flow = flowOf(totals, partsOf, onFlow);
	const packing = { compress: into?.compress ?? 'none', level: into?.level ?? 0 } as const;
	await Promise.all(
		readers.map(async (reader, index) => {
			for (let batch = queue.shift(); batch !== undefined; batch = queue.shift()) {
				await reader.dump({ pieces: batch.map(({ piece }) => piece), folder: into?.folder ?? '', packing }, (progress) =>
					progress.kind === 'file' ? file(progress.file) : flow.take(index, progress.counters, progress.began),
				);
				flow.idle(index);
			}
		}),
	);
	flow.report();
	const place = new Map(tables.map((table, at) => [tableKey(table.database, table.name), at]));
	const at = (file: RowsFile) => place.get(tableKey(file.database, file.table)) ?? 0;
	return files.sort((a, b) => at(a) - at(b) || a.chunk - b.chunk);
}

const tableKey = (database: string, table: string): string => `${database}\0${table}`;

/** Cuts tables into pieces, each reader's connection asking about one table at a time. */
async function plan(
	{ readers, dialect }: Pick<Crew, 'readers' | 'dialect'>,
	tables: readonly TableRows[],
	compress: Compression | null,
	answerMs: number,
): Promise<readonly Cut[]> {
	const name = compress === null ? null : rowsNames(tables, compress);
	const shared = shares(tables, readers.length);
	const places: (readonly Bound[])[] = shared.map(() => []);
	let next = 0;
	await Promise.all(
		readers.map(async (reader) => {
			const ask = async <T>(query: Query<T>): Promise<T> => query.read(await reader.query(query.statement, answerMs));
			for (let at = next++; at < shared.length; at = next++) {
				const { table, shares } = shared[at] as (typeof shared)[number];
				places[at] = await bounds(table, shares, ask, dialect.readers.estimate);
			}
		}),
	);
	const cuts = shared.flatMap(({ table, shares }, index) => {
		const edges = places[index] ?? [];
		const equal = edges.length + 1 !== shares.length;
		return [null, ...edges].map((from, chunk): Cut => {
			const where = table.key === null ? null : range(table.key, from, edges[chunk] ?? null);
			const { database, name: called, columns } = table;
			const select = packStatement(selectRows(table, where));
			return {
				piece: { database, table: called, chunk, columns: Math.max(1, columns.length), select, path: name?.(table, chunk) ?? null },
				weight: weight(table) * (equal ? 1 / (edges.length + 1) : (shares[chunk] ?? 0)),
			};
		});
	});
	return cuts.sort((a, b) => b.weight - a.weight);
}

/** All readers' counters as one, from now on, and what each reader has in hand. `partsOf`: into how many pieces a table is cut. */
function flowOf(totals: Counters[], partsOf: (database: string, table: string) => number, onFlow: (flow: Flow) => void) {
	const sum = (what: keyof Counters) => totals.reduce((total, each) => total + each[what], 0);
	const before = { rawBytes: sum('rawBytes'), bytes: sum('bytes'), rows: sum('rows') };
	let began: Flow['began'][number][] = [];
	let table: string | null = null;
	const seen = new Set<string>();
	/** By reader; null where it has nothing. */
	const inHand: (Begun | null)[] = totals.map(() => null);
	let ended: WorkerFlow[] = [];
	let reportedRows = 0;
	const workerFlow = (reader: number, piece: Begun, to: Begun['from'], isDone: boolean): WorkerFlow => ({
		worker: reader + 1,
		database: piece.database,
		table: piece.table,
		part: { at: piece.chunk + 1, of: partsOf(piece.database, piece.table) },
		rawBytes: to.rawBytes - piece.from.rawBytes,
		rows: to.rows - piece.from.rows,
		isDone,
	});
	const letGo = (reader: number, to: Begun['from']) => {
		const piece = inHand[reader];
		if (piece) ended.push(workerFlow(reader, piece, to, true));
		inHand[reader] = null;
	};
	const report = () => {
		reportedRows = performance.now();
		const so = { rawBytes: sum('rawBytes') - before.rawBytes, bytes: sum('bytes') - before.bytes, rows: sum('rows') - before.rows };
		const running = inHand.flatMap((piece, reader) => {
			const counters = totals[reader];
			return piece === null || counters === undefined ? [] : [workerFlow(reader, piece, counters, false)];
		});
		onFlow({ ...so, table, began, workers: [...ended, ...running] });
		began = [];
		ended = [];
	};
	return {
		report,
		/** A reader has read all that it was given. */
		idle: (reader: number) => letGo(reader, totals[reader] ?? before),
		take: (reader: number, counters: Counters, more: readonly Begun[]) => {
			for (const piece of more) {
				const { database, table: name } = piece;
				const key = JSON.stringify([database, name]);
				if (!seen.has(key))
					began.push({ database, table: name, rawBytes: sum('rawBytes') - before.rawBytes, rows: sum('rows') - before.rows });
				seen.add(key);
				table = name;
				letGo(reader, piece.from);
				inHand[reader] = piece;
			}
			totals[reader] = counters;
			if (performance.now() - reportedRows >= FLOW_MS) report();
		},
	};
}
