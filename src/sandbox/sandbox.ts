import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as z from 'zod/mini';
import { UserError } from '../core/errors.ts';
import { ownProgram } from '../core/program-files.ts';
import { processId, size } from '../core/schema.ts';
import { shellWord } from '../core/shell.ts';
import { startDetached } from '../exec/detached.ts';
import { endProcess, isRunning } from '../exec/process.ts';
import { connect } from '../server/session.ts';
import { Secret } from '../sql/secret.ts';
import { KINDS, type SandboxKind } from './kinds.ts';
import { withLock } from './lock.ts';
import { forgetLogins, passwordPath, rememberLogin } from './login.ts';
import { defaultFolder } from './places.ts';
import { chooseKind, type Found, findPrograms, kindOf, linkTools } from './programs.ts';
import { copyServer, findServer, makeServer, plainEnvironment, type SandboxServer, startServer, stopServer } from './server.ts';
import { shopStatements } from './shop.ts';
import { readState, writeState } from './state-file.ts';

export { SANDBOX_KINDS, type SandboxKind } from './kinds.ts';
export { serverToolFolders } from './places.ts';
export type { SandboxServer } from './server.ts';

/** A throwaway primary and replica on loopback. The replica is empty and not configured: that is lockstep's work. */
export interface Sandbox {
	readonly kind: SandboxKind;
	readonly dir: string;
	/** As the server says it. */
	readonly version: string;
	readonly primary: SandboxServer;
	readonly replica: SandboxServer;
	/** Null where no writer runs. */
	readonly writerPid: number | null;
	/** A folder with a plain path for each of the server's own tools: `mariadb-dump`, `mysqldump`, … */
	readonly binDir: string;
}

/** Which sandbox is meant. Without a kind: one that is there already, else of the machine's own server, else the newest. */
export interface SandboxChoice {
	readonly kind?: SandboxKind;
	/** Where it lives, instead of the account's state folder. */
	readonly dir?: string;
	readonly env: NodeJS.ProcessEnv;
}

export interface SandboxUp extends SandboxChoice {
	readonly signal?: AbortSignal;
	readonly say: (line: string) => void;
	/** Whether a writer keeps changing the primary; true unless said otherwise. */
	readonly writer?: boolean;
	/** Transactions a second of the writer; 60 unless said otherwise. */
	readonly writesPerSecond?: number;
	/** Orders of the sample shop, 60000 unless said otherwise; all tables together have about six times as many rows. */
	readonly rows?: number;
	/** A folder where `makeServer` has made an empty server of this kind and nobody started it: it is copied, which is quicker than making one. */
	readonly empty?: string;
	/** Options that each server is started with, after all others; kept for its later starts. */
	readonly extra?: ExtraOptions;
}

export type SandboxRole = (typeof ROLES)[number];
export type ExtraOptions = { readonly [role in SandboxRole]: readonly string[] };

/** `sandbox.json`: there when the sandbox was once up as a whole. */
const RECORDED = z.object({
	kind: z.custom<SandboxKind>((value) => KINDS.some(({ kind }) => kind === value)),
	version: z.string(),
	binDir: z.string(),
	rows: size,
	tls: z.object({ ca: z.string(), cert: z.string(), key: z.string() }),
	extra: z.optional(z.object({ primary: z.array(z.string()), replica: z.array(z.string()) })),
});
type Recorded = Readonly<z.output<typeof RECORDED>>;

/** In a folder that is a sandbox's from its first moment: only such a folder is ever removed. */
const MARKER = '.lockstep-sandbox';
const ROLES = ['primary', 'replica'] as const;
const ROWS = 60_000;
const WRITES_PER_SECOND = 60;

const SERVER_ID = { primary: 101, replica: 102 };
const EXTRA = { primary: ['--event-scheduler=ON', '--performance-schema=ON'], replica: [] };

const recordPath = (dir: string) => join(dir, 'sandbox.json');
const isSandbox = (dir: string) => existsSync(join(dir, MARKER));

