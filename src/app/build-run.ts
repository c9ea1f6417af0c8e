import { randomBytes } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { readBoundManifest } from '../archive/bound.ts';
import { labelFor, pathsFor } from '../archive/layout.ts';
import { heldBefore } from '../archive/list.ts';
import { readManifest, withLoadedDigests } from '../archive/manifest.ts';
import { backupFolder } from '../archive/read.ts';
import type { Director } from '../core/director.ts';
import { UserError } from '../core/errors.ts';
import type { Recorded } from '../core/events.ts';
import type { Json } from '../core/json.ts';
import type { Failure } from '../core/model.ts';
import { changedServer, findResumable, newerLockstep, type RunRecord } from '../core/run-record.ts';
import { findLeft, type RunEnd, run, type Scope, takeBack } from '../core/runner.ts';
import { shellWord } from '../core/shell.ts';
import type { Outputs, Runbook } from '../core/step.ts';
import type { BackupRequest, Finding, ProvisionRequest, RestoreRequest, RunRequest } from '../core/wizard-backend.ts';
import { openExecutor, type RealWorld } from '../executor/executor.ts';
import { refuseToExpose } from '../executor/pipes.ts';
import type { BackupEnv } from '../runbooks/locked-dump/env.ts';
import { lockedDump } from '../runbooks/locked-dump/index.ts';
import type { ProvisionEnv } from '../runbooks/provision-replica/env.ts';
import { provisionFromBackup } from '../runbooks/provision-replica/from-backup.ts';
import { provisionRunbook } from '../runbooks/provision-replica/index.ts';
import type { FromBackupEnv } from '../runbooks/provision-replica/on-replica.ts';
import type { RestoreEnv } from '../runbooks/restore-backup/env.ts';
import { restoreRunbook } from '../runbooks/restore-backup/index.ts';
import { selectTables } from '../runbooks/restore-backup/selection.ts';
import type { Server } from '../runbooks/server.ts';
import { fullLogin } from '../server/tls.ts';
import type { AppContext } from './context.ts';
import { newPassword } from './new-password.ts';
import { openPair } from './open-pair.ts';
import { operatorOf } from './operator.ts';
import { type ConnectionOptionsByRole, isLoopback, type OpenedServer, openServer } from './servers.ts';

/** A run that is ready: its servers answered and are known. */
export interface BuiltRun {
	readonly kind: RunRequest['kind'];
	readonly runbook: { readonly id: string; readonly title: string };
	readonly servers: { readonly [role: string]: string };
	readonly past: RunRecord | undefined;
	readonly warnings: readonly string[];
	/** Where the run's folder of journals is; the caller opens the journal of this run there. */
	perform(how: Performance): Promise<RunEnd>;
	/** Takes back what `past` did; `why`: what cut that run off. Throws UserError where it was done on another server. */
	takeBack(how: Performance, past: RunRecord, scope: Scope, why?: Failure): Promise<RunEnd>;
	/** What {@link takeBack} would do now. */
	findLeft(how: Performance, past: RunRecord, scope: Scope): Promise<readonly Finding[]>;
}

export interface Performance {
	readonly run: string;
	readonly director: Director;
	readonly sink: (event: Recorded) => void;
	readonly signal: AbortSignal;
	/** What has been said so far, as text and as JSON lines. */
	readonly transcript: () => { readonly log: string; readonly jsonl: string };
	/** A dry run claims nothing: it holds nothing up. */
	readonly preview: boolean;
	/** Names typed for what an undo asks for. */
	readonly typed?: readonly string[];
}

export const runsFolder = (context: AppContext): string => `${context.stateFolder}/runs`;

/** Sorts by time, to the millisecond: which run is the newest decides what is gone on with. The runbook's name and some randomness follow. */
export const newRunId = (context: AppContext, kind: string): string =>
	`${context.now().toISOString().replaceAll(/[-:.]/g, '')}-${kind}-${randomBytes(2).toString('hex')}`;

/**
 * `wishes` go before what the request itself says about reaching its servers. `undo`: the run that is to be undone, which needs only one of its
 * servers. Rejects with the errors of connecting.
 */
export function buildRun(context: AppContext, asked: RunRequest, given: ConnectionOptionsByRole, undo?: RunRecord): Promise<BuiltRun> {
	const wishes: ConnectionOptionsByRole = Object.fromEntries(
		[...new Set([...Object.keys(asked.reach ?? {}), ...Object.keys(given)])].map((role) => [
			role,
			{ ...asked.reach?.[role], ...given[role] },
		]),
	);
	// The journal must be able to find the servers again; passwords it never holds.
	const reach = Object.fromEntries(
		Object.entries(wishes).map(([role, { password: _secret, ...wish }]) => [role, wish as { [field: string]: Json }]),
	);
	const request = Object.keys(reach).length === 0 ? asked : { ...asked, reach };
	switch (request.kind) {
		case 'provision':
			return prepareProvision(context, request, wishes, undo);
		case 'backup':
			return prepareBackup(context, request, wishes);
		case 'restore':
			return prepareRestore(context, request, wishes);
	}
}

