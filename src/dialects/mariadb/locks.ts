import { query, raw, sql } from '../../sql/sql.ts';
import type { Dialect } from '../dialect.ts';

const value = (text: string) => {
	if (!/^\w+$/.test(text)) throw new TypeError(`not a variable's value: ${text}`);
	return raw(text);
};

export const locks: Dialect['locks'] = {
	// lock_wait_timeout does not bound it while workers are asked to pause (faults.md, finding 3); max_statement_time does.
	flushTablesWithReadLock: (seconds) => sql`SET STATEMENT max_statement_time = ${seconds} FOR FLUSH TABLES WITH READ LOCK`,
	unlock: sql`UNLOCK TABLES`,
	setReadOnly: (wanted) => sql`SET GLOBAL read_only = ${value(wanted)}`,
	setEventScheduler: (wanted) => sql`SET GLOBAL event_scheduler = ${value(wanted)}`,
	activity: query(
		sql`SELECT p.ID AS id, p.USER AS user, p.HOST AS host, p.DB AS db, p.COMMAND AS command, p.TIME AS seconds, p.STATE AS state, p.INFO AS info,
 (t.trx_mysql_thread_id IS NOT NULL) AS trx
 FROM information_schema.PROCESSLIST p LEFT JOIN information_schema.INNODB_TRX t ON t.trx_mysql_thread_id = p.ID
 WHERE p.ID <> CONNECTION_ID()`,
		(rows) =>
			rows.map((row) => ({
				id: Number(row.id),
				user: row.user ?? '',
				host: row.host ?? '',
				database: row.db ?? null,
				command: row.command ?? '',
				seconds: Number(row.seconds ?? 0),
				state: row.state ?? '',
				text: (row.info ?? '').slice(0, 500),
				transaction: row.trx === '1',
			})),
	),
	unlogged: sql`SET SESSION sql_log_bin = 0`,
	logged: sql`SET SESSION sql_log_bin = 1`,
	claim: (name) => query(sql`SELECT GET_LOCK(${name}, 0) AS got`, (rows) => rows[0]?.got === '1'),
	claimant: (name) => query(sql`SELECT IS_USED_LOCK(${name}) AS id`, (rows) => (rows[0]?.id == null ? null : Number(rows[0].id))),
	openSnapshot: sql`START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY`,
	closeSnapshot: sql`COMMIT`,
};
