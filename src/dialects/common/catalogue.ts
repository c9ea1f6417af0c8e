// What is on a server, where both vendors answer the same question alike.
import { id, list, query, type Row, sql } from '../../sql/sql.ts';
import type { CatalogueQueries, TableFacts } from '../contract/catalogue.ts';
import type { ObjectName } from '../contract/objects.ts';

/** Databases of the server itself. */
export const OWN = list(['information_schema', 'performance_schema', 'mysql', 'sys']);

const named = (rows: readonly Row[]): ObjectName[] => rows.map((row) => ({ database: row.db ?? '', name: row.name ?? '' }));

/** Of a row with db, name, type, engine, transactions, n and data. */
export const tableFacts = (row: Row, { kind, versioned, ownRows }: Pick<TableFacts, 'kind' | 'versioned' | 'ownRows'>): TableFacts => ({
	database: row.db ?? '',
	name: row.name ?? '',
	kind,
	engine: row.engine ?? null,
	transactional: row.transactions === 'YES',
	ownRows,
	inMemory: row.engine === 'MEMORY',
	versioned,
	rows: Number(row.n ?? 0),
	bytes: Number(row.data ?? 0),
});

const ROUTINES = { PROCEDURE: 'procedure', FUNCTION: 'function' } as const;

export const catalogueQueries: Pick<
	CatalogueQueries,
	'inMemory' | 'triggers' | 'routines' | 'events' | 'drop' | 'count' | 'touch' | 'variables'
> = {
	// Only columns that come from the definition file or the data dictionary.
	inMemory: query(
		sql`SELECT TABLE_SCHEMA AS db, TABLE_NAME AS name FROM information_schema.TABLES
 WHERE TABLE_SCHEMA NOT IN (${OWN}) AND ENGINE = 'MEMORY' ORDER BY TABLE_SCHEMA, TABLE_NAME`,
		named,
	),
	triggers: query(
		sql`SELECT TRIGGER_SCHEMA AS db, TRIGGER_NAME AS name FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA NOT IN (${OWN}) ORDER BY 1, 2`,
		named,
	),
	// MySQL 9 lists libraries, too: they are no routines. MariaDB has PACKAGE and PACKAGE BODY.
	routines: query(
		sql`SELECT ROUTINE_SCHEMA AS db, ROUTINE_NAME AS name, ROUTINE_TYPE AS type FROM information_schema.ROUTINES
 WHERE ROUTINE_SCHEMA NOT IN (${OWN}) AND (ROUTINE_TYPE IN ('PROCEDURE', 'FUNCTION') OR ROUTINE_TYPE LIKE 'PACKAGE%') ORDER BY 1, 2`,
		(rows) =>
			rows.map((row) => ({
				database: row.db ?? '',
				name: row.name ?? '',
				kind: ROUTINES[row.type as keyof typeof ROUTINES] ?? 'package',
			})),
	),
	events: query(
		sql`SELECT EVENT_SCHEMA AS db, EVENT_NAME AS name FROM information_schema.EVENTS WHERE EVENT_SCHEMA NOT IN (${OWN}) ORDER BY 1, 2`,
		named,
	),
	drop: (database) => sql`DROP DATABASE IF EXISTS ${id(database)}`,
	count: ({ database, name }) => query(sql`SELECT COUNT(*) AS n FROM ${id(database, name)}`, (rows) => Number(rows[0]?.n ?? 0)),
	touch: ({ database, name }) => sql`SELECT 1 FROM ${id(database, name)} LIMIT 1`,
	variables: query(sql`SHOW GLOBAL VARIABLES`, (rows) => rows.map((row) => [row.Variable_name ?? '', row.Value ?? ''] as const)),
};
