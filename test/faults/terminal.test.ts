// What a terminal, or a pipe, does to a run that is watched through it: nothing.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, openSync, readSync, writeSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { alive, type Bench, makeBench, words } from '../support/bench.ts';
import { start, urlOf } from '../support/cli.ts';
import { takeTurns } from '../support/faults.ts';
import { SANDBOX_KINDS } from '../support/servers.ts';
import { KEYS, openTerminal } from '../support/terminal.ts';

const PROGRAM = fileURLToPath(new URL('../../bin/lockstep.js', import.meta.url));
const LONG = { timeout: 60_000 };
const PROMPT = 'shell> ';

describe.each(SANDBOX_KINDS)('a backup of %s', (kind) => {
	const meets = takeTurns(kind);
	let bench: Bench;
	let before: Awaited<ReturnType<Bench['state']>>;
	let to: string;
	beforeAll(async () => {
		bench = await makeBench(kind);
		await bench.readOnly('0');
		before = await bench.state();
	});
	afterEach(() => bench.calm());
	afterAll(() => bench?.[Symbol.asyncDispose]());

	const command = () => {
		to = bench.nextFolder();
		return [PROGRAM, 'backup', '--engine', 'vendor', '--server', urlOf(bench.replica), '--to', to];
	};
	/** The wizard at 80 × 24, its backup stopped in the middle of the dump. */
	const wizard = async () => {
		await bench.tap.shut();
		const terminal = openTerminal({ command: process.execPath, args: command(), env: bench.tap.env, cwd: bench.home.dir });
		// Nothing says a password of root's: Enter alone means none.
		await terminal.waitFor('Password for root@', LONG);
		terminal.send(KEYS.enter);
		await terminal.waitFor(/enter start/, LONG);
		terminal.send(`${KEYS.enter}y`);
		await bench.midDump({ pid: terminal.pid });
		await terminal.waitFor(/READ LOCK HELD \d+:\d\d/, LONG);
		return terminal;
	};
	const publishedByItself = async (engine: number) => {
		await bench.tap.open();
		await vi.waitUntil(async () => !(await alive(engine)), 20_000);
		await bench.expectPublished(to);
		await bench.expectAsBefore(before);
	};

	if (meets())
		it('continues when the terminal of the wizard is closed, and attach watches it to its end', LONG, async () => {
			await using terminal = await wizard();
			const engine = await bench.newestEngine();
			terminal.hangUp();
			await vi.waitUntil(async () => !(await alive(terminal.pid)), 10_000);
			expect(await alive(engine)).toBe(true);
			expect(await bench.writable()).toBe(false);
			const watching = start(['attach', '--json'], { env: bench.home.env });
			await watching.line((line) => line.type === 'action-started' && line.action.id === 'dump-crm');
			await publishedByItself(engine);
			const ended = await watching.ended;
			expect(ended.code, words(ended)).toBe(0);
			bench.record('the terminal closed', null, 'the run continues; attach: exit 0');
		});

	if (meets())
		it('continues when the terminal of the wizard reads no more, and is resized', LONG, async () => {
			await using terminal = await wizard();
			const engine = await bench.newestEngine();
			terminal.stopReading();
			// Each of these has the whole screen drawn, until the wizard waits for its writing and no more for what happens.
			let drawn = 0;
			await vi.waitUntil(
				async () => {
					drawn += 1;
					terminal.resize(80 + (drawn % 40), 24 + (drawn % 20));
					return drawn > 30 && !(await readFile(`/proc/${terminal.pid}/wchan`, 'utf8')).includes('poll');
				},
				{ timeout: 20_000, interval: 20 },
			);
			await publishedByItself(engine);
			terminal.goOnReading();
			terminal.resize(80, 24);
			expect(await terminal.waitFor(/· Summary[\s\S]*q quit|✗/, LONG)).toContain('Backup complete: ');
			terminal.send('q');
			expect(await terminal.exited).toMatchObject({ exitCode: 0 });
			bench.record('the terminal stopped, and resized', null, 'the run continues; exit 0');
		});

	if (meets())
		it('continues when its command is suspended by Ctrl+Z in a shell, and fg prints the rest', LONG, async () => {
			await bench.tap.shut();
			await using terminal = openTerminal({
				command: '/bin/bash',
				args: ['--norc', '--noprofile', '-i'],
				env: { ...bench.tap.env, PS1: PROMPT, HISTFILE: '' },
				cwd: bench.home.dir,
				cols: 200,
			});
			await terminal.waitFor(PROMPT, LONG);
			terminal.send(`"${process.execPath}" ${command().join(' ')} --yes\r`);
			await bench.midDump({ pid: terminal.pid });
			const engine = await bench.newestEngine();
			terminal.send(KEYS.ctrl('z'));
			await terminal.waitFor(/Stopped/, LONG);
			await publishedByItself(engine);
			terminal.send('clear; fg\r');
			await terminal.waitFor(/Backup complete: /, LONG);
			terminal.send('echo "code"": $?"\r');
			await terminal.waitFor('code: 0', LONG);
			terminal.send('exit 0\r');
			await terminal.exited;
			bench.record('Ctrl+Z', null, 'the run continues; exit 0 after fg');
		});

	if (meets())
		it('continues when the output of its command is not read', LONG, async () => {
			const fifo = join(bench.home.dir, `fifo-${kind}`);
			execFileSync('mkfifo', [fifo]);
			const reader = openSync(fifo, constants.O_RDWR | constants.O_NONBLOCK);
			let filled = 0;
			try {
				for (;;) filled += writeSync(reader, Buffer.alloc(4096, '.'));
			} catch (error) {
				expect((error as NodeJS.ErrnoException).code).toBe('EAGAIN');
			}
			await bench.tap.shut();
			const writer = openSync(fifo, 'w');
			const child = spawn(process.execPath, [...command(), '--yes', '--json'], {
				env: bench.tap.env,
				stdio: ['ignore', writer, 'inherit'],
			});
			closeSync(writer);
			try {
				await bench.midDump({ pid: child.pid ?? 0 });
				const engine = await bench.newestEngine();
				await publishedByItself(engine);
				expect(child.exitCode).toBeNull();
				// Now somebody does.
				const ended = once(child, 'exit');
				const piece = Buffer.alloc(65_536);
				let text = '';
				while (child.exitCode === null || !text.includes('run-ended')) {
					try {
						text += piece.toString('utf8', 0, readSync(reader, piece));
					} catch {
						await new Promise((resolve) => setTimeout(resolve, 10));
					}
				}
				expect((await ended)[0]).toBe(0);
				expect(text.slice(0, filled)).toMatch(/^\.+$/);
				expect(text).toContain('"type":"run-ended"');
				bench.record('stdout a pipe that is not read', null, 'the run continues; exit 0 once it is read');
			} finally {
				child.kill('SIGKILL');
				closeSync(reader);
			}
		});
});
