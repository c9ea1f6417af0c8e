import { ownProgram } from '../core/program-files.ts';
import type { Method, ThreadContract } from '../workers/contract.ts';
import { startWorker } from '../workers/worker-client.ts';
import { type FileRead, type ReadAs, readWhole } from './read-whole.ts';

export type FileOrder = { readonly path: string; readonly readAs: ReadAs; readonly size: number };
/** Its progress are bytes read, as on disk. */
export interface FileThread extends ThreadContract {
	readonly data: null;
	readonly opened: null;
	readonly event: never;
	readonly methods: { readonly read: Method<FileOrder, FileRead, number> };
}

/** Reads whole files, one at a time; see {@link readWhole}. */
export interface FileReader extends AsyncDisposable {
	read(order: FileOrder, onBytes: (count: number) => void): Promise<FileRead>;
}

const THREAD = ownProgram('archive/read-thread');

/** Below this a thread costs more than it brings. */
const WORTH_BYTES = 8 * 1024 ** 2;

/** What it threw says more: a limit of this machine, or a bug of ours. */
const ended = (cause?: unknown): Error => (cause instanceof Error ? cause : new Error('A thread that read files of a backup ended.'));

/** So many that read at the same time: threads where there is enough to be read. */
export function openFileReaders(count: number, bytes: number, signal: AbortSignal | undefined): readonly FileReader[] {
	return Array.from({ length: Math.max(1, count) }, () => (bytes < WORTH_BYTES ? here(signal) : thread(signal)));
}

const here = (signal: AbortSignal | undefined): FileReader => ({
	read: ({ path, readAs, size }, onBytes) => readWhole(path, { readAs, size, onBytes, signal }),
	[Symbol.asyncDispose]: async () => undefined,
});

function thread(signal: AbortSignal | undefined): FileReader {
	const worker = startWorker<FileThread>(THREAD, { data: null, ended });
	const stop = () => worker.fail(signal?.reason);
	signal?.addEventListener('abort', stop, { once: true });
	if (signal?.aborted) stop();
	return {
		read: (order, onBytes) => worker.call('read', order, { onProgress: onBytes }),
		async [Symbol.asyncDispose]() {
			signal?.removeEventListener('abort', stop);
			await worker.close();
		},
	};
}
