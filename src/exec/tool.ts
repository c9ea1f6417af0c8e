import type { ChildProcess } from 'node:child_process';
import { accessSync, closeSync, constants, openSync, unlinkSync, writeSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { PassThrough, type Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ResultPromise } from 'execa';
import { LockstepError, MachineLimit, Stopped, ToolError } from '../core/errors.ts';
import { machineLimit } from '../core/machine-limits.ts';
import { shellWord } from '../core/shell.ts';
import { lastWords } from './last-words.ts';
import { lineReader } from './lines.ts';

/** How a tool reads {@link ToolCall.secretFile}; it must be its first argument. */
export const SECRET_FILE_ARGUMENT = '--defaults-file=/dev/fd/3';
/** Between SIGTERM and SIGKILL. */
const GRACE_MS = 2000;

/** One run of a program. No secret belongs in here but in {@link ToolCall.secretFile}. */
export interface ToolCall {
	/** A path, or a name to be found on the PATH. */
	readonly program: string;
	readonly argv: readonly string[];
	/**
	 * Content of an option file, handed over as fd 3 of an already unlinked 0600 file: neither the process list nor
	 * the environment nor the disk shows it. {@link SECRET_FILE_ARGUMENT} is put first where argv does not start with it.
	 */
	readonly secretFile?: string;
	/** Added to this process' own environment, which goes on without the passwords in it. */
	readonly env?: Readonly<Record<string, string>>;
	readonly cwd?: string;
}

export interface ToolEnd {
	/** null where a signal ended it. */
	readonly code: number | null;
	readonly signal: string | null;
	/** The first and the last lines of its stderr, without rows that it repeats. */
	readonly lastWords: readonly string[];
	readonly ms: number;
}

export interface RunningTool {
	readonly pid: number | undefined;
	readonly stdin: Writable;
	/**
	 * Raw bytes with back-pressure: a tool whose output is not read waits. It ends cleanly where the tool died as well:
	 * only {@link RunningTool.ended} tells whether the output is whole.
	 */
	readonly stdout: Readable;
	/** When the process is gone, whether its stdout was read or not. Never rejects. */
	readonly ended: Promise<ToolEnd>;
	/** SIGTERM, or the signal given; SIGKILL two seconds later. */
	kill(signal?: NodeJS.Signals): void;
}

// A socket, as execa makes of its own arrays, cannot be opened again by its name /dev/fd/3: it has to be a real file.
function unlinkedFile(content: string): number {
	const folder = tmpdir();
	const path = join(folder, `.lockstep-${process.pid}-${crypto.randomUUID()}`);
	let fd: number | undefined;
	try {
		fd = openSync(path, 'wx+', 0o600);
		unlinkSync(path);
		// With a position: where /dev/fd is a dup (macOS), reading starts at the shared offset, which must stay 0.
		const written = writeSync(fd, content, 0, 'utf8');
		if (written < Buffer.byteLength(content))
			throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC', syscall: 'write' });
		return fd;
	} catch (cause) {
		if (fd !== undefined) closeSync(fd);
		const limit = machineLimit(cause)?.description;
		throw new ToolError(
			{
				message: `A temporary file for a password cannot be written in ${folder}.`,
				reason: [limit?.message, limit?.reason].filter(Boolean).join(' ') || (cause as Error).message,
				hints: [`ls -ld ${shellWord(folder)}`, `df -h ${shellWord(folder)}`, 'TMPDIR=/folder/with/room lockstep …'],
				details: (cause as Error).message,
			},
			{ cause },
		);
	}
}

/** Everybody of this account can read a process's environment, and no tool needs these: it gets its password in a file. */
export function withoutPasswords(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
	return Object.fromEntries(Object.entries(env).filter(([name]) => name !== 'MYSQL_PWD' && !/^LOCKSTEP_(\w+_)?PASSWORD$/.test(name)));
}

/** More than a pipe to each stream of a program takes. */
const PROBES = 10;

/** Whether this process has no more files to give to another: the system says it to whoever starts one only later. */
function outOfFiles(): MachineLimit | null {
	const open: number[] = [];
	try {
		for (let probe = 0; probe < PROBES; probe++) open.push(openSync('/dev/null', 'r'));
		return null;
	} catch (error) {
		return machineLimit(error);
	} finally {
		for (const fd of open) closeSync(fd);
	}
}

export function cannotStart(program: string): LockstepError {
	const limit = outOfFiles()?.description;
	if (limit !== undefined)
		return new MachineLimit({
			...limit,
			message: `Cannot start ${program}.`,
			reason: `Too many files are open. ${limit.reason ?? ''}`.trim(),
		});
	let why = 'It is not on the PATH.';
	if (program.includes('/')) {
		try {
			accessSync(program, constants.X_OK);
			why = 'The system refused to start it.';
		} catch (error) {
			why = (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'There is no such file.' : 'The file may not be executed.';
		}
	}
	return new ToolError({
		message: `Cannot start ${program}.`,
		reason: why,
		...(why.startsWith('The system') && { hints: ['Which limits hold, of processes (-u) and memory (-v) among others:  ulimit -a'] }),
	});
}

function closedStdin(): Writable {
	const closed = new Writable({ write: (_chunk, _encoding, done) => done() });
	closed.end();
	return closed;
}

/**
 * Starts a program. Aborting ends it with SIGTERM, then SIGKILL after two seconds; so does the end of this process.
 * `stdin` is `ignore` unless said otherwise.
 * @throws {ToolError} at once, where it cannot be started.
 */
export function startTool(
	call: ToolCall,
	options: { signal?: AbortSignal; onStderrLine?: (line: string) => void; stdin?: 'pipe' | 'ignore' } = {},
): RunningTool {
	const began = performance.now();
	const withSecret = call.secretFile !== undefined;
	const argv = withSecret && call.argv[0] !== SECRET_FILE_ARGUMENT ? [SECRET_FILE_ARGUMENT, ...call.argv] : [...call.argv];
	const fd = withSecret ? unlinkedFile(call.secretFile ?? '') : undefined;
	// execa's types know the numbers 3 to 9 only; it hands any on.
	const third = fd === undefined ? [] : [fd as 3];
	// Loaded here: a command that starts no tool does not wait for it.
	const { execa } = createRequire(import.meta.url)('execa') as typeof import('execa');
	let execution: Pick<ResultPromise, 'nodeChildProcess' | 'kill'>;
	try {
		execution = execa(call.program, argv, {
			stdio: [options.stdin ?? 'ignore', 'pipe', 'pipe', ...third],
			buffer: false,
			encoding: 'buffer',
			reject: false,
			forceKillAfterDelay: GRACE_MS,
			env: { ...withoutPasswords(process.env), ...call.env },
			extendEnv: false,
			...(call.cwd !== undefined && { cwd: call.cwd }),
			...(options.signal && { cancelSignal: options.signal }),
		});
	} finally {
		if (fd !== undefined) closeSync(fd);
	}
	const child: ChildProcess = execution.nodeChildProcess;
	if (child.pid === undefined) throw cannotStart(call.program);

	const lastLines = lastWords();
	const read = lineReader((line) => {
		const message = lastLines.push(line);
		if (message !== null) options.onStderrLine?.(message);
	});
	child.stderr?.on('data', read.push);
	const stderrDone = new Promise<void>((resolve) => child.stderr?.on('close', resolve));

	// execa lets output flow away where nobody reads it in the same turn: a stream of ours keeps it until somebody does.
	const stdout = new PassThrough();
	if (child.stdout) pipeline(child.stdout, stdout).catch(() => undefined);
	// Whoever writes to a tool that died learns it from `ended`; without a listener the error would end this process.
	child.stdin?.on('error', () => undefined);
	stdout.on('error', () => undefined);

	const ended = new Promise<ToolEnd>((resolve) => {
		child.once('exit', async (code, signal) => {
			// A grandchild may keep stderr open for ever.
			const enough = new AbortController();
			await Promise.race([stderrDone, delay(500, enough.signal)]);
			enough.abort();
			read.flush();
			resolve({ code, signal, lastWords: lastLines.lines, ms: Math.round(performance.now() - began) });
		});
	});
	return { pid: child.pid, stdin: child.stdin ?? closedStdin(), stdout, ended, kill: (signal = 'SIGTERM') => void execution.kill(signal) };
}

function delay(ms: number, signal: AbortSignal): Promise<void> {
	return new Promise((resolve) => {
		const timer = setTimeout(resolve, ms);
		signal.addEventListener('abort', () => {
			clearTimeout(timer);
			resolve();
		});
	});
}

/** The error of a tool that did not end well. */
export function toolFailed(program: string, end: ToolEnd, why?: string): ToolError {
	const name = basename(program);
	return new ToolError({
		message: end.signal === null ? `${name} ended with exit code ${end.code}.` : `${name} was ended by ${end.signal}.`,
		...(why !== undefined && { reason: why }),
		...(end.lastWords.length > 0 && { details: end.lastWords.join('\n') }),
	});
}

/**
 * Runs a program to its end and gives its output as text.
 * @throws {ToolError} with its last words where its exit code is not 0 or `timeoutMs` is over;
 * {@link Stopped}, or the reason of the abort where that is one of our errors, when aborted.
 */
export async function runTool(
	call: ToolCall,
	options: { signal?: AbortSignal; input?: string; timeoutMs?: number } = {},
): Promise<{ stdout: string; end: ToolEnd }> {
	const timeout = options.timeoutMs === undefined ? undefined : AbortSignal.timeout(options.timeoutMs);
	const signals = [options.signal, timeout].filter((signal) => signal !== undefined);
	const tool = startTool(call, {
		stdin: options.input === undefined ? 'ignore' : 'pipe',
		...(signals.length > 0 && { signal: AbortSignal.any(signals) }),
	});
	if (options.input !== undefined) tool.stdin.end(options.input);
	const chunks: Buffer[] = [];
	tool.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
	const closed = new Promise((resolve) => tool.stdout.once('close', resolve));
	const end = await tool.ended;
	if (end.code !== 0) {
		if (options.signal?.aborted) {
			throw options.signal.reason instanceof LockstepError ? options.signal.reason : new Stopped(`${basename(call.program)} was stopped.`);
		}
		throw toolFailed(call.program, end, timeout?.aborted ? `It had not ended after ${(options.timeoutMs ?? 0) / 1000} s.` : undefined);
	}
	await closed;
	return { stdout: Buffer.concat(chunks).toString('utf8'), end };
}
