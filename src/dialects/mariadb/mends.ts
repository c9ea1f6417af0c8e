import type { Dialect } from '../dialect.ts';

const CHANNEL_ERRORS: Readonly<Record<string, string>> = {
	'1045': 'The primary refused the login: its account’s host must match the replica’s address (--account NAME@HOST), and it demands TLS.',
	'1130': 'The primary does not let that address in: give the account another host (--account NAME@HOST).',
	'1236': 'The primary no longer has, or never had, what the replica asks for: seed it again.',
	'1593': 'Both have the same server id: SET GLOBAL server_id on the replica, and in its option file.',
	'1950': 'Something was written on the replica itself: seed it again, and find out who writes there.',
	'2003': 'The replica cannot reach the primary: bind_address, firewall, or an address that only this machine knows (--source HOST:PORT).',
	'2005': 'The replica cannot resolve the primary’s name: --source HOST:PORT with an address that it knows.',
	'2026': 'TLS failed: the certificate authority given with --channel-ca must be the primary’s, readable on the replica’s host.',
};

export const mends: Dialect['mends'] = {
	tools: ['Debian, Ubuntu:  apt-get install mariadb-client', 'Red Hat, Fedora:  dnf install mariadb'],
	binaryLog: ['In the primary’s option file, under [mariadbd]:  log_bin', 'then restart the primary.'],
	primaryId: ['In the primary’s option file:  server_id = 1', 'then restart the primary.'],
	replicaId: (free) => [`In the replica’s option file:  server_id = ${free}`, `and, without a restart:  SET GLOBAL server_id = ${free};`],
	tls: ['In the primary’s option file:  ssl_cert = …  ssl_key = …  (and ssl_ca), then restart it;'],
	retention: ['SET GLOBAL binlog_expire_logs_seconds = 604800;'],
	strict: ['SET GLOBAL gtid_strict_mode = ON;  and in its option file: gtid_strict_mode = ON'],
	strayPosition: [
		'This server was a replica before and did not log what it replicated, or gtid_slave_pos was set by hand.',
		"If it is a primary now and replicates from nobody:  SET GLOBAL gtid_slave_pos = '';",
	],
	namedChannel: (name) => `STOP SLAVE '${name}'; RESET SLAVE '${name}' ALL;`,
	channelError(error) {
		const known = CHANNEL_ERRORS[/^(\d+):/.exec(error)?.[1] ?? ''];
		return known === undefined ? [] : [known];
	},
};
