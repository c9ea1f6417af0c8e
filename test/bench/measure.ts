// What one run of a program and all that it starts costs: wall, processor, memory.
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { lstat, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

export interface Cost {
	readonly wallMs: number;
	/** Processor time of the program and everything that it started. */
	readonly clientMs: number;
	/** Processor time of the server meanwhile. */
	readonly serverMs: number;
	/** Peak of the sum of all its processes' own peaks. */
	readonly memoryBytes: number;
}

/** Of Linux, for /proc (sysconf(_SC_CLK_TCK) is 100 everywhere). */
const TICK_MS = 10;
const EVERY_MS = 50;

const read = (path: string): string => {
	try {
		return readFileSync(path, 'latin1');
	} catch {
		return '';
	}
};

/** Processor time of a process with all its threads, without its children's; null where it is gone. See proc_pid_stat(5). */
export function processorMs(pid: number): number | null {
	const text = read(`/proc/${pid}/stat`);
	// The name before the last parenthesis may hold anything.
	const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
	return text === '' ? null : (Number(fields[11]) + Number(fields[12])) * TICK_MS;
}

const peakBytes = (pid: number): number => Number(/^VmHWM:\s+(\d+) kB$/m.exec(read(`/proc/${pid}/status`))?.[1] ?? 0) * 1024;

function childrenOf(pid: number): number[] {
	let threads: string[] = [];
	try {
		threads = readdirSync(`/proc/${pid}/task`);
	} catch {}
	return threads.flatMap((thread) => read(`/proc/${pid}/task/${thread}/children`).split(' ').filter(Boolean).map(Number));
}

/** Looks at a process and all below it, again and again. One that goes into a session of its own is found while its parent is there. */
function watchTree(root: number) {
	const known = new Map<number, number>([[root, 0]]);
	let memoryBytes = 0;
	const look = () => {
		const alive = new Set<number>();
		const visit = (pid: number) => {
			const spent = processorMs(pid);
			if (alive.has(pid) || spent === null) return;
			alive.add(pid);
			known.set(pid, Math.max(spent, known.get(pid) ?? 0));
			for (const child of childrenOf(pid)) visit(child);
		};
		for (const pid of [...known.keys()]) visit(pid);
		memoryBytes = Math.max(
			memoryBytes,
			[...alive].reduce((sum, pid) => sum + peakBytes(pid), 0),
		);
	};
	const timer = setInterval(look, EVERY_MS);
	return {
		end: () => clearInterval(timer),
		seen: () => ({ memoryBytes, seenMs: [...known.values()].reduce((sum, ms) => sum + ms, 0) }),
	};
}

/** `0m1.234s 0m0.010s` a line, the shell's own first, then that of all its children that it waited for. */
export function readTimes(text: string): number {
	const [, children = ''] = text.trim().split('\n');
	return [...children.matchAll(/(\d+)m(\d+)[.,](\d+)s/g)].reduce(
		(sum, [, minutes, seconds, rest = '0']) =>
			sum + Number(minutes) * 60_000 + Number(seconds) * 1000 + Number(rest.padEnd(3, '0').slice(0, 3)),
		0,
	);
}

/** Runs a line of shell. Throws with its last words where it fails. */
export async function cost(
	script: string,
	how: { readonly serverPid: number; readonly folder: string; readonly env: NodeJS.ProcessEnv; readonly signal: AbortSignal },
): Promise<Cost> {
	const log = join(how.folder, 'run.log');
	const before = processorMs(how.serverPid) ?? 0;
	const began = performance.now();
	const child = spawn('bash', ['-c', `set -o pipefail; (${script}\n) > run.log 2>&1 < /dev/null; code=$?; times > run.times; exit $code`], {
		cwd: how.folder,
		env: how.env,
		stdio: 'ignore',
		// A group of its own, so that all of a pipeline is ended where this is stopped.
		detached: true,
	});
	const ended = new Promise<number | null>((resolve, reject) => child.once('error', reject).once('close', resolve));
	const tree = watchTree(child.pid as number);
	const kill = () => void process.kill(-(child.pid as number), 'SIGTERM');
	how.signal.addEventListener('abort', kill);
	const code = await ended.finally(() => {
		tree.end();
		how.signal.removeEventListener('abort', kill);
	});
	const wallMs = performance.now() - began;
	const serverMs = (processorMs(how.serverPid) ?? 0) - before;
	const { memoryBytes, seenMs } = tree.seen();
	if (code !== 0) throw new Error(`exit ${code}: ${script}\n${(await readFile(log, 'utf8').catch(() => '')).slice(-2000)}`);
	// The shell knows exactly what it waited for; a process that outlives its parent is only known by the looks at it.
	const clientMs = Math.max(seenMs, readTimes(await readFile(join(how.folder, 'run.times'), 'utf8')));
	return { wallMs, clientMs, serverMs, memoryBytes };
}

/** Bytes of all files in a folder, links not followed (as a recursive readdir does). */
export async function bytesIn(folder: string): Promise<number> {
	let sum = 0;
	for (const entry of await readdir(folder, { withFileTypes: true })) {
		const path = join(folder, entry.name);
		if (entry.isDirectory()) sum += await bytesIn(path);
		else if (entry.isFile()) sum += (await lstat(path)).size;
	}
	return sum;
}
