import { type Fragment, id, query, raw, sql } from '../../sql/sql.ts';
import { catalogueQueries, OWN, tableFacts } from '../common/catalogue.ts';
import { checksums } from '../common/checksums.ts';
import { tableIds } from '../common/guards.ts';
import type { CatalogueQueries, ColumnFacts } from '../contract/catalogue.ts';
import { asLoaded } from './json-types.ts';
import { rowColumns } from './rows.ts';

const SPATIAL = /^(geometry|point|linestring|polygon|multi|geomcollection)/;

/** Engines that show what is stored elsewhere, or nowhere. FederatedX calls itself FEDERATED. */
const ELSEWHERE = new Set(['MRG_MYISAM', 'MERGE', 'FEDERATED', 'BLACKHOLE', 'EXAMPLE', 'LAKEHOUSE', 'NDBINFO', 'PERFORMANCE_SCHEMA']);
const ownRows = (engine: string | null): boolean => !ELSEWHERE.has(engine?.toUpperCase() ?? '');

/** A column's bytes, whatever its character set and the session's time zone, and whether it is NULL. */
function summed(facts: ColumnFacts): Fragment[] {
	const column = id(facts.name).fragment[0] as string;
	return [raw(`IFNULL(${bytesOf(facts, column)}, '')`), raw(`ISNULL(${column})`)];
}

function bytesOf({ type, asLoaded: isLoaded }: ColumnFacts, column: string): string {
	if (type === 'timestamp') return `UNIX_TIMESTAMP(${column})`;
	// The server's own form: it is the same wherever it came by the dump or the log.
	if (SPATIAL.test(type) || type === 'bit' || type === 'vector') return `HEX(${column})`;
	return `CAST(${isLoaded ? asLoaded(column) : column} AS BINARY)`;
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
			rows.map((row) =>
				tableFacts(row, { kind: row.type === 'VIEW' ? 'view' : 'table', versioned: false, ownRows: ownRows(row.engine ?? null) }),
			),
	),
	ownRows,
	tableIds: tableIds('INNODB_TABLES'),
	...catalogueQueries,
	columns: query(
		sql`SELECT TABLE_SCHEMA AS db, TABLE_NAME AS tab, COLUMN_NAME AS name, DATA_TYPE AS type FROM information_schema.COLUMNS
 WHERE TABLE_SCHEMA NOT IN (${OWN}) AND GENERATION_EXPRESSION = '' ORDER BY TABLE_SCHEMA, TABLE_NAME, ORDINAL_POSITION`,
		(rows) => rows.map((row) => ({ database: row.db ?? '', table: row.tab ?? '', name: row.name ?? '', type: row.type ?? '' })),
	),
	rowColumns,
	...checksums(summed),
};
