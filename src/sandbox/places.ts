import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { homedir, tmpdir, userInfo } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';
import { KINDS, type SandboxKind } from './kinds.ts';

function base(env: NodeJS.ProcessEnv, variable: string, rest: string): string {
	const given = env[variable];
	// The XDG specification: a relative path there is to be ignored.
	if (given !== undefined && isAbsolute(given)) return given;
	return join(env.HOME || homedir(), rest);
}

/** Where the packages' programs are kept, for all kinds and all users of this account. */
export const serversFolder = (env: NodeJS.ProcessEnv): string => join(base(env, 'XDG_CACHE_HOME', '.cache'), 'lockstep', 'servers');

/** Links to the servers of sandboxes, by port. With the programs: a sandbox is found whatever state folder a command uses. */
export const loginsFolder = (env: NodeJS.ProcessEnv): string => join(base(env, 'XDG_CACHE_HOME', '.cache'), 'lockstep', 'sandboxes');

/** Goes up when what unpacking leaves changes: an older folder is then made anew. */
const LAYOUT = 1;

/** The folder of a kind's unpacked packages: `bin/` plain programs, `root/` the packages' own tree. */
export interface Unpacked {
	readonly bin: string;
	readonly root: string;
}

export const unpackedAt = (folder: string): Unpacked => ({ bin: join(folder, 'bin'), root: join(folder, 'root') });
/** The file that is written last. */
export const wholeMark = (folder: string): string => join(folder, `whole.${LAYOUT}`);
export const isWhole = (folder: string): boolean => existsSync(wholeMark(folder));

/** Folders with client tools of packages that were unpacked before, for `findTool`: the newest server first. Looks only. */
export function serverToolFolders(env: NodeJS.ProcessEnv): string[] {
	return KINDS.map(({ kind }) => join(serversFolder(env), kind))
		.filter(isWhole)
		.map((folder) => unpackedAt(folder).bin);
}

/** The same, those of a server of this series first. */
export const toolFoldersFor = (env: NodeJS.ProcessEnv, series: string): string[] =>
	serverToolFolders(env).toSorted((a, b) => Number(b.includes(series)) - Number(a.includes(series)));

/** Where a sandbox lives when nobody says otherwise. */
export const defaultFolder = (env: NodeJS.ProcessEnv, kind: SandboxKind): string =>
	join(base(env, 'XDG_STATE_HOME', '.local/state'), 'lockstep', 'sandbox', kind);

/** The longest path of a Unix socket that every system takes (macOS 104 with its end, Linux 108). */
const LONGEST_SOCKET = 100;

/**
 * The path of a server's socket: in its own folder, or in one of a short name where that path would be too long.
 * Deterministic, so that every process finds the same.
 */
export function socketPath(folder: string): { readonly path: string; readonly extraFolder: string | null } {
	const path = join(folder, 'server.sock');
	if (Buffer.byteLength(path) <= LONGEST_SOCKET) return { path, extraFolder: null };
	const hash = createHash('sha256').update(resolve(folder)).digest('hex').slice(0, 16);
	const name = `lockstep-${userInfo().uid}-${hash}`;
	const short = [tmpdir(), '/tmp'].map((temp) => join(temp, name)).find((candidate) => candidate.length + 12 <= LONGEST_SOCKET);
	const extraFolder = short ?? join('/tmp', name);
	return { path: join(extraFolder, 'server.sock'), extraFolder };
}
