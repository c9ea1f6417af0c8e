import { accountsFile, databaseFiles, definitionsFile, insertsFile, parallelFiles } from '../../archive/layout.ts';
import type { Action, DefinitionsAction, PipeAction, RowsAction } from '../../core/action.ts';
import type { DumpEngine } from '../../core/dump-engines.ts';
import type { TableFacts } from '../../dialects/contract/catalogue.ts';
import { rowsNames } from '../../dump/parallel/names.ts';
import { byVendor, holdsRows, withoutSnapshot } from './dump-strategy.ts';
import type { BackupEnv, DumpStrategy } from './env.ts';

type Facts = { readonly databases: readonly string[]; readonly tables: readonly TableFacts[] };

/** What is dumped, in order: before the lock, under it, and after it. */
export type DumpPlan = { readonly before: readonly Action[]; readonly held: readonly Action[]; readonly after: readonly Action[] };

type Planner = (env: BackupEnv, facts: Facts, way: DumpStrategy) => DumpPlan;

const planVendor: Planner = (env, facts) => ({
	before: [],
	held: [read(env, facts), ...databases(env, facts), accounts(env, accountsFile(env.compress)), list(env)],
	after: [],
});

const planParallel: Planner = (env, facts, way) => {
	const files = parallelFiles(facts.databases, env.compress);
	const tables = facts.tables.filter(holdsRows);
	const code = [read(env, facts), ...definitions(env, facts), accounts(env, files.accounts), list(env)];
	if (way.lock === 'held') return { before: [], held: [...code, ...rows(env, 'rows', tables), ...inserts(env, tables)], after: [] };
	const left = withoutSnapshot(tables);
	return {
		// Nobody may define anything while all is read, and no snapshot shows definitions: so they are read twice, and must be the same.
		before: [{ ...read(env, facts), id: 'definitions-before', why: 'before the lock, to be compared' }],
		held: [...rows(env, 'rows-held', left), ...inserts(env, left)],
		after: [
			...code,
			...rows(
				env,
				'rows',
				tables.filter((table) => !left.includes(table)),
			),
		],
	};
};

const PLANNERS: Readonly<Record<DumpEngine, Planner>> = { parallel: planParallel, vendor: planVendor };

/** The dump itself, without the lock. Pure. */
export const planDump: Planner = (env, facts, way) => PLANNERS[way.engine](env, facts, way);

/** Of a vendor's dump: the whole database in one file. */
function databases({ server, paths, compress, level, ignoreTables }: BackupEnv, facts: Facts): PipeAction[] {
	const files = databaseFiles(facts.databases, compress);
	const versioned = facts.tables.some((table) => table.versioned);
	return facts.databases.map((database) => ({
		kind: 'pipe',
		id: `dump-${database}`,
		why: 'schema, rows, routines, triggers, events',
		from: server.dialect.tools.dumpDatabase('server', database, ignoredIn(ignoreTables, database), { versioned }),
		into: { file: `${paths.partial}/${files.get(database) ?? ''}`, compress, level },
		footer: true,
		changes: false,
	}));
}

/** What all is made by, over our own connections. */
const read = ({ connections, ignoreTables }: BackupEnv, { databases }: Facts): DefinitionsAction => ({
	...{ kind: 'definitions', id: 'definitions', why: 'what every object is made by', on: 'server' },
	...{ databases, ignoreTables, readers: connections, changes: false },
});

/** Of the parallel engine: what is not rows. */
function definitions({ paths, compress, level }: BackupEnv, facts: Facts): PipeAction[] {
	const files = parallelFiles(facts.databases, compress);
	const pipe = (database: string, writes: 'schema' | 'post', why: string): PipeAction => ({
		...{ kind: 'pipe', id: `${writes}-${database}`, why, footer: true, changes: false },
		from: { on: 'server', writes, database },
		into: { file: `${paths.partial}/${files[writes](database)}`, compress, level },
	});
	return facts.databases.flatMap((database) => [
		pipe(database, 'schema', 'the database and its tables, without rows'),
		pipe(database, 'post', 'triggers, routines, events, views'),
	]);
}

/** For whoever restores: what to compare with. */
const list = ({ paths, compress, level }: BackupEnv): PipeAction => ({
	...{ kind: 'pipe', id: 'definitions-list', why: 'to compare a restored server with', footer: false, changes: false },
	from: { on: 'server', writes: 'list', database: null },
	into: { file: `${paths.partial}/${definitionsFile(compress)}`, compress, level },
});

function rows({ paths, compress, level, connections }: BackupEnv, id: 'rows' | 'rows-held', all: readonly TableFacts[]): RowsAction[] {
	const tables = all.filter((table) => !byVendor(table)).map(({ database, name, rows, bytes }) => ({ database, name, rows, bytes }));
	if (tables.length === 0) return [];
	const why =
		id === 'rows' ? 'as many tables at once as there are connections' : 'tables without snapshots: only the lock keeps them as they are';
	return [
		{ kind: 'rows', id, why, on: 'server', tables, readers: connections, into: { folder: paths.partial, compress, level }, changes: false },
	];
}

function inserts({ server, paths, compress, level }: BackupEnv, all: readonly TableFacts[]): PipeAction[] {
	const tables = all.filter(byVendor);
	const path = rowsNames(tables, compress);
	return tables.map((table) => ({
		kind: 'pipe',
		id: `inserts-${table.database}.${table.name}`,
		why: 'rows with their history',
		from: server.dialect.tools.dumpRows('server', table.database, table.name),
		into: { file: `${paths.partial}/${insertsFile(path(table, 0))}`, compress, level },
		rowsOf: { database: table.database, table: table.name },
		footer: true,
		changes: false,
	}));
}

const accounts = ({ paths, compress, level }: BackupEnv, file: string): PipeAction => ({
	kind: 'pipe',
	id: 'accounts',
	why: 'CREATE USER and GRANT, with password hashes',
	from: { on: 'server', lists: 'accounts' },
	into: { file: `${paths.partial}/${file}`, compress, level },
	footer: true,
	changes: false,
});

const ignoredIn = (ignoreTables: readonly string[], database: string): string[] =>
	// Where a name has dots of its own, every way to read it counts.
	ignoreTables.filter((table) => table.startsWith(`${database}.`)).map((table) => table.slice(database.length + 1));
