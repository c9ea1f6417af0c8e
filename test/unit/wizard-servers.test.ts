import { chmod, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { makeAppContext } from '../../src/app/context.ts';
import { placeNamed, profileAt } from '../../src/app/known-servers.ts';
import { makeWizardBackend } from '../../src/app/make-wizard-backend.ts';
import type { ConnectError } from '../../src/core/errors.ts';
import type { ProvisionRequest } from '../../src/requests/provision.ts';
import { findSockets } from '../../src/server/find-servers.ts';
import type { Secret } from '../../src/sql/secret.ts';

let home: string;
let servers: Server[];
/** How often anybody connected. */
let connections: number;
beforeEach(async () => {
	home = await mkdtemp(join(tmpdir(), 'lockstep-wizard-'));
	servers = [];
	connections = 0;
});
afterEach(async () => {
	for (const server of servers) server.close();
	await rm(home, { recursive: true });
});

const open = (env: NodeJS.ProcessEnv = {}) => {
	const context = makeAppContext({
		env: { HOME: home, ...env },
		now: () => new Date(0),
		version: '1.0.0',
		signal: new AbortController().signal,
		configFile: null,
		passwordPrompt: () => undefined,
	});
	return { context, backend: makeWizardBackend(context, { pair: null, passwords: new Map<string, Secret>() }) };
};

/** Greets as MariaDB does, then refuses whoever logs in. */
async function greeter(): Promise<number> {
	const server = createServer((socket) => {
		connections++;
		const version = '5.5.5-10.11.18-MariaDB';
		const body = Buffer.concat([Buffer.from([10]), Buffer.from(`${version}\0`), Buffer.alloc(4), Buffer.alloc(9), Buffer.alloc(40)]);
		socket.on('error', () => {});
		socket.on('data', () => socket.destroy());
		socket.write(Buffer.concat([Buffer.from([body.length, 0, 0, 0]), body]));
	}).listen(0, '127.0.0.1');
	servers.push(server);
	await new Promise((done) => server.once('listening', done));
	return (server.address() as AddressInfo).port;
}

const refused = (work: Promise<unknown>): Promise<ConnectError> =>
	work.then(
		() => {
			throw new Error('was let in');
		},
		(error) => error,
	);

const profile = (name: string, more: object = {}) => ({ name, host: 'db1.example', port: 3306, ...more });

describe('a password', () => {
	test('finding 8: that nothing says is asked for before any connection', async () => {
		const port = await greeter();
		const { backend } = open();
		const error = await refused(backend.status(`root@127.0.0.1:${port}`));
		expect(error.needsPassword).toEqual({ account: `root@127.0.0.1:${port}`, sameAs: null });
		expect(connections).toBe(0);
	});

	test('of the same user is offered for the next server, and taken where it is agreed to', async () => {
		const { backend } = open();
		await refused(backend.status('root@db1'));
		backend.remember('root@db1', 'canary');
		expect((await refused(backend.status('root@db2'))).needsPassword).toEqual({ account: 'root@db2:3306', sameAs: 'root@db1:3306' });
		expect((await refused(backend.status('dba@db2'))).needsPassword?.sameAs).toBeNull();
		backend.remember('root@db2', null);
		expect(await backend.inspectServer('root@db2').catch((error) => error.needsPassword)).toBeNull();
	});

	test('is asked for once an account, however its server is named', async () => {
		const port = await greeter();
		const { backend } = open();
		await refused(backend.status(`root@127.0.0.1:${port}`));
		backend.remember(`root@127.0.0.1:${port}`, 'canary');
		const error = await refused(backend.status(`mysql://root@127.0.0.1:${port}?connect-timeout=1`));
		expect(error.needsPassword).toBeNull();
		expect(connections).toBe(1);
	});

	test.each([
		['an option file', {}, '[client]\npassword=canary\n', 'root@127.0.0.1'],
		['the environment', { LOCKSTEP_PASSWORD: 'canary' }, '', 'root@127.0.0.1'],
		['a group of an option file', {}, '[client_x]\nhost=127.0.0.1\nuser=root\npassword=canary\n', 'mysql://?group-suffix=_x'],
	])('that %s says is used at once', async (_, env, mycnf, server) => {
		const port = await greeter();
		await writeFile(
			join(home, '.my.cnf'),
			mycnf.replace('[client]', `[client]\nport=${port}`).replace('[client_x]', `[client_x]\nport=${port}`),
			{
				mode: 0o600,
			},
		);
		const error = await refused(
			open(env).backend.status(server === 'root@127.0.0.1' ? `${server}:${port}` : `${server}&connect-timeout=1`),
		);
		expect([error.needsPassword, connections]).toEqual([null, 1]);
	});

	test('is not needed where the profile says so, nor by a socket for the system’s own user', async () => {
		const { context, backend } = open();
		context.profiles.put(profile('db1', { user: 'root', passwordless: true, host: '127.0.0.1', port: 1 }));
		expect((await refused(backend.status('db1'))).description.message).toMatch(/Cannot connect/);
		expect((await refused(backend.status(join(home, 'none.sock')))).needsPassword).toBeNull();
		expect((await refused(backend.status(`${userInfo().username}x@${join(home, 'none.sock')}`))).needsPassword?.account).toMatch(/x@\//);
	});
});

describe('a server that was typed', () => {
	test('is inspected without a login where its password is not known', async () => {
		const port = await greeter();
		const { context, backend } = open();
		context.profiles.put(profile('db3', { host: 'localhost', port, badge: 'prod' }));
		expect(await backend.inspectServer(`root@127.0.0.1:${port}`)).toEqual({
			account: `root@127.0.0.1:${port}`,
			badge: 'prod',
			needsPassword: true,
			title: 'MariaDB 10.11.18',
		});
		await expect(backend.inspectServer('a:b:c')).rejects.toThrow('cannot be read');
		await expect(backend.inspectServer('root@127.0.0.1:1')).rejects.toThrow('Cannot connect');
	});

	test.each([
		['mysql://127.0.0.1:34401', 'prod'],
		['root@localhost:34401', 'prod'],
		['127.0.0.1:34402', null],
		['db1.EXAMPLE', 'test'],
		['db1.example:3307', null],
		['/run/mysqld/replica.sock', 'sandbox'],
		['nonsense:::', null],
	])('finding 30: %s has the badge of the profile of that address: %s', (server, badge) => {
		const { context, backend } = open();
		context.profiles.put(profile('r', { host: '127.0.0.1', port: 34401, badge: 'prod' }));
		context.profiles.put(profile('db1', { badge: 'test' }));
		context.profiles.put(profile('db1-too'));
		context.profiles.put({ name: 's', socket: '/run/mysqld/replica.sock', badge: 'sandbox' });
		expect(backend.badgeOf(server)).toBe(badge);
	});

	test('by the clients’ options has that badge, too', () => {
		const { context, backend } = open();
		context.profiles.put(profile('r', { host: '127.0.0.1', port: 34401, badge: 'prod' }));
		expect(backend.badgeOf('', { flags: { host: '127.0.0.1', port: '34401' } })).toBe('prod');
		expect(placeNamed(context, 'mysql://?login-path=x')).toBeNull();
		expect(profileAt(context, [])).toBeUndefined();
	});

	test('finding 13: servers that no profile names can be saved, under names that are free', () => {
		const { context, backend } = open();
		context.profiles.put(profile('db3', { host: 'elsewhere' }));
		const request: ProvisionRequest = {
			kind: 'provision',
			primary: 'root@db3.example.org:3307',
			replica: 'root@127.0.0.1:34401',
			tls: true,
		};
		const unsaved = backend.unsavedServers(request);
		expect(unsaved).toEqual([
			{ role: 'primary', name: 'db3-2', server: 'mysql://root@db3.example.org:3307', badge: null, output: null },
			{
				...{ role: 'replica', name: 'replica-34401', server: 'mysql://root@127.0.0.1:34401', badge: null },
				output: join(home, 'backups', 'replica-34401'),
			},
		]);
		for (const card of unsaved) backend.save(card);
		expect(backend.unsavedServers(request)).toEqual([]);
		expect(context.profiles.get('replica-34401')).toMatchObject({ host: '127.0.0.1', port: 34401, user: 'root' });
	});
});

describe('what is offered', () => {
	test('profiles with their addresses, servers of option files, recent ones, each once', async () => {
		const { context, backend } = open();
		context.profiles.put(profile('db1', { user: 'backup', badge: 'prod' }));
		await writeFile(
			join(home, '.my.cnf'),
			'[client]\nuser=me\nhost=db7\n[client_db3]\nhost=db3.example\nuser=dba\n[client-mariadb]\nhost=x\n[client_none]\nuser=y\n',
		);
		const offered = (await backend.suggestServers()).filter(({ kind }) => kind !== 'socket');
		expect(offered).toEqual([
			{ value: 'db1', label: 'db1', kind: 'profile', about: 'backup@db1.example:3306', badge: 'prod' },
			{ value: 'me@db7', label: 'me@db7', kind: 'option file', about: '~/.my.cnf [client]', badge: null },
			{
				...{ value: 'mysql://?group-suffix=_db3', label: '[client_db3]', kind: 'option file' },
				...{ about: 'dba@db3.example:3306  ~/.my.cnf [client_db3]', badge: null },
			},
		]);
	});

	test('10: groups of files that option files include, each with its file; of files that every user may write to none', async () => {
		const { backend } = open();
		await mkdir(join(home, 'conf.d'));
		await writeFile(
			join(home, '.my.cnf'),
			`[client]\nuser=me\n!include ~/db.cnf\n!includedir ${join(home, 'conf.d')}\n!include ~/.my.cnf\n`,
		);
		await writeFile(join(home, 'db.cnf'), '[client_db4]\nhost=db4\n');
		await writeFile(join(home, 'conf.d/b.cnf'), '[client_db6]\nhost=db6\n');
		await writeFile(join(home, 'conf.d/a.cnf'), '[client_db5]\nsocket=/run/db5.sock\nuser=dba\n[broken');
		await writeFile(join(home, 'conf.d/c.cnf'), '[client_evil]\nhost=evil\n');
		await chmod(join(home, 'conf.d/c.cnf'), 0o666);
		await writeFile(join(home, 'conf.d/notes.txt'), '[client_text]\nhost=text\n');
		const offered = (await backend.suggestServers()).filter(({ kind }) => kind === 'option file');
		expect(offered.map(({ label, about }) => [label, about])).toEqual([
			['[client_db4]', 'db4:3306  ~/db.cnf [client_db4]'],
			['[client_db5]', 'dba@/run/db5.sock  ~/conf.d/a.cnf [client_db5]'],
			['[client_db6]', 'db6:3306  ~/conf.d/b.cnf [client_db6]'],
		]);
	});

	test('sockets of databases that listen, whatever names lead to them', async () => {
		const path = join(home, 'mysqld-2.sock');
		const server = createServer().listen(path);
		servers.push(server);
		await new Promise((done) => server.once('listening', done));
		const table = [
			'Num       RefCount Protocol Flags    Type St Inode Path',
			`0000000000000000: 00000002 00000000 00010000 0001 01 111 ${path}`,
			`0000000000000000: 00000002 00000000 00010000 0001 01 112 ${join(home, 'mysqlx.sock')}`,
			`0000000000000000: 00000003 00000000 00000000 0001 03 113 ${path}`,
			'0000000000000000: 00000002 00000000 00010000 0001 01 114 /run/other.sock',
		];
		await writeFile(join(home, 'unix'), table.join('\n'));
		expect(await findSockets([path, join(home, 'none.sock')], join(home, 'unix'))).toEqual([path]);
	});
});

describe('memory', () => {
	test('finding 29: answers and drafts are kept across starts, in a file for this user alone, and never a secret', async () => {
		open().backend.keepAnswers('provision', { primary: 'db1', replica: 'me:canary@db2', password: 'canary', operatorPassword: 'canary' });
		expect(open().backend.answers('provision')).toEqual({ primary: 'db1' });
		const path = join(home, '.local/state/lockstep/wizard.json');
		expect((await stat(path)).mode & 0o777).toBe(0o600);
		expect(await readFile(path, 'utf8')).not.toContain('canary');
		open().backend.keepAnswers('provision', null);
		expect(open().backend.answers('provision')).toBeUndefined();
	});

	test('a damaged file counts as none, and one that cannot be written is no failure', async () => {
		await mkdir(join(home, '.local/state/lockstep'), { recursive: true });
		await writeFile(join(home, '.local/state/lockstep/wizard.json'), '{"recent": 7');
		expect(open().backend.answers('x')).toBeUndefined();
		await writeFile(join(home, '.my.cnf'), '');
		const { backend } = open({ XDG_STATE_HOME: join(home, '.my.cnf') });
		backend.keepAnswers('x', { a: 'b' });
		expect(backend.answers('x')).toBeUndefined();
	});
});
