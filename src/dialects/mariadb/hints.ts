import type { Hints } from '../contract/hints.ts';
import { channelError } from './channel-errors.ts';

export const hints: Hints = {
	tools: [
		'Debian, Ubuntu:  apt-get install mariadb-client   Red Hat, Fedora:  dnf install mariadb',
		'Where these are older than the server:  from MariaDB’s own repository, mariadb.org/download/?t=repo-config',
	],
	binaryLog: ['In the primary’s option file, under [mariadbd]:  log_bin', 'then restart the primary.'],
	primaryId: ['In the primary’s option file:  server_id = 1', 'then restart the primary.'],
	replicaId: (free) => [`In the replica’s option file:  server_id = ${free}`, `and, without a restart:  SET GLOBAL server_id = ${free};`],
	tls: ['In the primary’s option file:  ssl_cert = …  ssl_key = …  (and ssl_ca), then restart it;'],
	retention: ['SET GLOBAL binlog_expire_logs_seconds = 604800;'],
	strict: ['SET GLOBAL gtid_strict_mode = ON;  and in its option file: gtid_strict_mode = ON'],
	strayPosition: [
		'This server was a replica before and did not log what it replicated, or gtid_slave_pos was set by hand.',
		'If it is a primary now and is not a replica:  SET GLOBAL gtid_slave_pos = @@global.gtid_binlog_pos;',
	],
	namedChannel: (name) => `STOP SLAVE '${name}'; RESET SLAVE '${name}' ALL;`,
	channelError,
};
