// The real program, run as people and scripts run it: `node bin/lockstep.js …` on what was built.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { serversFolder } from '../../src/sandbox/places.ts';
import type { SandboxServer } from './servers.ts';
import { wordsOf } from './words.ts';

const PROGRAM = fileURLToPath(new URL('../../bin/lockstep.js', import.meta.url));
/** Longer than any run of a test takes: after it the program is killed and the test fails. */
const BOUND_MS = 60_000;

// biome-ignore lint/suspicious/noExplicitAny: lines of JSON, whose fields the tests are about
export type Line = any;

export interface Ended {
	/** Null where it had to be killed. */
	readonly code: number | null;
	readonly stdout: string;
	readonly stderr: string;
	/** stdout's lines where they are JSON. */
	readonly lines: readonly Line[];
	readonly last: Line;
	readonly ms: number;
}

export interface Running {
	readonly pid: number;
	readonly child: ChildProcess;
	readonly ended: Promise<Ended>;
	/** The first JSON line, printed already or to come, that is so; rejects where the program ends without one. */
	line(is: (line: Line) => boolean): Promise<Line>;
}

export interface Calling {
	readonly env?: NodeJS.ProcessEnv;
	readonly input?: string;
	/** A command that runs it: `['setpriv', '--reuid', '65534']`. */
	readonly through?: readonly string[];
	readonly boundMs?: number;
	readonly cwd?: string;
}

/** A home of a test's own: nothing of the machine's is read or written but the unpacked servers. */
export interface Home extends AsyncDisposable {
	readonly dir: string;
	readonly env: NodeJS.ProcessEnv;
	/** Where runs keep their journals. */
	readonly state: string;
}

export async function makeHome(): Promise<Home> {
	const dir = await realpath(await mkdtemp(join(tmpdir(), 'lockstep-cli-')));
	const env = {
		PATH: process.env.PATH,
		HOME: dir,
		XDG_STATE_HOME: join(dir, 'state'),
		XDG_CONFIG_HOME: join(dir, 'config'),
		XDG_CACHE_HOME: dirname(dirname(serversFolder(process.env))),
		NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE,
	};
	return {
		dir,
		env,
		state: join(dir, 'state', 'lockstep'),
		[Symbol.asyncDispose]: () => rm(dir, { recursive: true, force: true }),
	};
}

const parsed = (text: string): Line[] =>
	text.split('\n').flatMap((line) => {
		try {
			return line.startsWith('{') ? [JSON.parse(line)] : [];
		} catch {
			return [];
		}
	});

/** Starts it and goes on. */
export function start(args: readonly string[], { env = process.env, input, through = [], boundMs = BOUND_MS, cwd }: Calling = {}): Running {
	const began = performance.now();
	const [command = process.execPath, ...rest] = [...through, process.execPath, PROGRAM, ...args];
	const child = spawn(command, rest, { env, stdio: ['pipe', 'pipe', 'pipe'], ...(cwd !== undefined && { cwd }) });
	if (child.pid === undefined) throw new Error(`${command} does not start`);
	child.stdin.on('error', () => undefined);
	child.stdin.end(input ?? '');
	let stdout = '';
	let stderr = '';
	const heard = new Set<() => void>();
	child.stdout.setEncoding('utf8').on('data', (text: string) => {
		stdout += text;
		for (const look of heard) look();
	});
	child.stderr.setEncoding('utf8').on('data', (text: string) => {
		stderr += text;
	});
	const bound = setTimeout(() => child.kill('SIGKILL'), boundMs);
	const ended = new Promise<Ended>((resolve) => {
		child.once('close', (code) => {
			clearTimeout(bound);
			const lines = parsed(stdout);
			resolve({ code, stdout, stderr, lines, last: lines.at(-1), ms: performance.now() - began });
		});
	});
	return {
		pid: child.pid,
		child,
		ended,
		line: (is) =>
			new Promise((resolve, reject) => {
				const look = () => {
					const found = parsed(stdout).find(is);
					if (found === undefined) return;
					heard.delete(look);
					resolve(found);
				};
				heard.add(look);
				look();
				void ended.then(() => reject(new Error(`it ended without that line:\n${stdout.slice(-2000)}\n${stderr}`)));
			}),
	};
}

/** Runs it to its end. */
export const lockstep = (args: readonly string[], calling: Calling = {}): Promise<Ended> => start(args, calling).ended;

