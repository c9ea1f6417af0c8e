import { Worker } from 'node:worker_threads';
import { unpackError, type WireError } from '../core/error-wire.ts';
import { ownProgram } from '../core/program-files.ts';
import { type FileRead, type Looked, readWhole } from './read-whole.ts';

export type FileOrder = { readonly path: string; readonly look: Looked; readonly size: number };
export type FileWord =
	| { readonly say: 'bytes'; readonly count: number }
	| { readonly say: 'read'; readonly read: FileRead }
	| { readonly say: 'failed'; readonly error: WireError };

/** Reads whole files, one at a time; see {@link readWhole}. */
export interface FileReader extends AsyncDisposable {
	read(order: FileOrder, onBytes: (count: number) => void): Promise<FileRead>;
}

const THREAD = ownProgram('archive/read-thread');

/** Below this a thread costs more than it brings. */
const WORTH_BYTES = 8 * 1024 ** 2;

/** So many that read at the same time: threads where there is enough to be read. */
export function openFileReaders(count: number, bytes: number, signal: AbortSignal | undefined): readonly FileReader[] {
	return Array.from({ length: Math.max(1, count) }, () => (bytes < WORTH_BYTES ? here(signal) : thread(signal)));
}

const here = (signal: AbortSignal | undefined): FileReader => ({
	read: ({ path, look, size }, onBytes) => readWhole(path, { look, size, onBytes, signal }),
	[Symbol.asyncDispose]: async () => undefined,
});

function thread(signal: AbortSignal | undefined): FileReader {
	const worker = new Worker(THREAD, { execArgv: [] });
	return {
		read(order, onBytes) {
			const { promise, resolve, reject } = Promise.withResolvers<FileRead>();
			const hear = (word: FileWord) => {
				if (word.say === 'bytes') onBytes(word.count);
				else if (word.say === 'read') resolve(word.read);
				else reject(unpackError(word.error));
			};
			const stop = () => reject(signal?.reason);
			worker.on('message', hear).once('error', reject);
			signal?.addEventListener('abort', stop, { once: true });
			if (signal?.aborted) stop();
			else worker.postMessage(order);
			return promise.finally(() => {
				worker.off('message', hear).off('error', reject);
				signal?.removeEventListener('abort', stop);
			});
		},
		[Symbol.asyncDispose]: async () => void (await worker.terminate()),
	};
}
