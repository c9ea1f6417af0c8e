import { type Fragment, query, raw, type Statement, shown, sql } from '../../sql/sql.ts';
import { channelGaps, inOptionFile, LOG_VALUES, logFilters, type SafeValue, setTo, unsafeValues } from '../common/gaps.ts';
import { channelErrorText, ioThread, placeIn } from '../common/pieces.ts';
import type { Channel, ChannelOptions, Replication } from '../contract/replication.ts';
import { needsReseed } from './channel-errors.ts';

/** It waits for whoever changes a channel, and for room for the relay log. */
const STATUS_MS = 15_000;

function channel(row: Readonly<Record<string, string | null>>): Channel {
	const applied = placeIn(row.Relay_Master_Log_File, row.Exec_Master_Log_Pos);
	const received = placeIn(row.Master_Log_File, row.Read_Master_Log_Pos);
	return {
		name: row.Connection_name ?? '',
		host: row.Master_Host ?? '',
		port: Number(row.Master_Port ?? 0),
		user: row.Master_User ?? '',
		io: ioThread(row.Slave_IO_Running),
		sql: row.Slave_SQL_Running === 'Yes' ? 'yes' : 'no',
		lagSeconds: row.Seconds_Behind_Master == null ? null : Number(row.Seconds_Behind_Master),
		ioError: channelErrorText(row.Last_IO_Errno, row.Last_IO_Error),
		sqlError: channelErrorText(row.Last_SQL_Errno, row.Last_SQL_Error),
		ioState: row.Slave_IO_State ?? '',
		sqlState: row.Slave_SQL_Running_State ?? '',
		bounded: (row.Until_Condition ?? 'None') !== 'None',
		usesGtid: (row.Using_Gtid ?? 'No') !== 'No',
		received: row.Gtid_IO_Pos ?? '',
		sourceFile: applied.file,
		sourcePos: applied.pos,
		receivedFile: received.file,
		receivedPos: received.pos,
		relayBytes: Number(row.Relay_Log_Space ?? 0),
		tlsAsked: row.Master_SSL_Allowed === 'Yes',
		tlsVerified: row.Master_SSL_Verify_Server_Cert === 'Yes',
		delaySeconds: Number(row.SQL_Delay ?? 0),
		gaps: channelGaps(row, (setting) => filterHints(setting, row.Connection_name ?? '')),
	};
}

