// The whole way through in a real pseudo-terminal, on a real pair: what a person sees, and what the servers say meanwhile.
import { existsSync } from 'node:fs';
import { readdir, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test, vi } from 'vitest';
import { defaultFolder } from '../../src/sandbox/places.ts';
import { sandboxDown, sandboxUp } from '../../src/sandbox/sandbox.ts';
import { makeHome } from '../support/cli.ts';
import { ask, type SandboxServer } from '../support/servers.ts';
import { KEYS, openTerminal, type RealTerminal } from '../support/terminal.ts';

const KIND = 'mariadb-11.8';
const PROGRAM = fileURLToPath(new URL('../../bin/lockstep.js', import.meta.url));
/** The machine may be busy with other tests: a wait ends as soon as what it waits for is there. */
const LONG = { timeout: 150_000 };

/** A pair in the folder where the wizard looks for it, with a shop large enough that its dump can be watched. */
async function pairAtHome() {
	const made = await makeHome();
	// A tool that a test has paused is not one that hangs.
	const env: NodeJS.ProcessEnv = { ...made.env, LOCKSTEP_TEST_SILENT_SECONDS: '600' };
	const home = { ...made, env };
	const dir = defaultFolder(home.env, KIND);
	const sandbox = await sandboxUp({ kind: KIND, dir, env: home.env, say: () => undefined, rows: 8_000 });
	return {
		home,
		sandbox,
		dir,
		async [Symbol.asyncDispose]() {
			await sandboxDown({ dir, env: home.env });
			await home[Symbol.asyncDispose]();
		},
	};
}

/** All that a run could change on a server, as the server itself tells it. */
async function condition(server: SandboxServer) {
	const [settings] = await ask(server, 'SELECT @@read_only AS ro, @@event_scheduler AS events, @@gtid_slave_pos AS slave_pos');
	return {
		settings,
		accounts: await ask(server, "SELECT CONCAT(user, '@', host) AS account FROM mysql.user ORDER BY 1"),
		databases: await ask(server, 'SHOW DATABASES'),
		channels: (await ask(server, 'SHOW ALL SLAVES STATUS')).map((row) => [row.Slave_IO_Running, row.Slave_SQL_Running]),
	};
}

/** Stops the dump tool that this program runs, as soon as it is there, so that a test can look around while the lock is held. */
async function pauseDump(terminal: RealTerminal): Promise<{ goOn(): void }> {
	const pid = await vi.waitFor(
		async () => {
			for (const found of await descendants(terminal.pid)) {
				const line = await readFile(`/proc/${found}/cmdline`, 'utf8').catch(() => '');
				if (!/mariadb-dump/.test(line) || !line.includes('/dev/fd/3')) continue;
				process.kill(found, 'SIGSTOP');
				return found;
			}
			throw new Error(`No dump is running:\n${terminal.screen().join('\n')}`);
		},
		{ timeout: 60_000, interval: 5 },
	);
	return { goOn: () => void process.kill(pid, 'SIGCONT') };
}

async function descendants(pid: number): Promise<number[]> {
	const text = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
	const children = text.split(' ').filter(Boolean).map(Number);
	return [...children, ...(await Promise.all(children.map(descendants))).flat()];
}

const program = (sandbox: { env: NodeJS.ProcessEnv; dir: string }, args: readonly string[] = []) =>
	openTerminal({ command: process.execPath, args: [PROGRAM, ...args], env: sandbox.env, cwd: sandbox.dir, cols: 80, rows: 24 });

const urlOf = ({ host, port }: SandboxServer) => `mysql://root@${host}:${port}`;
const backupsOf = async (folder: string) => (existsSync(folder) ? (await readdir(folder)).sort() : []);

/** What the terminal itself is left with: the normal screen, a cursor, no mode of ours. */
function expectLeft(terminal: RealTerminal) {
	const raw = terminal.raw();
	expect(terminal.isAlternate()).toBe(false);
	expect(raw.lastIndexOf('\x1b[?1049l')).toBeGreaterThan(raw.lastIndexOf('\x1b[?1049h'));
	expect(raw.lastIndexOf('\x1b[?25h')).toBeGreaterThan(raw.lastIndexOf('\x1b[?25l'));
	expect(raw.lastIndexOf('\x1b[?2004l')).toBeGreaterThanOrEqual(raw.lastIndexOf('\x1b[?2004h'));
}

/** Drawn for this size: so many rows, two rules as wide as the terminal. */
const wholeFrame = (cols: number, rows: number) => (screen: string) => {
	const lines = screen.split('\n');
	return lines.length === rows && lines.filter((line) => line === '─'.repeat(cols)).length === 2;
};

