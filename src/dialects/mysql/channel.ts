import { type Fragment, type Query, query, type Row, type Statement, shown, sql } from '../../sql/sql.ts';
import { channelGaps, type Gap, inOptionFile, LOG_VALUES, logFilters, type SafeValue, setTo, unsafeValues } from '../common/gaps.ts';
import { channelErrorText, ioThread, placeIn } from '../common/pieces.ts';
import type { Channel, ChannelOptions, Replication } from '../contract/replication.ts';
import { needsReseed } from './channel-errors.ts';
import { canonical } from './gtid-set.ts';
import { processList } from './locks.ts';
import type { Probe } from './probe.ts';

/** Of 10 tries, the default of 9.7, the last is after minutes, and then the IO thread stops for good. */
const RETRIES = 86_400;

/** It waits behind somebody's STOP REPLICA, and that for as much as a minute until a transaction of several events is whole. */
const BEHIND_A_STOP_MS = 150_000;

function channel(row: Row): Channel {
	const applied = placeIn(row.Relay_Source_Log_File, row.Exec_Source_Log_Pos);
	const received = placeIn(row.Source_Log_File, row.Read_Source_Log_Pos);
	return {
		name: row.Channel_Name ?? '',
		host: row.Source_Host ?? '',
		port: Number(row.Source_Port ?? 0),
		user: row.Source_User ?? '',
		io: ioThread(row.Replica_IO_Running),
		sql: row.Replica_SQL_Running === 'Yes' ? 'yes' : 'no',
		lagSeconds: row.Seconds_Behind_Source == null ? null : Number(row.Seconds_Behind_Source),
		ioError: channelErrorText(row.Last_IO_Errno, row.Last_IO_Error),
		sqlError: channelErrorText(row.Last_SQL_Errno, row.Last_SQL_Error),
		ioState: row.Replica_IO_State ?? '',
		sqlState: row.Replica_SQL_Running_State ?? '',
		bounded: (row.Until_Condition ?? 'None') !== 'None',
		usesGtid: row.Auto_Position === '1',
		received: canonical(row.Retrieved_Gtid_Set ?? ''),
		sourceFile: applied.file,
		sourcePos: applied.pos,
		receivedFile: received.file,
		receivedPos: received.pos,
		relayBytes: Number(row.Relay_Log_Space ?? 0),
		tlsAsked: row.Source_SSL_Allowed === 'Yes',
		// An authority is asked with or without the name being compared (seen on 9.7).
		tlsVerified:
			row.Source_SSL_Allowed === 'Yes' &&
			(row.Source_SSL_Verify_Server_Cert === 'Yes' || !!row.Source_SSL_CA_File || !!row.Source_SSL_CA_Path),
		delaySeconds: Number(row.SQL_Delay ?? 0),
		gaps: channelGaps(row, (setting) => filterHints(setting, row.Channel_Name ?? '')),
	};
}

/**
 * With replica_preserve_commit_order a worker stops with 3030 because one before it failed, and the channel’s status may name either (seen on 9.7:
 * one run in four).
 */
const FOLLOWS = /^3030:/;

function rootErrors(channels: readonly Channel[]): Query<readonly Channel[]> | null {
	if (!channels.some((each) => FOLLOWS.test(each.sqlError ?? ''))) return null;
	return query(
		sql`SELECT CHANNEL_NAME AS channel, LAST_ERROR_NUMBER AS number, LAST_ERROR_MESSAGE AS text FROM performance_schema.replication_applier_status_by_worker
 WHERE LAST_ERROR_NUMBER NOT IN (0, 3030) ORDER BY LAST_ERROR_TIMESTAMP`,
		(rows) =>
			channels.map((each) => {
				const root = rows.find((row) => row.channel === each.name);
				return root !== undefined && FOLLOWS.test(each.sqlError ?? '')
					? { ...each, sqlError: channelErrorText(root.number, root.text) }
					: each;
			}),
	);
}

/** Server ids belong to the source's description, the others are filters. */
function filterHints(setting: string, name: string): string[] {
	const of = name === '' ? '' : ` FOR CHANNEL ${shown(sql`${name}`)}`;
	if (setting === 'replicate_ignore_server_ids')
		return [`STOP REPLICA${of}; CHANGE REPLICATION SOURCE TO IGNORE_SERVER_IDS = ()${of}; START REPLICA${of};`];
	return [
		`STOP REPLICA SQL_THREAD${of}; CHANGE REPLICATION FILTER ${setting.toUpperCase()} = ()${of}; START REPLICA SQL_THREAD${of};`,
		`and remove ${setting} from the option file`,
	];
}

const variable = (names: readonly string[], safe: readonly string[], effect: Gap['effect'], hint: SafeValue['hint']): SafeValue => ({
	...{ names, safe, hint },
	effect: () => effect,
});

const APPLIER: readonly SafeValue[] = [
	variable(['replica_skip_errors', 'slave_skip_errors'], ['OFF', ''], 'hidden', inOptionFile),
	variable(['replica_exec_mode', 'slave_exec_mode'], ['STRICT'], 'hidden', setTo("'STRICT'")),
	variable(['sql_replica_skip_counter', 'sql_slave_skip_counter'], ['0'], 'missing', setTo('0')),
	variable(['replica_type_conversions', 'slave_type_conversions'], [''], 'unsafe', setTo("''")),
];

/** Filters that every new channel takes on. */
const globalFilters = (rows: readonly Row[]): Gap[] =>
	rows.flatMap(({ filter_name: name, filter_rule: rule }) => {
		const setting = (name ?? '').toLowerCase();
		return name == null || !rule ? [] : [{ setting, value: rule, effect: 'missing' as const, hints: filterHints(setting, '') }];
	});