/** What does not change as long as a server is the same one. */
const identityOf = ({
	identity: { serverId, serverUuid, hostname, dataDir },
	madeAt,
}: OpenedServer): { readonly [field: string]: Json } => ({
	serverId,
	serverUuid,
	hostname,
	dataDir,
	madeAt,
});

const identitiesOf = (opened: Readonly<Record<string, OpenedServer>>) =>
	Object.fromEntries(Object.entries(opened).map(([role, each]) => [role, identityOf(each)]));

/** Never puts anything "back" on a server that it was not taken from. */
function sameServers(past: RunRecord, identities: { readonly [role: string]: Json }): void {
	if (past.newer) throw newerLockstep(past.run);
	const role = changedServer(past, identities);
	if (role === undefined) return;
	throw new UserError({
		message: `${past.servers[role] ?? role} is not the server that the run ${past.run} changed.`,
		reason: `It was ${JSON.stringify(past.identities[role])}; now it is ${JSON.stringify(identities[role] ?? null)}.`,
		hints: ['Nothing was done. Its journal says what was changed, and what it was before.'],
	});
}

async function ready<Env extends Outputs>(
	context: AppContext,
	o: {
		readonly runbook: Runbook<Env>;
		readonly env: (how: Performance) => Env;
		readonly opened: Readonly<Record<string, OpenedServer>>;
		readonly claim: string;
		readonly key: string;
		readonly request: RunRequest;
		/** Of which something is run; taking back needs less. */
		readonly backup?: string;
	},
): Promise<BuiltRun> {
	const absent = new Map(
		Object.entries(o.opened).flatMap(([role, { absent: error }]) => (error === undefined ? [] : [[role, error] as const])),
	);
	// Our own engine needs no tool; where it cannot be used after all, the tool is refused when it starts.
	const needsTools = o.request.kind !== 'backup' || o.request.engine === 'vendor';
	for (const { reach, tls, absent: error } of Object.values(o.opened)) {
		if (error !== undefined) continue;
		const full = await fullLogin(reach.address, tls !== null);
		if (needsTools || full.how === 'refused') refuseToExpose(reach, full);
	}
	const identities = identitiesOf(o.opened);
	const { past, refused } =
		o.runbook.afterFailure === 'keep' ? findResumable(runsFolder(context), o.key, identities) : { past: undefined, refused: null };
	const servers = Object.fromEntries(Object.entries(o.opened).map(([role, each]) => [role, each.server.name]));
	const reach = Object.fromEntries(Object.entries(o.opened).map(([role, each]) => [role, each.reach]));
	const within = async <T>(how: Performance, work: (world: RealWorld, signal: AbortSignal) => Promise<T>): Promise<T> => {
		const taken = new AbortController();
		const signal = AbortSignal.any([how.signal, taken.signal]);
		await using world = openExecutor({ reach, absent, env: context.env, signal, now: context.now });
		if (!how.preview) {
			const lost = await world.claim(absent.has(o.claim) ? (Object.keys(reach).find((role) => !absent.has(role)) ?? o.claim) : o.claim);
			lost.addEventListener('abort', () => taken.abort(lost.reason), { once: true });
		}
		// Awaited here: otherwise the world would be disposed of before the work is done.
		return await work(world, signal);
	};
	const common = (how: Performance, world: RealWorld, signal: AbortSignal, undoing = false) => ({
		run: how.run,
		runbook: o.runbook,
		env: undoing ? Object.assign(o.env(how), { undoing }) : o.env(how),
		world,
		director: how.director,
		sink: how.sink,
		now: context.now,
		signal,
		key: o.key,
		servers,
		identities,
		request: o.request as Json,
		typed: how.typed ?? [],
		notes: refused === null ? [] : [refused],
	});
	return {
		kind: o.request.kind,
		runbook: o.runbook,
		servers,
		past,
		warnings: Object.values(o.opened).flatMap((each) => each.warnings),
		perform: async (how) => {
			if (o.backup !== undefined) await readBoundManifest(o.backup);
			return within(how, (world, signal) => run({ ...common(how, world, signal), ...(past === undefined ? {} : { past }) }));
		},
		takeBack(how, before, scope, why) {
			sameServers(before, identities);
			return within(how, (world, signal) => takeBack({ ...common(how, world, signal, true), past: before }, scope, why ?? null));
		},
		findLeft(how, before, scope) {
			sameServers(before, identities);
			return within(how, (world, signal) => findLeft({ ...common(how, world, signal, true), past: before }, scope));
		},
	};
}

