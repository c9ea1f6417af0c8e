import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { startDetached } from '../../src/exec/detached.ts';
import { commandLine, endProcess, isRunning, processesWith, processStartTime } from '../../src/exec/process.ts';

let folder: string;
beforeAll(async () => {
	folder = await mkdtemp(join(tmpdir(), 'lockstep-process-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const start = (code: string, log: string) =>
	startDetached({
		program: process.execPath,
		argv: ['-e', code, 'my-mark', `--in=${folder}`],
		log: join(folder, log),
		cwd: folder,
		env: { ONLY: 'this' },
	});

it('starts a process in a session of its own, with the environment given and no other, and ends it by its mark', async () => {
	const pid = start('console.log(JSON.stringify(process.env)); setInterval(() => {}, 1000)', 'env');
	await vi.waitFor(async () => expect(await readFile(join(folder, 'env'), 'utf8')).toContain('this'));
	expect(JSON.parse(await readFile(join(folder, 'env'), 'utf8'))).toEqual({ ONLY: 'this' });
	const stat = (await readFile(`/proc/${pid}/stat`, 'utf8')).replace(/^.*\) /s, '').split(' ');
	expect(Number(stat[3])).toBe(pid);
	expect(await processStartTime(pid)).toMatch(/^\d+$/);
	expect(await isRunning(pid, 'another-mark')).toBe(false);
	expect(await endProcess(pid, 'another-mark', 1000)).toBe(false);
	expect(await commandLine(pid)).toContain('my-mark');
	// By a whole argument: who only looks for such a process is none.
	expect([await processesWith(`--in=${folder}`), await processesWith(`--in=${folder.slice(0, -1)}`)]).toEqual([[pid], []]);
	expect(await endProcess(pid, 'my-mark', 1000)).toBe(true);
	expect(await processesWith(`--in=${folder}`)).toEqual([]);
	expect(await processStartTime(pid)).toBeUndefined();
	expect(await endProcess(pid, 'my-mark', 1000)).toBe(false);
});

it('kills one that ignores SIGTERM, after asking it', async () => {
	const log = () => readFile(join(folder, 'killed'), 'utf8');
	const pid = start('process.on("SIGTERM", () => console.log("asked")); console.log("ready"); setInterval(() => {}, 1000)', 'killed');
	await vi.waitFor(async () => expect(await log()).toContain('ready'));
	expect(await endProcess(pid, 'my-mark', 300)).toBe(true);
	expect(await log()).toBe('ready\nasked\n');
	expect(await processStartTime(pid)).toBeUndefined();
});

it('says that a program cannot be started', () => {
	const missing = { program: join(folder, 'none'), argv: [], log: join(folder, 'log'), cwd: folder, env: {} };
	expect(() => startDetached(missing)).toThrow(/Cannot start/);
});
