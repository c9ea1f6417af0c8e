// What of a primary does not fit every replica, as far as both vendors tell it alike.

import { id, list, type Query, query, type Row, raw, type Statement, sql } from '../../sql/sql.ts';
import type { ObjectName } from '../contract/objects.ts';

const OWN = list(['information_schema', 'performance_schema', 'mysql', 'sys']);

/** An object that the vendor's dump tool cannot write so that it loads again. */
export type ToolFault = { readonly kind: string; readonly database: string; readonly name: string; readonly why: string };

/** A table that the server knows by name and cannot open, in the server's words. */
export type UnopenedTable = ObjectName & { readonly why: string };

export interface Fitness {
	/** What the dump tool cannot write: it never ends, or writes what does not load. */
	readonly toolFaults: Query<readonly ToolFault[]>;
	/**
	 * Tables that may not open: crashed, without their files, of an engine that is gone. Found without a statement for each.
	 * MySQL keeps the reason of one table for healthy ones after it: `opens` decides.
	 */
	readonly unopened: Query<readonly UnopenedTable[]>;
	/** Functions that a server with a binary log takes only where it trusts those who create them (1418): database.name. */
	readonly functions: Query<readonly string[]>;
	/** Functions and triggers, which need a privilege more there (1419). */
	readonly code: Query<number>;
	/** Ways by which accounts log in, without the server's default. */
	readonly loginPlugins: Query<readonly string[]>;
	/** Those that a server has. */
	readonly activePlugins: Query<readonly string[]>;
	/** Accounts with REVOKEs of their own (partial_revokes). */
	readonly restrictedAccounts: Query<readonly string[]>;
	/** Folders among the data that are no databases, though the server lists them as such. */
	readonly strayFolders: Query<readonly string[]>;
	/** The largest statement and row that new sessions may send, bytes (max_allowed_packet); and how it is set until the next start. */
	readonly packet: Query<number>;
	setPacket(bytes: number): Statement;
	/** Rejects with the server's reason where a table cannot be opened. */
	opens(table: ObjectName): Query<null>;
	/** Rejects with the server's reason where a view is not valid, as the dump tools ask it. */
	view(view: ObjectName): Query<null>;
}

const named = (rows: readonly Row[]): string[] => rows.map((row) => `${row.db}.${row.name}`);
const names = (rows: readonly Row[]): string[] => rows.map((row) => row.name ?? '');
const none: Query<readonly never[]> = query(sql`SELECT 1`, () => []);

const common = {
	functions: query(
		sql`SELECT ROUTINE_SCHEMA AS db, ROUTINE_NAME AS name FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA NOT IN (${OWN})
 AND ROUTINE_TYPE = 'FUNCTION' AND IS_DETERMINISTIC = 'NO' AND SQL_DATA_ACCESS NOT IN ('NO SQL', 'READS SQL DATA') ORDER BY 1, 2`,
		named,
	),
	code: query(
		sql`SELECT (SELECT COUNT(*) FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA NOT IN (${OWN}))
 + (SELECT COUNT(*) FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA NOT IN (${OWN}) AND ROUTINE_TYPE = 'FUNCTION') AS n`,
		(rows) => Number(rows[0]?.n ?? 0),
	),
	loginPlugins: query(sql`SELECT DISTINCT plugin AS name FROM mysql.user WHERE plugin <> '' ORDER BY 1`, names),
	activePlugins: query(
		sql`SELECT PLUGIN_NAME AS name FROM information_schema.PLUGINS WHERE PLUGIN_TYPE = 'AUTHENTICATION' AND PLUGIN_STATUS = 'ACTIVE'`,
		names,
	),
	packet: query(sql`SELECT @@global.max_allowed_packet AS n`, (rows: readonly Row[]) => Number(rows[0]?.n ?? 0)),
	setPacket: (bytes: number): Statement => sql`SET GLOBAL max_allowed_packet = ${bytes}`,
	opens: ({ database, name }: ObjectName): Query<null> => query(sql`SELECT 1 FROM ${id(database, name)} LIMIT 0`, () => null),
	view: ({ database, name }: ObjectName): Query<null> => query(sql`SHOW FIELDS FROM ${id(database, name)}`, () => null),
};

const unopened = (rows: readonly Row[]): UnopenedTable[] =>
	rows.map((row) => ({ database: row.db ?? '', name: row.name ?? '', why: row.why ?? '' }));

export const mariadbFits: Fitness = {
	...common,
	toolFaults: none,
	// Of a table that opens, the engine is known. Only where sizes are asked for is more opened than its .frm file.
	unopened: query(
		sql`SELECT TABLE_SCHEMA AS db, TABLE_NAME AS name, TABLE_COMMENT AS why, TABLE_ROWS AS n FROM information_schema.TABLES
 WHERE TABLE_SCHEMA NOT IN (${OWN}) AND ENGINE IS NULL AND TABLE_TYPE NOT LIKE '%VIEW' ORDER BY 1, 2`,
		unopened,
	),
	restrictedAccounts: none,
	// A name that no CREATE DATABASE makes stands there as it is in the file system.
	strayFolders: query(
		sql`SELECT SCHEMA_NAME AS name FROM information_schema.SCHEMATA WHERE SCHEMA_NAME LIKE '#mysql50#%' ORDER BY 1`,
		names,
	),
};

export const mysqlFits: Omit<Fitness, 'toolFaults'> = {
	...common,
	// Only where sizes are asked for is a table opened, and the reason of a failure then stands in place of its comment.
	unopened: query(
		sql`SELECT /*+ SET_VAR(information_schema_stats_expiry = 0) */ 0 AS opened, TABLE_SCHEMA AS db, TABLE_NAME AS name, TABLE_COMMENT AS why
 FROM information_schema.TABLES WHERE TABLE_SCHEMA NOT IN (${OWN}) AND TABLE_TYPE = 'BASE TABLE'
 UNION ALL SELECT IF(TABLE_ROWS IS NULL, 1, 2), TABLE_SCHEMA, TABLE_NAME, TABLE_COMMENT
 FROM information_schema.TABLES WHERE TABLE_SCHEMA NOT IN (${OWN}) AND TABLE_TYPE = 'BASE TABLE' ORDER BY 2, 3, 1`,
		(rows) => {
			const key = (row: Row) => JSON.stringify([row.db, row.name]);
			const comments = new Map(rows.filter((row) => row.opened === '0').map((row) => [key(row), row.why]));
			return unopened(rows.filter((row) => row.opened !== '0' && comments.has(key(row)) && comments.get(key(row)) !== row.why));
		},
	),
	restrictedAccounts: query(
		sql`SELECT CONCAT(User, '@', Host) AS name FROM mysql.user WHERE JSON_CONTAINS_PATH(User_attributes, 'one', ${raw("'$.Restrictions'")}) ORDER BY 1`,
		names,
	),
	strayFolders: none,
};
