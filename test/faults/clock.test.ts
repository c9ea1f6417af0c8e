// The machine's clock is set while a run is at work: limits and durations are those of time itself.
import { execFile } from 'node:child_process';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Bench, makeBench, words } from '../support/bench.ts';
import { takeTurns } from '../support/faults.ts';
import { rootSession, SANDBOX_KINDS } from '../support/servers.ts';
import { expectWithin } from '../support/within.ts';

const PRELOAD = fileURLToPath(new URL('../support/jumping-clock.ts', import.meta.url));
const DAY_MS = 86_400_000;

describe.each(SANDBOX_KINDS)('with the clock set under a backup of %s', (kind) => {
	const meets = takeTurns(kind);
	let bench: Bench;
	let before: Awaited<ReturnType<Bench['state']>>;
	let clock: string;
	let env: NodeJS.ProcessEnv;
	beforeAll(async () => {
		bench = await makeBench(kind);
		await bench.readOnly('0');
		before = await bench.state();
		clock = join(bench.home.dir, 'clock');
		env = { ...bench.tap.env, NODE_OPTIONS: `--import ${PRELOAD}`, JUMPING_CLOCK: clock };
	});
	afterEach(async () => {
		await rm(clock, { force: true });
		await bench.calm();
	});
	afterAll(() => bench?.[Symbol.asyncDispose]());

	const DAYS = [
		['a day forward', DAY_MS],
		['a day back', -DAY_MS],
	] as const;

	it.each(DAYS.filter(meets))('by %s, --max-lock-time holds: exit 7 when it is spent, not before', async (which, ms) => {
		await bench.tap.shut();
		const running = bench.backup(['--max-lock-time', '4s'], { env });
		const free = bench.freed('0');
		const { lock } = await running.line((line) => line.type === 'lock' && line.lock.state === 'held');
		const held = performance.now();
		await bench.midDump(running);
		await writeFile(clock, String(ms));
		expect(Date.parse(lock.until) - Date.parse(lock.since)).toBe(4000);
		const ended = await running.ended;
		const heldMs = performance.now() - held;
		expect(ended.code, words(ended)).toBe(7);
		expect(ended.last.message).toContain('--max-lock-time');
		expect(heldMs).toBeGreaterThan(3_000);
		expectWithin(heldMs, 7_500);
		await free;
		await bench.expectAsBefore(before);
		await bench.expectUnpublished(running.to);
		bench.record(`the clock set ${which}, --max-lock-time`, Math.max(0, Math.round(heldMs) - 4000), 'exit 7 when it was spent');
	});

	it.each(DAYS.filter(meets))('by %s, --lock-wait holds: exit 7 when it is spent, not before', async (which, ms) => {
		await using other = await rootSession(bench.replica);
		await other.query({ pieces: ['LOCK TABLES shop.orders WRITE'] });
		const running = bench.backup(['--lock-wait', '3s'], { env });
		await running.line((line) => line.type === 'lock' && line.lock.state === 'waiting');
		const began = performance.now();
		await writeFile(clock, String(ms));
		const ended = await running.ended;
		const waited = performance.now() - began;
		expect(ended.code, words(ended)).toBe(7);
		expect(ended.last.message).toBe('Could not acquire the global read lock within 3 s.');
		expect(waited).toBeGreaterThan(1_500);
		expectWithin(waited, 12_000);
		await other.query({ pieces: ['UNLOCK TABLES'] });
		await bench.expectAsBefore(before);
		bench.record(`the clock set ${which}, --lock-wait`, null, 'exit 7 when it was spent');
	});

	it.each(DAYS.filter(meets))('by %s, a backup is whole and its durations are true', async (which, ms) => {
		await bench.tap.shut();
		const running = bench.backup([], { env });
		await bench.midDump(running);
		expect(await readFile(`/proc/${await bench.engineOf(running)}/environ`, 'utf8')).toContain(`JUMPING_CLOCK=${clock}`);
		await writeFile(clock, String(ms));
		const { stdout: told } = await promisify(execFile)(process.execPath, ['-p', 'Date.now() - new Date(2000, 0).getTime()'], { env });
		const actual = Date.now() - new Date(2000, 0).getTime();
		expect(Math.abs(Number(told) - actual - ms)).toBeLessThan(60_000);
		await bench.tap.open();
		const ended = await running.ended;
		expect(ended.code, words(ended)).toBe(0);
		for (const line of ended.lines) {
			for (const took of [line.ms, line.progress?.elapsedMs, line.progress?.heldMs]) {
				if (took === undefined || took === null) continue;
				expect(took, JSON.stringify(line)).toBeGreaterThanOrEqual(0);
				expect(took, JSON.stringify(line)).toBeLessThan(ended.ms);
			}
		}
		const { summary } = ended.lines.find((line) => line.type === 'run-ended');
		expect(summary.heldMs).toBeGreaterThan(0);
		expect(summary.heldMs).toBeLessThan(ended.ms);
		const { consistency } = JSON.parse(await readFile(join(summary.backup, 'manifest.json'), 'utf8'));
		expect(consistency.held_ms).toBe(summary.heldMs);
		await bench.expectAsBefore(before);
		bench.record(`the clock set ${which}, in the middle of the dump`, null, 'exit 0, its durations true');
	});
});
