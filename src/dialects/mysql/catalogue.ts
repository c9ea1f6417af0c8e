import { type Fragment, id, list, query, type Row, raw, sql } from '../../sql/sql.ts';
import { checksums } from '../common/checksums.ts';
import { tableIds } from '../common/guards.ts';
import type { CatalogueQueries, ColumnFacts } from '../contract/catalogue.ts';
import type { ObjectName } from '../contract/objects.ts';
import { asLoaded } from './json-types.ts';
import { rowColumns } from './rows.ts';

const OWN = list(['information_schema', 'performance_schema', 'mysql', 'sys']);
const named = (rows: readonly Row[]): ObjectName[] => rows.map((row) => ({ database: row.db ?? '', name: row.name ?? '' }));

const SPATIAL = /^(geometry|point|linestring|polygon|multi|geomcollection)/;

/** Engines that show what is stored elsewhere, or nowhere. FederatedX calls itself FEDERATED. */
const ELSEWHERE = new Set(['MRG_MYISAM', 'MERGE', 'FEDERATED', 'BLACKHOLE', 'EXAMPLE', 'LAKEHOUSE', 'NDBINFO', 'PERFORMANCE_SCHEMA']);
const ownRows = (engine: string | null): boolean => !ELSEWHERE.has(engine?.toUpperCase() ?? '');

/** A column's bytes, whatever its character set and the session's time zone, and whether it is NULL. */
function summed({ name, type, asLoaded: isLoaded }: ColumnFacts): Fragment[] {
	const column = id(name).fragment[0] as string;
	const bytes =
		type === 'timestamp'
			? `UNIX_TIMESTAMP(${column})`
			: // The server's own form: it is the same wherever it came by the dump or the log.
				SPATIAL.test(type) || type === 'bit' || type === 'vector'
				? `HEX(${column})`
				: `CAST(${isLoaded ? asLoaded(column) : column} AS BINARY)`;
	return [raw(`IFNULL(${bytes}, '')`), raw(`ISNULL(${column})`)];
}

export const catalogue: CatalogueQueries = {
	databases: query(
		sql`SELECT SCHEMA_NAME AS name FROM information_schema.SCHEMATA WHERE SCHEMA_NAME NOT IN (${OWN}) ORDER BY SCHEMA_NAME`,
		(rows) => rows.map((row) => row.name ?? ''),
	),
	// Estimates as old as a day otherwise, and none at all of what was just loaded.
	tables: query(
		sql`SELECT /*+ SET_VAR(information_schema_stats_expiry = 0) */ TABLE_SCHEMA AS db, TABLE_NAME AS name, TABLE_TYPE AS type, t.ENGINE AS engine,
 e.TRANSACTIONS AS transactions, TABLE_ROWS AS n, DATA_LENGTH AS data
 FROM information_schema.TABLES t LEFT JOIN information_schema.ENGINES e ON e.ENGINE = t.ENGINE
 WHERE TABLE_SCHEMA NOT IN (${OWN}) ORDER BY TABLE_SCHEMA, TABLE_NAME`,
		(rows) =>
			rows.map((row) => ({
				database: row.db ?? '',
				name: row.name ?? '',
				kind: row.type === 'VIEW' ? ('view' as const) : ('table' as const),
				engine: row.engine ?? null,
				transactional: row.transactions === 'YES',
				ownRows: ownRows(row.engine ?? null),
				inMemory: row.engine === 'MEMORY',
				versioned: false,
				rows: Number(row.n ?? 0),
				bytes: Number(row.data ?? 0),
			})),
	),
	ownRows,
	tableIds: tableIds('INNODB_TABLES'),
	// From the data dictionary alone.
	inMemory: query(
		sql`SELECT TABLE_SCHEMA AS db, TABLE_NAME AS name FROM information_schema.TABLES
 WHERE TABLE_SCHEMA NOT IN (${OWN}) AND ENGINE = 'MEMORY' ORDER BY TABLE_SCHEMA, TABLE_NAME`,
		named,
	),
	triggers: query(
		sql`SELECT TRIGGER_SCHEMA AS db, TRIGGER_NAME AS name FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA NOT IN (${OWN}) ORDER BY 1, 2`,
		named,
	),
	routines: query(
		sql`SELECT ROUTINE_SCHEMA AS db, ROUTINE_NAME AS name, ROUTINE_TYPE AS type FROM information_schema.ROUTINES
 WHERE ROUTINE_SCHEMA NOT IN (${OWN}) AND ROUTINE_TYPE IN ('PROCEDURE', 'FUNCTION') ORDER BY 1, 2`,
		(rows) =>
			rows.map((row) => ({
				database: row.db ?? '',
				name: row.name ?? '',
				kind: row.type === 'PROCEDURE' ? ('procedure' as const) : ('function' as const),
			})),
	),
	events: query(
		sql`SELECT EVENT_SCHEMA AS db, EVENT_NAME AS name FROM information_schema.EVENTS WHERE EVENT_SCHEMA NOT IN (${OWN}) ORDER BY 1, 2`,
		named,
	),
	drop: (database) => sql`DROP DATABASE IF EXISTS ${id(database)}`,
	columns: query(
		sql`SELECT TABLE_SCHEMA AS db, TABLE_NAME AS tab, COLUMN_NAME AS name, DATA_TYPE AS type FROM information_schema.COLUMNS
 WHERE TABLE_SCHEMA NOT IN (${OWN}) AND GENERATION_EXPRESSION = '' ORDER BY TABLE_SCHEMA, TABLE_NAME, ORDINAL_POSITION`,
		(rows) => rows.map((row) => ({ database: row.db ?? '', table: row.tab ?? '', name: row.name ?? '', type: row.type ?? '' })),
	),
	rowColumns,
	...checksums(summed),
	count: ({ database, name }) => query(sql`SELECT COUNT(*) AS n FROM ${id(database, name)}`, (rows) => Number(rows[0]?.n ?? 0)),
	touch: ({ database, name }) => sql`SELECT 1 FROM ${id(database, name)} LIMIT 1`,
	variables: query(sql`SHOW GLOBAL VARIABLES`, (rows) => rows.map((row) => [row.Variable_name ?? '', row.Value ?? ''] as const)),
};
