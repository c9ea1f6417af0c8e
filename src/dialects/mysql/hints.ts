import { shown, sql } from '../../sql/sql.ts';
import type { Hints } from '../contract/hints.ts';
import { channelError } from './channel-errors.ts';

export const hints: Hints = {
	tools: [
		'Ubuntu:  apt-get install mysql-client   Red Hat:  dnf install mysql',
		'Debian (default-mysql-client is MariaDB’s), or where these are older than the server:',
		'mysql-community-client from MySQL’s own repository, dev.mysql.com/downloads/repo',
	],
	binaryLog: ['In the primary’s option file, under [mysqld]:  remove skip_log_bin or disable_log_bin', 'then restart the primary.'],
	primaryId: ['In the primary’s option file:  server_id = 1', 'then restart the primary.'],
	replicaId: (free) => [`SET PERSIST server_id = ${free};`, `or in the replica’s option file:  server_id = ${free}`],
	tls: ['In the primary’s option file:  ssl_ca = …  ssl_cert = …  ssl_key = …', 'and, without a restart:  ALTER INSTANCE RELOAD TLS;'],
	retention: ['SET PERSIST binlog_expire_logs_seconds = 604800;'],
	// One step at a time, each on all servers of the topology before the next.
	strict: [
		'Without a restart, each of these on both servers before the next:',
		'SET PERSIST enforce_gtid_consistency = ON;',
		'SET PERSIST gtid_mode = OFF_PERMISSIVE;',
		'SET PERSIST gtid_mode = ON_PERMISSIVE;',
		'SET PERSIST gtid_mode = ON;',
	],
	strayPosition: ['SELECT @@global.gtid_executed, @@global.gtid_purged;'],
	namedChannel: (name) => {
		const channel = shown(sql`${name}`);
		return `STOP REPLICA FOR CHANNEL ${channel}; RESET REPLICA ALL FOR CHANNEL ${channel};`;
	},
	channelError,
};
