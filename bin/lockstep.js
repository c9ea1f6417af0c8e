#!/usr/bin/env node
// Plain JavaScript for any Node: goes on with one that is new enough, then runs the built program.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';

const NEEDED = [22, 15];
const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const program = here('../dist/cli.js');
const [major, minor] = process.versions.node.split('.').map(Number);

function refuse(message) {
	process.stderr.write(`lockstep: ${message}\n`);
	process.exitCode = 2;
}

/** Before the program can speak for itself: a limit of this machine is named, anything else is a bug. */
function limited(error) {
	const text = `${error?.code} ${error?.message}`;
	const [what, hints] = /EMFILE|ENFILE|too many open files/i.test(text)
		? ['too many files are open', 'ulimit -n 4096']
		: /ENOMEM|out of memory|cannot allocate/i.test(text)
			? ['this machine gave it no more memory', 'ulimit -v unlimited']
			: /EAGAIN/.test(text)
				? ['this machine gave it no more processes', 'ulimit -u 4096']
				: [];
	if (what === undefined) throw error;
	process.stderr.write(`lockstep: ${what}: raise the limit, for example  ${hints}\n  ${error.message}\n`);
	process.exitCode = 1;
}

if (!existsSync(program)) {
	refuse('it is not built yet: run `npm ci` in its folder.');
} else if (major > NEEDED[0] || (major === NEEDED[0] && minor >= NEEDED[1])) {
	try {
		await import(program);
	} catch (error) {
		limited(error);
	}
} else {
	const newer = here('../node_modules/node/bin/node');
	if (!existsSync(newer)) {
		refuse(
			`it needs Node ${NEEDED.join('.')} or newer and this is ${process.versions.node}: install one, or run \`npm ci\` in its folder.`,
		);
	} else {
		const child = spawn(newer, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], { stdio: 'inherit' });
		// A terminal signals the whole group by itself; anybody else signals only us.
		for (const signal of ['SIGTERM', 'SIGHUP', 'SIGUSR1']) process.on(signal, () => child.kill(signal));
		process.on('SIGINT', () => process.stdin.isTTY || child.kill('SIGINT'));
		child.on('error', limited);
		child.on('exit', (code, signal) => {
			process.exitCode = code ?? 128 + (constants.signals[signal] ?? 0);
		});
	}
}
