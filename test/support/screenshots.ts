import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { defaultFolder, serversFolder } from '../../src/sandbox/places.ts';
import { sandboxDown, sandboxUp } from '../../src/sandbox/sandbox.ts';
import { urlOf } from './cli.ts';
import { type Colors, LIGHT, pngOf } from './picture.ts';
import { Recording } from './recording.ts';
import { ask } from './servers.ts';
import { KEYS, openTerminal } from './terminal.ts';

// Pictures of the real program, in a shell, on a throwaway pair: a recording from the set-up to the drill's report, then single screens.

const top = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const folder = top('screenshots');
const home = makeHome();
const bin = join(home, 'bin');
const env: NodeJS.ProcessEnv = {
	PATH: `${bin}:${process.env.PATH}`,
	HOME: home,
	PS1: '\\[\\e[32m\\]$\\[\\e[0m\\] ',
	BASH_SILENCE_DEPRECATION_WARNING: '1',
	XDG_CACHE_HOME: join(serversFolder(process.env), '..', '..'),
};
const dir = defaultFolder(env, 'mariadb-11.8');
/** Of the recording: legible at the width of a README. */
const RECORDED = { cols: 96, rows: 28 };
const SINGLE = { cols: 120, rows: 40 };
/** A short name, which the pictures show, where it is free. */
function makeHome(): string {
	const demo = join(tmpdir(), 'demo');
	try {
		mkdirSync(demo, { mode: 0o700 });
		return demo;
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
		return mkdtempSync(`${demo}-`);
	}
}
const LONG = { timeout: 300_000 };
/** Orders of the shop, and few readers that compress well: a dump lasts long enough to be seen. */
const ROWS = 200_000;
const SLOWLY = '--workers 2 --compress zstd:15';

const pair = await sandboxUp({ kind: 'mariadb-11.8', dir, env, rows: ROWS, say: (line) => process.stderr.write(`${line}\n`) });
mkdirSync(bin);
writeFileSync(join(bin, 'lockstep'), `#!/bin/sh\nexec "${process.execPath}" "${top('bin/lockstep.js')}" "$@"\n`);
chmodSync(join(bin, 'lockstep'), 0o755);
mkdirSync(folder, { recursive: true });
for (const name of readdirSync(folder)) if (name.endsWith('.png')) rmSync(join(folder, name));

function write(name: string, png: Buffer): void {
	writeFileSync(join(folder, `${name}.png`), png);
	process.stdout.write(`screenshots/${name}.png  ${Math.ceil(png.length / 1024)} KiB\n`);
}

/** A shell in a terminal of its own. */
async function shell(size: { readonly cols: number; readonly rows: number }) {
	const terminal = openTerminal({ command: 'bash', args: ['--norc', '--noprofile', '-i'], env, cwd: home, ...size });
	/** Waits for the words on a screen of ours that is drawn to its end, between its two rules. */
	const see = (wanted: RegExp) =>
		terminal.waitFor(
			(screen) => wanted.test(screen) && screen.split('\n').filter((line) => line === '─'.repeat(size.cols)).length === 2,
			LONG,
		);
	const prompt = () => terminal.waitFor((screen) => !terminal.isAlternate() && screen.trimEnd().endsWith('$'), LONG);
	await prompt();
	/** Waits until nothing moves: what is asked of servers has come. */
	const settled = async () => {
		for (let before = ''; ; await new Promise((resolve) => setTimeout(resolve, 2_000))) {
			const now = terminal.screen().join('\n');
			if (now === before) return;
			before = now;
		}
	};
	return {
		terminal,
		see,
		settled,
		prompt,
		picture: (name: string, colors?: Colors) => write(name, pngOf(terminal.cells(), colors)),
		/** Runs a command that opens no screen. */
		async run(command: string) {
			terminal.send(`${command}; clear\r`);
			await terminal.waitFor((screen) => screen.trim() === '$', LONG);
		},
		async [Symbol.asyncDispose]() {
			await terminal[Symbol.asyncDispose]();
		},
	};
}
type Shell = Awaited<ReturnType<typeof shell>>;

const PLAN = /enter start|enter run/;
const EXPECTED = '--expect-replica-of db1 --expect-read-only --expect-lag 60s --expect-backup-age 26h';
/** In the list of lessons, from the first. */
const LESSON_ROW = 6;

