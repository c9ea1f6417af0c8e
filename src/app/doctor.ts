import { statfs } from 'node:fs/promises';
import { listBackups } from '../archive/list.ts';
import { proofsOf } from '../archive/records.ts';
import { isUnknown, type Unknown } from '../catalogue/contract.ts';
import type { BackupFacts, Facts, FolderSpace } from '../catalogue/facts.ts';
import { ANSWER_SECONDS, diagnose } from '../catalogue/index.ts';
import type { DoctorReport } from '../core/doctor-report.ts';
import { LockstepError, ServerError } from '../core/errors.ts';
import type { Language } from '../core/languages.ts';
import type { ServerFolder } from '../dialects/contract/diagnostics.ts';
import type { Dialect } from '../dialects/contract/dialect.ts';
import { findTool } from '../exec/find-tool.ts';
import { LESSONS } from '../lessons/index.ts';
import { applierGaps, logGaps } from '../runbooks/shared/gaps.ts';
import { titleOf } from '../runbooks/shared/server.ts';
import { toolFoldersFor } from '../sandbox/places.ts';
import { connect, type Session } from '../server/session.ts';
import { type Query, shown } from '../sql/sql.ts';
import type { AppContext } from './context.ts';
import { type ConnectionOptions, type OpenedServer, openServer } from './servers.ts';
import { profileOf } from './status-report.ts';

/** The servers that are looked at. `primary`: what a replica is compared with; undefined: what its profile expects, if it does. */
export type DoctorServers = {
	readonly server: Omit<ConnectionOptions, 'role'>;
	readonly primary?: Omit<ConnectionOptions, 'role'> | undefined;
	/** Where its backups are, if its profile does not say it. */
	readonly backups?: string | undefined;
	readonly language: Language;
};

/** Looks at a server and judges it by the catalogue. Read-only; each question has a bound, and one that is not answered is a finding. Rejects with the errors of connecting. */
export async function examine(context: AppContext, { server, primary, backups, language }: DoctorServers): Promise<DoctorReport> {
	const opened = await openServer(context, { role: 'server', ...server }, 'status');
	const profile = profileOf(context, opened);
	const expected = profile?.expect?.replicaOf;
	const other = primary ?? (expected !== undefined && context.profiles.get(expected) !== undefined ? { server: expected } : undefined);
	const source = other === undefined ? null : await openServer(context, { role: 'primary', ...other }, 'status');
	await using asked = await opening(context, opened);
	await using asking = source === null ? null : await opening(context, source);
	const own = await factsOf(context, opened, asked, profile?.output ?? backups ?? null);
	const facts = { ...own, ...(await compared(own, source, asking)) };
	const { identity, reach } = opened;
	return {
		name: opened.server.name,
		title: titleOf(opened.server, identity),
		version: identity.version,
		address: reach.address.socket ?? `${opened.server.host}:${opened.server.port}`,
		primary: source?.server.name ?? null,
		findings: diagnose(facts, language).map((each) => (isTaught(each.lesson, reach.dialect) ? each : { ...each, lesson: null })),
	};
}

/** Whether practice has that lesson on this vendor's servers. */
const isTaught = (lesson: string | null, { id }: Dialect): boolean =>
	LESSONS.some((each) => each.id === lesson && each.vendors.includes(id));

/** Asks a server one question after the other; what it does not answer is known as such. */
type Asking = AsyncDisposable & { ask<T>(query: Query<T>): Promise<T | Unknown> };

async function opening(context: AppContext, { reach: { address, password } }: OpenedServer): Promise<Asking> {
	const open = () => connect(address, password, { signal: context.signal });
	let session: Session = await open();
	return {
		async ask(query) {
			try {
				// The one that was cut off is over: the server still waits in it.
				if (session.lost.aborted) session = await open();
				return query.read(await session.query(query.statement, { timeoutMs: ANSWER_SECONDS * 1000, signal: context.signal }));
			} catch (error) {
				context.signal.throwIfAborted();
				if (!(error instanceof LockstepError)) throw error;
				const isRefused = error instanceof ServerError && !error.connectionLost;
				return isRefused
					? { unknown: 'refused', text: error.description.message }
					: { unknown: 'timeout', text: shown(query.statement).replace(/\s+/g, ' ').slice(0, 60) };
			}
		},
		[Symbol.asyncDispose]: () => session.close(),
	};
}

type Alone = Omit<Facts, 'primary' | 'primaryWritten' | 'primaryPackets' | 'primaryConnected' | 'primaryAccounts' | 'errant'>;

