import type { LogPosition, Manifest, SourcePosition } from './manifest.ts';

const quote = (text: string): string => `'${text.replaceAll(/['\\]/g, '\\$&')}'`;
const commented = (lines: readonly string[]): string[] => lines.map((line) => `-- ${line}`);

type Way = { readonly name: string } & LogPosition;

/** One channel's configuration; `from` is the part that says from where on. */
function configure(flavor: Manifest['server']['flavor'], { name }: Way, from: string): string[] {
	return flavor === 'mariadb'
		? [
				`CHANGE MASTER${name === '' ? '' : ` ${quote(name)}`} TO`,
				"  MASTER_HOST = '<host>', MASTER_PORT = <port>, MASTER_USER = '<user>', MASTER_PASSWORD = '<password>',",
				`  MASTER_SSL = 1, ${from};`,
			]
		: [
				'CHANGE REPLICATION SOURCE TO',
				"  SOURCE_HOST = '<host>', SOURCE_PORT = <port>, SOURCE_USER = '<user>', SOURCE_PASSWORD = '<password>',",
				`  SOURCE_SSL = 1, ${from}${name === '' ? '' : ` FOR CHANNEL ${quote(name)}`};`,
			];
}

function start(flavor: Manifest['server']['flavor'], ways: readonly Way[]): string[] {
	return ways.map(({ name }) => {
		if (flavor === 'mariadb') return `START SLAVE${name === '' ? '' : ` ${quote(name)}`};`;
		return `START REPLICA${name === '' ? '' : ` FOR CHANNEL ${quote(name)}`};`;
	});
}

/** The statements by GTID, or null where the position has none. One position for all channels: it names every domain. */
function byGtid(flavor: Manifest['server']['flavor'], ways: readonly Way[]): string[] | null {
	const gtid = ways[0]?.gtid;
	if (!gtid) return null;
	return flavor === 'mariadb'
		? [
				...ways.flatMap((way) => configure(flavor, way, 'MASTER_USE_GTID = slave_pos')),
				`SET GLOBAL gtid_slave_pos = ${quote(gtid)};`,
				...start(flavor, ways),
			]
		: [
				...ways.flatMap((way) => configure(flavor, way, 'SOURCE_AUTO_POSITION = 1')),
				'RESET BINARY LOGS AND GTIDS; -- before MySQL 8.2: RESET MASTER',
				`SET GLOBAL gtid_purged = ${quote(gtid.replaceAll(/\s/g, ''))};`,
				...start(flavor, ways),
			];
}

/** The statements by file and position, or null where there are none. */
function byFile(flavor: Manifest['server']['flavor'], ways: readonly Way[]): string[] | null {
	const lines: string[] = [];
	for (const way of ways) {
		if (way.file === null || way.pos === null) return null;
		const [file, pos] = [quote(way.file), way.pos];
		lines.push(
			...configure(
				flavor,
				way,
				flavor === 'mariadb'
					? `MASTER_LOG_FILE = ${file}, MASTER_LOG_POS = ${pos}, MASTER_USE_GTID = no`
					: `SOURCE_AUTO_POSITION = 0, SOURCE_LOG_FILE = ${file}, SOURCE_LOG_POS = ${pos}`,
			),
		);
	}
	return lines.length === 0 ? null : [...lines, ...start(flavor, ways)];
}

/** A backup's sources; one of an older version names only the first. */
export const sourcesOf = ({ source, sources }: Manifest['position']): readonly SourcePosition[] =>
	sources ?? (source === null ? [] : [{ name: '', ...source }]);

/**
 * `change-source.sql`: makes a server restored from the backup a replica. The first way that the positions allow stands ready, the others
 * commented: from the server's source by GTID, by file and position, then from the server itself. Host, port, user and password are
 * placeholders in the first statement, which no server accepts with them: the client stops there, so an unedited file changes nothing. Nor
 * does an edited one on a server that replicates already (error 1198 at the first statement): it stops no replication by itself.
 */
export function changeSourceSql({ id, server, position }: Pick<Manifest, 'id' | 'server' | 'position'>): string {
	const sources = sourcesOf(position);
	const self = position.self === null ? [] : [{ name: '', ...position.self }];
	const at = sources.map(({ name, host, port }) => (name === '' ? `${host}:${port}` : `${host}:${port} (channel ${name})`)).join(' and ');
	const whose = `${sources.length > 1 ? 'the sources, in this order,' : 'the source'} of the server that was backed up`;
	const here = `${server.host}:${server.port}`;
	const ways: { title: string; lines: string[] | null }[] = [
		{ title: `From ${at}, ${whose}, by GTID`, lines: byGtid(server.flavor, sources) },
		{
			title: `From ${at}, ${whose}, by file and position`,
			lines: byFile(server.flavor, sources),
		},
		{ title: `From ${here}, the server that was backed up, by GTID`, lines: byGtid(server.flavor, self) },
		{ title: `From ${here}, the server that was backed up, by file and position`, lines: byFile(server.flavor, self) },
	];
	const text = [
		`-- Makes a server restored from backup ${id} a replica that continues from the backup's position.`,
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
	if (!ready) text.push('', '-- The server had neither a source nor a binary log, so this backup names no position to continue from.');
	return `${text.join('\n')}\n`;
}
