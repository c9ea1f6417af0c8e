// The disk that a backup is written to fails in the middle. That it is full is in backup-faults.test.ts.
import { execFile } from 'node:child_process';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Bench, makeBench, words } from '../support/bench.ts';
import { SANDBOX_KINDS } from '../support/servers.ts';

const run = promisify(execFile);
const root = process.getuid?.() === 0;
/** A view of the file systems of the run's own, which goes with it. */
const APART = ['unshare', root ? '-m' : '-rm'];
const within = (pid: number): string[] => ['-t', String(pid), ...(root ? ['-m'] : ['-U', '--preserve-credentials', '-m'])];

describe.each(SANDBOX_KINDS)('the disk of a backup of %s', (kind) => {
	let bench: Bench;
	beforeAll(async () => {
		bench = await makeBench(kind);
		await bench.readOnly('0');
	});
	afterEach(() => bench.calm());
	afterAll(() => bench?.[Symbol.asyncDispose]());

	it('that is read-only from the middle of the dump on: said clearly, as before', async () => {
		const before = await bench.state();
		await bench.tap.shut();
		const running = bench.backup([], { through: APART });
		await bench.midDump(running);
		const [partial = ''] = await readdir(running.to);
		const folder = join(running.to, partial);
		// What is open stays open; nothing else can be.
		await run('nsenter', [...within(running.pid), 'sh', '-c', 'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0"', folder]);
		const free = bench.freed('0');
		await bench.tap.open();
		const ended = await running.ended;
		expect(ended.code, words(ended)).toBe(1);
		expect(ended.last).toMatchObject({ reason: 'The file system is mounted read-only.', outcome: 'failed', open: false, left: [] });
		expect(ended.last.message).toMatch(/cannot be made/);
		await bench.expectAsBefore(before);
		await bench.expectUnpublished(running.to);
		bench.record('the destination read-only in the middle', await free, `exit 1: ${ended.last.message.replace(/\/\S+\//, '')}`);
	});

	it.each([
		['with more to be dumped', []],
		['with nothing more to be dumped', ['--databases', 'crm']],
	])('whose folder is removed in the middle, %s: said clearly, as before', async (_, more) => {
		const before = await bench.state();
		await bench.tap.shut();
		const running = bench.backup(more);
		await bench.midDump(running);
		await rm(running.to, { recursive: true });
		const free = bench.freed('0');
		await bench.tap.open();
		const ended = await running.ended;
		expect(ended.code, words(ended)).toBe(1);
		expect(ended.last).toMatchObject({ reason: 'The folder is not there (any more).', outcome: 'failed', open: false, left: [] });
		await bench.expectAsBefore(before);
		expect(await readdir(running.to).catch(() => [])).toEqual([]);
		bench.record('the folder removed in the middle', await free, 'exit 1');
	});
});
