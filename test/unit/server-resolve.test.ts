import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { UserError } from '../../src/core/errors.ts';
import { type KnownServer, resolveServer, type ServerSources } from '../../src/server/resolve.ts';
import { Secret } from '../../src/sql/secret.ts';

let home: string;
beforeEach(async () => {
	home = await mkdtemp(join(tmpdir(), 'lockstep-resolve-'));
});
afterEach(() => rm(home, { recursive: true }));

const profiles: Record<string, KnownServer> = {
	db3: { name: 'db3', badge: 'prod', host: 'db3.example', port: 3310, user: 'backup', tls: { mode: 'VERIFY_CA', ca: '/ca.pem' } },
	own: { name: 'own', groupSuffix: '_own', host: 'own.example' },
};
const resolve = (sources: Partial<ServerSources> = {}) =>
	resolveServer({
		env: {},
		profiles: (name) => profiles[name],
		...sources,
		machine: { home, systemFiles: [], sockets: [], user: 'osuser', ...sources.machine },
	});
const mycnf = async (text: string, mode = 0o600) => {
	await writeFile(join(home, '.my.cnf'), text);
	await chmod(join(home, '.my.cnf'), mode);
};

describe('where a server is', () => {
	test('nothing said: as the clients do', async () => {
		const { address, password, passwordFrom } = await resolve();
		expect(address).toMatchObject({
			name: '127.0.0.1:3306',
			host: '127.0.0.1',
			port: 3306,
			user: 'osuser',
			tls: { mode: 'PREFERRED' },
			connectTimeoutMs: 10_000,
		});
		expect(address.origin).toMatchObject({ host: 'default', port: 'default', user: 'default', sslMode: 'default' });
		expect([password, passwordFrom]).toEqual([null, 'none']);
	});

	test('a flag wins over the address, the address over option files, and each origin is noted', async () => {
		await mycnf('[client]\nuser=file\nport=3399\nssl-mode=DISABLED\nconnect_timeout=4\n');
		const { address } = await resolve({ server: 'mysql://url@db1?ssl-mode=REQUIRED', flags: { user: 'flag' } });
		expect(address).toMatchObject({
			name: 'db1:3399',
			host: 'db1',
			port: 3399,
			user: 'flag',
			tls: { mode: 'REQUIRED' },
			connectTimeoutMs: 4000,
		});
		expect(address.origin).toEqual({
			user: 'flag',
			host: 'address',
			sslMode: 'address',
			port: `${home}/.my.cnf [client]`,
			connectTimeout: `${home}/.my.cnf [client]`,
		});
	});

	test('a profile has its own name and badge, unless a flag puts another server in its place', async () => {
		const { address } = await resolve({ server: 'db3' });
		expect(address).toMatchObject({
			name: 'db3',
			badge: 'prod',
			host: 'db3.example',
			port: 3310,
			user: 'backup',
			tls: { mode: 'VERIFY_CA', ca: '/ca.pem' },
		});
		const moved = (await resolve({ server: 'db3', flags: { host: 'elsewhere' } })).address;
		expect(moved.name).toBe('elsewhere:3310');
		expect(moved.badge).toBeUndefined();
		expect((await resolve({ server: 'db3', flags: { user: 'other' } })).address.name).toBe('db3');
	});

	test('LOCKSTEP_PROFILE names one where nothing else does', async () => {
		const env = { LOCKSTEP_PROFILE: 'db3' };
		const { address } = await resolve({ env });
		expect([address.name, address.origin.host]).toEqual(['db3', 'profile (LOCKSTEP_PROFILE)']);
		expect((await resolve({ env, flags: { host: 'h' } })).address.name).toBe('h:3306');
		expect((await resolve({ env, server: 'mysql://u@h' })).address.name).toBe('h:3306');
	});

	test('a name that no profile has is a host’s; one that can be no host’s, or that the environment gives, is refused', async () => {
		const { address } = await resolve({ server: 'db9' });
		expect([address.host, address.port, address.origin.host]).toEqual(['db9', 3306, 'address (no profile has this name)']);
		await expect(resolve({ server: 'no body' })).rejects.toThrow('There is no profile of the name "no body".');
		await expect(resolve({ env: { LOCKSTEP_PROFILE: 'db9' } })).rejects.toThrow('There is no profile of the name "db9".');
	});

	test.each([
		['db1:34400', { host: 'db1', port: 34400, user: 'osuser' }],
		['root@db1', { host: 'db1', port: 3306, user: 'root' }],
		['root@db1:34400', { host: 'db1', port: 34400, user: 'root' }],
		['root@[::1]:34400', { host: '::1', port: 34400, user: 'root' }],
		['2001:db8::7', { host: '2001:db8::7', port: 3306 }],
		['/run/mysqld/mysqld.sock', { socket: '/run/mysqld/mysqld.sock', user: 'osuser' }],
		['root@/run/mysqld/mysqld.sock', { socket: '/run/mysqld/mysqld.sock', user: 'root' }],
	])('finding 6: %s is an address', async (server, expected) => {
		expect((await resolve({ server })).address).toMatchObject(expected);
	});

	test('a group of the option files or a login path says the rest, host and password', async () => {
		await mycnf('[client]\nuser=me\n[client_db3]\nhost=db3.example\nport=3310\npassword=canary\n');
		const { address, password } = await resolve({ server: 'mysql://?group-suffix=_db3' });
		expect([address.host, address.port, address.user, password?.reveal()]).toEqual(['db3.example', 3310, 'me', 'canary']);
	});

	test('what may hold a password is not repeated', async () => {
		const error = await resolve({ server: 'me:canary@db1' }).catch((error) => error);
		expect(error).toBeInstanceOf(UserError);
		expect(JSON.stringify(error.description)).not.toContain('canary');
	});

	test.each([
		['[client]\nsocket=/s\n', {}, '/s'],
		['[client]\nsocket=/s\nport=3306\n', {}, '/s'],
		['[client]\nsocket=/s\n', { host: 'db1' }, undefined],
		['[client]\nsocket=/s\n', { host: 'localhost' }, '/s'],
		['[client]\nsocket=/s\n', { port: 3307 }, undefined],
		['[client]\nsocket=/s\nprotocol=tcp\n', {}, undefined],
		['[client]\nhost=db1\n', { socket: '/t' }, '/t'],
		['', { socket: '/t', host: 'db1' }, undefined],
		['', { socket: '/t', port: 3307 }, '/t'],
	])('socket or network, option file %j and flags %j: %s', async (text, flags, socket) => {
		await mycnf(text);
		const { address } = await resolve({ flags });
		expect(address.socket).toBe(socket);
		if (socket !== undefined) expect(address.name).toBe(socket);
	});

	describe('on this machine', () => {
		let server: Server;
		beforeEach(async () => {
			server = createServer().listen(join(home, 's'));
			await new Promise((done) => server.once('listening', done));
		});
		afterEach(() => new Promise((done) => server.close(done)));

		test('the usual socket is tried, then the network', async () => {
			await writeFile(join(home, 'file'), '');
			const machine = { sockets: [join(home, 'missing'), join(home, 'file'), join(home, 's')] };
			expect((await resolve({ machine })).address.socket).toBe(join(home, 's'));
			expect((await resolve({ machine, flags: { port: 3306 } })).address.name).toBe('localhost:3306');
			expect((await resolve({ machine, server: 'mysql://root@127.0.0.1' })).address.name).toBe('127.0.0.1:3306');
		});
	});

	test.each([
		['ssl\n', 'REQUIRED'],
		['ssl=0\n', 'DISABLED'],
		['skip-ssl\n', 'DISABLED'],
		['ssl\nssl-verify-server-cert\n', 'VERIFY_IDENTITY'],
		['ssl_ca=/x\n', 'VERIFY_CA'],
		['ssl-ca=/x\nssl-mode=required\n', 'REQUIRED'],
		['loose-ssl-mode=VERIFY_CA\n', 'VERIFY_CA'],
		['loose_ssl_mode=VERIFY_CA\n', 'VERIFY_CA'],
	])('TLS of an option file, %j: %s', async (text, mode) => {
		await mycnf(`[client]\n${text}`);
		expect((await resolve()).address.tls.mode).toBe(mode);
	});

	test.each([
		[{ port: '0' }, /port/],
		[{ port: 'x' }, /port/],
		[{ sslMode: 'ON' }, /ssl-mode/],
		[{ connectTimeout: '-1' }, /timeout/],
	])('a flag that means nothing is refused: %j', async (flags, why) => {
		await expect(resolve({ flags })).rejects.toThrow(why);
	});
});

