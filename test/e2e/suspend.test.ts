// Ctrl+Z in a real pseudo-terminal, in a shell with job control: the terminal is the shell's again, and fg brings the screen back.
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { expect, test, vi } from 'vitest';
import { makeHome } from '../support/cli.ts';
import { KEYS, openTerminal, type RealTerminal } from '../support/terminal.ts';

const PROGRAM = fileURLToPath(new URL('../../bin/lockstep.js', import.meta.url));
const LONG = { timeout: 60_000 };
const PROMPT = 'shell> ';

async function children(pid: number): Promise<number[]> {
	return (await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '')).split(' ').filter(Boolean).map(Number);
}
/** `T`: stopped by a signal. Null where there is none any more. */
const stateOf = async (pid: number) => /^State:\s+(\S)/m.exec(await readFile(`/proc/${pid}/status`, 'utf8').catch(() => ''))?.[1] ?? null;

/** A shell with job control in a terminal, with the wizard's home in it. */
async function wizardInShell(home: { env: NodeJS.ProcessEnv; dir: string }) {
	const terminal = openTerminal({
		command: '/bin/bash',
		args: ['--norc', '--noprofile', '-i'],
		env: { ...home.env, PS1: PROMPT, HISTFILE: '' },
		cwd: home.dir,
	});
	await terminal.waitFor(PROMPT, LONG);
	terminal.send(`stty -a > before; "${process.execPath}" "${PROGRAM}"\r`);
	await terminal.waitFor('What do you want to do?', LONG);
	const [pid] = await children(terminal.pid);
	if (pid === undefined) throw new Error('The shell has no child.');
	return { terminal, pid };
}

const until = (pid: number, state: string | null) => vi.waitFor(async () => expect(await stateOf(pid)).toBe(state), LONG);

/** The shell's own screen, with its cursor, and none of the wizard's modes. */
async function expectShell(terminal: RealTerminal, home: { dir: string }, file: string) {
	await vi.waitFor(() => expect(terminal.isAlternate()).toBe(false), LONG);
	const raw = terminal.raw();
	expect(raw.lastIndexOf('\x1b[?25h')).toBeGreaterThan(raw.lastIndexOf('\x1b[?25l'));
	terminal.send(`stty -a > ${file}; echo "${file}"" is written"\r`);
	await terminal.waitFor(`${file} is written`, LONG);
	// Its size is its own; all other settings are compared.
	const read = async (name: string) => (await readFile(`${home.dir}/${name}`, 'utf8')).replace(/rows \d+; columns \d+/, '');
	expect(await read(file)).toBe(await read('before'));
}

/** By its own word: an interactive shell does not heed SIGTERM. */
async function leaveShell(terminal: RealTerminal) {
	terminal.send('exit 0\r');
	expect((await terminal.exited).exitCode).toBe(0);
}

test('Ctrl+Z gives the terminal back, fg draws the screen anew, and keys are keys again', { timeout: 180_000 }, async () => {
	await using home = await makeHome();
	const { terminal, pid } = await wizardInShell(home);
	await using _ = terminal;
	for (const round of ['first', 'second']) {
		terminal.send(KEYS.ctrl('z'));
		await until(pid, 'T');
		await expectShell(terminal, home, round);
		expect(terminal.history().join('\n')).toContain('fg brings lockstep back.');
		// As wide as it is when it comes back, not as it was.
		terminal.resize(round === 'first' ? 100 : 80, 24);
		terminal.send('clear; fg\r');
		const rule = '─'.repeat(round === 'first' ? 100 : 80);
		await terminal.waitFor((screen) => screen.includes('What do you want to do?') && screen.includes(rule), LONG);
		expect(terminal.isAlternate()).toBe(true);
		expect(terminal.raw().lastIndexOf('\x1b[?25l')).toBeGreaterThan(terminal.raw().lastIndexOf('\x1b[?25h'));
	}
	// Two keys in one chunk, and the keys by which a terminal in its ordinary mode stops and goes on.
	terminal.send(`${KEYS.ctrl('s')}${KEYS.ctrl('q')}?`);
	await terminal.waitFor('Nothing on a server changes from here', LONG);
	terminal.send(`${KEYS.esc}`);
	await terminal.waitFor('What do you want to do?', LONG);
	terminal.send('q');
	await until(pid, null);
	await expectShell(terminal, home, 'end');
	await leaveShell(terminal);
});

test('stopped from outside by SIGTSTP it gives the terminal back as well; in the background it waits for its terminal', {
	timeout: 180_000,
}, async () => {
	await using home = await makeHome();
	const { terminal, pid } = await wizardInShell(home);
	await using _ = terminal;
	process.kill(pid, 'SIGTSTP');
	await until(pid, 'T');
	await expectShell(terminal, home, 'stopped');
	terminal.send('bg\r');
	await vi.waitFor(async () => {
		terminal.send('clear; jobs -l\r');
		await terminal.waitFor('tty output', { timeout: 1000 });
	}, LONG);
	await expectShell(terminal, home, 'background');
	terminal.send('clear; fg\r');
	await terminal.waitFor('What do you want to do?', LONG);
	terminal.send('q');
	await until(pid, null);
	await leaveShell(terminal);
});

test.each(['SIGTERM', 'SIGHUP'] as const)(
	'%s while it is stopped ends it, with the terminal as it was',
	{ timeout: 120_000 },
	async (signal) => {
		await using home = await makeHome();
		const { terminal, pid } = await wizardInShell(home);
		await using _ = terminal;
		terminal.send(KEYS.ctrl('z'));
		await until(pid, 'T');
		await expectShell(terminal, home, 'stopped');
		process.kill(pid, signal);
		// Node sets the modes back as it exits, which in the background stops it once more: fg lets it end.
		terminal.send('fg\r');
		await until(pid, null);
		await expectShell(terminal, home, 'after');
		await leaveShell(terminal);
	},
);

test('a terminal that is closed while it is stopped leaves no process behind', { timeout: 120_000 }, async () => {
	await using home = await makeHome();
	const { terminal, pid } = await wizardInShell(home);
	await using _ = terminal;
	terminal.send(KEYS.ctrl('z'));
	await until(pid, 'T');
	terminal.kill('SIGHUP');
	await terminal.exited;
	await until(pid, null);
});
