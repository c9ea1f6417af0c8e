import { query, type Row, raw, sql } from '../../sql/sql.ts';
import { commonIdentity, expireSeconds, textIn } from '../common/identity.ts';
import type { Identity } from '../contract/identity.ts';

const on = (value: string | null | undefined) => value === '1' || value?.toUpperCase() === 'ON' || value?.toUpperCase() === 'YES';

/** A switch's value in words, whether the server says it by a number or in words. */
function switchWord(value: string): string {
	if (/^(0|OFF)$/i.test(value)) return 'OFF';
	return /^(1|ON)$/i.test(value) ? 'ON' : value;
}

export function seriesOf(version: string): string {
	return /^(?:5\.5\.5-)?(\d+\.\d+)/.exec(version)?.[1] ?? version;
}

const identified = (uptime: string) =>
	query<Identity>(
		sql`SELECT VERSION() AS version, @@version_comment AS comment, @@hostname AS hostname, @@port AS port, @@global.server_id AS server_id,
 @@datadir AS data_dir, @@log_bin AS log_bin, @@global.binlog_format AS binlog_format, @@log_slave_updates AS log_updates,
 @@global.gtid_strict_mode AS gtid_strict, @@global.read_only AS read_only, @@global.event_scheduler AS event_scheduler, @@have_ssl AS have_ssl,
 @@global.sync_binlog AS sync_binlog, @@global.innodb_flush_log_at_trx_commit AS flush_log, @@global.sql_mode AS sql_mode,
 @@global.character_set_server AS character_set, @@global.time_zone AS time_zone, @@lower_case_table_names AS lower_case,
 @@global.expire_logs_days AS expire_days, @@global.binlog_expire_logs_seconds AS expire_seconds, CURRENT_USER() AS account,
 UNIX_TIMESTAMP() AS clock, ${raw(uptime)} AS uptime,
 (SELECT VARIABLE_VALUE FROM information_schema.GLOBAL_VARIABLES WHERE VARIABLE_NAME = 'WSREP_ON') AS wsrep`,
		(rows) => {
			const row: Row = rows[0] ?? {};
			const text = textIn(row);
			return {
				...commonIdentity(row),
				version: text('version').replace(/^5\.5\.5-/, ''),
				series: seriesOf(text('version')),
				serverUuid: null,
				binaryLog: on(row.log_bin),
				binlogFormat: text('binlog_format'),
				logsReplicaUpdates: on(row.log_updates),
				gtidStrict: on(row.gtid_strict),
				readOnly: switchWord(text('read_only')),
				superReadOnly: null,
				tls: on(row.have_ssl),
				binlogExpireSeconds: expireSeconds(row),
				cluster: on(row.wsrep),
			};
		},
	);

export const identity = identified("(SELECT VARIABLE_VALUE FROM information_schema.GLOBAL_STATUS WHERE VARIABLE_NAME = 'UPTIME')");

/** All of GLOBAL_STATUS is reckoned for one value of it, also that of a channel whose lock is held for minutes. */
export const identityWithoutUptime = identified('NULL');

/** MariaDB has no uuid of its data. A server-made table that upgrades leave alone: https://mariadb.com/kb/en/mysql-servers-table/ */
export const madeAt = query<string | null>(
	sql`SELECT CREATE_TIME AS made FROM information_schema.TABLES WHERE TABLE_SCHEMA = 'mysql' AND TABLE_NAME = 'servers'`,
	(rows) => rows[0]?.made ?? null,
);
