import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pngOf } from './picture.ts';
import { KEYS, openTerminal } from './terminal.ts';

/** Pictures of the real program, on a throwaway pair: the demo from its first screen to the summary that stays behind. */
const top = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const folder = top('screenshots');
const home = mkdtempSync(join(tmpdir(), 'lockstep-pictures-'));
const env: NodeJS.ProcessEnv = {
	PATH: process.env.PATH,
	HOME: home,
	XDG_STATE_HOME: join(home, 'state'),
	XDG_CONFIG_HOME: join(home, 'config'),
	XDG_RUNTIME_DIR: home,
	...(process.env.XDG_CACHE_HOME === undefined ? {} : { XDG_CACHE_HOME: process.env.XDG_CACHE_HOME }),
};
const program = [top('bin/lockstep.js')];
const SMALL = [80, 24] as const;
const WIDE = [160, 42] as const;
const LONG = { timeout: 600_000 };

mkdirSync(folder, { recursive: true });
await using terminal = openTerminal({ command: process.execPath, args: [...program, 'demo'], env, cwd: home });
const picture = (name: string) => {
	writeFileSync(join(folder, `${name}.png`), pngOf(terminal.cells()));
	process.stdout.write(`screenshots/${name}.png\n`);
};
/** The same screen once more, with room. */
const wide = async (name: string, wanted: RegExp) => {
	terminal.resize(...WIDE);
	await terminal.waitFor((screen) => wanted.test(screen) && (screen.split('\n')[0]?.length ?? 0) > SMALL[0], LONG);
	picture(name);
	terminal.resize(...SMALL);
	await terminal.waitFor((screen) => wanted.test(screen) && (screen.split('\n')[0]?.length ?? 0) <= SMALL[0], LONG);
};
/** From a form's button through the review into the run: what must be typed is read off the screen. */
const through = async (flow: string) => {
	await terminal.waitFor('Look at everything', LONG);
	picture(`${flow}-form`);
	terminal.send(KEYS.enter);
	await terminal.waitFor(/where +what +statement/, LONG);
	picture(`${flow}-review`);
	await wide(`${flow}-review-wide`, /where +what +statement/);
	terminal.send(KEYS.enter);
	const asked = await terminal.waitFor(/Type \S+ to go on|Do it now\?|Step \d\/\d . Run/, LONG);
	const name = /Type (\S+) to go on/.exec(asked)?.[1];
	if (name !== undefined) {
		picture(`${flow}-consent`);
		terminal.send(`${name}${KEYS.enter}`);
	} else if (asked.includes('Do it now?')) terminal.send('y');
	await terminal.waitFor(/elapsed/, LONG);
	picture(`${flow}-run`);
	const screen = await terminal.waitFor(/Summary|✗/, LONG);
	if (!screen.includes('Summary')) throw new Error(`The ${flow} failed:\n${screen}`);
	picture(`${flow}-summary`);
	terminal.send(KEYS.enter);
};

try {
	await terminal.waitFor('The whole way', LONG);
	picture('practice');
	terminal.send(KEYS.enter);
	await through('provision');
	await terminal.waitFor('Now its first', LONG);
	terminal.send(KEYS.enter);
	await through('backup');
	await terminal.waitFor('sandbox', LONG);
	terminal.send(KEYS.esc);
	await terminal.waitFor(/healthy|needs attention|Welcome/, LONG);
	picture('home');
	terminal.send('q');
	await terminal.exited;
	picture('afterwards');
} finally {
	const down = openTerminal({ command: process.execPath, args: [...program, 'sandbox', 'down'], env, cwd: home });
	await down.exited;
	rmSync(home, { recursive: true, force: true });
}
