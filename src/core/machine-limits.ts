import { LockstepError, MachineLimit, type Told } from './errors.ts';

type Limit = Pick<Told, 'why' | 'mend'> & { readonly what: string };

const MEMORY: Limit = {
	what: 'This machine gave lockstep no more memory.',
	why: 'Its memory is used up, or a limit of this user or service is lower (ulimit -v, MemoryMax, a container).',
	mend: ['ulimit -v unlimited', 'Fewer connections need less:  --workers 1', 'Free memory on this machine, then run the command again.'],
};
const FILES: Limit = {
	what: 'Too many files are open.',
	why: 'The limit of open files of this user or service is reached.',
	mend: ['ulimit -n 4096', 'For a systemd service:  LimitNOFILE=4096', 'Fewer connections need fewer:  --workers 1'],
};
const PROCESSES: Limit = {
	what: 'This machine gave lockstep no more processes or threads.',
	why: 'The limit of processes of this user, service or container is reached.',
	mend: ['ulimit -u 4096', 'For a systemd service:  TasksMax=512', 'Fewer connections need fewer:  --workers 1'],
};

const LIMITS: { readonly [code: string]: Limit } = {
	EMFILE: FILES,
	ENFILE: { ...FILES, why: 'The limit of open files of the whole machine is reached.', mend: ['sysctl fs.file-nr fs.file-max'] },
	ENOMEM: MEMORY,
	ERR_MEMORY_ALLOCATION_FAILED: MEMORY,
	ERR_WORKER_OUT_OF_MEMORY: MEMORY,
	EAGAIN: PROCESSES,
	ERR_WORKER_INIT_FAILED: PROCESSES,
	ENOSPC: {
		what: 'The disk is full.',
		mend: ['df -h', 'df -i', 'Make room there, then run the command again.'],
	},
	EDQUOT: {
		what: 'The disk quota of this user is used up.',
		mend: ['quota -s', 'Make room or raise the quota, then run the command again.'],
	},
	EROFS: { what: 'The file system is read-only.', mend: ['Choose a folder on a file system that can be written.'] },
	EACCES: { what: 'This user may not read or write a file that lockstep needs.', mend: ['ls -ld FOLDER', 'id'] },
	EPERM: { what: 'The system does not permit an operation that lockstep needs.', mend: ['id', 'dmesg | tail'] },
	EIO: { what: 'A disk or a terminal reports an error.', mend: ['dmesg | tail'] },
	EPIPE: { what: 'The reader of lockstep’s output has ended.', mend: ['Run the command again without the pipe.'] },
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
		{ ...limit, ...(path === undefined ? {} : { what: `${limit.what} ${path}` }), words: error.message },
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

/** The limit that the last words of a process of ours name, where it died of one. */
export function limitIn(words: string): MachineLimit | null {
	const code = /\b(EMFILE|ENFILE|ENOMEM|ENOSPC|EDQUOT|ERR_WORKER_OUT_OF_MEMORY|ERR_WORKER_INIT_FAILED)\b/.exec(words)?.[0];
	const limit = code === undefined ? (/OOM/.test(words) || OUT_OF_MEMORY.test(words) ? MEMORY : undefined) : LIMITS[code];
	return limit === undefined ? null : new MachineLimit({ ...limit, words });
}