describe('9: a sandbox’s server', () => {
	const sandboxLogin = async (port: number) => (port === 34400 ? { password: new Secret('its own'), ca: '/sandbox/ca.pem' } : null);
	const PROD = '[client]\npassword=canary\nssl-mode=VERIFY_IDENTITY\nssl-ca=/prod/ca.pem\nssl-cert=/prod/me.pem\nssl-key=/prod/me.key\n';
	const env = { MYSQL_PWD: 'canary', LOCKSTEP_PASSWORD: 'canary', LOCKSTEP_PRIMARY_PASSWORD: 'canary' };

	test('gets its own password and CA, whatever option files and the environment say of other servers', async () => {
		await mycnf(PROD);
		const { address, password } = await resolve({ server: 'root@127.0.0.1:34400', env, role: 'primary', sandboxLogin });
		expect(password?.reveal()).toBe('its own');
		expect(address.tls).toEqual({ mode: 'VERIFY_CA', ca: '/sandbox/ca.pem' });
	});

	test('named by an option file still gets its own password; another server at a port beside it gets the file’s', async () => {
		await mycnf('[client]\nhost=127.0.0.1\nport=34400\nuser=root\npassword=canary\n');
		expect((await resolve({ sandboxLogin })).password?.reveal()).toBe('its own');
		await mycnf(PROD);
		const other = await resolve({ server: 'root@127.0.0.1:34401', sandboxLogin });
		expect([other.password?.reveal(), other.address.tls.ca]).toEqual(['canary', '/prod/ca.pem']);
	});
});

