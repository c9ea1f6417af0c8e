import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { sumOf } from '../archive/checksums.ts';
import { levelOf, loadFile } from '../archive/layout.ts';
import { readKnown } from '../archive/read.ts';
import type { DefinitionsAction, ReadTable, RowsAction, RowsFile, RowsResult, TableDigest, TableToRead } from '../core/action.ts';
import type { Definition } from '../core/definition.ts';
import { UserError } from '../core/errors.ts';
import type { Role } from '../core/model.ts';
import type { RowDifferences, RowsToCompare } from '../core/row-differences.ts';
import type { Flow, PerformOptions } from '../core/step.ts';
import type { RowTable } from '../dialects/contract/objects.ts';
import { compareRows, type RowText } from '../dump/parallel/compare-rows.ts';
import { createRowEncoder, sinkOf } from '../dump/parallel/encode.ts';
import { loadStatement } from '../dump/parallel/load-statement.ts';
import { type RowsFile as DumpedRows, openReaders, type Readers, type TableRows } from '../dump/parallel/readers.ts';
import { selectRows } from '../dump/parallel/select.ts';
import { sumDigests } from '../dump/parallel/table-rows.ts';
import { connect, type Session } from '../server/session.ts';
import type { Query, Statement } from '../sql/sql.ts';
import type { ConnectionTarget } from './connection-target.ts';

/** What a World's readers need of it. */
export interface RowsAt {
	readonly reachOf: (role: Role) => ConnectionTarget;
	readonly runQuery: <T>(role: Role, query: Query<T>) => Promise<T>;
	readonly signal: AbortSignal;
	readonly now: () => Date;
}

/** The connections that read rows, by role, and what they read. */
export function openRows({ reachOf, runQuery, signal, now }: RowsAt) {
	const opened = new Map<Role, Readers>();

	function readersOf(on: Role): Readers {
		const readers = opened.get(on);
		if (readers === undefined) throw new TypeError(`no readers are open on ${on}`);
		return readers;
	}

	/** How each table's rows are read, by {@link key}. */
	async function columnsOf(on: Role, mostMs?: number): Promise<ReadonlyMap<string, RowTable>> {
		const { rowColumns } = reachOf(on).dialect.catalogue;
		const all = await runQuery(on, mostMs === undefined ? rowColumns : { ...rowColumns, mostMs });
		return new Map(all.map((each) => [key(each.database, each.table), each]));
	}

	async function close(on: Role): Promise<void> {
		const readers = opened.get(on);
		opened.delete(on);
		await readers?.[Symbol.asyncDispose]();
	}

	return {
		readersOf,
		async readers(on: Role, { count }: { count: number }): Promise<AsyncDisposable> {
			const { address, password, dialect } = reachOf(on);
			opened.set(on, await openReaders({ address, password, dialect, workers: count, signal }));
			return { [Symbol.asyncDispose]: () => close(on) };
		},
		/** On the readers that are open, else on some that are there for it alone. */
		async definitions(
			{ on, databases, ignoreTables, readers: workers, answerMs, listMs }: Omit<DefinitionsAction, 'kind' | 'id' | 'why' | 'changes'>,
			options: PerformOptions & { signal: AbortSignal },
		): Promise<readonly Definition[]> {
			const left = new Set(ignoreTables);
			const ignored = ({ database, name }: { database: string; name: string }) => left.has(`${database}.${name}`);
			const open = opened.get(on);
			if (open !== undefined) return open.definitions(databases, ignored, { answerMs, listMs });
			const stop = options.until === undefined ? options.signal : AbortSignal.any([options.signal, options.until]);
			await using own = await openReaders({ ...reachOf(on), workers, signal: stop });
			return await own.definitions(databases, ignored);
		},
		closeAll: () => Promise.all([...opened.keys()].map(close)),
		async digests(
			on: Role,
			tables: readonly TableToRead[],
			{ connections, onFlow }: { readonly connections: number; readonly onFlow?: (flow: Flow) => void },
		) {
			const wanted = toRead(tables, await columnsOf(on));
			if (wanted.length === 0) return [];
			const { address, password, dialect } = reachOf(on);
			await using own = await openReaders({ address, password, dialect, workers: Math.min(connections, wanted.length), signal });
			return digestsOf(wanted, await own.dump(wanted, null, { signal, ...(onFlow && { onFlow }) }));
		},
		async differences(on: Role, table: RowsToCompare): Promise<RowDifferences | null> {
			const { address, password, dialect } = reachOf(on);
			const read = (await columnsOf(on)).get(key(table.database, table.name));
			if (read === undefined || JSON.stringify(read.columns.map(({ name }) => name)) !== JSON.stringify(table.columns)) return null;
			const places = read.key?.map(({ name }) => table.columns.indexOf(name)) ?? null;
			const session = await connect(address, password, { signal, settings: dialect.readers.settings });
			try {
				await session.query(dialect.locks.snapshot, { signal });
				const select = selectRows({ ...table, columns: read.columns, key: read.key, rows: 0, bytes: 0 }, null);
				const found: RowText = (take) => readText(session, { select, columns: Math.max(1, read.columns.length), signal }, take);
				const expected: RowText = async (take, beginFile) => {
					for (const file of table.files) {
						beginFile(file.path);
						for await (const text of readKnown(table.folder, file)) {
							signal.throwIfAborted();
							take(text);
						}
					}
				};
				return await compareRows({ columns: table.columns, key: places }, expected, found);
			} finally {
				await session.close();
			}
		},
		async dump(
			{ on, tables, into, asLoaded, answerMs }: RowsAction,
			options: PerformOptions & { signal: AbortSignal },
		): Promise<RowsResult> {
			const began = now().getTime();
			const known = await columnsOf(on, answerMs);
			const wanted = toRead(tables, known);
			const gone = tables.find((table) => !known.has(key(table.database, table.name)));
			if (gone !== undefined)
				throw new UserError({ message: `${gone.database}.${gone.name} is not there any more.`, hints: ['Try again.'] });
			const stop = options.until === undefined ? options.signal : AbortSignal.any([options.signal, options.until]);
			if (into === null) {
				const shown = asLoaded ? wanted.map(loaded) : wanted;
				const read = await readersOf(on).dump(shown, null, { signal: stop, ...(options.onFlow && { onFlow: options.onFlow }) });
				return { files: [], tables: digestsOf(wanted, read).map((each) => ({ ...each, load: [] })), ms: now().getTime() - began };
			}
			const { folder, compress } = into;
			const loads = writers(16);
			const onFile = (file: DumpedRows) => {
				const columns = (known.get(key(file.database, file.table))?.columns ?? []).map(({ name, load }) => [name, load] as const);
				loads.add(() => writeLoad(toRowsFile(file), folder, loadStatement({ file: file.path, table: file.table, columns })));
			};
			const read = await readersOf(on)
				.dump(
					wanted,
					{ folder, compress, level: levelOf(compress, into.level) },
					{ signal: stop, answerMs, onFile, ...(options.onFlow && { onFlow: options.onFlow }) },
				)
				.finally(() => loads.settled());
			const files = read.map(toRowsFile);
			const results = digestsOf(wanted, read).map((each, index): ReadTable => {
				const columns = wanted[index]?.columns ?? [];
				return { ...each, load: columns.map((column) => [column.name, column.load]) };
			});
			return { files: [...files, ...(await loads.all())], tables: results, ms: now().getTime() - began };
		},
	};
}

