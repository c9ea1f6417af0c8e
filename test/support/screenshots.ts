import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { defaultFolder, serversFolder } from '../../src/sandbox/places.ts';
import { sandboxDown, sandboxUp } from '../../src/sandbox/sandbox.ts';
import { urlOf } from './cli.ts';
import { pngOf } from './picture.ts';
import { ask } from './servers.ts';
import { KEYS, openTerminal } from './terminal.ts';

/** Pictures of the real program, on a throwaway pair: from the replica's plan to the summary that stays behind. */
const top = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const folder = top('screenshots');
const home = mkdtempSync(join(tmpdir(), 'lockstep-'));
const env: NodeJS.ProcessEnv = {
	PATH: process.env.PATH,
	HOME: home,
	XDG_CACHE_HOME: join(serversFolder(process.env), '..', '..'),
};
const dir = defaultFolder(env, 'mariadb-11.8');
const SMALL = [80, 24] as const;
const WIDE = [124, 36] as const;
const LONG = { timeout: 300_000 };
/** Orders of the shop: its dump lasts some seconds, so that the run's picture has something to show. */
const ROWS = 400_000;

const pair = await sandboxUp({ kind: 'mariadb-11.8', dir, env, rows: ROWS, say: (line) => process.stderr.write(`${line}\n`) });
mkdirSync(folder, { recursive: true });
for (const name of readdirSync(folder)) if (name.endsWith('.png')) rmSync(join(folder, name));

/** The program in a terminal of its own, with what looks at it. */
function open(args: readonly string[] = []) {
	const terminal = openTerminal({ command: process.execPath, args: [top('bin/lockstep.js'), ...args], env, cwd: home });
	let columns: number = SMALL[0];
	return {
		terminal,
		picture(name: string) {
			writeFileSync(join(folder, `${name}.png`), pngOf(terminal.cells()));
			process.stdout.write(`screenshots/${name}.png\n`);
		},
		/** Waits for the words on a screen that is drawn to its end: two rules, as wide as the terminal. */
		see: (wanted: RegExp) =>
			terminal.waitFor(
				(screen) => wanted.test(screen) && screen.split('\n').filter((line) => line === '─'.repeat(columns)).length === 2,
				LONG,
			),
		resize([cols, rows]: readonly [number, number]) {
			columns = cols;
			terminal.resize(cols, rows);
		},
	};
}

/** A run that was left at work, killed, and put back: what the first screen offers then. */
async function cutOff() {
	await ask(pair.replica, 'SET GLOBAL read_only = OFF');
	const { terminal: first, see } = open(['backup', '--engine', 'vendor', '--server', urlOf(pair.replica), '--to', join(home, 'backups')]);
	await see(/where +what +statement/);
	first.send(KEYS.enter);
	await see(/READ LOCK HELD[\s\S]*[2-9]\d %/);
	first.send('b');
	await first.exited;
	const runs = join(home, '.local/state/lockstep/runs');
	const newest = readdirSync(runs)
		.filter((name) => name.endsWith('.jsonl'))
		.sort()
		.at(-1);
	process.kill((JSON.parse(readFileSync(join(runs, newest ?? ''), 'utf8').split('\n')[0] ?? '') as { pid: number }).pid, 'SIGKILL');
	const { terminal, see: seeAgain, picture } = open();
	await using _closed = terminal;
	await seeAgain(/Interrupted/);
	picture('home-cut-off');
	terminal.send(KEYS.enter);
	await seeAgain(/It has left this/);
	picture('recover');
	terminal.send(KEYS.enter);
	await seeAgain(/everything is as it was/);
	terminal.send('q');
	await terminal.exited;
}

try {
	const { terminal, picture, see, resize } = open();
	await using _closed = terminal;
	await see(/Welcome/);
	terminal.send(KEYS.enter);
	await see(/The whole way/);
	picture('practice');
	terminal.send(KEYS.enter);
	await see(/Check and review/);
	terminal.send(KEYS.enter);
	await see(/where +what +statement/);
	picture('provision-review');
	terminal.send(KEYS.enter);
	await see(/Do it now\?/);
	terminal.send('y');
	await see(/[3-6]\d %/);
	picture('provision-run');
	await see(/· Summary/);
	picture('provision-summary');
	terminal.send(KEYS.enter);
	await see(/Now its first/);
	terminal.send(KEYS.enter);
	await see(/Wait for the lock/);
	picture('backup-form');
	terminal.send(KEYS.enter);
	await see(/where +what +statement/);
	picture('backup-review');
	// Our own engine is done with so little before there is anything to see.
	terminal.send(KEYS.esc);
	await see(/Wait for the lock/);
	terminal.send(KEYS.up.repeat(8));
	terminal.send(' ');
	await see(/vendor’s tool/);
	terminal.send(KEYS.down.repeat(8));
	terminal.send(KEYS.enter);
	await see(/where +what +statement/);
	terminal.send(KEYS.enter);
	await see(/READ LOCK HELD.*lag [1-9][\s\S]*[3-6]\d %/);
	picture('backup-run');
	resize(WIDE);
	await see(/READ LOCK HELD[\s\S]*[4-9]\d %[\s\S]*Why this step/);
	picture('backup-run-wide');
	resize(SMALL);
	await see(/· Summary/);
	picture('backup-summary');
	terminal.send(KEYS.enter);
	await see(/The flows below/);
	terminal.send('3');
	await see(/Lag over the last 0:(?:0[4-9]|[1-5]\d)/);
	picture('status');
	terminal.send(KEYS.esc);
	await see(/The flows below/);
	terminal.send(KEYS.esc);
	await see(/healthy/);
	terminal.send('p');
	await see(/sandbox replica[\s\S]*Last backup +\d/);
	picture('home');
	terminal.send(KEYS.down.repeat(2));
	terminal.send(KEYS.enter);
	await see(/Whose backups/);
	terminal.send(KEYS.enter);
	await see(/not drilled yet/);
	picture('backups');
	terminal.send(KEYS.enter);
	await see(/read all of it/);
	terminal.send(KEYS.down);
	terminal.send(KEYS.enter);
	await see(/Start a throwaway server[\s\S]*enter start/);
	terminal.send(KEYS.enter);
	await see(/No, change nothing/);
	terminal.send('y');
	await see(/Drill passed/);
	terminal.send(KEYS.enter);
	await see(/What do you want to do/);
	terminal.send(KEYS.down.repeat(2));
	terminal.send(KEYS.enter);
	await see(/Whose backups/);
	terminal.send(KEYS.enter);
	await see(/drilled just now/);
	terminal.send(KEYS.enter);
	await see(/read all of it/);
	picture('backup-card');
	terminal.send(KEYS.esc);
	await see(/open +r refresh/);
	terminal.send(KEYS.esc);
	await see(/Whose backups/);
	terminal.send(KEYS.esc);
	await see(/What do you want to do/);
	terminal.send('q');
	await terminal.exited;
	await cutOff();
} finally {
	await sandboxDown({ dir, env });
	rmSync(home, { recursive: true, force: true });
}