describe('the password', () => {
	const env = { LOCKSTEP_PRIMARY_PASSWORD: 'p', LOCKSTEP_REPLICA_PASSWORD: 'r', LOCKSTEP_PASSWORD: 'l', MYSQL_PWD: 'm' };
	const ask = async () => new Secret('asked');
	const got = async (sources: Partial<ServerSources>) => {
		const { password, passwordFrom } = await resolve(sources);
		return `${password?.reveal() ?? 'NONE'} from ${passwordFrom.replace(home, '~')}`;
	};

	test('is the first that is found', async () => {
		await mycnf('[client]\npassword=f\n');
		await mkdir(join(home, 'creds'));
		await writeFile(join(home, 'creds', 'db3.password'), 'c\n');
		await writeFile(join(home, 'pw'), 'with space \r\n', { mode: 0o600 });
		const all = { env: { ...env, CREDENTIALS_DIRECTORY: join(home, 'creds') }, ask };
		expect(await got({ ...all, server: 'db3', flags: { password: '' } })).toBe('asked from asked');
		expect(await got({ ...all, server: 'db3', passwordFile: join(home, 'pw') })).toBe('c from ~/creds/db3.password');
		expect(await got({ ...all, passwordFile: join(home, 'pw') })).toBe('with space  from ~/pw');
		expect(await got({ ...all, passwordCommand: 'pass db3', runCommand: async (line) => `${line}\n` })).toBe(
			'pass db3 from --password-command',
		);
		expect(await got({ ...all, role: 'primary' })).toBe('p from LOCKSTEP_PRIMARY_PASSWORD');
		expect(await got({ ...all, role: 'replica' })).toBe('r from LOCKSTEP_REPLICA_PASSWORD');
		expect(await got(all)).toBe('l from LOCKSTEP_PASSWORD');
		expect(await got({ env: { MYSQL_PWD: 'm' }, ask })).toBe('f from ~/.my.cnf [client]');
		expect(await got({ env: { MYSQL_PWD: 'm' }, ask, flags: { noDefaults: true } })).toBe('m from MYSQL_PWD');
		expect(await got({ ask, flags: { noDefaults: true } })).toBe('asked from asked');
		expect(await got({ flags: { noDefaults: true } })).toBe('NONE from none');
	});

	test('of a group of one’s own, by the profile’s suffix', async () => {
		await mycnf('[client]\npassword=all\n[client_own]\npassword="o\'wn#"\nuser=me\n');
		expect(await got({ server: 'own' })).toBe("o'wn# from ~/.my.cnf [client_own]");
	});

	test('an empty one that is given is an answer', async () => {
		await mycnf('[client]\npassword=\n');
		expect(await got({ ask, env: { MYSQL_PWD: 'm' } })).toBe('NONE from ~/.my.cnf [client]');
		expect(await got({ ask, env: { LOCKSTEP_PASSWORD: '' } })).toBe('NONE from LOCKSTEP_PASSWORD');
	});

	test('an option without a value asks, as in the clients', async () => {
		await mycnf('[client]\npassword\n');
		expect(await got({ ask })).toBe('asked from asked');
	});

	test('in a file that others may read is used and said', async () => {
		await mycnf('[client]\npassword=f\n', 0o644);
		const { password, warnings } = await resolve();
		expect(password?.reveal()).toBe('f');
		expect(warnings).toEqual([`${home}/.my.cnf holds a password and others may read it. chmod 600 ${home}/.my.cnf`]);
	});

	test.each([0o666, 0o644, 0o640, 0o602])('in a password file of mode %o is refused, and what to do is said', async (mode) => {
		const path = join(home, 'pass word');
		await writeFile(path, 'canary\n');
		await chmod(path, mode);
		const error = await resolve({ passwordFile: path }).catch((error) => error);
		expect(error).toBeInstanceOf(UserError);
		expect(error.description.hints).toEqual([`chmod 600 '${path}'`]);
		expect(JSON.stringify(error.description)).not.toContain('canary');
	});

	test.each<[string, Partial<ServerSources>]>([
		['-p with nobody to ask', { flags: { password: '' } }],
		['one on the command line', { flags: { password: 'canary' } }],
		['a file that is not there', { passwordFile: '/nowhere/pw' }],
		['a file and a command', { passwordFile: '/x', passwordCommand: 'x' }],
		['a command that fails', { passwordCommand: 'x', runCommand: () => Promise.reject(new Error('it said canary')) }],
		['a command that prints nothing', { passwordCommand: 'x', runCommand: async () => '\n' }],
	])('%s is refused', async (_, sources) => {
		const error = await resolve(sources).catch((error) => error);
		expect(error).toBeInstanceOf(UserError);
		expect(JSON.stringify(error.description) + error.message).not.toContain('canary');
	});
});