/** From a summary to the newest backup: verified, a drill of it begun and stopped, and back to Home. */
async function proveInWizard(terminal: RealTerminal, drills: string) {
	terminal.send(KEYS.enter);
	await terminal.waitFor('The flows below', LONG);
	terminal.send(KEYS.esc);
	await terminal.waitFor('The whole way: set up, back up, watch', LONG);
	terminal.send(KEYS.esc);
	await terminal.waitFor('What do you want to do?', LONG);
	terminal.send('3');
	await terminal.waitFor(/❯ sandbox replica +1 backup/, LONG);
	terminal.send(KEYS.enter);
	await terminal.waitFor(/❯ ✓ \d{8}T\d{6}Z .*latest[\s\S]*not verified yet/, LONG);
	terminal.send(KEYS.enter);
	await terminal.waitFor(/❯ Verify/, LONG);
	terminal.send(KEYS.enter);
	await terminal.waitFor('No file is missing or additional', LONG);
	terminal.send(KEYS.enter);
	await terminal.waitFor('✓ verified just now', LONG);
	terminal.send(`${KEYS.down}${KEYS.enter}`);
	await terminal.waitFor(/Start a throwaway server[\s\S]*enter start/, LONG);
	terminal.send(KEYS.enter);
	await terminal.waitFor(/\by\b.*\bn\b/, LONG);
	terminal.send('y');
	await terminal.waitFor(/✓ Start a throwaway server/, LONG);
	expect(await readdir(drills)).toHaveLength(1);
	terminal.send(KEYS.ctrl('c'));
	await terminal.waitFor(/Stop this run\?[\s\S]*❯ Keep going/, LONG);
	terminal.send(`${KEYS.down}${KEYS.enter}`);
	await terminal.waitFor(/✗ stopped[\s\S]*q quit/, LONG);
	expect(await readdir(drills)).toEqual([]);
	terminal.send(KEYS.enter);
	await terminal.waitFor('What do you want to do?', LONG);
}

