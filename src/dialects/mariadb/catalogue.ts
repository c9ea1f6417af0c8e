import { type Fragment, id, query, raw, sql } from '../../sql/sql.ts';
import { catalogueQueries, OWN, tableFacts } from '../common/catalogue.ts';
import { checksums } from '../common/checksums.ts';
import { tableIds } from '../common/guards.ts';
import type { CatalogueQueries, ColumnFacts } from '../contract/catalogue.ts';
import { rowColumns } from './rows.ts';

const SPATIAL = /^(geometry|point|linestring|polygon|multi|geometrycollection)/;

/** Engines that show what is stored elsewhere, or nowhere. FederatedX calls itself FEDERATED. */
const ELSEWHERE = new Set([
	'MRG_MYISAM',
	'MERGE',
	'FEDERATED',
	'BLACKHOLE',
	'CONNECT',
	'SPIDER',
	'S3',
	'OQGRAPH',
	'SPHINX',
	'SEQUENCE',
	'EXAMPLE',
	'CASSANDRA',
	'VP',
]);
const ownRows = (engine: string | null): boolean => !ELSEWHERE.has(engine?.toUpperCase() ?? '');

/** A column's bytes, whatever its character set and the session's time zone, and whether it is NULL. */
function summed({ name, type }: ColumnFacts): Fragment[] {
	const column = id(name).fragment[0] as string;
	return [raw(`IFNULL(${bytesOf(type, column)}, '')`), raw(`ISNULL(${column})`)];
}

function bytesOf(type: string, column: string): string {
	if (type === 'timestamp') return `UNIX_TIMESTAMP(${column})`;
	if (SPATIAL.test(type)) return `HEX(ST_AsWKB(${column}))`;
	return type === 'bit' ? `HEX(${column})` : `CAST(${column} AS BINARY)`;
}

const KINDS = { VIEW: 'view', SEQUENCE: 'sequence' } as const;

export const catalogue: CatalogueQueries = {
	// Not those of folders that are no databases (`.snapshot`, `lost+found`), unless there are tables in them.
	databases: query(
		sql`SELECT SCHEMA_NAME AS name FROM information_schema.SCHEMATA WHERE SCHEMA_NAME NOT IN (${OWN})
 AND (SCHEMA_NAME NOT LIKE '#mysql50#%' OR SCHEMA_NAME IN (SELECT TABLE_SCHEMA FROM information_schema.TABLES WHERE TABLE_SCHEMA LIKE '#mysql50#%')) ORDER BY SCHEMA_NAME`,
		(rows) => rows.map((row) => row.name ?? ''),
	),
	tables: query(
		sql`SELECT TABLE_SCHEMA AS db, TABLE_NAME AS name, TABLE_TYPE AS type, t.ENGINE AS engine, e.TRANSACTIONS AS transactions,
 TABLE_ROWS AS n, DATA_LENGTH + INDEX_LENGTH AS bytes, DATA_LENGTH AS data
 FROM information_schema.TABLES t LEFT JOIN information_schema.ENGINES e ON e.ENGINE = t.ENGINE
 WHERE TABLE_SCHEMA NOT IN (${OWN}) ORDER BY TABLE_SCHEMA, TABLE_NAME`,
		(rows) =>
			rows.map((row) =>
				tableFacts(row, {
					kind: KINDS[row.type as keyof typeof KINDS] ?? 'table',
					versioned: row.type === 'SYSTEM VERSIONED',
					ownRows: ownRows(row.engine ?? null),
				}),
			),
	),
	ownRows,
	tableIds: tableIds('INNODB_SYS_TABLES'),
	...catalogueQueries,
	columns: query(
		sql`SELECT TABLE_SCHEMA AS db, TABLE_NAME AS tab, COLUMN_NAME AS name, DATA_TYPE AS type FROM information_schema.COLUMNS
 WHERE TABLE_SCHEMA NOT IN (${OWN}) AND IS_GENERATED = 'NEVER' ORDER BY TABLE_SCHEMA, TABLE_NAME, ORDINAL_POSITION`,
		(rows) => rows.map((row) => ({ database: row.db ?? '', table: row.tab ?? '', name: row.name ?? '', type: row.type ?? '' })),
	),
	rowColumns,
	...checksums(summed),
};
