// What a command line says about a connection holds in the wizard as it does without one.
import { once } from 'node:events';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Home, lockstep, makeHome, urlOf } from '../support/cli.ts';
import { ask, type SpareServer, spareServer } from '../support/servers.ts';
import { KEYS, openTerminal, type RealTerminal } from '../support/terminal.ts';

const PROGRAM = fileURLToPath(new URL('../../bin/lockstep.js', import.meta.url));
const PASSWORD = 'Correct-horse-1';
const PLAN = /enter start/;

const open = (home: Home, args: readonly string[]): RealTerminal =>
	openTerminal({ command: process.execPath, args: [PROGRAM, ...args], env: home.env, cwd: home.dir, cols: 110, rows: 40 });

/** The command that the plan shows. What is copied goes to the terminal by OSC 52. */
async function copied(terminal: RealTerminal): Promise<string> {
	terminal.send('c');
	await terminal.waitFor('Copied, if your terminal allows it');
	const [, text = ''] = /\x1b\]52;c;([^\x07]*)\x07/.exec(terminal.raw()) ?? [];
	return Buffer.from(text, 'base64').toString();
}

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

	it('21: status is a check of what the profile expects: 0 as expected, 6 not', async () => {
		const run = (...args: string[]) => lockstep(args, { env: home.env });
		const status = async () => {
			const { code, last, stderr } = await run('status', '--server', 'spare', '--json');
			return [code, stderr, last.healthy, last.expectations.map(({ id, isMet }: { id: string; isMet: boolean }) => [id, isMet])];
		};
		await run('profile', 'add', 'spare', '--server', urlOf(server));
		expect(await status()).toEqual([0, '', true, []]);
		await run('profile', 'edit', 'spare', '--expect-read-only');
		expect(await status()).toEqual([6, '', false, [['read-only', false]]]);
		await ask(server, 'SET GLOBAL read_only = 1');
		expect(await status()).toEqual([0, '', true, [['read-only', true]]]);
		await ask(server, 'SET GLOBAL read_only = 0');
	});

	it('22: status --watch redraws in its place with the time, and Ctrl+C ends it with 130 and no error', async () => {
		await using terminal = open(home, ['status', '--server', urlOf(server), '--watch']);
		const seen = (screen: string) => /seen (\d\d:\d\d:\d\d)/.exec(screen)?.[1];
		const first = seen(await terminal.waitFor((screen) => seen(screen) !== undefined));
		const screen = await terminal.waitFor((each) => ![undefined, first].includes(seen(each)));
		for (const part of [/Read-only/g, /seen /g]) expect(screen.match(part)).toHaveLength(1);
		terminal.send(KEYS.ctrl('c'));
		expect((await terminal.exited).exitCode).toBe(130);
		for (const part of ['Stopped', 'state  ']) expect(terminal.screen().join('\n')).not.toContain(part);
	});

	it('23: a server that accepts and never answers does not hold up the one beside it on Home, nor the way out', async () => {
		const sockets: Socket[] = [];
		const dead = createServer((socket) => void sockets.push(socket)).listen(0, '127.0.0.1');
		await once(dead, 'listening');
		const { port } = dead.address() as AddressInfo;
		const config = join(home.dir, 'fleet.json');
		const profile = (name: string, port: number) => ({ name, host: '127.0.0.1', port, user: 'root', passwordless: true });
		await writeFile(config, JSON.stringify({ profiles: [profile('living', server.port), profile('dead', port)] }));
		try {
			await using terminal = open(home, ['--config', config]);
			const first = await terminal.waitFor(/living +healthy +server/);
			expect(first).toMatch(/dead +(connecting|does not answer for \d s) +- /);
			const later = await terminal.waitFor(/dead +does not answer for \d+ s/);
			expect(later).toMatch(/● living +healthy/);
			expect(later).toContain('1 of 2 not as expected');
			terminal.send(`${KEYS.up}${KEYS.enter}`);
			await terminal.waitFor('Make it a replica');
			terminal.send(`${KEYS.esc}`);
			await terminal.waitFor('What do you want to do?');
			terminal.send('q');
			expect((await terminal.exited).exitCode).toBe(0);
		} finally {
			for (const socket of sockets) socket.destroy();
			dead.close();
		}
	});

	const url = () => `mysql://dba@127.0.0.1:${server.port}`;
	const backup = (...args: string[]) => ['backup', '--server', url(), '--to', join(home.dir, 'backups'), ...args];

	it.each([
		['--password-file', () => [file]],
		['--password-command', () => [`cat '${file}'`]],
	])('%s is used, and the command shown says it, too', async (flag, value) => {
		await using terminal = open(home, backup(flag, ...value(), '--engine', 'vendor'));
		await terminal.waitFor(PLAN);
		const command = await copied(terminal);
		expect(command).toContain(flag);
		expect(command).toContain('--engine vendor');
		expect(command).not.toContain(PASSWORD);
	});

	it('a server that only -h, -P and -u name opens it, too', async () => {
		const args = ['backup', '-h', '127.0.0.1', '-P', String(server.port), '-u', 'dba', '--to', join(home.dir, 'backups')];
		await using terminal = open(home, [...args, '--password-file', file]);
		expect(await terminal.waitFor(PLAN)).toContain('backup 127.0.0.1');
	});

	it('--ssl-mode VERIFY_IDENTITY refuses a server without a trusted certificate', async () => {
		const args = backup('--password-file', file, '--ssl-mode', 'VERIFY_IDENTITY');
		await using terminal = open(home, args);
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

	it('each of two servers is named by its host and port as well', async () => {
		const one = (role: string) => [`--${role}-host`, '127.0.0.1', `--${role}-port`, String(server.port), `--${role}-user`, 'dba'];
		const args = ['provision', ...one('primary'), ...one('replica')];
		const passwords = ['--primary-password-file', file, '--replica-password-file', file];
		const ended = await lockstep([...args, ...passwords, '--dry-run', '--json'], { env: home.env });
		expect([ended.code, ended.last.class]).toEqual([6, 'CheckFailed']);
		// A server that is named so is not the one that the environment names.
		const env = { ...home.env, LOCKSTEP_PROFILE: 'other' };
		expect((await lockstep(['profile', 'add', 'other', '--server', 'mysql://root@127.0.0.1:1'], { env })).code).toBe(0);
		const status = await lockstep(
			['status', '-h', '127.0.0.1', '-P', String(server.port), '-u', 'dba', '--password-file', file, '--json'],
			{ env },
		);
		expect(status.last.name).toBe(`127.0.0.1:${server.port}`);
		await using terminal = open(home, args);
		await terminal.waitFor('Password for dba@127.0.0.1');
		terminal.send(`${PASSWORD}\r`);
		await terminal.waitFor(/may grant|GRANT|privileges/i);
	});

	it('restore -p BACKUP says what became of the backup', async () => {
		const { code, stderr } = await lockstep(['restore', '--server', url(), '-p', 'folder'], { env: home.env });
		expect([code, stderr]).toEqual([2, expect.stringContaining('lockstep restore BACKUP --server SERVER -p')]);
		expect(stderr).not.toContain('folder');
	});

	it('-p asks before the wizard opens, and not again', async () => {
		await using terminal = open(home, backup('-p'));
		await terminal.waitFor('Password of dba');
		terminal.send(`${PASSWORD}\r`);
		await terminal.waitFor(PLAN);
		terminal.send(`${KEYS.enter}y`);
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
		await using terminal = open(home, args);
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
		// Without encryption the word holds until the wizard ends, and the command that is shown says it.
		await ask(server, `CREATE USER 'plain'@'%' IDENTIFIED BY '${PASSWORD}'`);
		await ask(server, "GRANT ALL ON *.* TO 'plain'@'%'");
		let shown: string;
		{
			const plain = args.map((word) => (word.startsWith('mysql:') ? `${word.replace('dba', 'plain')}?ssl-mode=DISABLED` : word));
			await using terminal = open(home, plain);
			await terminal.waitFor('send the password to this server without encryption');
			terminal.send('y');
			await terminal.waitFor(PLAN);
			shown = await copied(terminal);
		}
		// The server has forgotten the login: pasted, the command must get through by itself.
		await ask(server, 'FLUSH PRIVILEGES');
		const [, ...words] = shown.split(' ').map((word) => word.replaceAll("'", ''));
		expect(words).toContain('--get-server-public-key');
		const pasted = await lockstep([...words, '--dry-run'], { env: home.env });
		expect(pasted.code, pasted.stderr).toBe(0);
		expect([headless.code, headless.stderr]).toEqual([5, expect.stringContaining('--ssl-fp')]);
		{
			await using terminal = open(home, args);
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
