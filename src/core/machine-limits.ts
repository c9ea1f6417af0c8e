import { type ErrorMessage, LockstepError, MachineLimit } from './errors.ts';

type Limit = Pick<ErrorMessage, 'reason' | 'hints'> & { readonly message: string };

const MEMORY: Limit = {
	message: 'This machine gave lockstep no more memory.',
	reason: 'Its memory is used up, or a limit of this user or service is lower (ulimit -v, MemoryMax, a container).',
	hints: ['ulimit -v unlimited', 'Fewer connections need less:  --workers 1', 'Free memory on this machine, then run the command again.'],
};
const FILES: Limit = {
	message: 'Too many files are open.',
	reason: 'The limit of open files of this user or service is reached.',
	hints: ['ulimit -n 4096', 'For a systemd service:  LimitNOFILE=4096', 'Fewer connections need fewer:  --workers 1'],
};
const PROCESSES: Limit = {
	message: 'This machine gave lockstep no more processes or threads.',
	reason: 'The limit of processes of this user, service or container is reached.',
	hints: ['ulimit -u 4096', 'For a systemd service:  TasksMax=512', 'Fewer connections need fewer:  --workers 1'],
};

const LIMITS: { readonly [code: string]: Limit } = {
	EMFILE: FILES,
	ENFILE: { ...FILES, reason: 'The limit of open files of the whole machine is reached.', hints: ['sysctl fs.file-nr fs.file-max'] },
	ENOMEM: MEMORY,
	ERR_MEMORY_ALLOCATION_FAILED: MEMORY,
	ERR_WORKER_OUT_OF_MEMORY: MEMORY,
	EAGAIN: PROCESSES,
	ERR_WORKER_INIT_FAILED: PROCESSES,
	ENOSPC: {
		message: 'The disk is full.',
		hints: ['df -h', 'df -i', 'Make room there, then run the command again.'],
	},
	EDQUOT: {
		message: 'The disk quota of this user is used up.',
		hints: ['quota -s', 'Make room or raise the quota, then run the command again.'],
	},
	EROFS: { message: 'The file system is read-only.', hints: ['Choose a folder on a file system that can be written.'] },
	EACCES: { message: 'This user may not read or write a file that lockstep needs.', hints: ['ls -ld FOLDER', 'id'] },
	EPERM: { message: 'The system does not permit an operation that lockstep needs.', hints: ['id', 'dmesg | tail'] },
	EIO: { message: 'A disk or a terminal reports an error.', hints: ['dmesg | tail'] },
	EPIPE: { message: 'The reader of lockstep’s output has ended.', hints: ['Run the command again without the pipe.'] },
};

/** What a runtime says where it has no code of the system: V8 and WebAssembly for memory that they are refused. */
const OUT_OF_MEMORY = /out of memory|Array buffer allocation failed|could not allocate memory|memory allocation failed/i;

const RUNTIME: ReadonlySet<string> = new Set(['RangeError', 'RuntimeError', 'CompileError']);

function limitOf(code: unknown, syscall: string | undefined): Limit | undefined {
	if (typeof code !== 'string') return undefined;
	// Only the system's own errors have a syscall; a driver's or a program's code may be spelt alike.
	if (syscall === undefined && !code.startsWith('ERR_')) return undefined;
	// Of a read it only says that nothing is there yet.
	if (code === 'EAGAIN' && syscall?.startsWith('spawn') !== true) return undefined;
	return LIMITS[code];
}

/**
 * A limit of this machine that a system error of Node, or one of its runtime, stands for; null for any other error. `path` and the system's
 * own words are kept.
 */
export function machineLimit(error: unknown): MachineLimit | null {
	if (!(error instanceof Error) || error instanceof LockstepError) return null;
	const { code, syscall, path } = error as NodeJS.ErrnoException;
	// "Worker initialization failure: EMFILE": what the thread lacked.
	const lacked = /^Worker initialization failure: (EMFILE|ENFILE|ENOMEM)\b/.exec(error.message)?.[1];
	const limit =
		(lacked === undefined ? limitOf(code, syscall) : LIMITS[lacked]) ??
		(RUNTIME.has(error.name) && OUT_OF_MEMORY.test(error.message) ? MEMORY : null);
	if (limit === null) return null;
	return new MachineLimit(
		{ ...limit, ...(path === undefined ? {} : { message: `${limit.message} ${path}` }), details: error.message },
		{ cause: error },
	);
}

/** The first limit of the machine in a chain of causes. */
export function limitBehind(cause: unknown): MachineLimit | null {
	for (let each = cause, depth = 0; each instanceof Error && depth < 10; each = each.cause, depth++) {
		const limit = each instanceof MachineLimit ? each : machineLimit(each);
		if (limit !== null) return limit;
	}
	return null;
}

function limitNamedIn(text: string): Limit | undefined {
	const code = /\b(EMFILE|ENFILE|ENOMEM|ENOSPC|EDQUOT|ERR_WORKER_OUT_OF_MEMORY|ERR_WORKER_INIT_FAILED)\b/.exec(text)?.[0];
	if (code !== undefined) return LIMITS[code];
	return /OOM/.test(text) || OUT_OF_MEMORY.test(text) ? MEMORY : undefined;
}

/** The limit that the last words of a process of ours name, where it died of one. */
export function limitIn(text: string): MachineLimit | null {
	const limit = limitNamedIn(text);
	return limit === undefined ? null : new MachineLimit({ ...limit, details: text });
}