async function place(choice: SandboxChoice): Promise<{ dir: string; kind: SandboxKind }> {
	if (choice.dir !== undefined) {
		const dir = resolve(choice.dir);
		const kind = choice.kind ?? (await readState(recordPath(dir), RECORDED))?.kind ?? (await chooseKind(choice.env));
		return { dir, kind: kindOf(kind).kind };
	}
	const existing = KINDS.find(({ kind }) => isSandbox(defaultFolder(choice.env, kind)))?.kind;
	const kind = kindOf(choice.kind ?? existing ?? (await chooseKind(choice.env))).kind;
	return { dir: defaultFolder(choice.env, kind), kind };
}

/**
 * Brings a sandbox up, or finds the one that is up; starts again whatever of it is not running.
 * A new one that fails or is aborted leaves nothing behind.
 * @throws {UserError} where the folder holds something else, or no server can be had; ToolError where one does not start.
 */
export async function sandboxUp(options: SandboxUp): Promise<Sandbox> {
	const { dir, kind } = await place(options);
	const onWait = (pid: number) => options.say(`Another process (${pid}) is at work on this sandbox: waiting for it.`);
	return withLock(`${dir}.lock`, { onWait, ...(options.signal && { signal: options.signal }) }, async () => {
		const recorded = await readState(recordPath(dir), RECORDED);
		if (recorded !== undefined && recorded.kind !== kind) {
			throw new UserError({
				message: `${dir} holds a sandbox of the kind ${recorded.kind}.`,
				hints: [`lockstep sandbox down --dir ${shellWord(dir)}`],
			});
		}
		if (recorded === undefined) await make(dir, kind, options);
		else await hints(dir, recorded, options);
		return seen(dir);
	});
}

/** Starts the server whose data are in `dataDir` again, where it is a sandbox's; false where it is somebody else's. */
export async function startSandboxServer(dataDir: string, env: NodeJS.ProcessEnv): Promise<boolean> {
	const folder = dirname(resolve(dataDir));
	const dir = dirname(folder);
	if (!ROLES.some((role) => role === basename(folder)) || !isSandbox(dir) || !existsSync(recordPath(dir))) return false;
	await sandboxUp({ dir, env, say: () => undefined, writer: false });
	return true;
}

/** Starts both servers of a sandbox again where they do not run, with these options from now on. Throws what {@link sandboxUp} throws. */
export async function startSandboxWith(
	dir: string,
	extra: ExtraOptions,
	options: Pick<SandboxUp, 'env' | 'signal' | 'say'>,
): Promise<Sandbox> {
	const recorded = await readState(recordPath(dir), RECORDED);
	if (recorded !== undefined) await writeState(recordPath(dir), { ...recorded, extra });
	return sandboxUp({ ...options, dir, writer: false });
}