async function saveProfiles({ run }: Shell) {
	await run(`lockstep profile add db1 --server ${urlOf(pair.primary)} --badge sandbox`);
	await run(`lockstep profile add db3 --server ${urlOf(pair.replica)} --badge sandbox --output ${join(home, 'backups')} ${EXPECTED}`);
}

/** Set-up, backup and drill, each from its command over its plan to its end. */
async function record({ terminal, see, prompt }: Shell) {
	const recording = new Recording(terminal);
	const leave = async () => {
		terminal.send('q');
		await prompt();
		terminal.send('clear\r');
		await terminal.waitFor((screen) => screen.trim() === '$');
	};
	await recording.type('lockstep provision --primary db1 --replica db3');
	await see(PLAN);
	recording.hold(2200);
	terminal.send(KEYS.enter);
	await see(/No, change nothing/);
	recording.hold(900);
	terminal.send('y');
	await recording.play(see(/is a replica of/), 3200);
	recording.hold(1600);
	await leave();

	await recording.type(`lockstep backup --server db3 ${SLOWLY}`);
	await see(PLAN);
	recording.hold(2000);
	terminal.send(KEYS.enter);
	await see(/No, change nothing/);
	recording.hold(700);
	terminal.send('y');
	await recording.play(see(/Backup complete/), 4500);
	recording.hold(1800);
	await leave();

	await recording.type('lockstep drill backups/latest');
	await see(PLAN);
	recording.hold(1500);
	terminal.send(KEYS.enter);
	await see(/No, change nothing/);
	recording.hold(700);
	terminal.send('y');
	await recording.play(see(/Drill passed/), 2800);
	recording.hold(2800);
	process.stdout.write(`A recording of ${Math.round(recording.length / 100) / 10} s\n`);
	write('set-up-backup-drill', recording.png());
}

/** The screens that a reader of the documents should see once. */
async function single({ terminal, see, settled, prompt, picture, run }: Shell) {
	const open = (command: string) => terminal.send(`clear; ${command}\r`);
	const leave = async () => {
		terminal.send('q');
		await prompt();
	};
	open(`lockstep backup --server db3 ${SLOWLY}`);
	await see(PLAN);
	terminal.send(KEYS.enter);
	await see(/No, change nothing/);
	terminal.send('y');
	await see(/READ LOCK HELD[\s\S]*[3-6]\d % +[\d.]+ [KM]iB \//);
	picture('run');
	picture('run-light', LIGHT);
	await see(/Backup complete/);
	await leave();
	open('lockstep drill backups/latest');
	await see(PLAN);
	terminal.send(KEYS.enter);
	await see(/No, change nothing/);
	terminal.send('y');
	await see(/Drill passed/);
	picture('drill-report');
	await leave();
	open('lockstep');
	await see(/db[13]/);
	await settled();
	picture('fleet');
	// The row of db3, then what its page offers as the third.
	terminal.send('G');
	await settled();
	terminal.send(KEYS.enter);
	await see(/what is wrong, what that means/);
	terminal.send('3');
	await see(/CRASH-COMMIT/);
	picture('doctor');
	await leave();
	open('lockstep practice');
	await see(/duplicate-key/);
	for (let row = 0; row < LESSON_ROW; row++) terminal.send(KEYS.down);
	terminal.send(KEYS.enter);
	// It moves for ever: its servers are at work.
	await see(/✗ shop\.tickets is identical/);
	picture('lesson');
	await leave();
	await run('lockstep practice stop');
	open('lockstep backup');
	await see(/Server/);
	await settled();
	picture('connect');
	terminal.send(KEYS.ctrl('c'));
	await see(/again to leave/);
	terminal.send(KEYS.ctrl('c'));
	await prompt();
	// A replica that holds data and replicates no more is emptied only by its name.
	await ask(pair.replica, 'STOP SLAVE');
	await ask(pair.replica, 'RESET SLAVE ALL');
	open('lockstep provision --primary db1 --replica db3');
	await see(PLAN);
	picture('plan');
	terminal.send(KEYS.enter);
	await see(/[Tt]ype /);
	picture('typed-name');
}

try {
	{
		await using recorded = await shell(RECORDED);
		await saveProfiles(recorded);
		await record(recorded);
	}
	{
		await using screens = await shell(SINGLE);
		await single(screens);
	}
} finally {
	await sandboxDown({ dir, env });
	rmSync(home, { recursive: true, force: true });
}