/** Reads rows as LOAD DATA text. */
async function readText(
	session: Session,
	{ select, columns, signal }: { readonly select: Statement; readonly columns: number; readonly signal: AbortSignal },
	flush: (text: Uint8Array) => void,
) {
	const encoder = createRowEncoder({ columns, hash: false, text: true, flush });
	await session.raw(select, sinkOf(encoder), { signal });
}

const key = (database: string, table: string): string => `${database}\0${table}`;

const toRead = (tables: readonly TableToRead[], known: ReadonlyMap<string, RowTable>): readonly TableRows[] =>
	tables.flatMap((table) => {
		const found = known.get(key(table.database, table.name));
		return found === undefined ? [] : [{ ...table, columns: found.columns, key: found.key }];
	});

/** Read as what a load of its rows gives. */
const loaded = (table: TableRows): TableRows => ({
	...table,
	columns: table.columns.map((column) => ({ ...column, select: column.asLoaded ?? column.select })),
});

/** One for each table, in their order. */
function digestsOf(tables: readonly TableRows[], read: readonly DumpedRows[]): readonly TableDigest[] {
	const chunks = Map.groupBy(read, (file) => key(file.database, file.table));
	return tables.map(({ database, name }) => {
		const own = chunks.get(key(database, name)) ?? [];
		return {
			database,
			name,
			rows: own.reduce((sum, file) => sum + file.rows, 0),
			digest: sumDigests(own.map((file) => file.digest)),
			largest: own.reduce((most, file) => Math.max(most, file.largest), 0),
		};
	});
}

const toRowsFile = ({ digest: _, largest: _largest, ...file }: DumpedRows): RowsFile => ({ ...file, kind: 'rows', format: 'tsv' });

/** Writes files as they are asked for, so many at a time at most. */
function writers(count: number) {
	const lanes = Array.from({ length: count }, () => Promise.resolve());
	const written: RowsFile[] = [];
	let added = 0;
	return {
		add(write: () => Promise<RowsFile>): void {
			const lane = added++ % count;
			const next = (lanes[lane] ?? Promise.resolve()).then(async () => void written.push(await write()));
			// All are waited for at the end.
			next.catch(() => {});
			lanes[lane] = next;
		},
		settled: () => Promise.allSettled(lanes),
		/** By their paths. Throws what the first that failed threw. */
		async all(): Promise<readonly RowsFile[]> {
			await Promise.all(lanes);
			return written.sort((a, b) => (a.path < b.path ? -1 : 1));
		},
	};
}

async function writeLoad(file: RowsFile, folder: string, text: string): Promise<RowsFile> {
	const path = loadFile(file.path);
	await using handle = await open(join(folder, path), 'wx', 0o600);
	await handle.writeFile(text);
	await handle.sync();
	const bytes = Buffer.byteLength(text);
	return { ...file, path, kind: 'load', rows: 0, bytes, rawBytes: bytes, sha256: sumOf(path, text).sha256 };
}
