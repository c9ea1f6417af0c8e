import type { LogPosition, Manifest } from './manifest.ts';

const quote = (text: string): string => `'${text.replaceAll(/['\\]/g, '\\$&')}'`;
const commented = (lines: readonly string[]): string[] => lines.map((line) => `-- ${line}`);

/** The statements by GTID, or null where the position has none. */
function byGtid(flavor: Manifest['server']['flavor'], { gtid }: LogPosition): string[] | null {
	if (gtid === null || gtid === '') return null;
	return flavor === 'mariadb'
		? [
				'CHANGE MASTER TO',
				"  MASTER_HOST = '<host>', MASTER_PORT = <port>, MASTER_USER = '<user>', MASTER_PASSWORD = '<password>',",
				'  MASTER_SSL = 1, MASTER_USE_GTID = slave_pos;',
				`SET GLOBAL gtid_slave_pos = ${quote(gtid)};`,
				'START SLAVE;',
			]
		: [
				'CHANGE REPLICATION SOURCE TO',
				"  SOURCE_HOST = '<host>', SOURCE_PORT = <port>, SOURCE_USER = '<user>', SOURCE_PASSWORD = '<password>',",
				'  SOURCE_SSL = 1, SOURCE_AUTO_POSITION = 1;',
				'RESET BINARY LOGS AND GTIDS; -- before MySQL 8.2: RESET MASTER',
				`SET GLOBAL gtid_purged = ${quote(gtid.replaceAll(/\s/g, ''))};`,
				'START REPLICA;',
			];
}

/** The statements by file and position, or null where there are none. */
function byFile(flavor: Manifest['server']['flavor'], { file, pos }: LogPosition): string[] | null {
	if (file === null || pos === null) return null;
	return flavor === 'mariadb'
		? [
				'CHANGE MASTER TO',
				"  MASTER_HOST = '<host>', MASTER_PORT = <port>, MASTER_USER = '<user>', MASTER_PASSWORD = '<password>',",
				`  MASTER_SSL = 1, MASTER_LOG_FILE = ${quote(file)}, MASTER_LOG_POS = ${pos}, MASTER_USE_GTID = no;`,
				'START SLAVE;',
			]
		: [
				'CHANGE REPLICATION SOURCE TO',
				"  SOURCE_HOST = '<host>', SOURCE_PORT = <port>, SOURCE_USER = '<user>', SOURCE_PASSWORD = '<password>',",
				`  SOURCE_SSL = 1, SOURCE_AUTO_POSITION = 0, SOURCE_LOG_FILE = ${quote(file)}, SOURCE_LOG_POS = ${pos};`,
				'START REPLICA;',
			];
}

/**
 * `change-source.sql`: makes a server restored from the backup a replica. The first way that the positions allow stands ready, the others
 * commented: from the server's source by GTID, by file and position, then from the server itself. Host, port, user and password are
 * placeholders in the first statement, which no server accepts with them: the client stops there, so an unedited file changes nothing. Nor
 * does an edited one on a server that replicates already (error 1198 at the first statement): it stops no replication by itself.
 */
export function changeSourceSql({ id, server, position }: Pick<Manifest, 'id' | 'server' | 'position'>): string {
	const { source, self } = position;
	const at = source === null ? '' : `${source.host}:${source.port}`;
	const here = `${server.host}:${server.port}`;
	const ways: { title: string; lines: string[] | null }[] = [
		{ title: `From ${at}, the source of the server that was backed up, by GTID`, lines: source && byGtid(server.flavor, source) },
		{
			title: `From ${at}, the source of the server that was backed up, by file and position`,
			lines: source && byFile(server.flavor, source),
		},
		{ title: `From ${here}, the server that was backed up, by GTID`, lines: self && byGtid(server.flavor, self) },
		{ title: `From ${here}, the server that was backed up, by file and position`, lines: self && byFile(server.flavor, self) },
	];
	const text = [
		`-- Makes a server restored from backup ${id} a replica that goes on from where the backup stands.`,
		'-- Run it after the data is loaded. First replace <host>, <port>, <user> and <password> by those of a replication account',
		'-- (REPLICATION SLAVE) on the source. Keep MASTER_SSL/SOURCE_SSL unless the source has no TLS.',
		...(server.flavor === 'mariadb'
			? [
					'-- Error 1947 or 1950: the new server has written a binary log of its own while loading. RESET MASTER on it (never on a server',
					'-- that others replicate from), then run this again; README.txt says how to load without writing one.',
				]
			: []),
	];
	let ready = false;
	for (const { title, lines } of ways) {
		if (lines === null) continue;
		text.push('', `-- ${title}${ready ? ' (remove the dashes of one way only)' : ''}:`, ...(ready ? commented(lines) : lines));
		ready = true;
	}
	if (!ready) text.push('', '-- The server had neither a source nor a binary log, so this backup names no position to go on from.');
	return `${text.join('\n')}\n`;
}