/** HOST:PORT, an IPv6 address in brackets. */
function readPlace(text: string, flag: string): { host: string; port: number } {
	const match = /^\[?([^\]]+?)\]?:(\d+)$/.exec(text);
	if (match?.[1] === undefined)
		throw new UserError({ message: `${flag} ${text} is not HOST:PORT.`, hints: [`For example:  ${flag} db1.example.net:3306`] });
	return { host: match[1], port: Number(match[2]) };
}

/** How the replica reaches the primary: as we do, unless that way is only ours. */
function sourceOf(request: ProvisionRequest, primary: OpenedServer, replica: Server): { host: string; port: number } {
	if (request.source !== undefined) return readPlace(request.source, '--source');
	const { server, identity } = primary;
	if (!server.local) return { host: server.host, port: server.port };
	return { host: replica.local ? (server.host === 'localhost' ? '127.0.0.1' : server.host) : identity.hostname, port: server.port };
}

function accountOf(request: ProvisionRequest, source: { host: string }, replica: OpenedServer): ProvisionEnv['account'] {
	if (request.account !== undefined) {
		const at = request.account.lastIndexOf('@');
		if (at < 1 || at === request.account.length - 1) {
			throw new UserError({
				message: `--account ${request.account} is not NAME@HOST.`,
				hints: ['HOST is the replica’s address as the primary sees it.'],
			});
		}
		return { user: request.account.slice(0, at), host: request.account.slice(at + 1), ours: false };
	}
	return { user: `lockstep_${replica.identity.serverId}`, host: addressOf(source, replica), ours: true };
}

/** The replica's address as the primary sees it. */
function addressOf(source: { host: string }, replica: OpenedServer): string {
	if (isLoopback(source.host)) return source.host === '::1' ? '::1' : '127.0.0.1';
	return replica.server.local ? replica.identity.hostname : replica.server.host;
}

/** What was begun in one way cannot be gone on with in the other. */
function sameSeed(begun: RunRecord | undefined, asked: ProvisionRequest): void {
	const seedOf = (request: ProvisionRequest | undefined) => request?.backup ?? request?.seed ?? 'dump';
	const before = seedOf(begun?.request as ProvisionRequest | undefined);
	if (begun === undefined || before === seedOf(asked)) return;
	throw new UserError({
		message: `The run to be resumed copies the data otherwise: --seed ${before}.`,
		hints: [`To resume it:  --seed ${shellWord(before)}`, `or undo it first:  lockstep undo ${begun.run} --yes`],
	});
}

/** How long the replica’s restart after a CLONE is waited for, unless said otherwise. */
const RESTART_WAIT_SECONDS = 600;

async function prepareProvision(
	context: AppContext,
	wanted: ProvisionRequest,
	wishes: ConnectionOptionsByRole,
	undo?: RunRecord,
): Promise<BuiltRun> {
	// `latest` may lead elsewhere when this is gone on with or taken back.
	const asked = wanted.backup === undefined ? wanted : { ...wanted, backup: await backupFolder(resolve(wanted.backup)) };
	const { primary, replica } = await openPair(context, asked, wishes, undo);
	const place = ({ server }: OpenedServer) => (server.port === 0 ? server.name : `${server.host}:${server.port}`);
	const key = undo?.key ?? `provision ${place(primary)} ${place(replica)}`;
	const { past: open } = findResumable(runsFolder(context), key, identitiesOf({ primary, replica }));
	sameSeed(open, asked);
	const begun = open?.request as ProvisionRequest | undefined;
	const operator = operatorOf(context, { asked, begun, primary, replica });
	// An undo starts from the journal's request alone.
	const request: ProvisionRequest =
		operator === null ? asked : { ...asked, operator: `${operator.user}@${operator.host}`, operatorPasswordFile: operator.passwordFile };
	const source = sourceOf(request, primary, replica.server);
	const account = accountOf(request, source, replica);
	if (operator?.user === account.user && operator.host === account.host) {
		throw new UserError({ message: 'The operator and the replica cannot share an account.', hints: ['Give --operator another name.'] });
	}
	const generated = () => newPassword(primary.passwordPolicy, primary.server.name);
	const common = { opened: { primary, replica }, claim: 'replica', key, request };
	const env = (): ProvisionEnv => ({
		outputs: {},
		primary: primary.server,
		replica: replica.server,
		source,
		account,
		operator: operator && { ...operator, password: generated() },
		password: generated(),
		tls: request.tls,
		ca: request.channelCa ?? null,
		delaySeconds: request.delaySeconds ?? 0,
		memory: { passwordSet: false, accounts: new Map() },
		...(request.seed === 'clone' && {
			clone: {
				account: { user: `lockstep_clone_${replica.identity.serverId}`, host: addressOf(source, replica) },
				password: generated(),
				restartWaitSeconds: request.restartWaitSeconds ?? RESTART_WAIT_SECONDS,
			},
		}),
	});
	const folder = request.backup;
	if (folder === undefined) {
		return ready<ProvisionEnv>(context, {
			...common,
			runbook: provisionRunbook({ operator: operator !== null, clone: request.seed === 'clone' }),
			env,
		});
	}
	const manifest = withLoadedDigests(await readManifest(folder));
	const { databases } = manifest.dump;
	return ready<FromBackupEnv>(context, {
		...common,
		backup: folder,
		runbook: provisionFromBackup({ operator: operator !== null, parallel: manifest.dump.engine === 'parallel' }),
		env: () => ({
			...env(),
			...{ backup: { databases }, server: replica.server, folder, manifest, databases, only: null },
			...{ workers: workersHere(), logged: false, keysAfterBytes: keysAfter(context.env) },
			accounts: manifest.files.some((file) => file.kind === 'accounts'),
		}),
	});
}

