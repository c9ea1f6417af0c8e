// A thread that reads a backup's files, one after another: summing, unpacking and scanning are work for a processor of their own.
import '../core/quiet.ts';

import { type Call, serveThread } from '../workers/worker-thread.ts';
import type { FileOrder, FileThread } from './read-threads.ts';
import { readWhole } from './read-whole.ts';

const EVERY_MS = 100;

async function read({ path, readAs, size }: FileOrder, { report, signal }: Call<number>) {
	let unsaid = 0;
	let said = performance.now();
	const onBytes = (count: number) => {
		unsaid += count;
		if (performance.now() - said < EVERY_MS) return;
		report(unsaid);
		unsaid = 0;
		said = performance.now();
	};
	const whole = await readWhole(path, { readAs, size, onBytes, signal });
	report(unsaid);
	return whole;
}

await serveThread<FileThread>(async () => ({ opened: null, methods: { read }, close: async () => {} }));
