import { ServerError } from '../core/errors.ts';
import { checkExpectations, unmetWords } from '../core/expectations.ts';
import { shellWord } from '../core/shell.ts';
import type { StatusReport } from '../core/status-report.ts';
import { applierWait, NO_ROOM } from '../dialects/common/thread-states.ts';
import type { TableFacts } from '../dialects/contract/catalogue.ts';
import type { Dialect } from '../dialects/contract/dialect.ts';
import type { Channel } from '../dialects/contract/replication.ts';
import type { Profile } from '../profiles/profile.ts';
import { applierGaps, describeGap, logGaps } from '../runbooks/shared/gaps.ts';
import { titleOf } from '../runbooks/shared/server.ts';
import { isAddress, parseServerText } from '../server/server-text.ts';
import { connect, type Session } from '../server/session.ts';
import { type Query, query, sql } from '../sql/sql.ts';
import { stateOfFolder } from './backup-folder.ts';
import type { AppContext } from './context.ts';
import { placesOf, profileAt } from './known-servers.ts';
import { type ConnectionOptions, type OpenedServer, openServer } from './servers.ts';

/** The size of each server's data by its name, and when it was asked: a question that opens every table, so a watch repeats it only now and then. */
export type SizeMemory = Map<string, { readonly bytes: number; readonly at: number }>;

export type StatusMemory = {
	/** Where its backups are, if its profile does not say it. */
	readonly output?: string | null;
	readonly sizes?: SizeMemory;
};

type Known = Required<StatusMemory> & { readonly channels: readonly Channel[] | null };

const SIZE_MS = 600_000;

/** Bytes of all tables: asked again after ten minutes. */
export async function sizeOf(
	name: string,
	sizes: SizeMemory,
	now: Date,
	tables: () => Promise<readonly Pick<TableFacts, 'bytes'>[]>,
): Promise<number> {
	const known = sizes.get(name);
	if (known !== undefined && now.getTime() - known.at < SIZE_MS) return known.bytes;
	const bytes = (await tables()).reduce((sum, table) => sum + table.bytes, 0);
	sizes.set(name, { bytes, at: now.getTime() });
	return bytes;
}

/** Looks at one server: replication, read-only, size, replicas, last backup (in its profile's folder, else in `output`). Read-only. */
export async function statusOf(
	context: AppContext,
	connection: Omit<ConnectionOptions, 'role'> & Partial<Pick<ConnectionOptions, 'role'>>,
	{ output = null, sizes = new Map() }: StatusMemory = {},
): Promise<StatusReport> {
	const opened = await openServer(context, { role: 'server', ...connection }, 'status');
	const { dialect, address, password } = opened.reach;
	let session = await connect(address, password, { signal: context.signal });
	try {
		const channels = await channelsOf(session, dialect, context.signal);
		// The one that was asked is cut off: the server still waits in it.
		if (channels === null) session = await connect(address, password, { signal: context.signal });
		// Whatever opens tables of a replica may write to its log.
		if (channels === null || channels.length > 0) await session.query(dialect.locks.unlogged).catch(refusedOnly);
		const runQuery: RunQuery = async ({ statement, read }) =>
			read(await session.query(statement, { signal: context.signal, timeoutMs: channels === null ? STATUS_MS : CHECK_MS }));
		return asExpected(context, profileOf(context, opened), await report(context, opened, { output, channels, sizes }, runQuery));
	} finally {
		await session.close();
	}
}

/** The same, with what its profile expects: what is not so is a trouble. */
function asExpected(context: AppContext, profile: Profile | undefined | null, seen: StatusReport): StatusReport {
	if (profile?.expect == null) return seen;
	const { replicaOf } = profile.expect;
	const expected = { ...profile.expect, ...(replicaOf !== undefined && { replicaOf: sourceNamed(context, replicaOf) }) };
	const expectations = checkExpectations(expected, seen, context.now());
	const unmet = expectations.filter(({ isMet }) => !isMet).map(unmetWords);
	return { ...seen, expectations, troubles: [...seen.troubles, ...unmet], healthy: seen.healthy && unmet.length === 0 };
}

/** `HOST:PORT` of a profile, or of an address in any form: a replica names neither an account nor the usual port of its source. */
export function sourceNamed({ profiles }: Pick<AppContext, 'profiles'>, name: string): string {
	const { host = name, port = 3306 } = profiles.get(name) ?? placeIn(name);
	return `${host}:${port}`;
}

