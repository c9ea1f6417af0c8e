import { lstat, mkdir, readdir, readFile, readlink, rm, symlink } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { Secret } from '../sql/secret.ts';
import { loginsFolder } from './places.ts';
import { findServer } from './server.ts';

/** How root logs in to a sandbox's server over the network. */
export interface SandboxLogin {
	readonly password: Secret;
	/** Path of the CA that the server's certificate is checked against. */
	readonly ca: string;
}

/** In the sandbox's folder, readable by its user alone. */
export const passwordPath = (dir: string): string => join(dir, 'password');

/** Makes the server in `folder` known by its port, so that `mysql://root@127.0.0.1:PORT` is enough for every command. */
export async function rememberLogin(env: NodeJS.ProcessEnv, folder: string, port: number): Promise<void> {
	const link = join(loginsFolder(env), String(port));
	await mkdir(dirname(link), { recursive: true, mode: 0o700 });
	await rm(link, { force: true });
	await symlink(folder, link);
}

export async function forgetLogins(env: NodeJS.ProcessEnv, folder: string): Promise<void> {
	const links = await readdir(loginsFolder(env)).catch((): string[] => []);
	for (const link of links.map((name) => join(loginsFolder(env), name)))
		if ((await readlink(link).catch(() => null)) === folder) await rm(link, { force: true });
}

/**
 * The login of the sandbox's server that listens on this port of 127.0.0.1; null where none of this user's does: the port may be another's by
 * now, who must not get the password.
 */
export async function sandboxLogin(env: NodeJS.ProcessEnv, port: number): Promise<SandboxLogin | null> {
	const link = join(loginsFolder(env), String(port));
	const folder = await readlink(link).catch(() => null);
	if (folder === null) return null;
	for (const path of [link, folder]) if ((await lstat(path).catch(() => null))?.uid !== userInfo().uid) return null;
	const server = await findServer(folder);
	if (server?.port !== port || !server.running) return null;
	const text = await readFile(passwordPath(dirname(folder)), 'utf8').catch(() => null);
	return text === null ? null : { password: new Secret(text.trim()), ca: server.ca };
}

/** The ports of this user's sandbox servers that run now, in order. */
export async function sandboxPorts(env: NodeJS.ProcessEnv): Promise<readonly number[]> {
	const ports = (await readdir(loginsFolder(env)).catch((): string[] => [])).map(Number).filter(Number.isInteger);
	const logins = await Promise.all(ports.map((port) => sandboxLogin(env, port).catch(() => null)));
	return ports.filter((_, index) => logins[index] !== null).toSorted((a, b) => a - b);
}