async function make(dir: string, kind: SandboxKind, options: SandboxUp): Promise<void> {
	if (isSandbox(dir)) await clear(dir, options.env);
	else if (existsSync(dir) && (await readdir(dir)).length > 0) {
		throw new UserError({ message: `${dir} is not empty and holds no sandbox.`, hints: ['Choose an empty folder: --dir FOLDER'] });
	}
	const found = await findPrograms(kindOf(kind), { ...options, anySeries: options.kind === undefined });
	await mkdir(dir, { recursive: true, mode: 0o700 });
	await writeFile(join(dir, MARKER), 'A throwaway primary and replica of lockstep: `lockstep sandbox down` removes this folder.\n');
	try {
		const rows = Math.max(1, Math.round(options.rows ?? ROWS));
		const { title, family } = kindOf(kind);
		// Only here: what it needs takes a third of the program's start.
		const { makeCertificates } = await import('./certificates.ts');
		const tls = await makeCertificates(join(dir, 'tls'), new Date());
		if (found.binDir === null) await linkTools(kindOf(kind), found.programs, join(dir, 'bin'), options.env);
		const extra = options.extra && { primary: [...options.extra.primary], replica: [...options.extra.replica] };
		const recorded = {
			kind,
			version: found.programs.version,
			binDir: found.binDir ?? join(dir, 'bin'),
			rows,
			tls,
			...(extra && { extra }),
		};
		options.say(`Starting a primary and a replica of ${title} (${recorded.version}) …`);
		if (options.empty === undefined) await makeServer(family, found.programs, join(dir, 'primary'), { signal: options.signal });
		else await copyServer(options.empty, join(dir, 'primary'));
		await copyServer(join(dir, 'primary'), join(dir, 'replica'));
		// The same for both: a clone takes its donor's accounts.
		const rootPassword = new Secret(`${randomBytes(24).toString('base64url')}-aA1`);
		await writeFile(passwordPath(dir), `${rootPassword.reveal()}\n`, { mode: 0o600 });
		const starts = ROLES.map((role) => startRole(dir, role, { recorded, found }, { ...options, rootPassword }));
		// Both, also where one fails: what is started after the folder is cleared would stay.
		for (const end of await Promise.allSettled(starts)) if (end.status === 'rejected') throw end.reason;
		options.say('Loading the sample shop …');
		await loadShop(dir, shopStatements(rows, family.vendor), options.signal);
		options.signal?.throwIfAborted();
		await writeState(recordPath(dir), recorded);
		if (options.writer !== false) await startWriter(dir, recorded, options);
	} catch (error) {
		await clear(dir, options.env);
		throw error;
	}
}

async function hints(dir: string, recorded: Recorded, options: SandboxUp): Promise<void> {
	const search = () => findPrograms(kindOf(recorded.kind), { ...options, anySeries: true });
	// A cache may be emptied at any time: the tools come back to the same place.
	let found = existsSync(recorded.binDir) ? undefined : await search();
	const servers = await Promise.all(ROLES.map((role) => findServer(join(dir, role))));
	const stopped = ROLES.filter((_, index) => !servers[index]?.running);
	for (const role of stopped) {
		options.say(`The ${role} is not running: starting it again …`);
		// One that hangs would hold its data's locks.
		await stopServer(join(dir, role));
		found ??= await search();
	}
	const programs = found;
	if (programs !== undefined) {
		const starts = stopped.map((role) => startRole(dir, role, { recorded, found: programs }, options));
		for (const end of await Promise.allSettled(starts)) if (end.status === 'rejected') throw end.reason;
	}
	if (options.writer !== false && (await writerPid(dir)) === null) await startWriter(dir, recorded, options);
}

async function startRole(
	dir: string,
	role: (typeof ROLES)[number],
	{ recorded, found }: { readonly recorded: Recorded; readonly found: Found },
	options: SandboxUp & { readonly rootPassword?: Secret },
): Promise<void> {
	const folder = join(dir, role);
	// The port of before where it is free: the replica knows the primary by it.
	const port = (await findServer(folder))?.port;
	const { port: listens } = await startServer({
		family: kindOf(recorded.kind).family,
		programs: found.programs,
		folder,
		serverId: SERVER_ID[role],
		tls: recorded.tls,
		env: options.env,
		extra: [...EXTRA[role], ...(recorded.extra?.[role] ?? [])],
		...(port !== undefined && { port }),
		...(options.rootPassword && { rootPassword: options.rootPassword }),
		...(options.signal && { signal: options.signal }),
	});
	await rememberLogin(options.env, folder, listens);
}

async function loadShop(dir: string, statements: readonly string[], signal: AbortSignal | undefined): Promise<void> {
	const { socket } = await serverIn(dir, 'primary');
	const session = await connect(
		{ name: 'sandbox', host: 'localhost', port: 0, socket, user: 'root', tls: { mode: 'DISABLED' }, connectTimeoutMs: 10_000, origin: {} },
		null,
		signal ? { signal } : {},
	);
	try {
		for (const statement of statements) await session.query({ pieces: [statement] }, { timeoutMs: 0, ...(signal && { signal }) });
	} finally {
		await session.close();
	}
}

