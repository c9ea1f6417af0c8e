import { statfs } from 'node:fs/promises';
import { listBackups } from '../archive/list.ts';
import type { StatusReport } from '../core/desk.ts';
import type { Channel } from '../dialects/dialect.ts';
import { applierGaps, logGaps, tellGap } from '../runbooks/gaps.ts';
import { titleOf } from '../runbooks/server.ts';
import { connect } from '../server/session.ts';
import type { Query } from '../sql/sql.ts';
import { quieten } from '../world/world.ts';
import type { Context } from './context.ts';
import { type OpenedServer, openServer, type ServerWish } from './servers.ts';

/** Looks at one server: replication, read-only, size, replicas, last backup (in its profile's folder, else in `output`). Read-only. */
export async function statusOf(context: Context, wish: Omit<ServerWish, 'role'>, output: string | null = null): Promise<StatusReport> {
	const opened = await openServer(context, { role: 'server', ...wish });
	const session = await connect(opened.reach.address, opened.reach.password, { signal: context.signal });
	try {
		await quieten(session, opened.reach.dialect);
		return await report(context, opened, output, async (query) =>
			query.read(await session.query(query.statement, { signal: context.signal })),
		);
	} finally {
		await session.close();
	}
}

async function report(
	context: Context,
	opened: OpenedServer,
	output: string | null,
	look: <T>(query: Query<T>) => Promise<T>,
): Promise<StatusReport> {
	const { dialect } = opened.reach;
	const { identity, server } = opened;
	const profile = opened.profile === null ? undefined : context.profiles.get(opened.profile);
	const backups = profile?.output ?? output;
	const channels = await look(dialect.channel.status);
	const position = await look(dialect.positions.current);
	const tables = await look(dialect.catalogue.tables);
	const troubles: string[] = [];
	const troubleOf = (channel: Channel) => {
		const of = channels.length > 1 ? ` of ${channel.name || 'the default channel'} (${channel.host}:${channel.port})` : '';
		return [
			...(channel.io === 'yes' ? [] : [`The IO thread${of} does not run${channel.ioError ? `: ${channel.ioError}` : '.'}`]),
			...(channel.sql === 'yes' ? [] : [`The SQL thread${of} does not run${channel.sqlError ? `: ${channel.sqlError}` : '.'}`]),
			...(channel.tlsAsked ? [] : [`Replication${of} is not encrypted.`]),
		];
	};
	troubles.push(...channels.flatMap(troubleOf));
	const mends = channels.flatMap((channel) => {
		const mend = (error: string | null) => dialect.mends.channelError(error, { channel, name: server.name });
		return [
			// One that goes on trying to connect need not be started.
			...(channel.io === 'no' || channel.ioError !== null ? mend(channel.ioError) : []),
			...(channel.sql === 'no' ? mend(channel.sqlError) : []),
		];
	});
	const at = async <T>(_role: string, query: Query<T>) => look(query);
	const gaps = [
		...(channels.length === 0 ? [] : await applierGaps(server, channels, at, 'server')),
		...(identity.binaryLog ? (await logGaps(server, at, 'server')).filter(({ effect }) => effect === 'missing') : []),
	];
	troubles.push(...gaps.map((gap) => `${tellGap(gap)}.`));
	mends.push(...gaps.flatMap(({ hints }) => hints));
	if (channels.length === 0 && identity.readOnly !== 'OFF' && position.replicated !== '') {
		troubles.push('It was a replica, and is read-only, but has no source any more: nothing replicates.');
		mends.push(`lockstep provision --primary SERVER --replica SERVER --confirm ${server.name}`);
	}
	if (channels.length > 0) {
		if (identity.readOnly === 'OFF') troubles.push('This replica is not read-only: local writes would make it differ.');
		if (identity.eventScheduler === 'ON') troubles.push('Its event scheduler is on: events fire here as well as on the primary.');
	}
	// Of several channels the one in trouble, else the one that is furthest behind.
	const channel = channels.toSorted((a, b) => troubleOf(b).length - troubleOf(a).length || (b.lagSeconds ?? 0) - (a.lagSeconds ?? 0))[0];
	return {
		name: server.name,
		title: titleOf(server, identity),
		version: identity.version,
		address: opened.reach.address.socket ?? `${server.host}:${server.port}`,
		badge: profile?.badge ?? null,
		readOnly: identity.readOnly !== 'OFF',
		tls: opened.tls,
		uptimeSeconds: identity.uptimeSeconds,
		databases: (await look(dialect.catalogue.databases)).length,
		bytes: tables.reduce((sum, table) => sum + table.bytes, 0),
		replicas: (await look(dialect.channel.connected)).map((each) => `${each.user}@${each.host.replace(/:\d+$/, '')}`),
		replication:
			channel === undefined
				? null
				: {
						source: channels.map((each) => `${each.host}:${each.port}`).join(', '),
						io: channel.io,
						sql: channel.sql,
						lagSeconds: channel.lagSeconds,
						waiting: dialect.positions.lacking(position.replicated, channel.received),
						gtid: position.replicated,
						encrypted: channels.every((each) => each.tlsAsked),
						error: channel.sqlError ?? channel.ioError,
					},
		lastBackup: backups === null ? null : await lastBackup(backups),
		disk: backups === null ? null : await diskOf(backups),
		healthy: troubles.length === 0,
		mends: [...new Set(mends)],
		troubles,
	};
}

async function diskOf(path: string): Promise<StatusReport['disk']> {
	const disk = await statfs(path).catch(() => null);
	return disk === null ? null : { path, freeBytes: disk.bavail * disk.bsize };
}

async function lastBackup(folder: string): Promise<StatusReport['lastBackup']> {
	const found = await listBackups(folder).catch(() => []);
	for (const each of found.toReversed()) {
		if (each.state !== 'complete') continue;
		const { manifest } = each;
		return {
			path: each.path,
			finished: manifest.finished,
			bytes: manifest.totals.bytes,
			rawBytes: manifest.totals.raw_bytes,
			heldMs: manifest.consistency.held_ms,
		};
	}
	return null;
}