describe('the fingerprint of a certificate', () => {
	const bare = '0f'.repeat(32);
	const full = Array(32).fill('0F').join(':');
	test.each([bare, full, full.toLowerCase(), `SHA256:${bare}`])('%s is read, and asks for TLS', async (sslFp) => {
		const { address } = await resolve({ flags: { host: 'db1', sslFp } });
		expect(address.tls).toEqual({ mode: 'REQUIRED', fingerprint: full });
	});
	test('comes from an address and an option file, too', async () => {
		expect((await resolve({ server: `mysql://u@db1?ssl-fp=${bare}` })).address.tls.fingerprint).toBe(full);
		await mycnf(`[client]\nssl-fp=${full}\n`);
		expect((await resolve({ flags: { host: 'db1' } })).address.tls.fingerprint).toBe(full);
	});
	test.each(['', 'x', '0f'.repeat(20), `${bare}0`])('%j is refused', async (sslFp) => {
		await expect(resolve({ flags: { host: 'db1', sslFp } })).rejects.toThrow('--ssl-fp has no SHA-256 fingerprint');
	});
	test('that was accepted holds where nothing more exact is said', async () => {
		const acceptedCertificate = (place: string) => (place === 'db1:3306' ? full : undefined);
		const of = async (flags: object) => (await resolve({ flags, acceptedCertificate })).address.tls;
		expect(await of({ host: 'db1' })).toEqual({ mode: 'PREFERRED', fingerprint: full });
		expect(await of({ host: 'db2' })).toEqual({ mode: 'PREFERRED' });
		expect(await of({ host: 'db1', sslMode: 'REQUIRED' })).toEqual({ mode: 'REQUIRED' });
		expect(await of({ host: 'db1', sslCa: '/ca.pem' })).toEqual({ mode: 'VERIFY_CA', ca: '/ca.pem' });
		expect((await of({ host: 'db1', sslFp: '1e'.repeat(32) })).fingerprint).toContain('1E:1E');
	});
});
