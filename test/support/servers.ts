// Real servers for tests: one shared sandbox a kind, started by the first test that asks; spares that are a test's own.
// As vitest's globalSetup this file owns the folder they all live in, and takes down what is left in it, by its own pids.
import { randomInt, randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { processStartTime } from '../../src/exec/process.ts';
import { makeCertificates, type TlsFiles } from '../../src/sandbox/certificates.ts';
import { withLock } from '../../src/sandbox/lock.ts';
import { passwordPath } from '../../src/sandbox/login.ts';
import { findPrograms, kindOf } from '../../src/sandbox/programs.ts';
import { type Sandbox, type SandboxKind, type SandboxServer, type SandboxUp, sandboxDown, sandboxUp } from '../../src/sandbox/sandbox.ts';
import { copyServer, makeServer, startServer, stopServer } from '../../src/sandbox/server.ts';
import { connect, type Session } from '../../src/server/session.ts';
import type { Row } from '../../src/sql/sql.ts';

export { SANDBOX_KINDS, type Sandbox, type SandboxKind, type SandboxServer } from '../../src/sandbox/sandbox.ts';

const VARIABLE = 'LOCKSTEP_TEST_SERVERS';
const PREFIX = 'lockstep-test-';
/** Of a test's pair: about 2000 rows in all, and a writer that is always there and leaves the machine to the tests. */
export const SMALL = { rows: 400, writesPerSecond: 5 };

export const say = (line: string) => {
	// The first run on a machine fetches packages: whoever waits wants to know.
	if (/Fetching|Unpacking|waiting/.test(line)) process.stderr.write(`${line}\n`);
};

/** Called by vitest once, before all tests. */
export async function setup(): Promise<void> {
	for (const name of await readdir(tmpdir())) {
		if (!name.startsWith(PREFIX)) continue;
		const folder = join(tmpdir(), name);
		const owner = await readFile(join(folder, 'owner.json'), 'utf8').then(JSON.parse, () => null);
		// Left by a run that was killed.
		if (owner !== null && (await processStartTime(owner.pid)) !== owner.birth) await takeDown(folder);
	}
	const folder = await makeRunFolder();
	process.env[VARIABLE] = folder;
	// Programs are started a thousand times: what they are compiled to is kept for the run.
	process.env.NODE_COMPILE_CACHE = join(folder, 'compiled');
}

/** Called by vitest once, after all tests. */
export async function teardown(): Promise<void> {
	const folder = process.env[VARIABLE];
	if (folder !== undefined) await takeDown(folder);
}

async function makeRunFolder(): Promise<string> {
	const folder = await mkdtemp(join(tmpdir(), PREFIX));
	await writeFile(join(folder, 'owner.json'), JSON.stringify({ pid: process.pid, birth: await processStartTime(process.pid) }));
	for (const name of ['sandboxes', 'spares']) await mkdir(join(folder, name));
	return folder;
}

async function takeDown(folder: string): Promise<void> {
	const inside = async (name: string) => (await readdir(join(folder, name)).catch(() => [])).map((each) => join(folder, name, each));
	await Promise.all([
		...(await inside('sandboxes')).map((dir) => sandboxDown({ dir, env: process.env })),
		...(await inside('spares')).map((dir) => stopServer(dir)),
	]);
	// A program that ends just now may still write what it was compiled to.
	await rm(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
}

export function runFolder(): string {
	const folder = process.env[VARIABLE];
	if (folder === undefined)
		throw new Error('Real servers need the globalSetup of test/vitest.config.ts: vitest run --config test/vitest.config.ts');
	return folder;
}

/**
 * The run's shared sandbox of this kind, with a small shop and its writer at work. Every test may read its primary;
 * whoever changes accounts or settings takes a sandbox of its own.
 */
export async function sharedSandbox(kind: SandboxKind): Promise<Sandbox> {
	const { empty } = await emptyServer(kind);
	return opened(await sandboxUp({ kind, dir: join(runFolder(), 'sandboxes', kind), env: process.env, say, empty, ...SMALL }));
}

/** Takes root's password away: tests log in over the network in many ways, through proxies too. What a sandbox does by itself has tests of its own. */
async function opened(sandbox: Sandbox): Promise<Sandbox> {
	if (!existsSync(passwordPath(sandbox.dir))) return sandbox;
	for (const server of [sandbox.primary, sandbox.replica]) {
		await using session = await rootSession(server);
		for (const statement of ['SET SESSION sql_log_bin = 0', "ALTER USER 'root'@'127.0.0.1' IDENTIFIED BY ''"])
			await session.query({ pieces: [statement] });
	}
	await rm(passwordPath(sandbox.dir), { force: true });
	return sandbox;
}

/** Where a sandbox of a test's own goes, and how it is taken down. */
export function newFolder(kind: SandboxKind): { dir: string; down: () => Promise<void> } {
	const dir = join(runFolder(), 'sandboxes', `${kind}-${randomUUID().slice(0, 8)}`);
	return { dir, down: async () => void (await sandboxDown({ dir, env: process.env })) };
}

/** A pair of a test's own, gone at the end of its scope (`await using`), at the latest at the end of the run. */
export async function ownSandbox(kind: SandboxKind, options: Partial<SandboxUp> = {}): Promise<Sandbox & AsyncDisposable> {
	const { dir, down } = newFolder(kind);
	const { empty } = await emptyServer(kind);
	const sandbox = await opened(await sandboxUp({ kind, dir, env: process.env, say, empty, ...SMALL, ...options }));
	return { ...sandbox, [Symbol.asyncDispose]: down };
}

/** The run's own empty server of this kind, which is never started but copied, and certificates for it. */
export async function emptyServer(
	kind: SandboxKind,
): Promise<{ empty: string; tls: TlsFiles; found: Awaited<ReturnType<typeof findPrograms>> }> {
	const found = await findPrograms(kindOf(kind), { env: process.env, say, anySeries: false });
	const empty = join(runFolder(), `template-${kind}`);
	const tls = await withLock(`${empty}.lock`, {}, async () => {
		const made = join(empty, 'tls.json');
		const files = await readFile(made, 'utf8').then(JSON.parse, () => null);
		if (files !== null) return files as TlsFiles;
		await makeServer(kindOf(kind).family, found.programs, empty);
		const fresh = await makeCertificates(join(empty, 'tls'), new Date());
		await writeFile(made, JSON.stringify(fresh));
		return fresh;
	});
	return { empty, tls, found };
}

/** An additional empty server. */
export interface SpareServer extends SandboxServer, AsyncDisposable {
	readonly version: string;
	readonly binDir: string | null;
	stop(): Promise<void>;
	/** Starts it again, with other options where given; its port stays where it is free. */
	start(extra?: readonly string[]): Promise<SandboxServer>;
}

/**
 * An empty server of this kind, in about a second. `extra` are options of the server's own that come last and so win:
 * `--skip-log-bin`, `--server-id=101`, `--skip-ssl` (MySQL: `--tls-version=`).
 */
export async function spareServer(kind: SandboxKind, options: { extra?: readonly string[]; serverId?: number } = {}): Promise<SpareServer> {
	const { family } = kindOf(kind);
	const { empty, tls, found } = await emptyServer(kind);
	const { programs, binDir } = found;
	const folder = join(runFolder(), 'spares', `${kind}-${randomUUID().slice(0, 8)}`);
	await copyServer(empty, folder);
	const serverId = options.serverId ?? randomInt(1000, 2 ** 31);
	const up = (extra: readonly string[], port?: number) =>
		startServer({ family, programs, folder, serverId, tls, env: process.env, extra, ...(port !== undefined && { port }) });
	const server = await up(options.extra ?? []);
	return {
		...server,
		version: programs.version,
		binDir,
		stop: async () => void (await stopServer(folder)),
		start: (extra = options.extra ?? []) => up(extra, server.port),
		[Symbol.asyncDispose]: async () => {
			await stopServer(folder);
			await rm(folder, { recursive: true, force: true });
		},
	};
}

/** A session of root over the server's socket. */
export async function rootSession(server: Pick<SandboxServer, 'socket'>): Promise<Session & AsyncDisposable> {
	const session = await connect(
		{
			...{ name: server.socket, host: 'localhost', port: 0, socket: server.socket, user: 'root' },
			...{ tls: { mode: 'DISABLED' }, connectTimeoutMs: 10_000, origin: {} },
		},
		null,
	);
	return Object.assign(session, { [Symbol.asyncDispose]: () => session.close() });
}

/** The rows of one statement, as root over the server's socket. */
export async function ask(server: Pick<SandboxServer, 'socket'>, statement: string): Promise<readonly Row[]> {
	await using session = await rootSession(server);
	return await session.query({ pieces: [statement] });
}

/** The one value of a statement that gives one. */
export async function value(server: Pick<SandboxServer, 'socket'>, statement: string): Promise<string | null> {
	const rows = await ask(server, statement);
	return Object.values(rows[0] ?? {})[0] ?? null;
}
