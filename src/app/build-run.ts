import { readdir } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { labelFor, pathsFor } from '../archive/layout.ts';
import { heldBefore } from '../archive/list.ts';
import { readManifest, withLoadedDigests } from '../archive/manifest.ts';
import { backupFolder } from '../archive/read.ts';
import { UserError } from '../core/errors.ts';
import type { Json } from '../core/json.ts';
import { findResumable, type RunRecord } from '../core/run-record.ts';
import { shellWord } from '../core/shell.ts';
import type { BackupRequest } from '../requests/backup.ts';
import type { RunRequest } from '../requests/index.ts';
import type { ProvisionRequest } from '../requests/provision.ts';
import type { RestoreRequest } from '../requests/restore.ts';
import type { BackupEnv } from '../runbooks/backup/env.ts';
import { lockedDump } from '../runbooks/backup/index.ts';
import type { ProvisionEnv } from '../runbooks/provision-replica/env.ts';
import { provisionFromBackup } from '../runbooks/provision-replica/from-backup.ts';
import { provisionRunbook } from '../runbooks/provision-replica/index.ts';
import type { FromBackupEnv } from '../runbooks/provision-replica/on-replica.ts';
import type { RestoreEnv } from '../runbooks/restore/env.ts';
import { restoreRunbook } from '../runbooks/restore/index.ts';
import { selectTables } from '../runbooks/restore/selection.ts';
import type { Server } from '../runbooks/shared/server.ts';
import { prepareDrill } from './build-drill.ts';
import { type BuiltRun, identitiesOf, keysAfter, labelOf, readyRun, runsFolder, workersHere } from './built-run.ts';
import type { AppContext } from './context.ts';
import { newPassword } from './new-password.ts';
import { openPair } from './open-pair.ts';
import { operatorOf } from './operator.ts';
import { type ConnectionOptionsByRole, isLoopback, type OpenedServer, openServer } from './servers.ts';

/**
 * `connections` go before what the request itself says about reaching its servers. `undo`: the run that is to be undone, which needs only one of its
 * servers. Rejects with the errors of connecting.
 */
export function buildRun(context: AppContext, asked: RunRequest, given: ConnectionOptionsByRole, undo?: RunRecord): Promise<BuiltRun> {
	const connections: ConnectionOptionsByRole = Object.fromEntries(
		[...new Set([...Object.keys(asked.reach ?? {}), ...Object.keys(given)])].map((role) => [
			role,
			{ ...asked.reach?.[role], ...given[role] },
		]),
	);
	// The journal must be able to find the servers again; passwords it never holds.
	const reach = Object.fromEntries(
		Object.entries(connections).map(([role, { password: _secret, ...connection }]) => [role, connection as { [field: string]: Json }]),
	);
	const request = Object.keys(reach).length === 0 ? asked : { ...asked, reach };
	switch (request.kind) {
		case 'provision':
			return prepareProvision(context, request, connections, undo);
		case 'backup':
			return prepareBackup(context, request, connections, undo);
		case 'restore':
			return prepareRestore(context, request, connections);
		case 'drill':
			return prepareDrill(context, request, connections, undo);
	}
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
	if (!replica.local) return { host: identity.hostname, port: server.port };
	return { host: server.host === 'localhost' ? '127.0.0.1' : server.host, port: server.port };
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

/** What was begun in one way cannot be resumed in the other. */
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
	connections: ConnectionOptionsByRole,
	undo?: RunRecord,
): Promise<BuiltRun> {
	// `latest` may lead elsewhere when this is resumed or undone.
	const asked = wanted.backup === undefined ? wanted : { ...wanted, backup: await backupFolder(resolve(wanted.backup)) };
	const { primary, replica } = await openPair(context, asked, connections, undo);
	const place = ({ server }: OpenedServer) => (server.port === 0 ? server.name : `${server.host}:${server.port}`);
	const key = undo?.key ?? `provision ${place(primary)} ${place(replica)}`;
	const { record: open } = findResumable(runsFolder(context), key, identitiesOf({ primary, replica }));
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
	const common = { opened: { primary, replica }, lockedRole: 'replica', key, request };
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
		return readyRun<ProvisionEnv>(context, {
			...common,
			runbook: provisionRunbook({ operator: operator !== null, clone: request.seed === 'clone' }),
			env,
		});
	}
	const manifest = withLoadedDigests(await readManifest(folder));
	const { databases } = manifest.dump;
	return readyRun<FromBackupEnv>(context, {
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

async function prepareBackup(
	context: AppContext,
	request: BackupRequest,
	connections: ConnectionOptionsByRole,
	undo?: RunRecord,
): Promise<BuiltRun> {
	const opened = await openServer(context, {
		role: 'server',
		server: request.server === '' ? undefined : request.server,
		...connections.server,
	});
	const to = resolve(request.to);
	const started = context.now();
	// Of a run that is undone its own.
	const label = undo === undefined ? labelFor(started, await readdir(to).catch(() => [])) : labelOf(undo);
	const history = await heldBefore(to, { ...opened.server, serverId: opened.identity.serverId });
	return readyRun<BackupEnv>(context, {
		runbook: lockedDump,
		opened: { server: opened },
		lockedRole: 'server',
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

async function prepareRestore(context: AppContext, asked: RestoreRequest, connections: ConnectionOptionsByRole): Promise<BuiltRun> {
	// `latest` may lead elsewhere when this is resumed or undone.
	const folder = await backupFolder(resolve(asked.backup));
	const request: RestoreRequest = { ...asked, backup: folder };
	const manifest = withLoadedDigests(await readManifest(folder));
	const { databases, only } = selectTables(manifest, request);
	const opened = await openServer(context, {
		role: 'server',
		server: request.server === '' ? undefined : request.server,
		...connections.server,
	});
	const what = only === null ? databases : only.map(({ database, name }) => `${database}.${name}`);
	return readyRun<RestoreEnv>(context, {
		runbook: restoreRunbook({ parallel: manifest.dump.engine === 'parallel', accounts: request.accounts }),
		opened: { server: opened },
		lockedRole: 'server',
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
