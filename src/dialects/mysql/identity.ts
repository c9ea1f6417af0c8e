import { list, query, type Row, sql } from '../../sql/sql.ts';
import { commonIdentity, expireSeconds, textIn } from '../common/identity.ts';
import type { Identity } from '../contract/identity.ts';
import { gtidOn, on } from './values.ts';

export function seriesOf(version: string): string {
	return /^(\d+\.\d+)/.exec(version)?.[1] ?? version;
}

/** Variables that some versions lack (1193 as @@name): the first of the names that is there. All of it can be read without a privilege. */
export const variable = (...names: readonly string[]) =>
	sql`(SELECT MAX(VARIABLE_VALUE) FROM performance_schema.global_variables WHERE VARIABLE_NAME IN (${list(names)}))`;
const status = (name: string) => sql`(SELECT VARIABLE_VALUE FROM performance_schema.global_status WHERE VARIABLE_NAME = ${name})`;

export const identity = query<Identity>(
	sql`SELECT VERSION() AS version, @@version_comment AS comment, @@hostname AS hostname, @@port AS port, @@global.server_id AS server_id,
 @@global.server_uuid AS server_uuid, @@datadir AS data_dir, @@global.log_bin AS log_bin, ${variable('binlog_format')} AS binlog_format,
 ${variable('log_replica_updates', 'log_slave_updates')} AS log_updates, @@global.gtid_mode AS gtid_mode,
 @@global.enforce_gtid_consistency AS gtid_consistency, @@global.read_only AS read_only, @@global.super_read_only AS super_read_only,
 @@global.event_scheduler AS event_scheduler, ${variable('have_ssl')} AS have_ssl, ${status('Ssl_server_not_after')} AS certificate,
 @@global.sync_binlog AS sync_binlog, @@global.innodb_flush_log_at_trx_commit AS flush_log, @@global.sql_mode AS sql_mode,
 @@global.character_set_server AS character_set, @@global.time_zone AS time_zone, @@lower_case_table_names AS lower_case,
 ${variable('expire_logs_days')} AS expire_days, ${variable('binlog_expire_logs_seconds')} AS expire_seconds,
 ${variable('binlog_expire_logs_auto_purge')} AS auto_purge, CURRENT_USER() AS account, UNIX_TIMESTAMP() AS clock, ${status('Uptime')} AS uptime,
 ${variable('wsrep_on')} AS wsrep, ${variable('group_replication_group_name')} AS group_name`,
	(rows) => {
		const row: Row = rows[0] ?? {};
		const text = textIn(row);
		return {
			...commonIdentity(row),
			version: text('version'),
			series: seriesOf(text('version')),
			serverUuid: row.server_uuid ?? null,
			binaryLog: on(row.log_bin),
			// Where the variable is gone there is but one format.
			binlogFormat: text('binlog_format') || 'ROW',
			logsReplicaUpdates: on(row.log_updates),
			gtidStrict: gtidOn(row.gtid_mode, row.gtid_consistency),
			readOnly: on(row.read_only) ? 'ON' : 'OFF',
			superReadOnly: on(row.super_read_only) ? 'ON' : 'OFF',
			tls: on(row.have_ssl) || text('certificate') !== '',
			binlogExpireSeconds: /^OFF$/i.test(text('auto_purge')) ? 0 : expireSeconds(row),
			// A member of a group, or set up to be one: only accounts with SELECT everywhere may see whether it is at work.
			cluster: on(row.wsrep) || text('group_name') !== '',
		};
	},
);