async function factsOf(context: AppContext, opened: OpenedServer, { ask }: Asking, output: string | null): Promise<Alone> {
	const { server, identity, tls, reach } = opened;
	const { dialect } = reach;
	const { diagnostics, locks, channel, catalogue, positions, privileges } = dialect;
	const channels = await rooted(opened, ask);
	const held = await ask(privileges.held);
	const asked = Date.now();
	const clock = await ask(diagnostics.clock);
	const halfway = (asked + Date.now()) / 2000;
	return {
		...{ dialect, identity, tls, channels },
		name: server.name,
		now: context.now().getTime(),
		position: await ask(positions.current),
		own: await ask(positions.own),
		gaps: isUnknown(channels) ? channels : await gapsOf(opened, channels, ask),
		activity: await ask(locks.activity),
		temporaryTables: await ask(channel.openTemporaryTables),
		memoryTables: await ask(catalogue.inMemory),
		prepared: await ask(locks.prepared.query),
		missing: isUnknown(held) ? held : privileges.missing(held, privileges.needs.backup),
		crash: await ask(diagnostics.crash),
		packets: await ask(diagnostics.packets),
		bypass: await ask(diagnostics.bypass),
		retries: diagnostics.retries === null ? [] : await ask(diagnostics.retries),
		skew: isUnknown(clock) ? clock : clock - halfway,
		spaces: await spacesOf(opened, await ask(diagnostics.folders)),
		logBytes: identity.binaryLog ? await ask(diagnostics.logBytes) : 0,
		tool: await toolOf(context, opened),
		backups: output === null ? null : await backupFacts(output),
	};
}

/** Its channels, each with the error that is behind what it names. */
async function rooted({ reach: { dialect } }: OpenedServer, ask: Asking['ask']): Promise<Facts['channels']> {
	const channels = await ask(dialect.channel.status);
	if (isUnknown(channels)) return channels;
	const roots = dialect.channel.rootErrors(channels);
	const known = roots === null ? channels : await ask(roots);
	return isUnknown(known) ? channels : known;
}

async function gapsOf(
	{ server, identity }: OpenedServer,
	channels: Exclude<Facts['channels'], Unknown>,
	ask: Asking['ask'],
): Promise<Facts['gaps']> {
	let unknown: Unknown | null = null;
	const runQuery = async <T>(_role: string, query: Query<T>): Promise<T> => {
		const answer = await ask(query);
		if (!isUnknown(answer)) return answer;
		unknown = answer;
		return query.read([]);
	};
	const gaps = [
		...(channels.length === 0 ? [] : await applierGaps(server, channels, runQuery, 'server')),
		...(identity.binaryLog ? await logGaps(server, runQuery, 'server') : []),
	];
	return unknown ?? gaps;
}

/** What the primary knows about it; all null where none was named. */
async function compared(own: Alone, source: OpenedServer | null, asking: Asking | null): Promise<Omit<Facts, keyof Alone>> {
	if (source === null || asking === null) {
		return { primary: null, primaryWritten: null, primaryPackets: null, primaryConnected: null, primaryAccounts: null, errant: null };
	}
	const { diagnostics, positions, channel } = source.reach.dialect;
	const { ask } = asking;
	const user = isUnknown(own.channels) ? undefined : own.channels[0]?.user;
	const position = await ask(positions.current);
	return {
		primary: { name: source.server.name, identity: source.identity },
		primaryWritten: isUnknown(position) ? position : position.written,
		primaryPackets: await ask(diagnostics.packets),
		primaryConnected: await ask(channel.connected),
		primaryAccounts: user === undefined ? null : await ask(diagnostics.accountLimits(user)),
		// Asked after the replica: what it had then, the primary has by now, if it ever wrote it.
		errant: isUnknown(own.position) || own.position.gtid === '' ? '' : await ask(positions.unknown(own.position.gtid)),
	};
}

async function spacesOf({ server }: OpenedServer, folders: readonly ServerFolder[] | Unknown): Promise<Facts['spaces']> {
	if (isUnknown(folders)) return folders;
	if (!server.local) return { unknown: 'elsewhere', text: 'the server’s disks can only be seen on its own machine.' };
	const spaces: FolderSpace[] = [];
	for (const { use, path } of folders) {
		const disk = await statfs(path).catch(() => null);
		if (disk === null) return { unknown: 'elsewhere', text: `${path} cannot be seen from here.` };
		const of = { path, freeBytes: disk.bavail * disk.bsize, totalBytes: disk.blocks * disk.bsize };
		// Folders of one disk are told once.
		if (!spaces.some((each) => each.freeBytes === of.freeBytes && each.totalBytes === of.totalBytes)) spaces.push({ use, ...of });
	}
	return spaces;
}

/** The version of the vendor's dump tool on this machine; null where none was found. */
async function toolOf({ env }: AppContext, { reach: { dialect }, identity: { series } }: OpenedServer): Promise<string | null> {
	const { names } = dialect.tools.dumpDatabase('server', 'any', [], { versioned: false });
	const tool = await findTool(names, { folders: toolFoldersFor(env, series), env, accepts: ({ banner }) => dialect.tools.isOurs(banner) });
	return tool?.version ?? null;
}

async function backupFacts(folder: string): Promise<BackupFacts | Unknown> {
	try {
		const complete = (await listBackups(folder)).filter((each) => each.state === 'complete').toReversed();
		// The files of a backup are not read, nor their sizes: a folder may hold hundreds.
		const proven = await Promise.all(
			complete.map(async ({ path, manifest: { finished } }) => ({ path, finished, ...(await proofsOf(path)) })),
		);
		const [last] = proven;
		const drills = proven.flatMap(({ drilled }) => (drilled.state === 'ok' ? [drilled.at] : [])).sort();
		return {
			folder,
			last: last === undefined ? null : { path: last.path, finished: last.finished, isVerified: last.verified.state === 'ok' },
			lastDrill: drills.at(-1) ?? null,
		};
	} catch (error) {
		if (!(error instanceof LockstepError)) throw error;
		return { unknown: 'elsewhere', text: error.description.message };
	}
}
