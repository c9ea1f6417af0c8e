// A thread that reads a backup's files, one after another: summing, unpacking and scanning are work for a processor of their own.
import '../core/quiet.ts';

import { parentPort } from 'node:worker_threads';
import { packError } from '../core/error-wire.ts';
import type { FileOrder, FileWord } from './read-threads.ts';
import { readWhole } from './read-whole.ts';

const port = parentPort;
if (port === null) throw new TypeError('read-thread.ts is a thread of openFileReaders');
const tell = (word: FileWord) => port.postMessage(word);
const EVERY_MS = 100;

port.on('message', ({ path, look, size }: FileOrder) => {
	let unsaid = 0;
	let said = performance.now();
	const onBytes = (count: number) => {
		unsaid += count;
		if (performance.now() - said < EVERY_MS) return;
		tell({ say: 'bytes', count: unsaid });
		unsaid = 0;
		said = performance.now();
	};
	readWhole(path, { look, size, onBytes }).then(
		(read) => {
			tell({ say: 'bytes', count: unsaid });
			tell({ say: 'read', read });
		},
		(error: unknown) => tell({ say: 'failed', error: packError(error) }),
	);
});
