import { PassThrough, Writable } from 'node:stream';
import xterm from '@xterm/headless';
import { describe, expect, test, vi } from 'vitest';
import { startWizard, type WizardOptions } from '../../src/ui/start.tsx';
import { splitKeys } from '../../src/ui/stdin.ts';
import { CANARY, FAILURE, fakeDesk, firstHalf, opening, RUN, secondHalf } from './story.ts';

/** A terminal without a process: keys go in by chunks, what is written is read as a terminal reads it. */
function fakeTerminal(cols = 80, rows = 24) {
	const terminal = new xterm.Terminal({ cols, rows, allowProposedApi: true, convertEol: true });
	const modes: boolean[] = [];
	let written = '';
	const stdin = Object.assign(new PassThrough(), {
		isTTY: true,
		setRawMode: (mode: boolean) => modes.push(mode),
		ref: () => {},
		unref: () => {},
	});
	const stdout = Object.assign(
		new Writable({
			write(chunk, _encoding, done) {
				written += chunk.toString();
				terminal.write(chunk.toString(), () => done());
			},
		}),
		{ isTTY: true, columns: cols, rows },
	);
	const screen = () =>
		Array.from({ length: terminal.rows }, (_, row) => terminal.buffer.active.getLine(row)?.translateToString(true) ?? '').join('\n');
	return {
		stdin,
		stdout: stdout as unknown as NodeJS.WriteStream,
		modes,
		screen,
		written: () => written,
		isAlternate: () => terminal.buffer.active.type === 'alternate',
		send: (chunk: string) => stdin.write(chunk),
		resize(columns: number, nextRows: number) {
			terminal.resize(columns, nextRows);
			Object.assign(stdout, { columns, rows: nextRows });
			stdout.emit('resize');
		},
		sees: (wanted: string | RegExp) =>
			vi.waitFor(
				() => {
					const text = screen();
					if (!(typeof wanted === 'string' ? text.includes(wanted) : wanted.test(text)))
						throw new Error(`not to be seen: ${wanted}\n${text}`);
					return text;
				},
				{ timeout: 5000, interval: 20 },
			),
	};
}

function start(terminal: ReturnType<typeof fakeTerminal>, options: Partial<WizardOptions> = {}) {
	const backend = fakeDesk();
	const result = startWizard({
		backend,
		stdin: terminal.stdin,
		stdout: terminal.stdout,
		ascii: false,
		color: true,
		now: () => new Date('2026-11-21T02:02:00.000Z'),
		...options,
	});
	return { backend, result };
}

describe('keys', () => {
	test('are split as a terminal sends them', () => {
		expect(splitKeys('\x1b[B\r').keys).toEqual(['\x1b[B', '\r']);
		expect(splitKeys('aé😀').keys).toEqual(['a', 'é', '😀']);
		expect(splitKeys('\x1b[200~two\r\nlines\x1b[201~x').keys).toEqual(['\x1b[200~two\r\nlines\x1b[201~', 'x']);
		expect(splitKeys('a\x1b[').rest).toBe('\x1b[');
		expect(splitKeys('\x1b[200~half')).toEqual({ keys: [], rest: '\x1b[200~half' });
		// Esc, then a letter, in one chunk: two keys, not Alt and the letter.
		expect(splitKeys('\x1bq').keys).toEqual(['\x1b[27u', 'q']);
		expect(splitKeys('\x1bOP').keys).toEqual(['\uE001']);
	});

	test('that arrive in one chunk each meet the screen that the one before made', async () => {
		const terminal = fakeTerminal();
		const { result } = start(terminal);
		await terminal.sees('healthy');
		terminal.send('\t\x1b[B\x1b[B\x1b[B\r');
		await terminal.sees('Which server?');
		terminal.send('\x1b[B\r');
		await terminal.sees(/status · db1/);
		terminal.send('\x1b');
		await terminal.sees('Which server?');
		terminal.send('\x1b');
		await terminal.sees('What do you want to do?');
		terminal.send('q');
		await expect(result).resolves.toEqual({ summary: null, end: null, state: null, left: null, signal: null });
	});

	test('F1 helps inside of a field, where ? is text', async () => {
		const terminal = fakeTerminal();
		const { result } = start(terminal);
		await terminal.sees('healthy');
		terminal.send('\t\x1b[B\x1b[B\x1b[B\x1b[B\x1b[B\r');
		await terminal.sees('Servers known here');
		terminal.send('a');
		await terminal.sees('Where it is');
		terminal.send('what?');
		await terminal.sees('what?');
		terminal.send('\x1bOP');
		await terminal.sees('show a password');
		terminal.send('\x1b');
		await terminal.sees('what?');
		terminal.send('\x03');
		await terminal.sees('Press Ctrl+C again');
		terminal.send('\x03');
		await result;
	});
});