/** Server and domain ids belong to the channel, the others are settings. */
function filterHints(setting: string, name: string): string[] {
	const of = name === '' ? '' : ` ${shown(sql`${name}`)}`;
	const stopped = (statement: string) => [`STOP SLAVE${of}; ${statement}; START SLAVE${of};`];
	if (setting.endsWith('_ids')) return stopped(`CHANGE MASTER${of} TO ${setting.replace('replicate_', '').toUpperCase()} = ()`);
	return [...stopped(`SET GLOBAL ${name === '' ? '' : `\`${name}\`.`}${setting} = ''`), `and remove ${setting} from the option file`];
}

const filter = (name: string): SafeValue => ({
	names: [name],
	safe: [''],
	effect: () => 'missing',
	hint: (setting) => filterHints(setting, '').join('  '),
});

const APPLIER: readonly SafeValue[] = [
	...['do_db', 'ignore_db', 'do_table', 'ignore_table', 'wild_do_table', 'wild_ignore_table', 'rewrite_db'].map((name) =>
		filter(`replicate_${name}`),
	),
	{ names: ['replicate_events_marked_for_skip'], safe: ['REPLICATE'], effect: () => 'missing', hint: setTo("'REPLICATE'") },
	{ names: ['sql_slave_skip_counter'], safe: ['0'], effect: () => 'missing', hint: setTo('0') },
	{ names: ['slave_skip_errors'], safe: ['OFF', ''], effect: () => 'hidden', hint: inOptionFile },
	{ names: ['slave_exec_mode'], safe: ['STRICT'], effect: () => 'hidden', hint: setTo("'STRICT'") },
	{ names: ['gtid_ignore_duplicates'], safe: ['OFF'], effect: () => 'hidden', hint: setTo('OFF') },
	{ names: ['slave_run_triggers_for_rbr'], safe: ['NO'], effect: () => 'unsafe', hint: setTo("'NO'") },
	{ names: ['slave_type_conversions'], safe: [''], effect: () => 'unsafe', hint: setTo("''") },
];

/** Channels are named by text, not by an identifier. */
export const named = (channel: string): Fragment => (channel === '' ? raw('') : { fragment: sql` ${channel}`.pieces });

function tlsOptions({ tls, ca, verifyName = true }: Pick<ChannelOptions, 'tls' | 'ca' | 'verifyName'>): Statement {
	if (!tls) return sql`, MASTER_SSL = 0, MASTER_SSL_VERIFY_SERVER_CERT = 0`;
	// Without an authority the server's own default decides about verifying: 11.4 and newer prove the certificate through the password.
	if (ca === null) return sql`, MASTER_SSL = 1`;
	return sql`, MASTER_SSL = 1, MASTER_SSL_VERIFY_SERVER_CERT = ${verifyName ? 1 : 0}, MASTER_SSL_CA = ${ca}`;
}

export const channelStatements: Replication = {
	status: { statement: sql`SHOW ALL SLAVES STATUS`, mostMs: STATUS_MS, read: (rows) => rows.map(channel) },
	rootErrors: () => null,
	configure: ({ host, port, user, password, delaySeconds, ...tls }) => {
		const secure = tlsOptions(tls);
		const delay = delaySeconds > 0 ? sql`, MASTER_DELAY = ${delaySeconds}` : sql``;
		return sql`CHANGE MASTER TO MASTER_HOST = ${host}, MASTER_PORT = ${port}, MASTER_USER = ${user}, MASTER_PASSWORD = ${password}${secure}, MASTER_USE_GTID = slave_pos, MASTER_CONNECT_RETRY = 10${delay}`;
	},
	start: sql`START SLAVE`,
	stop: sql`STOP SLAVE`,
	startApplier: (channel) => sql`START SLAVE${named(channel)} SQL_THREAD`,
	stopApplier: (channel) => sql`STOP SLAVE${named(channel)} SQL_THREAD`,
	forget: sql`RESET SLAVE ALL`,
	// UNTIL wants both threads stopped.
	pause: sql`STOP SLAVE`,
	startUntil: (gtid) => sql`START SLAVE UNTIL master_gtid_pos = ${gtid}`,
	connected: query(
		sql`SELECT p.ID AS id, p.USER AS user, p.HOST AS host, s.VARIABLE_VALUE AS cipher
 FROM information_schema.PROCESSLIST p
 LEFT JOIN performance_schema.threads t ON t.PROCESSLIST_ID = p.ID
 LEFT JOIN performance_schema.status_by_thread s ON s.THREAD_ID = t.THREAD_ID AND s.VARIABLE_NAME = 'Ssl_cipher'
 WHERE p.COMMAND LIKE 'Binlog Dump%'`,
		(rows) => rows.map((row) => ({ id: Number(row.id), user: row.user ?? '', host: row.host ?? '', cipher: row.cipher || null })),
	),
	stopping: query(
		sql`SELECT COUNT(*) AS n FROM information_schema.PROCESSLIST WHERE STATE = 'Killing slave'`,
		(rows) => Number(rows[0]?.n ?? 0) > 0,
	),
	applierGaps: query(
		sql`SHOW GLOBAL VARIABLES WHERE Variable_name LIKE 'replicate\\_%' OR Variable_name LIKE 'slave\\_%' OR Variable_name IN ('sql_slave_skip_counter', 'gtid_ignore_duplicates')`,
		(rows) => unsafeValues(rows, APPLIER),
	),
	logGaps: [
		query(sql`SHOW MASTER STATUS`, logFilters),
		query(sql`SHOW GLOBAL VARIABLES WHERE Variable_name LIKE 'binlog\\_%'`, (rows) => unsafeValues(rows, LOG_VALUES)),
	],
	openTemporaryTables: query(sql`SHOW GLOBAL STATUS LIKE 'Slave_open_temp_tables'`, (rows) => Number(rows[0]?.Value ?? 0)),
	needsReseed,
	safeOptions: (identity) => [
		'[mariadbd]',
		`server_id = ${identity.serverId}`,
		'read_only = ON',
		'event_scheduler = OFF',
		'log_bin',
		'log_slave_updates = ON',
		'gtid_strict_mode = ON',
		'relay_log_recovery = ON          # survives a crash',
		'sync_binlog = 1',
		'innodb_flush_log_at_trx_commit = 1',
	],
};
