// The journal, from which everything is put back: its disk is full, its end is torn, or a newer lockstep wrote it.
import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { readJournal } from '../../src/core/journal.ts';
import { runRecordOf } from '../../src/core/run-record.ts';
import { type Bench, makeBench, signal, words } from '../support/bench.ts';
import { lockstep } from '../support/cli.ts';
import { IN_ORDER } from '../support/in-order.ts';
import { ask, SANDBOX_KINDS } from '../support/servers.ts';
import { wordsOf } from '../support/words.ts';

const run = promisify(execFile);
const root = process.getuid?.() === 0;
/** A file system of its own for the journals, which nobody else sees and which goes with the command. */
const smallState = (then: string): string[] => [
	...['unshare', root ? '-m' : '-rm', 'sh', '-c'],
	`mkdir -p "$0" && mount -t tmpfs -o size=1m tmpfs "$0" && { ${then}; } && exec "$@"`,
];
/** Fills what is left of it; of the journal itself nothing is touched. */
const FILL = 'cat /dev/zero > "$0/filler" 2>/dev/null; true';

/** Nothing stronger: that would be somebody else's. */
const AS_THE_RUN_DID = 'SET GLOBAL read_only = ON';

describe.each(SANDBOX_KINDS)('the journal of a backup of %s', IN_ORDER, (kind) => {
	let bench: Bench;
	let before: Awaited<ReturnType<Bench['state']>>;
	beforeAll(async () => {
		bench = await makeBench(kind);
		await bench.readOnly('0');
		before = await bench.state();
	});
	afterEach(() => bench.calm());
	afterAll(() => bench?.[Symbol.asyncDispose]());

	const recover = (more: readonly string[] = []) => lockstep(['recover', '--yes', ...more], { env: bench.home.env });

	it('whose disk is full before it begins: refused, nothing changed', async () => {
		const state = bench.home.env.XDG_STATE_HOME ?? '';
		const running = bench.backup([], { through: [...smallState(`mkdir -p "$0/lockstep/runs"; ${FILL}`), state] });
		const ended = await running.ended;
		expect(ended.code, words(ended)).toBe(2);
		expect(ended.stdout + ended.stderr).toMatch(/no space left on device/i);
		expect(ended.lines.filter((line) => line.type === 'action-started')).toEqual([]);
		await bench.expectAsBefore(before);
		bench.record('the journal’s disk full before the run', null, 'exit 2, refused');
	});

	it('whose disk is full in the middle of the dump: nothing more is changed, changes are rolled back, the reason is clear', async () => {
		const state = bench.home.env.XDG_STATE_HOME ?? '';
		await bench.tap.shut();
		const running = bench.backup([], { through: [...smallState('true'), state] });
		await bench.midDump(running);
		expect(await bench.writable()).toBe(false);
		await run('nsenter', ['-t', String(running.pid), ...(root ? ['-m'] : ['-U', '--preserve-credentials', '-m']), 'sh', '-c', FILL, state]);
		const free = bench.freed('0');
		await bench.tap.open();
		const ended = await running.ended;
		expect(ended.code, words(ended)).toBe(1);
		expect(ended.last).toMatchObject({
			class: 'UserError',
			message: expect.stringMatching(/^The journal cannot be written any more: /),
			reason: expect.stringMatching(/no space left on device/i),
			open: false,
			left: [],
		});
		expect(ended.lines.filter((line) => line.type === 'step-started').map((line) => line.step)).not.toContain('finalize');
		const freeMs = await free;
		await bench.expectAsBefore(before);
		await bench.expectUnpublished(running.to);
		bench.record('the journal’s disk full in the middle', freeMs, 'exit 1, rolled back without a word on disk');
	});

	describe('of a run that was killed together with its watcher', () => {
		let path: string;
		let whole: Buffer;
		let name: string;
		let to: string;
		/** Where the lines of what must be put back end. */
		let least: number;
		beforeAll(async () => {
			await bench.tap.shut();
			const running = bench.backup();
			to = running.to;
			await bench.midDump(running);
			const engine = await bench.engineOf(running);
			signal(running.pid, 'SIGKILL');
			signal(engine, 'SIGKILL');
			await running.ended;
			await bench.tap.open();
			path = (await bench.journals())[0] ?? '';
			name = basename(path, '.jsonl');
			whole = await readFile(path);
			// The last thing that was changed, and was written down before it was.
			const line = whole.indexOf('"id":"read-only"', whole.indexOf('"type":"action-started"'));
			least = whole.indexOf('\n', line) + 1;
			expect(await bench.readOnly()).toBe('1');
		});

		it('torn anywhere after that: still shows what to roll back', async () => {
			expect(least).toBeGreaterThan(0);
			expect(whole.length - least).toBeGreaterThan(200);
			const expected = { touched: ['prepare-folder', 'lock-and-dump'], end: null };
			for (let cut = least; cut <= whole.length; cut += 1) {
				await writeFile(path, whole.subarray(0, cut));
				const past = runRecordOf(readJournal(path));
				expect({ touched: past?.touched, end: past?.end }, `cut at ${cut}`).toEqual(expected);
				expect(past?.origins['lock-and-dump'], `cut at ${cut}`).toMatchObject({ readOnly: 'OFF' });
			}
			await writeFile(path, whole);
		});

		it('torn: recover rolls back, and the run is closed', { timeout: 120_000 }, async () => {
			const cuts = [1, 2, 7, 60, whole.length - least].map((less) => whole.length - less);
			let worst = 0;
			for (const cut of cuts) {
				await ask(bench.replica, AS_THE_RUN_DID);
				await writeFile(path, whole.subarray(0, cut));
				const free = bench.freed('0');
				const ended = await recover();
				expect(ended.code, `cut at ${cut}: ${words(ended)}`).toBe(0);
				expect(ended.stdout).toContain(wordsOf(kind).restoreReadOnly);
				worst = Math.max(worst, await free);
				expect(readJournal(path).events.at(-1)).toMatchObject({ type: 'run-ended', open: false });
			}
			const again = await recover();
			expect([again.code, again.stdout]).toEqual([0, expect.stringContaining('Nothing to roll back')]);
			await bench.expectAsBefore(before);
			await bench.expectUnpublished(to);
			bench.record('the journal’s last line torn', worst, 'lockstep recover rolls back');
		});

		it.each([
			['of which a newer lockstep wrote the last line', (text: string) => `${text}{"v":3,"run":"${name}","type":"healed"}\n`],
			['that a newer lockstep wrote', (text: string) => text.replaceAll('{"v":2,', '{"v":3,')],
		])('%s: refused and named, nothing touched', async (_, newer) => {
			await ask(bench.replica, AS_THE_RUN_DID);
			await writeFile(path, newer(whole.toString()));
			const untouched = await readFile(path, 'utf8');
			for (const more of [[], [name]]) {
				const ended = await recover(more);
				expect(ended.code, words(ended)).toBe(9);
				expect(ended.stdout + ended.stderr).toContain(`Not rolled back: ${name}`);
				expect(ended.stdout + ended.stderr).toContain(`The run ${name} was done by a newer lockstep.`);
				expect(ended.stdout + ended.stderr).not.toContain('SET GLOBAL');
			}
			expect(await readFile(path, 'utf8')).toBe(untouched);
			expect(await bench.readOnly()).toBe('1');
			await bench.readOnly('0');
			await bench.expectAsBefore(before);
			bench.record('the journal of a newer version', null, 'exit 9, refused and named, nothing touched');
		});
	});
});