/** The default channel has the empty name. */
const of = (name: string): Fragment => ({ fragment: sql` FOR CHANNEL ${name}`.pieces });

/** Every option that a former configuration may have left is set, as it would stay. */
function configure({ host, port, user, password, delaySeconds, ...tls }: ChannelOptions): Statement {
	const secure = tlsOptions(tls);
	const delay = delaySeconds > 0 ? sql`, SOURCE_DELAY = ${delaySeconds}` : sql``;
	return sql`CHANGE REPLICATION SOURCE TO SOURCE_HOST = ${host}, SOURCE_PORT = ${port}, SOURCE_USER = ${user}, SOURCE_PASSWORD = ${password}, ${secure}, SOURCE_AUTO_POSITION = 1, SOURCE_CONNECT_RETRY = 10, SOURCE_RETRY_COUNT = ${RETRIES}${delay}`;
}

function tlsOptions({ tls, ca, verifyName = true }: Pick<ChannelOptions, 'tls' | 'ca' | 'verifyName'>): Statement {
	if (!tls) return sql`SOURCE_SSL = 0, SOURCE_SSL_VERIFY_SERVER_CERT = 0, GET_SOURCE_PUBLIC_KEY = 1`;
	if (ca === null) return sql`SOURCE_SSL = 1, SOURCE_SSL_VERIFY_SERVER_CERT = 0`;
	return sql`SOURCE_SSL = 1, SOURCE_SSL_VERIFY_SERVER_CERT = ${verifyName ? 1 : 0}, SOURCE_SSL_CA = ${ca}`;
}

export const channelStatements = (probe: Probe): Replication => ({
	status: { statement: sql`SHOW REPLICA STATUS`, mostMs: BEHIND_A_STOP_MS, read: (rows) => rows.map(channel) },
	rootErrors,
	configure,
	start: sql`START REPLICA`,
	stop: sql`STOP REPLICA`,
	startApplier: (name) => sql`START REPLICA SQL_THREAD${of(name)}`,
	stopApplier: (name) => sql`STOP REPLICA SQL_THREAD${of(name)}`,
	forget: sql`RESET REPLICA ALL`,
	// The receiver goes on: one that is stopped in mid-transaction and then connects again while the applier is stopped makes that stop wait
	// for a minute, and SHOW REPLICA STATUS with it (seen on 9.7, one stop in a thousand).
	pause: sql`STOP REPLICA SQL_THREAD`,
	startUntil: (gtid) => sql`START REPLICA SQL_THREAD UNTIL SQL_AFTER_GTIDS = ${gtid}`,
	connected: query(
		sql`SELECT p.ID AS id, p.USER AS user, p.HOST AS host, s.VARIABLE_VALUE AS cipher
 FROM ${processList(probe)} p
 LEFT JOIN performance_schema.threads t ON t.PROCESSLIST_ID = p.ID
 LEFT JOIN performance_schema.status_by_thread s ON s.THREAD_ID = t.THREAD_ID AND s.VARIABLE_NAME = 'Ssl_cipher'
 WHERE p.COMMAND LIKE 'Binlog Dump%'`,
		(rows) => rows.map((row) => ({ id: Number(row.id), user: row.user ?? '', host: row.host ?? '', cipher: row.cipher || null })),
	),
	// `Killing slave` before 8.0.26, and where old words are asked for.
	stopping: query(
		sql`SELECT COUNT(*) AS n FROM ${processList(probe)} WHERE STATE IN ('Killing replica', 'Killing slave')`,
		(rows) => Number(rows[0]?.n ?? 0) > 0,
	),
	applierGaps: {
		// One result of both: what a row does not have is null.
		statement: sql`SELECT VARIABLE_NAME AS Variable_name, VARIABLE_VALUE AS Value, NULL AS filter_name, NULL AS filter_rule FROM performance_schema.global_variables
 WHERE VARIABLE_NAME LIKE 'replica\\_%' OR VARIABLE_NAME LIKE 'slave\\_%' OR VARIABLE_NAME LIKE 'sql\\_%\\_skip\\_counter'
 UNION ALL SELECT NULL, NULL, FILTER_NAME, FILTER_RULE FROM performance_schema.replication_applier_global_filters`,
		read: (rows) => [
			...unsafeValues(
				rows.filter((row) => row.Variable_name !== null),
				APPLIER,
			),
			...globalFilters(rows),
		],
	},
	logGaps: [
		...(probe.binaryLog ? [query(probe.newWords ? sql`SHOW BINARY LOG STATUS` : sql`SHOW MASTER STATUS`, logFilters)] : []),
		query(sql`SHOW GLOBAL VARIABLES WHERE Variable_name LIKE 'binlog\\_%'`, (rows) => unsafeValues(rows, LOG_VALUES)),
	],
	// Both names or the older one, with the same value.
	openTemporaryTables: query(
		sql`SHOW GLOBAL STATUS WHERE Variable_name IN ('Replica_open_temp_tables', 'Slave_open_temp_tables')`,
		(rows) => Math.max(0, ...rows.map((row) => Number(row.Value ?? 0))),
	),
	needsReseed,
	safeOptions: (identity) => [
		'[mysqld]',
		`server_id = ${identity.serverId}`,
		'gtid_mode = ON',
		'enforce_gtid_consistency = ON',
		'read_only = ON',
		'super_read_only = ON             # stops administrators, too',
		'event_scheduler = OFF',
		'relay_log_recovery = ON          # survives a crash',
		'sync_binlog = 1',
		'innodb_flush_log_at_trx_commit = 1',
	],
});
