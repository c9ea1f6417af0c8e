import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { defaultFolder, serversFolder } from '../../src/sandbox/places.ts';
import { sandboxDown, sandboxUp } from '../../src/sandbox/sandbox.ts';
import { pngOf } from './picture.ts';
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

await sandboxUp({ kind: 'mariadb-11.8', dir, env, rows: ROWS, say: (line) => process.stderr.write(`${line}\n`) });
mkdirSync(folder, { recursive: true });
for (const name of readdirSync(folder)) if (name.endsWith('.png')) rmSync(join(folder, name));

try {
	await using terminal = openTerminal({ command: process.execPath, args: [top('bin/lockstep.js')], env, cwd: home });
	const picture = (name: string) => {
		writeFileSync(join(folder, `${name}.png`), pngOf(terminal.cells()));
		process.stdout.write(`screenshots/${name}.png\n`);
	};
	/** Waits for the words on a screen that is drawn to its end: two rules, as wide as the terminal. */
	let columns: number = SMALL[0];
	const see = (wanted: RegExp) =>
		terminal.waitFor(
			(screen) => wanted.test(screen) && screen.split('\n').filter((line) => line === '─'.repeat(columns)).length === 2,
			LONG,
		);
	const resize = ([cols, rows]: readonly [number, number]) => {
		columns = cols;
		terminal.resize(cols, rows);
	};

	await see(/Welcome/);
	terminal.send(KEYS.enter);
	await see(/The whole way/);
	picture('practice');
	terminal.send(KEYS.enter);
	await see(/Look at everything/);
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
	terminal.send('q');
	await terminal.exited;
} finally {
	await sandboxDown({ dir, env });
	rmSync(home, { recursive: true, force: true });
}
