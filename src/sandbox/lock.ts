import { randomUUID } from 'node:crypto';
import { link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as after } from 'node:timers/promises';
import * as z from 'zod/mini';
import { parseJson, processId } from '../core/schema.ts';
import { processStartTime } from '../exec/process.ts';

const HOLDER = z.object({
	pid: processId,
	/** To tell it from another process that was given the same pid. */
	birth: z.string(),
	token: z.string(),
});
type Holder = Readonly<z.output<typeof HOLDER>>;

const NO_WATCHER: Holder = { pid: 0, birth: '', token: '' };

const code = (error: unknown): string | undefined => (error as NodeJS.ErrnoException).code;

async function readHolder(path: string): Promise<Holder | undefined> {
	try {
		// Not whole after a crash of the machine: nobody's.
		return parseJson(HOLDER, await readFile(path, 'utf8')) ?? NO_WATCHER;
	} catch (error) {
		return code(error) === 'ENOENT' ? undefined : NO_WATCHER;
	}
}

/**
 * Holds a lock among processes of this machine: a file that names its holder. One left by a process that is gone is taken over.
 * `onWait` is called once where another has it.
 */
export async function withLock<T>(
	path: string,
	options: { readonly signal?: AbortSignal; readonly onWait?: (pid: number) => void },
	work: () => Promise<T>,
): Promise<T> {
	const me: Holder = { pid: process.pid, birth: (await processStartTime(process.pid)) ?? '', token: randomUUID() };
	const draft = `${path}.${me.token}`;
	await mkdir(dirname(path), { recursive: true });
	await writeFile(draft, JSON.stringify(me), { mode: 0o600 });
	let said = false;
	try {
		for (;;) {
			options.signal?.throwIfAborted();
			try {
				// A link is all or nothing, and its content is whole from the first moment.
				await link(draft, path);
				break;
			} catch (error) {
				if (code(error) !== 'EEXIST') throw error;
			}
			const holder = await readHolder(path);
			if (holder === undefined) continue;
			if ((await processStartTime(holder.pid)) !== holder.birth) {
				await takeAway(path, holder);
				continue;
			}
			if (!said) options.onWait?.(holder.pid);
			said = true;
			await after(100);
		}
	} finally {
		await rm(draft, { force: true });
	}
	try {
		return await work();
	} finally {
		if ((await readHolder(path))?.token === me.token) await rm(path, { force: true });
	}
}

/** Removes a dead holder's file; where two do so at once, the second may have caught the first one's new file, and puts it back. */
async function takeAway(path: string, dead: Holder): Promise<void> {
	const settings = `${path}.${randomUUID()}`;
	try {
		await rename(path, settings);
	} catch (error) {
		if (code(error) === 'ENOENT') return;
		throw error;
	}
	if ((await readHolder(settings))?.token !== dead.token) await link(settings, path).catch(() => undefined);
	await rm(settings, { force: true });
}
