// What on this machine says where servers are: listening sockets, groups of option files, login paths.
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { compact, type UrlParts } from './address.ts';
import { readLoginFile } from './login-path.ts';
import { GROUPS, type Option, offeredLines, parseOptions, SYSTEM_FILES } from './option-files.ts';
import { fromOptions } from './option-values.ts';

/** A group of an option file, or a login path, that says where a server is. */
export interface NamedGroup {
	/** Of a group of option files: what stands behind `client`, '' for `[client]` itself; of a login path its name. */
	readonly name: string;
	/** Where it stands, for people: `~/.my.cnf [client_db3]`. */
	readonly from: string;
	readonly parts: Pick<UrlParts, 'user' | 'host' | 'port' | 'socket'>;
}

/** Sockets of databases that listen on this machine, for Linux; elsewhere those of the usual places. `procfs`: for tests. */
export async function findSockets(usual: readonly string[], procfs = '/proc/net/unix'): Promise<readonly string[]> {
	const text = await readFile(procfs, 'utf8').catch(() => '');
	// The flags 00010000 say that it listens; the path is the last column.
	const listening = text.split('\n').flatMap((line) => /^\S+ \S+ \S+ 00010000 .* (\/\S+)$/.exec(line)?.[1] ?? []);
	const databases = listening.filter((path) => /(mysql|maria)[^/]*\.sock$/i.test(path) && !/mysqlx/i.test(path));
	const found: string[] = [];
	const seen = new Set<string>();
	for (const path of [...usual, ...databases]) {
		const file = await stat(path).catch(() => null);
		// The usual places are often links to one another.
		if (!file?.isSocket() || seen.has(`${file.dev} ${file.ino}`)) continue;
		seen.add(`${file.dev} ${file.ino}`);
		found.push(path);
	}
	return found;
}

type Where = { readonly env: NodeJS.ProcessEnv; readonly home: string; readonly systemFiles?: readonly string[] };

/** The groups `[client]` and `[client…]` of the option files that name a host or a socket, and of those that they include. */
export async function findClientGroups({ env, home, systemFiles = SYSTEM_FILES }: Where): Promise<readonly NamedGroup[]> {
	const files = [...systemFiles, ...(env.MYSQL_HOME ? [join(env.MYSQL_HOME, 'my.cnf')] : []), join(home, '.my.cnf')];
	const groups = new Map<string, NamedGroup>();
	for (const file of files) {
		for (const { path, group, options } of await groupsOf(file, home)) {
			const suffix = /^client(.*)$/is.exec(group)?.[1];
			if (suffix === undefined || (suffix !== '' && GROUPS.includes(group.toLowerCase()))) continue;
			const shown = path.startsWith(`${home}/`) ? `~${path.slice(home.length)}` : path;
			add(groups, { name: suffix, from: `${shown} [${group}]`, parts: partsOf(options) });
		}
	}
	return [...groups.values()];
}

/** The login paths of MySQL's login file, but `client`, which every client reads. */
export async function findLoginPaths({ env, home }: Where): Promise<readonly NamedGroup[]> {
	const { text, path } = await readLoginFile(env.MYSQL_TEST_LOGIN_FILE || join(home, '.mylogin.cnf'));
	if (text === undefined) return [];
	return [...grouped(text, path)]
		.filter(([group]) => group.toLowerCase() !== 'client')
		.map(([group, options]) => ({ name: group, from: `login path ${group}`, parts: partsOf(options) }));
}

function add(groups: Map<string, NamedGroup>, group: NamedGroup): void {
	if (group.parts.host !== undefined || group.parts.socket !== undefined) groups.set(group.name, group);
}

function partsOf(options: readonly Option[]): NamedGroup['parts'] {
	try {
		const { user, host, port, socket } = fromOptions(options).said;
		return compact({ user, host, port, socket });
	} catch {
		return {};
	}
}

interface Group {
	readonly path: string;
	readonly group: string;
	readonly options: Option[];
}

/** The groups of a file and of those that it includes, each with what one file says of it. */
async function groupsOf(file: string, home: string): Promise<readonly Group[]> {
	const found = new Map<string, Group>();
	for await (const { path, group, name, value } of offeredLines(file, home)) {
		const key = `${path} [${group}]`;
		const known = found.get(key) ?? { path, group, options: [] };
		known.options.push({ name, value, origin: key, exposed: false });
		found.set(key, known);
	}
	return [...found.values()];
}

function grouped(text: string, path: string): Map<string, Option[]> {
	const groups = new Map<string, Option[]>();
	try {
		for (const line of parseOptions(text, path)) {
			if ('group' in line)
				groups.set(line.group, [
					...(groups.get(line.group) ?? []),
					{ name: line.name, value: line.value, origin: `${path} [${line.group}]`, exposed: false },
				]);
		}
	} catch {
		// A broken file is refused by what uses it; until there it offers what stands before the break.
	}
	return groups;
}
