// What a command line says about a connection holds in the wizard as it does without one.
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Home, lockstep, makeHome } from '../support/cli.ts';
import { ask, type SpareServer, spareServer } from '../support/servers.ts';
import { KEYS, openTerminal, type RealTerminal } from '../support/terminal.ts';

const PROGRAM = fileURLToPath(new URL('../../bin/lockstep.js', import.meta.url));
const PASSWORD = 'Correct-horse-1';
const PLAN = /where +what +statement/;

describe('in a terminal', () => {
	let server: SpareServer;
	let home: Home;
	let file: string;
	beforeAll(async () => {
		[server, home] = await Promise.all([spareServer('mariadb-11.8'), makeHome()]);
		await ask(server, `CREATE USER 'dba'@'%' IDENTIFIED BY '${PASSWORD}'`);
		await ask(server, "GRANT ALL ON *.* TO 'dba'@'%'");
		await ask(server, 'CREATE DATABASE app');
		file = join(home.dir, 'password');
		await writeFile(file, PASSWORD, { mode: 0o600 });
	});
	afterAll(async () => {
		await server?.[Symbol.asyncDispose]();
		await home?.[Symbol.asyncDispose]();
	});
	const url = () => `mysql://dba@127.0.0.1:${server.port}`;
	const backup = (...args: string[]) => ['backup', '--server', url(), '--to', join(home.dir, 'backups'), ...args];
	const open = (args: readonly string[]): RealTerminal =>
		openTerminal({ command: process.execPath, args: [PROGRAM, ...args], env: home.env, cwd: home.dir, cols: 110, rows: 40 });

	it.each([
		['--password-file', () => [file]],
		['--password-command', () => [`cat '${file}'`]],
	])('%s is used, and the command shown says it, too', async (flag, value) => {
		await using terminal = open(backup(flag, ...value(), '--engine', 'vendor'));
		await terminal.waitFor(PLAN);
		terminal.send('y');
		// What is copied is what is shown: it goes to the terminal by OSC 52.
		await terminal.waitFor('copied');
		const [, copied = ''] = /\x1b\]52;c;([^\x07]*)\x07/.exec(terminal.raw()) ?? [];
		const command = Buffer.from(copied, 'base64').toString();
		expect(command).toContain(flag);
		expect(command).toContain('--engine vendor');
		expect(command).not.toContain(PASSWORD);
	});

	it('a server that only -h, -P and -u name opens it, too', async () => {
		const args = ['backup', '-h', '127.0.0.1', '-P', String(server.port), '-u', 'dba', '--to', join(home.dir, 'backups')];
		await using terminal = open([...args, '--password-file', file]);
		expect(await terminal.waitFor(PLAN)).toContain('backup 127.0.0.1');
	});

	it('--ssl-mode VERIFY_IDENTITY refuses a server that nobody signed', async () => {
		const args = backup('--password-file', file, '--ssl-mode', 'VERIFY_IDENTITY');
		await using terminal = open(args);
		const screen = await terminal.waitFor(/certificate|signed/);
		expect(screen).not.toMatch(PLAN);
		expect((await lockstep(args, { env: home.env })).code).toBe(5);
	});

	it('options of one of two servers hold for that one only', async () => {
		const args = ['provision', '--primary', url(), '--replica', url(), '--primary-password-file', file, '--dry-run', '--json'];
		const one = await lockstep(args, { env: home.env });
		expect([one.code, one.last.class]).toEqual([5, 'ConnectError']);
		const both = await lockstep([...args, '--replica-password-file', file], { env: home.env });
		// Both let us in: the two are one server, on which that account may not grant.
		expect([both.code, both.last.class]).toEqual([6, 'CheckFailed']);
	});

	it('restore -p BACKUP says what became of the backup', async () => {
		const { code, stderr } = await lockstep(['restore', '--server', url(), '-p', 'folder'], { env: home.env });
		expect([code, stderr]).toEqual([2, expect.stringContaining('lockstep restore BACKUP --server SERVER -p')]);
		expect(stderr).not.toContain('folder');
	});

	it('-p asks before the wizard opens, and not again', async () => {
		await using terminal = open(backup('-p'));
		await terminal.waitFor('Password of dba');
		terminal.send(`${PASSWORD}\r`);
		await terminal.waitFor(PLAN);
		terminal.send(KEYS.enter);
		await terminal.waitFor(/Backup complete|every|verified|Summary/i);
		const state = join(home.state, 'runs');
		const journals = await Promise.all((await readdir(state)).map((name) => readFile(join(state, name), 'utf8')));
		// The run can be found again as it was reached; its password is nowhere.
		expect(journals.join('')).toContain('"reach":{"server":{"flags":{"password":""}}}');
		expect(journals.join('')).not.toContain(PASSWORD);
	});

	it.each([
		[['backup', '--databases', 'app'], '--server is missing'],
		[['backup', '--server', 'db1', '--lock', 'held'], '--to is missing'],
		[['provision', '--primary', 'db1', '--no-tls'], '--replica is missing'],
	])('%j, which no form would keep, is refused', async (args, what) => {
		await using terminal = open(args);
		expect((await terminal.exited).exitCode).toBe(2);
		expect(terminal.history().join('\n')).toContain(what);
	});
});

describe('a server that asks for the password itself, which MySQL does at an account’s first login', () => {
	it('gets it in a terminal once its certificate is accepted, which is kept; another certificate is refused', async () => {
		await using server = await spareServer('mysql-9.7');
		await using home = await makeHome();
		await ask(server, `CREATE USER 'dba'@'%' IDENTIFIED BY '${PASSWORD}'`);
		await ask(server, "GRANT ALL ON *.* TO 'dba'@'%'");
		const file = join(home.dir, 'password');
		await writeFile(file, PASSWORD, { mode: 0o600 });
		const args = ['backup', '--server', `mysql://dba@127.0.0.1:${server.port}`, '--to', join(home.dir, 'backups'), '--password-file', file];
		// Without a person it is not sent, and what to compare is said.
		const headless = await lockstep([...args, '--dry-run'], { env: home.env });
		expect([headless.code, headless.stderr]).toEqual([5, expect.stringContaining('--ssl-fp')]);
		{
			await using terminal = openTerminal({
				...{ command: process.execPath, args: [PROGRAM, ...args], env: home.env, cwd: home.dir, cols: 110, rows: 40 },
			});
			await terminal.waitFor('accept this certificate');
			terminal.send('y');
			await terminal.waitFor(PLAN);
		}
		const config = await readdir(home.dir, { recursive: true }).then((names) => names.find((name) => name.endsWith('config.json')));
		const path = join(home.dir, config ?? '');
		const kept = await readFile(path, 'utf8');
		expect(kept).toContain(`certificate 127.0.0.1:${server.port}`);
		expect(kept).not.toContain(PASSWORD);
		await writeFile(path, kept.replace(/(certificate [^"]*": *)"../, '$1"00'));
		const changed = await lockstep([...args, '--dry-run'], { env: home.env });
		expect([changed.code, changed.stderr]).toEqual([5, expect.stringContaining('ITS CERTIFICATE HAS CHANGED')]);
	});
});