/** With its CA where a password is sent: a server that nothing proves is not given one. */
export const urlOf = (server: Pick<SandboxServer, 'port'> & Partial<SandboxServer>, user = 'root', host = '127.0.0.1'): string =>
	`mysql://${user}@${host}:${server.port}${user === 'root' || server.ca === undefined ? '' : `?ssl-ca=${server.ca}`}`;

/** What it is called where a name must be typed. */
export const nameOf = (server: Pick<SandboxServer, 'port'>): string => `127.0.0.1:${server.port}`;

/** The processes that this one started, at any depth. */
export async function descendants(pid: number): Promise<{ pid: number; command: string }[]> {
	const all = await Promise.all(
		(await readdir('/proc'))
			.filter((name) => /^\d+$/.test(name))
			.map(async (name) => {
				const stat = await readFile(`/proc/${name}/stat`, 'utf8').catch(() => '');
				const parent = Number(/^\d+ \(.*\) \S (\d+)/s.exec(stat)?.[1]);
				const command = await readFile(`/proc/${name}/cmdline`, 'utf8').catch(() => '');
				return { pid: Number(name), parent, command: command.replaceAll('\0', ' ').trim() };
			}),
	);
	const below = (of: number): { pid: number; command: string }[] =>
		all.filter((each) => each.parent === of).flatMap(({ pid: child, command }) => [{ pid: child, command }, ...below(child)]);
	return below(pid);
}

/** Whether this text, or what it is in bytes, is anywhere in the files of a folder: the paths of those that hold it. */
export async function filesWith(folder: string, text: string): Promise<string[]> {
	const found: string[] = [];
	for (const entry of await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => [])) {
		if (!entry.isFile()) continue;
		const path = join(entry.parentPath, entry.name);
		if ((await readFile(path).catch(() => Buffer.alloc(0))).includes(text)) found.push(path);
	}
	return found;
}

/**
 * The vendor's dump tool with a tap: while the tap is shut it has given its first bytes and no more, so that a test has all the time it
 * wants in the middle of a dump. Everything else about it is real: the process that the program started becomes the tool itself.
 */
export interface Tap {
	readonly env: NodeJS.ProcessEnv;
	shut(): Promise<void>;
	/** Shut before its first byte: it is not even connected. */
	bar(): Promise<void>;
	/** From now on it writes all that it has to, and ends with this exit code or says this on stderr. */
	spoil(how: { readonly code: number } | { readonly says: string }): Promise<void>;
	/** As if nobody had touched it. */
	open(): Promise<void>;
}

export async function tapped(home: Home, binDir: string): Promise<Tap> {
	const tools = join(home.dir, 'tools');
	const shut = join(home.dir, 'tap-is-shut');
	const barred = join(home.dir, 'tap-is-barred');
	const code = join(home.dir, 'tap-code');
	const says = join(home.dir, 'tap-says');
	await mkdir(tools, { recursive: true });
	const { dump, client } = (await readdir(binDir)).includes('mariadb-dump') ? wordsOf('mariadb-11.8') : wordsOf('mysql-9.7');
	await writeFile(
		join(tools, dump),
		`#!/bin/bash
real=${join(binDir, dump)}
if [ "$1" = --version ]; then exec "$real" --version; fi
while [ -e ${barred} ]; do sleep 0.02; done
if [ -e ${says} ]; then cat ${says} >&2; fi
if [ -e ${code} ]; then "$real" "$@" && exit "$(cat ${code})"; fi
exec "$real" "$@" > >(exec 2>/dev/null 3<&-; head -c 2000; while [ -e ${shut} ]; do sleep 0.02; done; exec cat)
`,
		{ mode: 0o755 },
	);
	// A file of its own: through a link the unpacked client would not find what belongs to it.
	await writeFile(join(tools, client), `#!/bin/sh\nexec ${join(binDir, client)} "$@"\n`, { mode: 0o755 });
	return {
		// Without a cache the PATH decides.
		env: { ...home.env, XDG_CACHE_HOME: join(home.dir, 'no-cache'), PATH: `${tools}:${process.env.PATH}` },
		shut: () => writeFile(shut, ''),
		bar: () => writeFile(barred, ''),
		spoil: (how) => ('code' in how ? writeFile(code, String(how.code)) : writeFile(says, `${how.says}\n`)),
		async open() {
			for (const file of [shut, barred, code, says]) await rm(file, { force: true });
		},
	};
}