describe('a terminal', () => {
	test('is left as it was found, with the summary given back', async () => {
		const terminal = fakeTerminal();
		const { backend, result } = start(terminal, { open: { screen: 'home' } });
		await terminal.sees('healthy');
		expect(terminal.isAlternate()).toBe(true);
		terminal.send('1');
		await terminal.sees('Which server is');
		terminal.send('\r');
		await terminal.sees('Check and review');
		terminal.send('\r');
		await terminal.sees('enter start');
		terminal.send('\ry');
		await terminal.sees('Step 4/5');
		backend.play(...firstHalf('backup'), ...secondHalf('backup'));
		backend.end();
		await terminal.sees('Backup complete');
		terminal.send('q');
		const { summary, end } = await result;
		expect(end?.outcome).toBe('done');
		expect(summary).toContain('Backup complete: /srv/backup/db3-backup/20261121T020000Z');
		expect(summary).toContain('less /srv/backup/db3-backup/20261121T020000Z/README.txt');
		expect(terminal.isAlternate()).toBe(false);
		expect(terminal.modes.at(-1)).toBe(false);
		expect(terminal.written().lastIndexOf('\x1b[?25h')).toBeGreaterThan(terminal.written().lastIndexOf('\x1b[?25l'));
		expect(terminal.written().lastIndexOf('\x1b[?2004l')).toBeGreaterThan(terminal.written().lastIndexOf('\x1b[?2004h'));
		expect(terminal.written()).not.toContain(CANARY);
	});

	test('that is resized keeps the run, small and large', async () => {
		const terminal = fakeTerminal();
		const { backend, result } = start(terminal, {
			open: { screen: 'review', request: { kind: 'provision', primary: 'db1', replica: 'db3-backup', tls: true } },
		});
		await terminal.sees('enter start');
		terminal.send('\ry');
		await terminal.sees('Step 3/4');
		backend.play(...firstHalf('provision'));
		await terminal.sees('elapsed');
		terminal.resize(40, 10);
		await terminal.sees('too small');
		terminal.resize(200, 50);
		await terminal.sees('Why this step');
		backend.play(...secondHalf('provision'));
		backend.end();
		await terminal.sees('db3-backup is a replica of db1');
		terminal.send('q');
		expect((await result).summary).toContain("Account 'repl'@'10.0.0.3', encrypted");
	});

	test('gets no colour where none is wanted', async () => {
		const terminal = fakeTerminal();
		const { result } = start(terminal, { color: false });
		await terminal.sees('healthy');
		terminal.send('q');
		await result;
		expect(terminal.written()).not.toMatch(/\x1b\[[0-9;]*3[0-7]m/);
	});

	const review = { screen: 'review', request: { kind: 'provision', primary: 'db1', replica: 'db3-backup', tls: true } } as const;
	const atWork = async () => {
		const terminal = fakeTerminal();
		const started = start(terminal, { open: review });
		await terminal.sees('enter start');
		terminal.send('\ry');
		await terminal.sees('Step 3/4');
		started.backend.play(...firstHalf('provision'));
		await terminal.sees('elapsed');
		return { terminal, ...started };
	};
	const LEFT = { run: RUN, title: 'Make db3-backup a replica of db1', servers: { primary: 'db1', replica: 'db3-backup' } };

	test.each(['SIGTERM', 'SIGINT'] as const)('%s stops the run safely before it leaves', async (signal) => {
		const { terminal, backend, result } = await atWork();
		process.emit(signal, signal);
		await vi.waitFor(() => expect(backend.stops).toBe(1));
		expect(terminal.isAlternate()).toBe(true);
		backend.play({
			type: 'run-ended',
			outcome: 'stopped',
			open: true,
			warnings: [],
			failure: { class: 'Stopped', step: null, description: { message: 'Stopped.' }, checks: [], left: [] },
			summary: {},
		});
		backend.end();
		expect(await result).toMatchObject({ signal, end: { outcome: 'stopped' }, left: null });
		expect(backend.leaves).toBe(0);
		expect(terminal.isAlternate()).toBe(false);
	});

	test.each(['SIGHUP', 'end of input', 'error of input', 'error of output'] as const)(
		'that is gone (%s) leaves the run at work',
		async (how) => {
			const { terminal, backend, result } = await atWork();
			if (how === 'SIGHUP') process.emit(how, how);
			else if (how === 'end of input') terminal.stdin.end();
			else (how === 'error of input' ? terminal.stdin : terminal.stdout).emit('error', new Error('EIO'));
			expect(await result).toMatchObject({ signal: 'SIGHUP', end: null, left: LEFT });
			expect([backend.leaves, backend.stops, backend.decisions.length]).toEqual([1, 0, 1]);
		},
	);

	test('that is gone leaves the question of a run at work open, and declines one that has not begun', async () => {
		const { backend, result, terminal } = await atWork();
		backend.ask(FAILURE);
		await terminal.sees('Try this step again');
		process.emit('SIGHUP', 'SIGHUP');
		expect(await result).toMatchObject({ left: LEFT });
		expect([backend.leaves, backend.stops, backend.decisions.length]).toEqual([1, 0, 1]);

		const other = fakeTerminal();
		const second = start(other, { open: review });
		await other.sees('enter start');
		process.emit('SIGHUP', 'SIGHUP');
		expect(await second.result).toMatchObject({ end: null, left: null, summary: null });
		expect(second.backend.decisions).toEqual([{ go: false, previewOnly: false }]);
		expect(second.backend.leaves).toBe(0);
	});

	test('gets a few lines about the run that b left at work', async () => {
		const { terminal, backend, result } = await atWork();
		terminal.send('b');
		const { summary, end, left, signal } = await result;
		expect({ end, left, signal }).toEqual({ end: null, left: LEFT, signal: null });
		expect(summary).toContain('Continues without this terminal: Make db3-backup a replica of db1');
		expect(summary).toContain(`lockstep attach ${RUN}`);
		expect([backend.leaves, backend.stops]).toEqual([1, 0]);
		expect(terminal.isAlternate()).toBe(false);
		expect(terminal.modes.at(-1)).toBe(false);
	});

	test('opened for a run at work shows it at once, and q at its end leaves its summary', async () => {
		const terminal = fakeTerminal();
		const { backend, result } = start(terminal, { open: { screen: 'run', run: RUN, title: 'Back up under a lock on db3-backup' } });
		await vi.waitFor(() => expect(backend.attached).toEqual([RUN]));
		backend.play(...opening('backup'), { type: 'reviewed', go: true, typed: [] }, ...firstHalf('backup'));
		await terminal.sees('elapsed');
		backend.play(...secondHalf('backup'));
		backend.end();
		await terminal.sees('Backup complete');
		terminal.send('q');
		expect(await result).toMatchObject({ end: { outcome: 'done' }, left: null, summary: expect.stringContaining('README.txt') });
	});

	test('whose watcher leaves during the checks loses no run', async () => {
		const terminal = fakeTerminal();
		const { backend, result } = start(terminal, { open: { screen: 'run', run: RUN, title: 'a run' } });
		await terminal.sees('Read-only:');
		terminal.send('\x1b');
		expect(await result).toMatchObject({ summary: null, left: null });
		expect([backend.leaves, backend.stops]).toEqual([1, 0]);
	});

	test('sends Ctrl+S and Ctrl+Q as keys that do nothing', async () => {
		const { terminal, backend, result } = await atWork();
		terminal.send('\x13\x11s');
		await terminal.sees('CREATE USER');
		terminal.send('b');
		await result;
		expect(backend.stops).toBe(0);
	});
});
