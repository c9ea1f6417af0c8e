import { constants } from 'node:fs';
import { cp, lstat, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { setTimeout as after } from 'node:timers/promises';
import getPort from 'get-port';
import * as z from 'zod/mini';
import { ToolError, UserError } from '../core/errors.ts';
import { processId, size } from '../core/schema.ts';
import { withoutValues } from '../core/values.ts';
import { startDetached } from '../exec/detached.ts';
import { endProcess, isRunning, killProcess } from '../exec/process.ts';
import { runTool } from '../exec/tool.ts';
import type { Secret } from '../sql/secret.ts';
import type { TlsFiles } from './certificates.ts';
import type { Programs, ServerFamily } from './family.ts';
import { socketPath } from './places.ts';
import { readState, writeState } from './state-file.ts';

export interface SandboxServer {
	readonly host: '127.0.0.1';
	readonly port: number;
	readonly socket: string;
	readonly user: 'root';
	readonly pid: number;
	/** Whether it is up and answers; its other fields are as they were where it is not. */
	readonly running: boolean;
	readonly dataDir: string;
	readonly errorLog: string;
	readonly serverId: number;
	/** Path of the CA's certificate. */
	readonly ca: string;
}

/** A URL that every command takes. */
export const urlOf = ({ user, host, port }: SandboxServer): string => `mysql://${user}@${host}:${port}`;

/** What a server's own folder holds in `server.json`, written as soon as its process is there. */
const SERVER_RECORD = z.object({
	pid: processId,
	port: z.int().check(z.gte(1), z.lte(65535)),
	socket: z.string(),
	serverId: size,
	ca: z.string(),
});
type ServerRecord = Readonly<z.output<typeof SERVER_RECORD>>;

/** A crash's recovery takes its time; a server that is still there after this has its last words shown. */
const UP_WITHIN_MS = 120_000;
const GRACE_MS = 15_000;

const dataDirOf = (folder: string) => join(folder, 'data');
const tempDirOf = (folder: string) => join(folder, 'tmp');
const filesDirOf = (folder: string) => join(folder, 'files');
const errorLogOf = (folder: string) => join(folder, 'error.log');
// The whole option, as it stands in the command line: it tells our server from every other.
const mark = (folder: string) => `--datadir=${dataDirOf(folder)} `;

/** A child's environment: nothing of ours that it does not need, least of all a password. */
export function plainEnvironment(env: NodeJS.ProcessEnv): Record<string, string> {
	const names = ['PATH', 'HOME', 'USER', 'TZ', 'LANG', 'LC_ALL', 'TMPDIR', 'XDG_CACHE_HOME', 'XDG_STATE_HOME'];
	return Object.fromEntries(names.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]])));
}

const readRecord = (folder: string): Promise<ServerRecord | undefined> => readState(join(folder, 'server.json'), SERVER_RECORD);

/** Whether a database greets on this socket. */
async function greets(socket: string): Promise<boolean> {
	return new Promise((resolve) => {
		const dialled = connect(socket);
		const end = (answer: boolean) => {
			dialled.destroy();
			resolve(answer);
		};
		dialled.setTimeout(2000, () => end(false));
		dialled.once('error', () => end(false));
		dialled.once('close', () => end(false));
		dialled.once('data', () => end(true));
	});
}

/** Makes an empty server in `folder`: no user's database, root without a password. Do not let it listen on the network before it has one. */
export async function makeServer(
	family: ServerFamily,
	programs: Programs,
	folder: string,
	{ signal, extra = [] }: { readonly signal?: AbortSignal | undefined; readonly extra?: readonly string[] } = {},
): Promise<void> {
	const dataDir = dataDirOf(folder);
	await mkdir(dataDir, { recursive: true, mode: 0o700 });
	await mkdir(tempDirOf(folder), { recursive: true });
	const { argv, input } = await family.initialise(programs, dataDir, tempDirOf(folder));
	await runTool({ program: programs.server, argv: [...argv, ...extra] }, { input, timeoutMs: 120_000, ...(signal && { signal }) });
}

/** Another empty server like the one that was made in `from` and never started: quicker than making it. */
export async function copyServer(from: string, to: string): Promise<void> {
	await mkdir(to, { recursive: true, mode: 0o700 });
	for (const path of [dataDirOf, tempDirOf]) await cp(path(from), path(to), { recursive: true, mode: constants.COPYFILE_FICLONE });
	// MySQL's identity, made anew at the start where it is missing: two servers of the same one refuse to replicate.
	await rm(join(dataDirOf(to), 'auto.cnf'), { force: true });
}

/** Not for the binary log: each server of a pair is told for itself. */
const passwordStatements = (password: Secret): string =>
	`SET SESSION sql_log_bin = 0;\nALTER USER 'root'@'127.0.0.1' IDENTIFIED BY '${password.reveal()}';\n`;

async function prepareSocket(folder: string): Promise<string> {
	const { path, extraFolder } = socketPath(folder);
	if (extraFolder !== null) {
		await mkdir(extraFolder, { mode: 0o700 }).catch((error: NodeJS.ErrnoException) => {
			if (error.code !== 'EEXIST') throw error;
		});
		const found = await lstat(extraFolder);
		// The folder of temporary files is everybody's: a name there may be another's.
		if (!found.isDirectory() || found.uid !== userInfo().uid) {
			throw new UserError({
				message: `${extraFolder} belongs to another user.`,
				hints: ['Choose a folder with a shorter path: --dir FOLDER'],
			});
		}
	}
	// MySQL's names a process beside it, and a later one of the same number would be taken for that.
	for (const left of [path, `${path}.lock`]) await rm(left, { force: true });
	return path;
}