test('Home, a replica, its locked backup, in a terminal of 80 × 24', { timeout: 600_000 }, async () => {
	await using pair = await pairAtHome();
	const { sandbox, home } = pair;
	// Rows with their history are the vendor's tool's: that is what a test can pause while the lock is held.
	await ask(sandbox.primary, 'CREATE TABLE shop.prices (id INT PRIMARY KEY, price INT) WITH SYSTEM VERSIONING');
	// So many that the tool is still at work when it is looked for.
	await ask(sandbox.primary, 'INSERT INTO shop.prices SELECT seq, 7 FROM shop.seq_1_to_200000');
	const before = { primary: await condition(sandbox.primary), replica: await condition(sandbox.replica) };
	await using terminal = program(home);

	await terminal.waitFor('Welcome.', LONG);
	expect(terminal.isAlternate()).toBe(true);
	terminal.send(KEYS.enter);
	await terminal.waitFor('The whole way: set up, back up, watch', LONG);
	// Below all lessons.
	terminal.send(`G${KEYS.enter}`);
	await terminal.waitFor('The whole way: first the replica, then its backup', LONG);
	// Two keys in one chunk: the second must see what the first did.
	terminal.send(`${KEYS.down}${KEYS.up}${KEYS.enter}`);
	await terminal.waitFor('Check and review the plan', LONG);
	expect(terminal.screen().join('\n')).toMatch(/Primary\s+sandbox primary/);
	terminal.send(KEYS.enter);

	const review = await terminal.waitFor(/enter start/, LONG);
	expect(review).toMatch(/From +\S.*\(primary[\s\S]*Size +~/);
	expect({ primary: await condition(sandbox.primary), replica: await condition(sandbox.replica) }).toEqual(before);
	terminal.send('s');
	await terminal.waitFor('s plan', LONG);
	terminal.resize(200, 50);
	// Every statement whole; the password is none of them.
	await terminal.waitFor(/CREATE USER 'lockstep_\d+'@'\S+' IDENTIFIED BY '\*{8}' REQUIRE SSL/, LONG);
	terminal.resize(80, 24);
	await terminal.waitFor(wholeFrame(80, 24), LONG);
	terminal.send('s');
	await terminal.waitFor(/enter start/, LONG);
	terminal.send(KEYS.enter);
	// The harmless answer is the one that Enter would take.
	await terminal.waitFor(/❯ No, change nothing/, LONG);
	terminal.send('y');
	const seeded = await terminal.waitFor(/· Summary[\s\S]*q quit|✗/, LONG);
	expect(seeded).toContain(`is a replica of ${sandbox.primary.host}:${sandbox.primary.port}`);
	expect(seeded).toMatch(/identical to the primary at the same position/);
	expect((await condition(sandbox.replica)).channels).toEqual([['Yes', 'Yes']]);

	terminal.send(KEYS.enter);
	await terminal.waitFor('The replica follows. Now its first locked backup', LONG);
	terminal.send(KEYS.enter);
	await terminal.waitFor('Wait for the lock', LONG);
	terminal.send(KEYS.enter);
	await terminal.waitFor(/global read lock[\s\S]*enter start/, LONG);
	const folder = join(pair.dir, 'backups');
	expect(await backupsOf(folder)).toEqual([]);
	terminal.send(`${KEYS.enter}y`);
	const dump = await pauseDump(terminal);

	await terminal.waitFor(/READ LOCK HELD \d+:\d\d.* · replication waits/, LONG);
	terminal.resize(200, 50);
	await terminal.waitFor(
		(screen) => wholeFrame(200, 50)(screen) && screen.includes('Why this step') && screen.includes('READ LOCK HELD'),
		LONG,
	);
	terminal.resize(60, 16);
	await terminal.waitFor((screen) => wholeFrame(60, 16)(screen) && screen.includes('READ LOCK HELD'), LONG);
	terminal.resize(50, 12);
	await terminal.waitFor(
		(screen) => screen.includes('Terminal too small: 50×12. Needs 60×16.') && screen.includes('The run continues.'),
		LONG,
	);
	terminal.resize(80, 24);
	await terminal.waitFor((screen) => wholeFrame(80, 24)(screen) && screen.includes('READ LOCK HELD'), LONG);
	terminal.send(KEYS.ctrl('c'));
	await terminal.waitFor(/Stop this run\?[\s\S]*❯ Keep going/, LONG);
	terminal.send(KEYS.enter);
	await terminal.waitFor((screen) => screen.includes('READ LOCK HELD') && !screen.includes('Stop this run?'), LONG);
	dump.goOn();

	const ended = await terminal.waitFor(/· Summary[\s\S]*q quit|✗/, LONG);
	expect(ended).toContain('Backup complete: ');
	expect(ended).toMatch(/Read lock held .* · replication caught up/);
	expect(ended).toContain('✓ Backup complete: ');
	expect(ended).toContain('all dump files complete');
	await proveInWizard(terminal, join(home.env.XDG_STATE_HOME ?? '', 'lockstep', 'drills'));
	terminal.send('q');
	// What is left in the terminal, and the exit code, are those of the last run: the drill that was stopped.
	expect(await terminal.exited).toMatchObject({ exitCode: 130 });
	expectLeft(terminal);
	const left = terminal.history().join('\n');
	expect(left).toMatch(/Stopped from the wizard\.[\s\S]*As before/);

	const names = await backupsOf(folder);
	expect(names).toEqual([expect.stringMatching(/^\d{8}T\d{6}Z$/), expect.stringMatching(/^\d{8}T\d{6}Z\.verify\.json$/), 'latest']);
	expect(await readlink(join(folder, 'latest'))).toBe(names[0]);
	expect(JSON.parse(await readFile(join(folder, 'latest', 'manifest.json'), 'utf8'))).toMatchObject({ state: 'complete' });
	const after = await condition(sandbox.replica);
	expect(after.channels).toEqual([['Yes', 'Yes']]);
	expect(after.settings).toMatchObject({ ro: '1' });
});

test('stopped safely in the midst of a dump of a server that clients write to', { timeout: 400_000 }, async () => {
	await using pair = await pairAtHome();
	const { sandbox, home } = pair;
	const { primary } = sandbox;
	const before = await condition(primary);
	const folder = join(home.dir, 'backups');
	await using terminal = program(home, ['backup', '--engine', 'vendor', '--server', urlOf(primary), '--to', folder]);

	await terminal.waitFor(/enter start/, LONG);
	const name = `${primary.host}:${primary.port}`;
	terminal.send(KEYS.enter);
	await terminal.waitFor(`Type ${name} to confirm`, LONG);
	terminal.send(`${KEYS.paste('another')}${KEYS.enter}`);
	await terminal.waitFor(`Must be exactly ${name}`, LONG);
	expect(await condition(primary)).toEqual(before);
	terminal.send(`${KEYS.ctrl('u')}${KEYS.paste(name)}${KEYS.enter}`);
	const dump = await pauseDump(terminal);
	await terminal.waitFor(/READ LOCK HELD \d+:\d\d/, LONG);
	expect((await condition(primary)).settings).toMatchObject({ ro: '1' });

	terminal.send(KEYS.ctrl('c'));
	await terminal.waitFor('Stop this run?', LONG);
	terminal.send(`${KEYS.down}${KEYS.enter}`);
	dump.goOn();
	await terminal.waitFor(/stopped/i, LONG);
	await terminal.waitFor((screen) => !screen.includes('READ LOCK HELD') && /q quit/.test(screen), LONG);
	terminal.send('q');
	expect((await terminal.exited).exitCode).toBe(130);
	expectLeft(terminal);
	expect(await condition(primary)).toEqual(before);
	// A write gets through: no lock is left.
	await ask(primary, 'CREATE DATABASE after_the_stop');
	expect(await backupsOf(folder)).toEqual([expect.stringMatching(/^\d{8}T\d{6}Z\.partial$/)]);
});

test('the terminal is left as it was after SIGTERM', { timeout: 120_000 }, async () => {
	await using home = await makeHome();
	await using terminal = openTerminal({
		command: '/bin/sh',
		args: ['-c', `stty -a > before; "${process.execPath}" "${PROGRAM}"; echo $? > code; stty -a > after`],
		env: home.env,
		cwd: home.dir,
	});
	await terminal.waitFor('Welcome.', LONG);
	for (const pid of await descendants(terminal.pid)) process.kill(pid, 'SIGTERM');
	await terminal.exited;
	expectLeft(terminal);
	const file = (name: string) => readFile(join(home.dir, name), 'utf8');
	expect(await file('after')).toBe(await file('before'));
	expect((await file('code')).trim()).toBe('143');
});
