// Locks and sessions, where both vendors have the same statements.
import { query, type Row, sql } from '../../sql/sql.ts';
import type { Activity, Locks } from '../contract/locks.ts';
import { activityText, value } from './pieces.ts';

/**
 * Of a row with id, user, host, db, command, seconds, state, info, trx, trx_seconds, locked and blocks.
 * `passwords`: what of a statement may be one.
 */
export const activityOf = (
	row: Row,
	passwords: RegExp,
	{ milliseconds, usesTables }: Pick<Activity, 'milliseconds' | 'usesTables'>,
): Activity => ({
	id: Number(row.id),
	user: row.user ?? '',
	host: row.host ?? '',
	database: row.db ?? null,
	command: row.command ?? '',
	seconds: Number(row.seconds ?? 0),
	milliseconds,
	usesTables,
	state: row.state ?? '',
	text: activityText(row.info, passwords),
	transactionSeconds: row.trx == null ? null : Math.max(0, Number(row.trx_seconds ?? 0)),
	locked: row.locked ? row.locked.split('\n') : [],
	waitsForRows: row.trx === 'LOCK WAIT',
	blocks: Number(row.blocks ?? 0),
});

/** The session that has a named lock; null where none does. */
export const lockHolder = (name: string) =>
	query(sql`SELECT IS_USED_LOCK(${name}) AS id`, (rows) => (rows[0]?.id == null ? null : Number(rows[0].id)));

export const lockStatements: Pick<
	Locks,
	| 'unlock'
	| 'setReadOnly'
	| 'setEventScheduler'
	| 'tablesInUse'
	| 'kill'
	| 'unlogged'
	| 'logged'
	| 'acquireRunLock'
	| 'runLockHolder'
	| 'snapshot'
	| 'closeSnapshot'
> = {
	unlock: sql`UNLOCK TABLES`,
	setReadOnly: (wanted) => sql`SET GLOBAL read_only = ${value(wanted)}`,
	setEventScheduler: (wanted) => sql`SET GLOBAL event_scheduler = ${value(wanted)}`,
	tablesInUse: query(sql`SHOW OPEN TABLES WHERE In_use > 0`, (rows) =>
		rows.map((row) => ({ database: row.Database ?? '', name: row.Table ?? '' })),
	),
	kill: (id) => sql`KILL ${id}`,
	unlogged: sql`SET SESSION sql_log_bin = 0`,
	logged: sql`SET SESSION sql_log_bin = 1`,
	acquireRunLock: (name) => query(sql`SELECT GET_LOCK(${name}, 0) AS got`, (rows) => rows[0]?.got === '1'),
	runLockHolder: lockHolder,
	snapshot: sql`START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY`,
	closeSnapshot: sql`COMMIT`,
};