const WRITER = fileURLToPath(ownProgram('sandbox/writer'));
const writerMark = (dir: string) => `${WRITER} ${dir} `;

async function startWriter(dir: string, recorded: Recorded, options: SandboxUp): Promise<void> {
	const { socket } = await serverIn(dir, 'primary');
	const rate = options.writesPerSecond ?? WRITES_PER_SECOND;
	const pid = startDetached({
		program: process.execPath,
		argv: [WRITER, dir, socket, String(rate), String(recorded.rows)],
		log: join(dir, 'writer.log'),
		cwd: dir,
		env: plainEnvironment(options.env),
	});
	await writeState(join(dir, 'writer.json'), { pid, mark: writerMark(dir) });
}

const WRITER_RECORD = z.object({ pid: processId, mark: z.string() });
const readWriter = (dir: string) => readState(join(dir, 'writer.json'), WRITER_RECORD);

async function writerPid(dir: string): Promise<number | null> {
	const writer = await readWriter(dir);
	return writer !== undefined && (await isRunning(writer.pid, writer.mark)) ? writer.pid : null;
}

async function serverIn(dir: string, role: (typeof ROLES)[number]): Promise<SandboxServer> {
	const server = await findServer(join(dir, role));
	if (server !== undefined) return server;
	throw new UserError({
		message: `The sandbox in ${dir} is not whole: its ${role} is missing.`,
		hints: ['lockstep sandbox down', 'lockstep sandbox up'],
	});
}

async function seen(dir: string): Promise<Sandbox> {
	const recorded = await readState(recordPath(dir), RECORDED);
	if (recorded === undefined) throw new UserError(`There is no sandbox in ${dir}.`);
	const { kind, version, binDir } = recorded;
	const [primary, replica] = await Promise.all([serverIn(dir, 'primary'), serverIn(dir, 'replica')]);
	return { kind, dir, version, primary, replica, writerPid: await writerPid(dir), binDir };
}

/** Starts the vendor's client as root over the socket; it ends with its statements, or with its server. Its option files and its environment are none of ours. */
export function startClient(
	{ dir, binDir, kind, ...servers }: Sandbox,
	role: SandboxRole,
	{ statements, env }: { readonly statements: string; readonly env: NodeJS.ProcessEnv },
): number {
	const name = kindOf(kind).family.vendor === 'mariadb' ? 'mariadb' : 'mysql';
	return startDetached({
		program: join(binDir, name),
		argv: ['--no-defaults', `--socket=${servers[role].socket}`, '--user=root', '-e', statements],
		log: join(dir, 'client.log'),
		cwd: dir,
		env: plainEnvironment(env),
	});
}

/** The sandbox as it is, `running` or not; null where there is none. Changes nothing. */
export async function sandboxStatus(choice: SandboxChoice): Promise<Sandbox | null> {
	const { dir } = await place(choice);
	return existsSync(recordPath(dir)) ? seen(dir) : null;
}

/** Stops the writer only. False where none runs. */
export async function stopWriter(sandbox: Pick<Sandbox, 'dir'>): Promise<boolean> {
	const writer = await readWriter(sandbox.dir);
	return writer !== undefined && endProcess(writer.pid, writer.mark, 2000);
}

async function clear(dir: string, env: NodeJS.ProcessEnv): Promise<void> {
	await stopWriter({ dir });
	await Promise.all(ROLES.map((role) => stopServer(join(dir, role))));
	for (const role of ROLES) await forgetLogins(env, join(dir, role));
	await rm(dir, { recursive: true, force: true });
}

/** Stops the writer and both servers and removes the folder. False where there is no sandbox. */
export async function sandboxDown(options: SandboxChoice & { readonly signal?: AbortSignal }): Promise<boolean> {
	const { dir } = await place(options);
	if (!isSandbox(dir)) return false;
	return withLock(`${dir}.lock`, options.signal ? { signal: options.signal } : {}, async () => {
		if (!isSandbox(dir)) return false;
		await clear(dir, options.env);
		return true;
	});
}
