import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { processStartTime } from '../../src/exec/process.ts';
import { withLock } from '../../src/sandbox/lock.ts';

let folder: string;
beforeEach(async () => {
	folder = await mkdtemp(join(tmpdir(), 'lockstep-lock-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

it('lets one in at a time, says who is waited for, leaves nothing behind', async () => {
	const path = join(folder, 'deep', 'lock');
	let inside = 0;
	const waitedFor = new Set<number>();
	const results = await Promise.all(
		Array.from({ length: 5 }, (_, number) =>
			withLock(path, { onWait: (pid) => waitedFor.add(pid) }, async () => {
				expect(++inside).toBe(1);
				for (let count = 0; count < 10; count++) await turn();
				inside--;
				return number;
			}),
		),
	);
	expect(results).toEqual([0, 1, 2, 3, 4]);
	expect([...waitedFor]).toEqual([process.pid]);
	expect(await readdir(join(folder, 'deep'))).toEqual([]);
});

it.each([
	['of a process that is gone', { pid: 2 ** 22 + 1, birth: '1', token: 'x' }],
	['of a process whose pid another one has now', { pid: process.pid, birth: '1', token: 'x' }],
	['that is not whole', ''],
])('takes over a lock %s, once', async (_title, left) => {
	const path = join(folder, 'lock');
	await writeFile(path, JSON.stringify(left).slice(0, left === '' ? 1 : undefined));
	let inside = 0;
	const work = async () => {
		expect(++inside).toBe(1);
		await turn();
		inside--;
	};
	await Promise.all([withLock(path, {}, work), withLock(path, {}, work), withLock(path, {}, work)]);
	expect(await readdir(folder)).toEqual([]);
});

it('gives way to an abort while it waits, and after an error', async () => {
	const path = join(folder, 'lock');
	await writeFile(path, JSON.stringify({ pid: process.pid, birth: await processStartTime(process.pid), token: 'x' }));
	await expect(withLock(path, { signal: AbortSignal.timeout(50) }, async () => 1)).rejects.toThrow(/timeout/);
	await rm(path);
	await expect(withLock(path, {}, () => Promise.reject(new Error('inside')))).rejects.toThrow('inside');
	expect(await readdir(folder)).toEqual([]);
});