function placeIn(name: string): Partial<Pick<Profile, 'host' | 'port'>> {
	try {
		return isAddress(name) ? parseServerText(name) : {};
	} catch {
		// No address either: no source is called so, and that is what status says.
		return {};
	}
}

// Not information_schema.GLOBAL_STATUS, which also asks the channels.
const uptime: Query<number> = query(sql`SHOW GLOBAL STATUS LIKE 'Uptime'`, (rows) => Number(rows[0]?.Value ?? 0));

type RunQuery = <T>(query: Query<T>) => Promise<T>;

/** A replica whose relay logs have no room answers only when there is some again; STOP REPLICA in mid-transaction takes its time, too. */
const STATUS_MS = 5_000;
const CHECK_MS = 60_000;

/** Null where the server does not say within a few seconds how its replication stands; the session is over then. */
async function channelsOf(session: Session, { channel }: Dialect, signal: AbortSignal): Promise<readonly Channel[] | null> {
	try {
		return channel.status.read(await session.query(channel.status.statement, { timeoutMs: STATUS_MS, signal }));
	} catch (error) {
		signal.throwIfAborted();
		if (error instanceof ServerError && error.connectionLost) return null;
		throw error;
	}
}

function refusedOnly(error: unknown): void {
	if (!(error instanceof ServerError) || error.connectionLost) throw error;
}

/** What is wrong with a channel; which one it is, where the server has several. */
function channelTroubles(channel: Channel, isOneOfSeveral: boolean): string[] {
	const of = isOneOfSeveral ? ` of ${channel.name || 'the default channel'} (${channel.host}:${channel.port})` : '';
	return [
		...(channel.io === 'yes' ? [] : [`The IO thread${of} does not run${channel.ioError ? `: ${channel.ioError}` : '.'}`]),
		...(channel.sql === 'yes' ? [] : [`The SQL thread${of} does not run${channel.sqlError ? `: ${channel.sqlError}` : '.'}`]),
		...(channel.tlsAsked ? [] : [`Replication${of} is not encrypted.`]),
		...[channel.ioState, channel.sqlState]
			.filter((state) => NO_ROOM.test(state))
			.map((state) => `Replication${of} stands still: ${state}.`),
	];
}

/** What may be done about it; `name`: the server's. */
function channelHints(channel: Channel, dialect: Dialect, name: string): string[] {
	const hints = (error: string | null) => dialect.hints.channelError(error, { channel, name });
	return [
		// One that goes on trying to connect need not be started.
		...(channel.io === 'no' || channel.ioError !== null ? hints(channel.ioError) : []),
		...(channel.sql === 'no' ? hints(channel.sqlError) : []),
		...(NO_ROOM.test(`${channel.ioState} ${channel.sqlState}`) ? ROOM : []),
	];
}

/** `channel`: the one of them that stands for all. `gtid`: what is applied. */
const replicationOf = (
	channel: Channel,
	channels: readonly Channel[],
	positions: Dialect['positions'],
	gtid: string,
): NonNullable<StatusReport['replication']> => ({
	source: channels.map((each) => `${each.host}:${each.port}`).join(', '),
	io: channel.io,
	sql: channel.sql,
	lagSeconds: channel.lagSeconds,
	waiting: positions.countMissing(gtid, channel.received),
	gtid,
	encrypted: channels.every((each) => each.tlsAsked),
	error: channel.sqlError ?? channel.ioError,
});

/** The profile that it was named by, else the one of exactly this address. */
export const profileOf = (context: AppContext, { profile, reach, server }: OpenedServer) =>
	profile === null ? profileAt(context, placesOf({ address: reach.address, port: server.port })) : context.profiles.get(profile);

