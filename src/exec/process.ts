import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as after } from 'node:timers/promises';
import { LockstepError } from '../core/errors.ts';
import { runTool } from './tool.ts';

/** The command line of a process, its arguments joined by spaces; undefined where there is no such process any more. */
export async function commandLine(pid: number): Promise<string | undefined> {
	if (process.platform === 'linux') {
		try {
			// Empty for one that has ended and that nobody has waited for yet.
			const line = await readFile(`/proc/${pid}/cmdline`, 'utf8');
			return line === '' ? undefined : line.replaceAll('\0', ' ').trimEnd();
		} catch {
			return undefined;
		}
	}
	return ps(pid, 'args=');
}

async function ps(pid: number, field: string): Promise<string | undefined> {
	try {
		const { stdout } = await runTool({ program: 'ps', argv: ['-ww', '-o', field, '-p', String(pid)] }, { timeoutMs: 5000 });
		return stdout.trim() || undefined;
	} catch (error) {
		if (error instanceof LockstepError) return undefined;
		throw error;
	}
}

/** When a process began, in the system's own words: with the pid it tells a process from any other. Undefined where it is gone. */
export async function processStartTime(pid: number): Promise<string | undefined> {
	if (process.platform === 'linux') {
		try {
			// proc(5): what follows the name in brackets begins with field 3, the state; field 22 is the start.
			const fields = (await readFile(`/proc/${pid}/stat`, 'utf8')).replace(/^.*\) /s, '').split(' ');
			return fields[0] === 'Z' ? undefined : fields[19];
		} catch {
			return undefined;
		}
	}
	return ps(pid, 'lstart=');
}

/** The kernel's clock ticks in a second, the same on every Linux that Node runs on. */
const TICKS = 100;

/** How long a process has computed, and whether a signal has stopped it; undefined where it is gone, or the system does not say. */
export async function processUse(pid: number): Promise<{ readonly cpuMs: number; readonly isStopped: boolean } | undefined> {
	if (process.platform === 'linux') {
		try {
			// proc(5): fields 3, the state, 14 and 15, in user and in kernel mode.
			const fields = (await readFile(`/proc/${pid}/stat`, 'utf8')).replace(/^.*\) /s, '').split(' ');
			return { cpuMs: ((Number(fields[11]) + Number(fields[12])) * 1000) / TICKS, isStopped: /^[Tt]$/.test(fields[0] ?? '') };
		} catch {
			return undefined;
		}
	}
	// [[dd-]hh:]mm:ss
	const [time, state] = [await ps(pid, 'time='), await ps(pid, 'state=')];
	if (time === undefined) return undefined;
	const seconds = time
		.split(/[-:]/)
		.reverse()
		.reduce((sum, part, index) => sum + Number(part) * ([1, 60, 3_600, 86_400][index] ?? 0), 0);
	return { cpuMs: seconds * 1000, isStopped: state?.startsWith('T') ?? false };
}

/** Whether this pid is still the process that has this text in its command line: pids are used again. */
export async function isRunning(pid: number, mark: string): Promise<boolean> {
	return (await commandLine(pid))?.includes(mark) ?? false;
}

/** The processes that were started with this very argument. */
export async function processesWith(argument: string): Promise<readonly number[]> {
	if (process.platform === 'linux') {
		const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
		const lines = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')));
		return pids.filter((_, index) => lines[index]?.split('\0').includes(argument)).map(Number);
	}
	const { stdout } = await runTool({ program: 'ps', argv: ['-axww', '-o', 'pid=,args='] }, { timeoutMs: 5000 });
	const lines = stdout.split('\n').filter((line) => `${line} `.includes(` ${argument} `));
	return lines.map((line) => Number.parseInt(line, 10));
}

function signal(pid: number, name: NodeJS.Signals): void {
	try {
		process.kill(pid, name);
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
	}
}

/**
 * Ends the process of this pid where its command line contains `mark`: SIGTERM, SIGKILL after `graceMs`, until it is gone.
 * Gives false where there was none; never signals another's process.
 */
export async function endProcess(pid: number, mark: string, graceMs: number): Promise<boolean> {
	if (!(await isRunning(pid, mark))) return false;
	// One that is ending loses its command line before its files and their locks: its birth stays to the last.
	const born = await processStartTime(pid);
	signal(pid, 'SIGTERM');
	const kill = performance.now() + graceMs;
	let killed = false;
	while (born !== undefined && (await processStartTime(pid)) === born) {
		if (!killed && performance.now() > kill) {
			killed = true;
			signal(pid, 'SIGKILL');
		}
		await after(20);
	}
	return true;
}

/** Kills the process of this pid at once where its command line contains `mark`, as a crash would, and waits until it is gone. False where there was none. */
export async function killProcess(pid: number, mark: string): Promise<boolean> {
	if (!(await isRunning(pid, mark))) return false;
	const born = await processStartTime(pid);
	signal(pid, 'SIGKILL');
	while (born !== undefined && (await processStartTime(pid)) === born) await after(20);
	return true;
}
