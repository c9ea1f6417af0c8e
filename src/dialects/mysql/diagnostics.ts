import { type Fragment, query, raw, sql } from '../../sql/sql.ts';
import { accountIn, accountLimits, clock, folders, granteesOf, line, logBytes } from '../common/diagnostics.ts';
import type { Diagnostics } from '../contract/diagnostics.ts';
import { variable } from './identity.ts';

/** The default channel has the empty name. */
const of = (name: string): Fragment => (name === '' ? raw('') : { fragment: sql` FOR CHANNEL ${name}`.pieces });
const stopped = (channel: string, to: string): string =>
	`${line(sql`STOP REPLICA${of(channel)}`)} ${line(sql`CHANGE REPLICATION SOURCE TO ${raw(to)}${of(channel)}`)} ${line(sql`START REPLICA${of(channel)}`)}`;

export const diagnostics: Diagnostics = {
	crash: query(
		sql`SELECT @@relay_log_recovery AS recovery, ${variable('relay_log_info_repository')} AS repository,
 (SELECT VARIABLE_SOURCE FROM performance_schema.variables_info WHERE VARIABLE_NAME = 'relay_log') AS source`,
		([row]) => ({
			relayLogRecovery: row?.recovery === '1',
			// Where the variable is gone there is but the table.
			transactionalPosition: (row?.repository ?? 'TABLE').toUpperCase() === 'TABLE',
			isRelayLogNamed: row?.source !== 'COMPILED',
		}),
	),
	packets: query(
		sql`SELECT @@global.max_allowed_packet AS clients, ${variable('replica_max_allowed_packet', 'slave_max_allowed_packet')} AS applier`,
		([row]) => ({ clients: Number(row?.clients ?? 0), applier: Number(row?.applier ?? 0) }),
	),
	folders,
	clock,
	bypass: granteesOf('SUPER', 'CONNECTION_ADMIN'),
	accountLimits: (user) =>
		query(
			sql`SELECT CONCAT(User, '@', Host) AS account, account_locked = 'Y' AS locked, password_expired = 'Y' AS expired,
 COALESCE(password_lifetime, @@global.default_password_lifetime) AS lifetime, UNIX_TIMESTAMP(password_last_changed) AS changed, UNIX_TIMESTAMP() AS now,
 max_user_connections, max_connections, max_questions, max_updates FROM mysql.user WHERE User = ${user}`,
			(rows) => rows.map(accountLimits),
		),
	logBytes,
	retries: query(
		sql`SELECT CHANNEL_NAME AS channel, CONNECTION_RETRY_COUNT AS times, CONNECTION_RETRY_INTERVAL AS seconds FROM performance_schema.replication_connection_configuration`,
		(rows) => rows.map((row) => ({ channel: row.channel ?? '', times: Number(row.times), seconds: Number(row.seconds) })),
	),
	fixes: {
		relayLogRecovery: ['SET PERSIST_ONLY relay_log_recovery = ON;', 'relay_log_recovery = ON'],
		transactionalPosition: ['relay_log_info_repository = TABLE'],
		relayLog: ['relay_log = relay-bin'],
		syncBinlog: ['SET PERSIST sync_binlog = 1;'],
		flushLog: ['SET PERSIST innodb_flush_log_at_trx_commit = 1;'],
		logReplicaUpdates: ['log_replica_updates = ON'],
		readOnly: ['SET PERSIST super_read_only = ON;'],
		events: ['SET PERSIST event_scheduler = OFF;'],
		expiry: ['SET PERSIST binlog_expire_logs_seconds = 604800;'],
		gtidPositioning: (channel) => [stopped(channel, 'SOURCE_AUTO_POSITION = 1')],
		retries: (channel) => [stopped(channel, 'SOURCE_RETRY_COUNT = 86400')],
		startChannel: (channel) => [line(sql`START REPLICA${of(channel)}`)],
		packets: (bytes) => [`SET PERSIST replica_max_allowed_packet = ${bytes};`],
		unlimited: (account) => [line(sql`ALTER USER ${accountIn(account)} PASSWORD EXPIRE NEVER ACCOUNT UNLOCK`)],
	},
};