/** More of them hold each other up, on a server that does other work as well. */
const MOST_READERS = 4;

async function prepareBackup(context: AppContext, request: BackupRequest, wishes: ConnectionOptionsByRole): Promise<BuiltRun> {
	const opened = await openServer(context, {
		role: 'server',
		server: request.server === '' ? undefined : request.server,
		...wishes.server,
	});
	const to = resolve(request.to);
	const started = context.now();
	const label = labelFor(started, await readdir(to).catch(() => []));
	const history = await heldBefore(to, { ...opened.server, serverId: opened.identity.serverId });
	return ready<BackupEnv>(context, {
		runbook: lockedDump,
		opened: { server: opened },
		claim: 'server',
		key: `backup ${opened.server.host}:${opened.server.port} ${label}`,
		request,
		env: (how) => ({
			outputs: {},
			server: opened.server,
			paths: pathsFor(to, started, label),
			databases: request.databases ?? null,
			ignoreTables: request.ignoreTables ?? [],
			compress: request.compress,
			level: request.level ?? null,
			engine: request.engine ?? null,
			lockFor: request.lock ?? null,
			connections: request.workers ?? Math.max(2, Math.min(MOST_READERS, availableParallelism())),
			lockWaitSeconds: request.lockWaitSeconds,
			longQueries: request.longQueries,
			maxLockSeconds: request.maxLockSeconds === undefined ? 'auto' : request.maxLockSeconds || null,
			history,
			stopApplier: request.stopApplier,
			profile: opened.profile,
			program: { name: 'lockstep', version: context.version },
			started,
			transcript: how.transcript,
		}),
	});
}

/** As many as this machine has processors to unpack with, and no more than a server has use for. */
const MOST_WORKERS = 8;
const workersHere = (): number => Math.min(MOST_WORKERS, Math.max(2, availableParallelism()));
/** From so many bytes of rows on a table's keys are made after them. */
const KEYS_AFTER_BYTES = 16 * 1024 * 1024;

/** For tests only: `LOCKSTEP_TEST_KEYS_AFTER_BYTES`, so that a small table is a large one. */
const keysAfter = ({ LOCKSTEP_TEST_KEYS_AFTER_BYTES: text }: NodeJS.ProcessEnv): number =>
	text === undefined ? KEYS_AFTER_BYTES : Number(text);

async function prepareRestore(context: AppContext, asked: RestoreRequest, wishes: ConnectionOptionsByRole): Promise<BuiltRun> {
	// `latest` may lead elsewhere when this is gone on with or taken back.
	const folder = await backupFolder(resolve(asked.backup));
	const request: RestoreRequest = { ...asked, backup: folder };
	const manifest = withLoadedDigests(await readManifest(folder));
	const { databases, only } = selectTables(manifest, request);
	const opened = await openServer(context, {
		role: 'server',
		server: request.server === '' ? undefined : request.server,
		...wishes.server,
	});
	const what = only === null ? databases : only.map(({ database, name }) => `${database}.${name}`);
	return ready<RestoreEnv>(context, {
		runbook: restoreRunbook({ parallel: manifest.dump.engine === 'parallel', accounts: request.accounts }),
		opened: { server: opened },
		claim: 'server',
		backup: folder,
		key: `restore ${opened.server.host}:${opened.server.port} ${JSON.stringify([folder, what, request.accounts])}`,
		request,
		env: () => ({
			outputs: {},
			server: opened.server,
			folder,
			manifest,
			databases,
			only,
			workers: request.workers ?? workersHere(),
			accounts: request.accounts,
			logged: request.writeBinlog,
			keysAfterBytes: keysAfter(context.env),
		}),
	});
}
