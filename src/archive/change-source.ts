import type { ByHand } from '../core/by-hand.ts';
import type { LogPosition, Manifest, SourcePosition } from './manifest.ts';

const commented = (lines: readonly string[]): string[] => lines.map((line) => `-- ${line}`);

type Source = { readonly name: string } & LogPosition;

/** The statements by GTID, or null where the position has none. One position for all channels: it names every domain. */
function byGtid(byHand: ByHand, sources: readonly Source[]): string[] | null {
	const gtid = sources[0]?.gtid;
	if (!gtid) return null;
	return [
		...sources.flatMap(({ name }) => byHand.configure(name, 'gtid')),
		...byHand.setPosition(gtid),
		...sources.map(({ name }) => byHand.start(name)),
	];
}

/** The statements by file and position, or null where there are none. */
function byFile(byHand: ByHand, sources: readonly Source[]): string[] | null {
	const lines: string[] = [];
	for (const { name, file, pos } of sources) {
		if (file === null || pos === null) return null;
		lines.push(...byHand.configure(name, { file, pos }));
	}
	return lines.length === 0 ? null : [...lines, ...sources.map(({ name }) => byHand.start(name))];
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
export function changeSourceSql({ id, server, position }: Pick<Manifest, 'id' | 'server' | 'position'>, byHand: ByHand): string {
	const sources = sourcesOf(position);
	const self = position.self === null ? [] : [{ name: '', ...position.self }];
	const at = sources.map(({ name, host, port }) => (name === '' ? `${host}:${port}` : `${host}:${port} (channel ${name})`)).join(' and ');
	const whose = `${sources.length > 1 ? 'the sources, in this order,' : 'the source'} of the server that was backed up`;
	const here = `${server.host}:${server.port}`;
	const ways: { title: string; lines: string[] | null }[] = [
		{ title: `From ${at}, ${whose}, by GTID`, lines: byGtid(byHand, sources) },
		{
			title: `From ${at}, ${whose}, by file and position`,
			lines: byFile(byHand, sources),
		},
		{ title: `From ${here}, the server that was backed up, by GTID`, lines: byGtid(byHand, self) },
		{ title: `From ${here}, the server that was backed up, by file and position`, lines: byFile(byHand, self) },
	];
	const text = [
		`-- Makes a server restored from backup ${id} a replica that continues from the backup's position.`,
		'-- Run it after the data is loaded. First replace <host>, <port>, <user> and <password> by those of a replication account',
		'-- (REPLICATION SLAVE) on the source. Keep MASTER_SSL/SOURCE_SSL unless the source has no TLS.',
		...commented(byHand.beforeReplica),
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
