import { query, raw, sql } from '../../sql/sql.ts';
import { accountIn, accountLimits, clock, folders, granteesOf, line, logBytes } from '../common/diagnostics.ts';
import type { Diagnostics } from '../contract/diagnostics.ts';
import { named } from './channel.ts';

const stopped = (channel: string, to: string): string =>
	`${line(sql`STOP SLAVE${named(channel)}`)} ${line(sql`CHANGE MASTER${named(channel)} TO ${raw(to)}`)} ${line(sql`START SLAVE${named(channel)}`)}`;

export const diagnostics: Diagnostics = {
	crash: query(
		sql`SELECT @@relay_log_recovery AS recovery, @@relay_log AS relay_log,
 (SELECT COUNT(*) FROM information_schema.TABLES WHERE TABLE_SCHEMA = 'mysql' AND TABLE_NAME LIKE 'gtid\\_slave\\_pos%' AND ENGINE = 'InnoDB') AS positions`,
		([row]) => ({
			relayLogRecovery: row?.recovery === '1',
			transactionalPosition: Number(row?.positions ?? 0) > 0,
			isRelayLogNamed: !!row?.relay_log,
		}),
	),
	packets: query(sql`SELECT @@global.max_allowed_packet AS clients, @@global.slave_max_allowed_packet AS applier`, ([row]) => ({
		clients: Number(row?.clients ?? 0),
		applier: Number(row?.applier ?? 0),
	})),
	folders,
	clock,
	bypass: granteesOf('SUPER', 'READ_ONLY ADMIN', 'READ ONLY ADMIN'),
	accountLimits: (user) =>
		query(
			sql`SELECT CONCAT(g.User, '@', g.Host) AS account, COALESCE(JSON_VALUE(g.Priv, '$.account_locked'), 0) AS locked,
 JSON_VALUE(g.Priv, '$.password_last_changed') = 0 AS expired,
 CASE JSON_VALUE(g.Priv, '$.password_lifetime') WHEN -1 THEN @@global.default_password_lifetime ELSE COALESCE(JSON_VALUE(g.Priv, '$.password_lifetime'), @@global.default_password_lifetime) END AS lifetime,
 NULLIF(JSON_VALUE(g.Priv, '$.password_last_changed'), 0) AS changed, UNIX_TIMESTAMP() AS now,
 JSON_VALUE(g.Priv, '$.max_user_connections') AS max_user_connections, JSON_VALUE(g.Priv, '$.max_connections') AS max_connections,
 JSON_VALUE(g.Priv, '$.max_questions') AS max_questions, JSON_VALUE(g.Priv, '$.max_updates') AS max_updates
 FROM mysql.global_priv g WHERE g.User = ${user}`,
			(rows) => rows.map(accountLimits),
		),
	logBytes,
	// 100000 times, a minute apart (10.6 and newer).
	retries: null,
	fixes: {
		relayLogRecovery: ['relay_log_recovery = ON'],
		transactionalPosition: ['STOP ALL SLAVES; ALTER TABLE mysql.gtid_slave_pos ENGINE = InnoDB; START ALL SLAVES;'],
		relayLog: ['relay_log = relay-bin'],
		syncBinlog: ['SET GLOBAL sync_binlog = 1;', 'sync_binlog = 1'],
		flushLog: ['SET GLOBAL innodb_flush_log_at_trx_commit = 1;', 'innodb_flush_log_at_trx_commit = 1'],
		logReplicaUpdates: ['log_slave_updates = ON'],
		readOnly: ['SET GLOBAL read_only = ON;', 'read_only = ON'],
		events: ['SET GLOBAL event_scheduler = OFF;', 'event_scheduler = OFF'],
		expiry: ['SET GLOBAL binlog_expire_logs_seconds = 604800;', 'binlog_expire_logs_seconds = 604800'],
		gtidPositioning: (channel) => [stopped(channel, 'MASTER_USE_GTID = slave_pos')],
		retries: () => [],
		startChannel: (channel) => [line(sql`START SLAVE${named(channel)}`)],
		packets: (bytes) => [`SET GLOBAL slave_max_allowed_packet = ${bytes};`, `slave_max_allowed_packet = ${bytes}`],
		unlimited: (account) => [
			line(sql`ALTER USER ${accountIn(account)} PASSWORD EXPIRE NEVER`),
			line(sql`ALTER USER ${accountIn(account)} ACCOUNT UNLOCK`),
		],
	},
};
