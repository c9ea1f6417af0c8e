import { query, raw, sql } from '../../sql/sql.ts';
import { preparedXids } from '../common/guards.ts';
import { activityOf, lockHolder, lockStatements } from '../common/locks.ts';
import { need, value } from '../common/pieces.ts';
import type { Locks } from '../contract/locks.ts';
import type { Probe } from './probe.ts';

/** What may be a password. The server itself hides those that it knows; this is for the rest. */
const PASSWORDS = /\b(IDENTIFIED|\w*PASSWORD)\b.*/is;

/** The named lock that a seed's dump tool waits for. */
export const SEED_GATE = 'lockstep seed';

/** While the snapshot is opened. Seconds: so long each phase of the lock may wait, and so long the server waits for us with the lock held. */
const SNAPSHOT_WAIT = 1;
const SNAPSHOT_SILENCE = 10;

export const processList = ({ performanceSchema }: Probe) =>
	raw(performanceSchema ? 'performance_schema.processlist' : 'information_schema.PROCESSLIST');

export const locks = (probe: Probe): Locks => ({
	...lockStatements,
	// It waits for the global lock, for tables in use and for commits, each for as long: together little longer than was asked for.
	boundWait: (seconds) => sql`SET SESSION lock_wait_timeout = ${Math.max(1, Math.ceil(seconds / 2))}`,
	flushTablesWithReadLock: () => sql`FLUSH TABLES WITH READ LOCK`,
	// Set to OFF, it would end super_read_only as well.
	restoreReadOnly: (before) =>
		before === 'OFF' ? sql`SET GLOBAL read_only = IF(@@GLOBAL.super_read_only, 1, 0)` : sql`SET GLOBAL read_only = ${value(before)}`,
	setSuperReadOnly: (wanted) => sql`SET GLOBAL super_read_only = ${value(wanted)}`,
	// Transactions are told in the system's time, whatever the server's time zone. Who keeps tables open (LOCK TABLES, for READ as well, or HANDLER: the lock waits for all of them) and whose rows are waited for is known to performance_schema only; where that is off it is empty.
	activity: query(
		sql`SELECT p.ID AS id, p.USER AS user, p.HOST AS host, p.DB AS db, p.COMMAND AS command, p.TIME AS seconds, p.STATE AS state, p.INFO AS info,
 t.trx_state AS trx, TIMESTAMPDIFF(SECOND, t.trx_started, CONVERT_TZ(NOW(), @@session.time_zone, 'SYSTEM')) AS trx_seconds, w.n AS blocks, h.tables AS locked,
 e.ms AS ms, i.mdl = 'YES' AND m.n IS NULL AS tableless
 FROM ${processList(probe)} p LEFT JOIN information_schema.INNODB_TRX t ON t.trx_mysql_thread_id = p.ID
 LEFT JOIN (SELECT BLOCKING_ENGINE_TRANSACTION_ID AS trx, COUNT(DISTINCT REQUESTING_ENGINE_TRANSACTION_ID) AS n
  FROM performance_schema.data_lock_waits GROUP BY BLOCKING_ENGINE_TRANSACTION_ID) w ON w.trx = t.trx_id
 LEFT JOIN (SELECT s.PROCESSLIST_ID AS id, GROUP_CONCAT(DISTINCT CONCAT(l.OBJECT_SCHEMA, '.', l.OBJECT_NAME) ORDER BY 1 SEPARATOR '\n') AS tables
  FROM performance_schema.table_handles l JOIN performance_schema.threads s ON s.THREAD_ID = l.OWNER_THREAD_ID
  WHERE s.PROCESSLIST_COMMAND = 'Sleep' GROUP BY s.PROCESSLIST_ID) h ON h.id = p.ID
 LEFT JOIN (SELECT s.PROCESSLIST_ID AS id, MAX(c.TIMER_WAIT) DIV 1000000000 AS ms
  FROM performance_schema.events_statements_current c JOIN performance_schema.threads s ON s.THREAD_ID = c.THREAD_ID
  WHERE c.END_EVENT_ID IS NULL GROUP BY s.PROCESSLIST_ID) e ON e.id = p.ID
 LEFT JOIN (SELECT s.PROCESSLIST_ID AS id, COUNT(*) AS n
  FROM performance_schema.metadata_locks l JOIN performance_schema.threads s ON s.THREAD_ID = l.OWNER_THREAD_ID
  WHERE l.OBJECT_TYPE = 'TABLE' GROUP BY s.PROCESSLIST_ID) m ON m.id = p.ID
 LEFT JOIN (SELECT ENABLED AS mdl FROM performance_schema.setup_instruments WHERE NAME = 'wait/lock/metadata/sql/mdl') i ON TRUE
 WHERE p.ID <> CONNECTION_ID()`,
		(rows) =>
			rows.map((row) =>
				activityOf(row, PASSWORDS, {
					milliseconds: row.ms == null ? Number(row.seconds ?? 0) * 1000 : Number(row.ms),
					usesTables: row.tableless !== '1',
				}),
			),
	),
	definitionsGuard: { statement: sql`LOCK INSTANCE FOR BACKUP`, privilege: 'BACKUP_ADMIN' },
	prepared: {
		query: query(sql`XA RECOVER CONVERT XID`, preparedXids),
		needs: need('sees prepared XA transactions', 'XA_RECOVER_ADMIN'),
	},
	// No snapshot here knows its own position. If we freeze with the lock held, the server lets go.
	lockMoment: [
		sql`SET @lockstep_lock_wait = @@SESSION.lock_wait_timeout, @lockstep_wait = @@SESSION.wait_timeout, SESSION lock_wait_timeout = ${SNAPSHOT_WAIT}, SESSION wait_timeout = ${SNAPSHOT_SILENCE}`,
		sql`FLUSH TABLES WITH READ LOCK`,
	],
	// UNLOCK TABLES ends no transaction, and takes back what an FTWRL that was refused has kept (.github/docs/measured.md, Refused locks).
	settleMoment: [
		sql`UNLOCK TABLES`,
		sql`SET SESSION lock_wait_timeout = COALESCE(@lockstep_lock_wait, @@SESSION.lock_wait_timeout), SESSION wait_timeout = COALESCE(@lockstep_wait, @@SESSION.wait_timeout)`,
	],
	seedGate: {
		name: SEED_GATE,
		shut: sql`SELECT GET_LOCK(${SEED_GATE}, 0)`,
		open: sql`SELECT RELEASE_LOCK(${SEED_GATE})`,
		waiting: query(
			sql`SELECT ID AS id FROM ${processList(probe)} WHERE STATE = 'User lock' AND INFO LIKE ${`%${SEED_GATE}%`} AND ID <> CONNECTION_ID()`,
			(rows) => rows.map(({ id }) => Number(id)),
		),
		holder: lockHolder(SEED_GATE),
		// INNODB_TRX is up to 100 ms old: only where performance_schema does not measure transactions.
		hasSnapshot: (session) =>
			query(
				sql`SELECT EXISTS (SELECT 1 FROM performance_schema.events_transactions_current t JOIN performance_schema.threads h ON h.THREAD_ID = t.THREAD_ID
  JOIN performance_schema.events_statements_current s ON s.THREAD_ID = t.THREAD_ID
  WHERE h.PROCESSLIST_ID = ${session} AND t.STATE = 'ACTIVE' AND t.AUTOCOMMIT = 'NO' AND (s.EVENT_NAME <> 'statement/sql/begin' OR s.END_EVENT_ID IS NOT NULL))
 OR EXISTS (SELECT 1 FROM information_schema.INNODB_TRX WHERE trx_mysql_thread_id = ${session} AND COALESCE(trx_query, '') NOT LIKE 'START TRANSACTION%')
 OR NOT EXISTS (SELECT 1 FROM ${processList(probe)} WHERE ID = ${session}) AS open`,
				(rows) => rows[0]?.open === '1',
			),
	},
});
