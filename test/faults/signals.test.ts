// Signals, to the command that watches a run and to the engine that does it.
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { alive, type Bench, makeBench, signal, words } from '../support/bench.ts';
import { start } from '../support/cli.ts';
import { takeTurns } from '../support/faults.ts';
import { SANDBOX_KINDS } from '../support/servers.ts';
import { expectWithin } from '../support/within.ts';

const LEASE_SECONDS = 3;
/** What was changed is back after so long. */
const SOON_MS = 10_000;

describe.each(SANDBOX_KINDS)('a backup of %s', (kind) => {
	const meets = takeTurns(kind);
	let bench: Bench;
	let before: Awaited<ReturnType<Bench['state']>>;
	beforeAll(async () => {
		bench = await makeBench(kind);
		await bench.readOnly('0');
		before = await bench.state();
	});
	afterEach(() => bench.calm());
	afterAll(() => bench?.[Symbol.asyncDispose]());

	/** Stopped in the middle of its dump. */
	const midDump = async (env: NodeJS.ProcessEnv = {}) => {
		await bench.tap.shut();
		const running = bench.backup([], { env: { ...bench.tap.env, ...env } });
		await bench.midDump(running);
		expect(await bench.writable()).toBe(false);
		return { running, engine: await bench.engineOf(running) };
	};

	it.each([
		['SIGINT', 130, 'command'],
		['SIGTERM', 143, 'command'],
		['SIGTERM', 143, 'engine'],
	] as const)('%s stops it safely: exit %i, sent to the %s', async (name, exit, target) => {
		const { running, engine } = await midDump();
		const free = bench.freed('0');
		signal(target === 'engine' ? engine : running.pid, name);
		const ended = await running.ended;
		expect(ended.code, words(ended)).toBe(exit);
		expect(ended.last).toMatchObject({ class: 'Stopped', exit_code: exit, outcome: 'stopped', open: false, left: [] });
		const freeMs = await free;
		expectWithin(freeMs, SOON_MS);
		await vi.waitUntil(async () => !(await alive(engine)), SOON_MS);
		await bench.expectAsBefore(before);
		await bench.expectUnpublished(running.to);
		bench.record(`${name} to the ${target}`, freeMs, `exit ${exit}, stopped safely`);
	});

	if (meets())
		it('SIGINT three times in a row: still rolled back, exit 130', async () => {
			const { running, engine } = await midDump();
			const free = bench.freed('0');
			for (let times = 0; times < 3; times += 1) {
				signal(running.pid, 'SIGINT');
				signal(engine, 'SIGINT');
			}
			const ended = await running.ended;
			expect(ended.code, words(ended)).toBe(130);
			expect(ended.last).toMatchObject({ class: 'Stopped', outcome: 'stopped', open: false, left: [] });
			const freeMs = await free;
			expectWithin(freeMs, SOON_MS);
			await bench.expectAsBefore(before);
			await bench.expectUnpublished(running.to);
			bench.record('SIGINT three times in a row', freeMs, 'exit 130, stopped safely');
		});

	if (meets())
		it('SIGHUP to the command: exit 129, the run continues, attach shows it to its end', async () => {
			const { running, engine } = await midDump();
			signal(running.pid, 'SIGHUP');
			const left = await running.ended;
			expect(left.code, words(left)).toBe(129);
			expect(left.last.hints.join('\n')).toMatch(/lockstep attach \S+-backup-/);
			expect(await alive(engine)).toBe(true);
			expect(await bench.writable()).toBe(false);
			const watching = start(['attach', '--json'], { env: bench.home.env });
			// From its first event on.
			await watching.line((line) => line.type === 'run-started');
			await watching.line((line) => line.type === 'action-started' && line.action.id === 'dump-crm');
			await bench.tap.open();
			const ended = await watching.ended;
			expect(ended.code, words(ended)).toBe(0);
			expect(ended.lines.map((line) => line.type)).toContain('run-ended');
			await bench.expectPublished(running.to);
			await vi.waitUntil(async () => !(await alive(engine)), SOON_MS);
			await bench.expectAsBefore(before);
			const late = await start(['attach'], { env: bench.home.env }).ended;
			// Without a name, after the end: the last run, with its end.
			expect([late.code, late.stdout]).toEqual([0, expect.stringContaining('Backup complete: ')]);
			bench.record('SIGHUP to the command', null, 'exit 129; the run continues, attach: exit 0');
		});

	if (meets())
		it('the daemon frozen for longer than its lease: the lock ends with the lease, the backup is rejected when it continues', async () => {
			const { running, engine } = await midDump({ LOCKSTEP_TEST_LEASE_SECONDS: String(LEASE_SECONDS) });
			const free = bench.freed(null);
			signal(engine, 'SIGSTOP');
			const freeMs = await free;
			expectWithin(freeMs, LEASE_SECONDS * 1000 + 1500);
			// Nobody puts anything back behind the back of one that lives.
			expect(await bench.readOnly()).toBe('1');
			await bench.tap.open();
			signal(engine, 'SIGCONT');
			const ended = await running.ended;
			expect(ended.code, words(ended)).toBe(8);
			expect(ended.last).toMatchObject({ message: 'The lock was lost: the dump is worthless.', open: false });
			await bench.expectAsBefore(before);
			await bench.expectUnpublished(running.to);
			bench.record('SIGSTOP of the engine for longer than the lease', freeMs, `exit 8, the lock was lost (a lease of ${LEASE_SECONDS} s)`);
		});

	if (meets())
		it('the watcher frozen: the run continues to its end, and the watcher prints the rest when it continues', async () => {
			const { running, engine } = await midDump();
			signal(running.pid, 'SIGSTOP');
			await bench.tap.open();
			await vi.waitUntil(async () => !(await alive(engine)), 20_000);
			await bench.expectPublished(running.to);
			signal(running.pid, 'SIGCONT');
			const ended = await running.ended;
			expect(ended.code, words(ended)).toBe(0);
			expect(ended.lines.filter((line) => line.type === 'step-done').map((line) => line.step)).toContain('finalize');
			await bench.expectAsBefore(before);
			bench.record('SIGSTOP of the watcher', null, 'the run ends; exit 0 after SIGCONT');
		});
});