/**
 * Starts the server of `folder`, detached; resolves when it answers. It takes `port` where that is free, else another.
 * @throws {ToolError} with the last lines of its error log.
 */
export async function startServer(options: {
	readonly family: ServerFamily;
	readonly programs: Programs;
	readonly folder: string;
	readonly serverId: number;
	readonly tls: TlsFiles;
	readonly env: NodeJS.ProcessEnv;
	readonly port?: number;
	/** What root at 127.0.0.1 needs from the server's first moment on; over the socket, in its user's own folder, root needs none. */
	readonly rootPassword?: Secret;
	readonly extra?: readonly string[];
	readonly signal?: AbortSignal;
}): Promise<SandboxServer> {
	const { folder, serverId, tls, rootPassword } = options;
	const errorLog = errorLogOf(folder);
	const socket = await prepareSocket(folder);
	await mkdir(filesDirOf(folder), { recursive: true, mode: 0o700 });
	const initFile = join(folder, 'init.sql');
	if (rootPassword !== undefined) await writeFile(initFile, passwordStatements(rootPassword), { mode: 0o600 });
	let wanted = options.port;
	for (let attempt = 1; ; attempt++) {
		options.signal?.throwIfAborted();
		// get-port would not give one that this process had from it a moment ago: the server itself finds out whether it is free.
		const port = wanted ?? (await getPort({ host: '127.0.0.1' }));
		const plan = {
			dataDir: dataDirOf(folder),
			tempDir: tempDirOf(folder),
			pidFile: join(folder, 'server.pid'),
			...{ socket, port, errorLog, serverId, tls },
			filesDir: filesDirOf(folder),
			// It is run before the server takes its first connection.
			extra: [...(rootPassword === undefined ? [] : [`--init-file=${initFile}`]), ...(options.extra ?? [])],
		};
		const logged = await stat(errorLog).then(
			({ size }) => size,
			() => 0,
		);
		const argv = options.family.options(options.programs, plan);
		const pid = startDetached({ program: options.programs.server, argv, log: errorLog, cwd: folder, env: plainEnvironment(options.env) });
		const record: ServerRecord = { pid, port, socket, serverId, ca: tls.ca };
		await writeState(join(folder, 'server.json'), record);
		if (await isUp(folder, record, options.signal)) {
			await rm(initFile, { force: true });
			return serverOf(folder, record, true);
		}
		await endProcess(pid, mark(folder), GRACE_MS);
		const errorText = (await readFile(errorLog, 'utf8')).slice(logged);
		// Between our look and its own, another took the port.
		if (attempt < 4 && /Address already in use|Do you already have another/.test(errorText)) {
			wanted = undefined;
			continue;
		}
		throw new ToolError({
			message: `The server in ${folder} does not start.`,
			hints: [`Read its log: ${errorLog}`],
			details: errorText
				.trim()
				.split('\n')
				.slice(-12)
				.map((line) => withoutValues(line))
				.join('\n'),
		});
	}
}

/** Waits until it answers; false where it is gone, or silent for too long. */
async function isUp(folder: string, { pid, socket }: ServerRecord, signal: AbortSignal | undefined): Promise<boolean> {
	const end = performance.now() + UP_WITHIN_MS;
	let unseen = 0;
	while (performance.now() < end) {
		if (signal?.aborted) {
			await endProcess(pid, mark(folder), GRACE_MS);
			signal.throwIfAborted();
		}
		if (await greets(socket)) return true;
		// A process has no command line for a moment while the wrapper becomes the server: one look is not enough.
		unseen = (await isRunning(pid, mark(folder))) ? 0 : unseen + 1;
		if (unseen > 2) return false;
		await after(40);
	}
	return false;
}

const serverOf = (folder: string, record: ServerRecord, running: boolean): SandboxServer => ({
	host: '127.0.0.1',
	port: record.port,
	socket: record.socket,
	user: 'root',
	pid: record.pid,
	running,
	dataDir: dataDirOf(folder),
	errorLog: errorLogOf(folder),
	serverId: record.serverId,
	ca: record.ca,
});

/** The server of this folder, running or not; undefined where none was ever started. */
export async function findServer(folder: string): Promise<SandboxServer | undefined> {
	const record = await readRecord(folder);
	if (record === undefined) return undefined;
	return serverOf(folder, record, (await isRunning(record.pid, mark(folder))) && (await greets(record.socket)));
}

/** Whether the process of this folder's server is there, whatever it answers. */
export async function hasProcess(folder: string): Promise<boolean> {
	const record = await readRecord(folder);
	return record !== undefined && isRunning(record.pid, mark(folder));
}

/** Stops this folder's server and waits until it is gone. False where it did not run. */
export async function stopServer(folder: string): Promise<boolean> {
	const record = await readRecord(folder);
	const stopped = record !== undefined && (await endProcess(record.pid, mark(folder), GRACE_MS));
	const { extraFolder } = socketPath(folder);
	if (extraFolder !== null) await rm(extraFolder, { recursive: true, force: true });
	return stopped;
}

/** Kills this folder's server as a crash would, and waits until it is gone. False where it did not run. */
export async function killServer(folder: string): Promise<boolean> {
	const record = await readRecord(folder);
	return record !== undefined && killProcess(record.pid, mark(folder));
}

/** Copies the data of a server that is stopped, its identity as well; whatever was in `to` is gone. Both ways: to keep it, and to have it again. */
export async function copyData(from: string, to: string): Promise<void> {
	await rm(dataDirOf(to), { recursive: true, force: true });
	await mkdir(to, { recursive: true, mode: 0o700 });
	await cp(dataDirOf(from), dataDirOf(to), { recursive: true, mode: constants.COPYFILE_FICLONE });
}