async function report(
	context: AppContext,
	opened: OpenedServer,
	{ output, channels: known, sizes }: Known,
	runQuery: RunQuery,
): Promise<StatusReport> {
	const { dialect } = opened.reach;
	const { identity, server } = opened;
	const profile = profileOf(context, opened);
	const backups = profile?.output ?? output;
	if (known === null) return frozen(opened, backups, profile?.badge ?? null, runQuery);
	const roots = dialect.channel.rootErrors(known);
	const channels = roots === null ? known : ((await runQuery(roots).catch(refusedOnly)) ?? known);
	const position = await runQuery(dialect.positions.current);
	const troubles: string[] = [];
	const troubleOf = (channel: Channel) => channelTroubles(channel, channels.length > 1);
	troubles.push(...channels.flatMap(troubleOf));
	const hints = channels.flatMap((channel) => channelHints(channel, dialect, server.name));
	const at = async <T>(_role: string, query: Query<T>) => runQuery(query);
	const gaps = [
		...(channels.length === 0 ? [] : await applierGaps(server, channels, at, 'server')),
		...(identity.binaryLog ? (await logGaps(server, at, 'server')).filter(({ effect }) => effect === 'missing') : []),
	];
	troubles.push(...gaps.map((gap) => `${describeGap(gap)}.`));
	hints.push(...gaps.flatMap(({ hints }) => hints));
	if (channels.length === 0 && identity.readOnly !== 'OFF' && position.replicated !== '') {
		troubles.push('It was a replica, and is read-only, but has no source any more: nothing replicates.');
		hints.push(`lockstep provision --primary SERVER --replica SERVER --confirm ${shellWord(server.name)}`);
	}
	if (channels.length > 0) {
		if (identity.readOnly === 'OFF') troubles.push('This replica is not read-only: local writes would make it differ.');
		if (identity.eventScheduler === 'ON') troubles.push('Its event scheduler is on: events fire here as well as on the primary.');
	}
	troubles.push(...(await waitTroubles(channels, position.replicated, dialect, runQuery)));
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
		uptimeSeconds: await runQuery(uptime),
		databases: (await runQuery(dialect.catalogue.databases)).length,
		bytes: await sizeOf(server.name, sizes, context.now(), () => runQuery(dialect.catalogue.tables)),
		replicas: (await runQuery(dialect.channel.connected)).map((each) => `${each.user}@${each.host.replace(/:\d+$/, '')}`),
		replication: channel === undefined ? null : replicationOf(channel, channels, dialect.positions, position.replicated),
		...(await stateOfFolder(backups)),
		expectations: [],
		healthy: troubles.length === 0,
		hints: [...new Set(hints)],
		troubles,
	};
}

/** A replica that lacks what it has received, though both threads run: what its SQL thread waits for. */
async function waitTroubles(
	channels: readonly Channel[],
	applied: string,
	{ positions, locks }: Dialect,
	runQuery: RunQuery,
): Promise<readonly string[]> {
	const isBehind = channels.some(({ sql, received }) => sql === 'yes' && positions.countMissing(applied, received) > 0);
	if (!isBehind) return [];
	// What others do may be hidden from this login.
	const wait = applierWait((await runQuery(locks.activity).catch(refusedOnly)) ?? []);
	if (wait === null || wait.seconds < WAIT_SECONDS) return [];
	return [
		`Its SQL thread runs and applies nothing: ${wait.state ?? 'it waits for rows that another session has locked'} (${wait.seconds} s).`,
	];
}

/** A shorter wait is nothing unusual. */
const WAIT_SECONDS = 3;

const ROOM = ['Make room on the disk of its relay logs:  SELECT @@relay_log, @@datadir;  it resumes by itself within a minute.'];

/** What can be told of a replica that does not answer how its replication stands: its process list does. */
async function frozen(
	{ reach, identity, server, tls }: OpenedServer,
	backups: string | null,
	badge: StatusReport['badge'],
	runQuery: RunQuery,
): Promise<StatusReport> {
	const { dialect, address } = reach;
	const threads = (await runQuery(dialect.locks.activity)).filter(({ user, state }) => user === 'system user' && state !== '');
	const states = [...new Set(threads.map(({ state }) => state))];
	const full = states.some((state) => NO_ROOM.test(state));
	return {
		name: server.name,
		title: titleOf(server, identity),
		version: identity.version,
		address: address.socket ?? `${server.host}:${server.port}`,
		badge,
		readOnly: identity.readOnly !== 'OFF',
		tls,
		uptimeSeconds: await runQuery(uptime),
		databases: (await runQuery(dialect.catalogue.databases)).length,
		bytes: 0,
		replicas: [],
		replication: {
			...{ source: '?', io: 'connecting', sql: 'no', lagSeconds: null, waiting: null, gtid: '', encrypted: true },
			error: NO_ANSWER,
		},
		...(await stateOfFolder(backups)),
		expectations: [],
		healthy: false,
		hints: full ? ROOM : ['What holds it up:  SHOW FULL PROCESSLIST;'],
		troubles: [
			`${NO_ANSWER}: its replication stands still, or a statement about it waits for a lock.`,
			...(states.length === 0 ? [] : [`Its replication threads say: ${states.join('; ')}.`]),
		],
	};
}

const NO_ANSWER = `The server does not say within ${STATUS_MS / 1000} s how its replication stands`;
