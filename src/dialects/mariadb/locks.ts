import { query, sql } from '../../sql/sql.ts';
import { preparedXids } from '../common/guards.ts';
import { activityOf, lockStatements } from '../common/locks.ts';
import { value } from '../common/pieces.ts';
import type { Locks } from '../contract/locks.ts';

/** The process list shows passwords in clear. */
const PASSWORDS = /\b(IDENTIFIED|PASSWORD)\b.*/is;

export const locks: Locks = {
	...lockStatements,
	boundWait: () => null,
	// lock_wait_timeout does not bound it while workers are asked to pause (.github/docs/measured.md, Refused locks); max_statement_time does.
	flushTablesWithReadLock: (seconds) => sql`SET STATEMENT max_statement_time = ${seconds} FOR FLUSH TABLES WITH READ LOCK`,
	restoreReadOnly: (before) => sql`SET GLOBAL read_only = ${value(before)}`,
	setSuperReadOnly: () => {
		throw new TypeError('MariaDB has no super_read_only');
	},
	// Who holds LOCK TABLES is known to performance_schema only (table_handles, no instrument to switch on); where that is off it is empty.
	activity: query(
		sql`SELECT p.ID AS id, p.USER AS user, p.HOST AS host, p.DB AS db, p.COMMAND AS command, p.TIME AS seconds, p.TIME_MS AS ms, p.STATE AS state, p.INFO AS info,
 t.trx_state AS trx, TIMESTAMPDIFF(SECOND, t.trx_started, NOW()) AS trx_seconds, w.n AS blocks, h.tables AS locked
 FROM information_schema.PROCESSLIST p LEFT JOIN information_schema.INNODB_TRX t ON t.trx_mysql_thread_id = p.ID
 LEFT JOIN (SELECT blocking_trx_id AS trx, COUNT(DISTINCT requesting_trx_id) AS n FROM information_schema.INNODB_LOCK_WAITS GROUP BY 1) w ON w.trx = t.trx_id
 LEFT JOIN (SELECT s.PROCESSLIST_ID AS id, GROUP_CONCAT(DISTINCT CONCAT(l.OBJECT_SCHEMA, '.', l.OBJECT_NAME) ORDER BY 1 SEPARATOR '\n') AS tables
  FROM performance_schema.table_handles l JOIN performance_schema.threads s ON s.THREAD_ID = l.OWNER_THREAD_ID
  WHERE l.EXTERNAL_LOCK = 'WRITE EXTERNAL' GROUP BY 1) h ON h.id = p.ID
 WHERE p.ID <> CONNECTION_ID()`,
		(rows) => rows.map((row) => activityOf(row, PASSWORDS, { milliseconds: Math.round(Number(row.ms ?? 0)), usesTables: true })),
	),
	// BACKUP STAGE BLOCK_DDL holds up every write to tables without snapshots.
	definitionsGuard: null,
	prepared: { query: query(sql`XA RECOVER FORMAT='SQL'`, preparedXids), needs: [] },
	lockMoment: [],
	settleMoment: [],
	seedGate: null,
};
