import { createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { type Manifest, readManifest, withLoadedDigests } from '../archive/manifest.ts';
import { backupFolder } from '../archive/read.ts';
import { recordPath } from '../archive/records.ts';
import { ConnectError, UserError } from '../core/errors.ts';
import type { RunRecord } from '../core/run-record.ts';
import { shellWord } from '../core/shell.ts';
import type { Dialect } from '../dialects/contract/dialect.ts';
import type { Identity } from '../dialects/contract/identity.ts';
import { assumedDialect } from '../dialects/index.ts';
import { seriesOf } from '../dialects/series.ts';
import type { ConnectionTarget } from '../executor/connection-target.ts';
import type { DrillRequest } from '../requests/drill.ts';
import type { DrillEnv, ReplicatingEnv, Replication, StartEnv, Throwaway } from '../runbooks/drill/env.ts';
import { drill, drillUndo, replicatingDrill, replicatingDrillUndo } from '../runbooks/drill/index.ts';
import type { ProvisionEnv } from '../runbooks/provision-replica/env.ts';
import type { Server } from '../runbooks/shared/server.ts';
import { ephemeralAddress } from '../sandbox/ephemeral-server.ts';
import { connect } from '../server/session.ts';
import { Secret } from '../sql/secret.ts';
import { query, sql } from '../sql/sql.ts';
import { type BuiltRun, keysAfter, type Performance, readyRun, workersHere } from './built-run.ts';
import type { AppContext } from './context.ts';
import { newPassword } from './new-password.ts';
import { absentServer } from './open-pair.ts';
import { type ConnectionOptions, type ConnectionOptionsByRole, isLoopback, type OpenedServer, openServer } from './servers.ts';

const NAME = 'the throwaway server';

/** What the server is started with; only its socket, in a folder of its user's alone, leads to it: what is restored is production's. */
const OPTIONS = [
	'--skip-networking',
	'--event-scheduler=OFF',
	'--local-infile=ON',
	'--max-allowed-packet=1G',
	'--log-bin-trust-function-creators=ON',
];

/**
 * The request with all that the backup's folder says of it: the folder itself, and the primary. Anyone who can write to the backup's folder
 * decides what its manifest names: no password is sent there unless it is a saved server. Throws UserError.
 */
export async function completeDrill({ profiles, stateFolder }: AppContext, asked: DrillRequest): Promise<DrillRequest> {
	const folder = await backupFolder(resolve(asked.backup));
	const request: DrillRequest = { ...asked, backup: folder, dir: resolve(asked.dir ?? join(stateFolder, 'drills')) };
	if (!asked.replicate) return request;
	if (asked.account !== undefined && asked.accountPasswordFile === undefined)
		throw new UserError({
			message: '--account needs its password.',
			hints: ['--account-password-file FILE', 'Without --account one is created, with a generated password, and dropped afterwards.'],
		});
	if (asked.primary !== undefined) return request;
	const { position, server } = await readManifest(folder);
	const { host, port } = position.source ?? server;
	const saved = profiles.list().find((each) => each.host === host && (each.port ?? 3306) === port);
	if (saved !== undefined) return { ...request, primary: saved.name };
	throw new UserError({
		message: 'Name the primary.',
		reason: `The backup names ${host}:${port}, which is no saved server. Anyone who can change the backup could name another one, and passwords would be sent there.`,
		hints: [`lockstep drill BACKUP --replicate --primary ${shellWord(`mysql://${host}:${port}`)}`],
	});
}

/** The throwaway server: its dialect is assumed until it has said what it is. */
function throwawayOf(vendor: Dialect['id'], { dir }: { readonly dir: string }) {
	let dialect = assumedDialect(vendor);
	const folderOf = (how: Performance) => join(dir, how.run);
	const target = (how: Performance): ConnectionTarget => ({
		address: ephemeralAddress(folderOf(how)),
		password: new Secret(''),
		get dialect() {
			return dialect;
		},
	});
	const server: Server = {
		...{ name: NAME, host: 'localhost', port: 0, local: true },
		get dialect() {
			return dialect;
		},
	};
	const own = {
		name: NAME,
		reach: (how: Performance) => {
			const one = target(how);
			return { server: one, replica: one };
		},
	};
	const detected = (found: Dialect) => {
		dialect = found;
	};
	return { server, own, folderOf, detected, parent: dir };
}

/** A server's number of its own, the same for the same run: the account that is created for it is called after it. */
const serverIdOf = (run: string): number => 2 ** 30 + (createHash('sha256').update(run).digest().readUInt32BE() % (2 ** 32 - 2 ** 30 - 1));

export async function prepareDrill(
	context: AppContext,
	asked: DrillRequest,
	connections: ConnectionOptionsByRole,
	undo?: RunRecord,
): Promise<BuiltRun> {
	if (undo !== undefined) return prepareUndo(context, asked, connections, undo);
	const request = await completeDrill(context, asked);
	const folder = request.backup;
	const manifest = withLoadedDigests(await readManifest(folder));
	const throwaway = throwawayOf(manifest.server.flavor, { dir: request.dir ?? '' });
	// A drill that was interrupted is not hidden by a later one of the same backup.
	const key = `drill ${folder} ${context.now().toISOString()} ${randomBytes(2).toString('hex')}`;
	const env = (how: Performance): DrillEnv => ({
		outputs: {},
		throwaway: wanted(manifest, throwaway, how),
		rawBytes: manifest.totals.raw_bytes,
		...{ server: throwaway.server, folder, manifest, databases: manifest.dump.databases, only: null },
		...{ workers: workersHere(), accounts: true, logged: false, keysAfterBytes: keysAfter(context.env) },
		program: { name: 'lockstep', version: context.version },
		results: { record: recordPath(folder, 'drill.json'), report: recordPath(folder, 'drill.md') },
		state: how.state,
		replication: null,
	});
	const parallel = manifest.dump.engine === 'parallel';
	const common = { lockedRole: null, key, request, own: throwaway.own };
	const title = `Drill backup ${basename(folder)}`;
	if (!request.replicate) return readyRun<DrillEnv>(context, { ...common, opened: {}, env, runbook: { ...drill({ parallel }), title } });
	const primary = await openServer(context, { role: 'primary', server: request.primary, ...connections.primary });
	const host = request.account === undefined ? await hostSeen(context, primary) : '';
	const { password, problem } = passwordFor(request, primary);
	return readyRun<ReplicatingEnv>(context, {
		...common,
		opened: { primary },
		runbook: { ...replicatingDrill({ parallel, createsAccount: request.account === undefined }), title },
		env: (how) => {
			const replication = replicationOf(request, primary, { run: how.run, host });
			return {
				...env(how),
				...following(replication, primary, throwaway.server),
				replication,
				password,
				requirePassword: () => {
					if (problem !== null) throw problem;
				},
			};
		},
	});
}

/** What is undone of a drill needs nothing of its backup, and of its primary only the account: the server is stopped also where that is away. */
async function prepareUndo(
	context: AppContext,
	request: DrillRequest,
	connections: ConnectionOptionsByRole,
	undo: RunRecord,
): Promise<BuiltRun> {
	const vendor = (undo.origins['start-server'] as { readonly vendor?: Dialect['id'] } | undefined)?.vendor ?? 'mariadb';
	const throwaway = throwawayOf(vendor, { dir: request.dir ?? join(context.stateFolder, 'drills') });
	const common = { lockedRole: null, key: undo.key, request, own: throwaway.own };
	const env = (how: Performance): StartEnv => ({
		outputs: {},
		throwaway: { ...{ vendor, series: '', serverId: 0, initOptions: [], options: [] }, ...placeOf(throwaway, how) },
		...{ folder: request.backup, rawBytes: 0 },
	});
	const isDropped = Object.hasOwn(undo.outputs, 'end-replication');
	const account = isDropped ? undefined : (undo.effects.made ?? []).find(({ on, kind }) => on === 'primary' && kind === 'account')?.name;
	if (account === undefined)
		return readyRun<StartEnv>(context, { ...common, opened: {}, env, runbook: { ...drillUndo, title: undo.title } });
	const connection: ConnectionOptions = { role: 'primary', server: request.primary, ...connections.primary };
	const primary = await openServer(context, connection).catch((error: unknown) => {
		if (!(error instanceof ConnectError)) throw error;
		const like = { identity: {} as Identity, server: { dialect: assumedDialect(vendor) } };
		return absentServer(context, connection, { error, like, record: undo });
	});
	const host = account.slice(account.lastIndexOf('@') + 1);
	return readyRun<StartEnv & ProvisionEnv>(context, {
		...common,
		opened: { primary },
		runbook: { ...replicatingDrillUndo, title: undo.title },
		env: (how) => {
			const replication = replicationOf(request, primary, { run: how.run, host });
			return { ...env(how), ...following(replication, primary, throwaway.server), password: new Secret('') };
		},
	});
}

type Place = ReturnType<typeof throwawayOf>;

const placeOf = ({ folderOf, detected, parent }: Place, how: Performance) => ({ folder: folderOf(how), detected, parent });

function wanted({ server }: Manifest, place: Place, how: Performance): Throwaway {
	// 2 is for file systems that keep the case of names and do not tell it apart: elsewhere a server refuses it.
	const lower = server.lower_case_table_names === 1 ? ['--lower-case-table-names=1'] : [];
	return {
		...{ vendor: server.flavor, series: seriesOf(server.version), serverId: serverIdOf(how.run) },
		...{ initOptions: lower, options: [...lower, ...OPTIONS] },
		...placeOf(place, how),
	};
}

/** The authority by which this program verifies the primary, and the restored server does too; null where there is none. */
function authorityOf({ reach: { address } }: OpenedServer): { readonly ca: string; readonly verifyName: boolean } | null {
	const { tls } = address;
	if (tls.ca === undefined || (tls.mode !== 'VERIFY_CA' && tls.mode !== 'VERIFY_IDENTITY')) return null;
	return { ca: resolve(tls.ca), verifyName: tls.mode === 'VERIFY_IDENTITY' };
}

function replicationOf(
	{ tls, account }: DrillRequest,
	primary: OpenedServer,
	{ run, host }: { readonly run: string; readonly host: string },
): Replication {
	const { user, serverKey, tls: choice } = primary.reach.address;
	return {
		primary: primary.server,
		...{ user, tls },
		trust: {
			ca: authorityOf(primary)?.ca ?? null,
			// As for our own connections (server/tls.ts), but that no channel compares a fingerprint.
			isAccepted: serverKey?.request === true || (tls && choice.mode === 'REQUIRED' && choice.fingerprint === undefined),
		},
		account:
			account === undefined
				? { user: `lockstep_drill_${serverIdOf(run)}`, host, ours: true }
				: { user: account.replace(/@[^@]*$/, ''), host: '', ours: false },
	};
}

/** How the throwaway server replicates: by the steps of a provisioning. */
function following({ account, tls }: Replication, primary: OpenedServer, replica: Server): Omit<ProvisionEnv, 'password' | 'outputs'> {
	const { server, identity } = primary;
	const host = server.host === 'localhost' ? '127.0.0.1' : server.host;
	// A name for this machine is no address that the certificate could be compared with.
	const { ca, verifyName } = (tls ? authorityOf(primary) : null) ?? { ca: null, verifyName: false };
	return {
		...{ primary: server, replica, account, tls, ca, operator: null, delaySeconds: 0 },
		source: { host, port: identity.port },
		verifyName: verifyName && host === server.host,
		memory: { passwordSet: false, accounts: new Map() },
	};
}

/** Where the primary sees us coming from: the throwaway server connects from this machine as well. */
async function hostSeen({ signal }: AppContext, { reach: { address, password } }: OpenedServer): Promise<string> {
	const seen = query(sql`SELECT SUBSTRING_INDEX(USER(), '@', -1) AS host`, (rows) => rows[0]?.host ?? '');
	const session = await connect(address, password, { signal });
	try {
		const host = seen.read(await session.query(seen.statement));
		return host === '' || isLoopback(host) ? '127.0.0.1' : host;
	} finally {
		await session.close();
	}
}

/** Of a person's account from its file, else a new one. `problem`: why the file cannot be read. */
function passwordFor(
	{ accountPasswordFile: file }: DrillRequest,
	primary: OpenedServer,
): { readonly password: Secret; readonly problem: UserError | null } {
	if (file === undefined) return { password: newPassword(primary.passwordPolicy, primary.server.name), problem: null };
	try {
		return { password: new Secret(readFileSync(file, 'utf8').replace(/\r?\n$/, '')), problem: null };
	} catch (cause) {
		const problem = new UserError({ message: `The password's file cannot be read: ${file}`, details: String(cause) }, { cause });
		return { password: new Secret(''), problem };
	}
}
