import { chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import getPort from 'get-port';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Calling, type Ended, type Home, lockstep, makeHome, nameOf, urlOf } from '../support/cli.ts';
import { IN_ORDER } from '../support/in-order.ts';
import { ask, ownSandbox, SANDBOX_KINDS, type Sandbox, type SandboxKind, type SandboxServer, value } from '../support/servers.ts';
import { expectWithin } from '../support/within.ts';
import { channelsOf, isMysql, wordsOf } from '../support/words.ts';

const words = ({ stdout, stderr }: Ended) => stdout.slice(-3000) + stderr;

describe('a command line that is wrong', () => {
	let home: Home;
	beforeAll(async () => {
		home = await makeHome();
	});
	afterAll(() => home[Symbol.asyncDispose]());
	const BACKUP = ['backup', '--server', 'mysql://u@127.0.0.1:1', '--to', '/nowhere', '--yes'];

	it.each<[string, string[], string]>([
		['an unknown flag', [...BACKUP, '--locck'], "unknown option '--locck'"],
		['an unknown command', ['bakcup'], 'bakcup'],
		['an unknown verb', ['sandbox', 'sideways'], 'sandbox sideways is not known'],
		['an unknown sandbox', ['sandbox', 'up', '--server', 'oracle'], '--server takes: mariadb-'],
		['no --to', ['backup', '--server', 'mysql://u@h', '--yes'], '--to is missing'],
		['no --server', ['backup', '--to', '/nowhere', '--yes'], '--server is missing'],
		['no --primary', ['provision', '--replica', 'mysql://u@h'], '--primary is missing'],
		['no --replica', ['provision', '--primary', 'mysql://u@h'], '--replica is missing'],
		['a seed that is not known', ['provision', '--primary', 'a', '--replica', 'b', '--seed', 'magic'], '--seed magic is not known'],
		['a duration in words', [...BACKUP, '--lock-wait', 'soon'], '--lock-wait soon is not a duration'],
		['a negative duration', [...BACKUP, '--lock-wait=-5s'], '--lock-wait -5s is not a duration'],
		['a fraction of a duration', [...BACKUP, '--lock-wait', '1.5m'], '--lock-wait 1.5m is not a duration'],
		['a bad delay', ['provision', '--primary', 'a', '--replica', 'b', '--delay', '1 day'], '--delay 1 day is not a duration'],
		['a compression that is not known', [...BACKUP, '--compress', 'rar'], '--compress takes: zstd, gzip, none'],
		['long queries that are not known', [...BACKUP, '--long-queries', 'shoot'], '--long-queries takes: wait, abort'],
		['an engine that is not known', [...BACKUP, '--engine', 'warp'], '--engine takes: parallel, vendor'],
		['a snapshot of the vendor’s tool', [...BACKUP, '--engine', 'vendor', '--lock', 'snapshot'], '--lock snapshot needs --engine parallel'],
		['no number of workers', [...BACKUP, '--workers', '0'], '--workers 0 is not a number from 1 to 64'],
		['a level that is none', [...BACKUP, '--compress', 'zstd:99'], 'is not a number from 1 to 19'],
		['a level of nothing', [...BACKUP, '--compress', 'none:1'], '--compress none has no level'],
		['a colour that is not known', [...BACKUP, '--color', 'pink'], 'pink'],
		['a port that is none', ['backup', '-h', 'h', '-P', '99999999', '--to', '/nowhere', '--yes'], '99999999'],
		['no password file', [...BACKUP, '--password-file', '/no/such/file'], '/no/such/file cannot be read'],
		['a password command that fails', [...BACKUP, '--password-command', 'exit 3'], 'The password command failed'],
		[
			'two ways to a password',
			[...BACKUP, '--password-file', '/a', '--password-command', 'b'],
			'Both --password-file and --password-command',
		],
		['an option file that is not there', ['backup', '--defaults-file', '/no/such.cnf', '--to', '/nowhere', '--yes'], '/no/such.cnf'],
		['-p with nobody to ask', ['backup', '-h', 'h', '-p', '--to', '/nowhere', '--yes'], 'no terminal'],
	])('%s: exit 2, says it', async (_name, args, says) => {
		const ended = await lockstep(args, { env: home.env });
		expect(ended.code, words(ended)).toBe(2);
		expect(ended.stdout).toBe('');
		expect(ended.stderr.replaceAll(/\s+/g, ' ')).toContain(says);
		const json = await lockstep([...args, '--json'], { env: home.env });
		expect(json.last).toMatchObject({ type: 'error', class: 'UserError', exit_code: 2 });
	});

	it.each([
		['-pSECRET', [...BACKUP, '-phunter2']],
		['--password=SECRET', [...BACKUP, '--password=hunter2']],
		['-pSECRET where there is no -p', ['provision', '--primary', 'a', '--replica', 'b', '-phunter2']],
		['--password=SECRET where there is none', ['provision', '--primary', 'a', '--replica', 'b', '--password=hunter2']],
		['a password in a URL', ['backup', '--server', 'mysql://u:hunter2@h', '--to', '/nowhere', '--yes']],
		['a password in a primary’s URL', ['provision', '--primary', 'mysql://u:hunter2@h', '--replica', 'mysql://u@h', '--yes']],
		['a URL too many', [...BACKUP, 'mysql://u:hunter2@h']],
	])('%s: exit 2 and not repeated', async (_name, args) => {
		for (const more of [[], ['--json'], ['--verbose']]) {
			const ended = await lockstep([...args, ...more], { env: home.env });
			expect(ended.code, words(ended)).toBe(2);
			expect(ended.stdout + ended.stderr).not.toContain('hunter2');
		}
		const files = await readdir(home.dir, { recursive: true });
		for (const file of files) expect(await readFile(join(home.dir, file), 'utf8').catch(() => '')).not.toContain('hunter2');
	});

	it('a name that is neither a profile nor a host: exit 5, says both', async () => {
		const ended = await lockstep(['status', '--server', 'no.such.profile.invalid'], { env: home.env });
		expect(ended.code, words(ended)).toBe(5);
		expect(ended.stderr).toContain('no.such.profile.invalid');
	});

	it('no server there, or none of ours: exit 5, says what and where', async () => {
		const web = createServer((_request, response) => response.end('hello')).listen(0, '127.0.0.1');
		await new Promise((resolve) => web.once('listening', resolve));
		const { port } = web.address() as AddressInfo;
		try {
			const closed = await getPort({ host: '127.0.0.1' });
			for (const [server, says] of [
				[`mysql://u@127.0.0.1:${closed}`, /refused|nobody listens|Nothing listens/i],
				['mysql://u@no-such-host.invalid:3306', /no-such-host\.invalid/],
				[`mysql://u@127.0.0.1:${port}?connect-timeout=3`, /127\.0\.0\.1/],
				['mysql://u@localhost?socket=/no/such.sock', /\/no\/such\.sock/],
			] as const) {
				const ended = await lockstep(['backup', '--server', server, '--to', join(home.dir, 'never'), '--yes'], { env: home.env });
				expect(ended.code, `${server}\n${words(ended)}`).toBe(5);
				expect(ended.stderr).toMatch(says);
				expectWithin(ended.ms, 20_000);
			}
		} finally {
			web.closeAllConnections();
			web.close();
		}
		expect(await readdir(home.dir)).not.toContain('never');
	});

	it('a half-written profile file: refused, and nothing is begun', async () => {
		const file = join(home.dir, 'half', 'config.json');
		await mkdir(join(home.dir, 'half'));
		await writeFile(file, '{"profi');
		const ended = await lockstep([...BACKUP, '--config', file], { env: home.env });
		expect(ended.code, words(ended)).toBe(2);
		expect(ended.stderr).toContain('config.json:1:2: this is not valid JSON');
		expect(await readFile(file, 'utf8')).toBe('{"profi');
		expect(await readdir(join(home.dir, 'half'))).toEqual(['config.json']);
	});
});

/** What a backup needs, without the last; what provisioning needs besides, on either server; parts of its plan. Of each vendor. */
const NEEDED = (kind: SandboxKind) =>
	isMysql(kind)
		? {
				backup: ['SELECT', 'SHOW VIEW', 'EVENT', 'FLUSH_TABLES', 'PROCESS', 'REPLICATION CLIENT', 'SYSTEM_VARIABLES_ADMIN'],
				primary: ['REPLICATION SLAVE', 'CREATE USER'],
				replica: ['REPLICATION_SLAVE_ADMIN', 'SESSION_VARIABLES_ADMIN', 'SET_ANY_DEFINER', 'CONNECTION_ADMIN'],
				plan: ['CREATE USER', 'GRANT REPLICATION SLAVE', 'mysqldump', 'gtid_purged', 'CHANGE REPLICATION SOURCE TO', 'START REPLICA'],
			}
		: {
				backup: ['SELECT', 'SHOW VIEW', 'EVENT', 'RELOAD', 'PROCESS', 'BINLOG MONITOR', 'SLAVE MONITOR', 'READ_ONLY ADMIN'],
				primary: ['REPLICATION SLAVE', 'CREATE USER'],
				replica: ['REPLICATION SLAVE ADMIN', 'BINLOG ADMIN', 'SET USER'],
				plan: ['CREATE USER', 'GRANT REPLICATION SLAVE', 'mariadb-dump', 'gtid_slave_pos', 'CHANGE MASTER', 'START SLAVE'],
			};

describe.each(SANDBOX_KINDS)('%s that must not be touched', IN_ORDER, (kind) => {
	let home: Home;
	let pair: Sandbox & AsyncDisposable;
	let to: string;
	let tests = 0;

	beforeAll(async () => {
		home = await makeHome();
		to = join(home.dir, 'backups');
		pair = await ownSandbox(kind, { writer: false });
	});
	afterAll(async () => {
		await pair?.[Symbol.asyncDispose]();
		await home?.[Symbol.asyncDispose]();
	});

	const vendor = wordsOf(kind);
	const needed = NEEDED(kind);
	const state = async (server: SandboxServer) => ({
		position: [await value(server, vendor.written), await value(server, vendor.replicated)],
		readOnly: await ask(server, "SHOW GLOBAL VARIABLES LIKE '%read_only'"),
		databases: (await ask(server, 'SHOW DATABASES')).map((row) => row.Database),
		accounts: (await ask(server, 'SELECT CONCAT(User, 0x40, Host) AS a FROM mysql.user ORDER BY 1')).map((row) => row.a),
		channels: await channelsOf(kind, server),
	});
	/** Runs it, and both servers are as they were. */
	const refused = async (args: readonly string[], calling: Calling = {}): Promise<Ended> => {
		const before = [await state(pair.primary), await state(pair.replica)];
		const ended = await lockstep(args, { env: home.env, ...calling });
		expect([await state(pair.primary), await state(pair.replica)]).toEqual(before);
		return ended;
	};
	const backup = (server: string, ...more: string[]) => ['backup', '--engine', 'vendor', '--server', server, '--to', to, '--json', ...more];
	const provision = (primary: string, replica: string, ...more: string[]) => [
		...['provision', '--primary', primary, '--replica', replica, '--json'],
		...more,
	];
	/** An account with nothing but the right to log in. */
	const account = async (server: SandboxServer, grant?: string): Promise<string> => {
		const user = `bare${++tests}`;
		await ask(server, `CREATE USER ${user}@'127.0.0.1' IDENTIFIED BY 'bare'`);
		if (grant !== undefined) await ask(server, `GRANT ${grant} ON *.* TO ${user}@'127.0.0.1'`);
		return user;
	};

	it('a wrong password: exit 5, naming the account as the server sees it', async () => {
		const user = await account(pair.replica);
		const ended = await refused(backup(urlOf(pair.replica, user), '--yes'), { env: { ...home.env, LOCKSTEP_PASSWORD: 'wrong' } });
		expect(ended.code, words(ended)).toBe(5);
		expect(ended.last).toMatchObject({ class: 'ConnectError', exit_code: 5 });
		expect(JSON.stringify(ended.last)).toMatch(new RegExp(`'?${user}'?@'?(127\\.0\\.0\\.1|localhost)`));
	});

	it('no --yes and no terminal: exit 2, naming it', async () => {
		for (const args of [
			backup(urlOf(pair.replica), '--confirm', nameOf(pair.replica)),
			provision(urlOf(pair.primary), urlOf(pair.replica)),
		]) {
			const ended = await refused(args);
			expect(ended.code, words(ended)).toBe(2);
			expect(JSON.stringify(ended.last)).toContain('--yes');
		}
		await expect(readdir(to)).rejects.toThrow(/ENOENT/);
	});

	it('a replica that holds data: exit 6, naming what must be typed', async () => {
		await ask(pair.replica, 'CREATE DATABASE precious');
		await ask(pair.replica, 'CREATE TABLE precious.letters (id INT PRIMARY KEY)');
		for (const more of [[], ['--confirm', 'db1'], ['--confirm', nameOf(pair.primary)]]) {
			const ended = await refused(provision(urlOf(pair.primary), urlOf(pair.replica), '--yes', ...more));
			expect(ended.code, words(ended)).toBe(6);
			expect(JSON.stringify(ended.last)).toContain(`--confirm ${nameOf(pair.replica)}`);
			expect(JSON.stringify(ended.last)).toContain('precious');
		}
		await ask(pair.replica, 'DROP DATABASE precious');
		await ask(pair.replica, vendor.forgetLog);
	});

	it('a database that is not there: exit 6, naming it and those that are', async () => {
		const ended = await refused(backup(urlOf(pair.primary), '--databases', 'crm,shpo', '--yes', '--confirm', nameOf(pair.primary)));
		expect(ended.code, words(ended)).toBe(6);
		expect(ended.last.checks).toMatchObject([{ id: 'DATABASES', found: 'there is no shpo', hints: ['There are: crm, shop'] }]);
	});

	it('a folder that cannot be: exit 6', async () => {
		await writeFile(join(home.dir, 'file'), '');
		const shut = join(home.dir, 'shut');
		await mkdir(shut, { mode: 0o500 });
		// Root may write anywhere: as somebody else where this is root.
		const through = process.getuid?.() === 0 ? ['setpriv', '--reuid', '65534', '--regid', '65534', '--clear-groups'] : [];
		const env = {
			...home.env,
			HOME: '/nonexistent',
			XDG_STATE_HOME: join(home.dir, 'anybody'),
			XDG_CONFIG_HOME: join(home.dir, 'anybody'),
		};
		await mkdir(join(home.dir, 'anybody'));
		await chmod(join(home.dir, 'anybody'), 0o777);
		await chmod(home.dir, 0o755);
		const args = (folder: string) => [
			'backup',
			'--server',
			urlOf(pair.primary),
			'--to',
			folder,
			'--json',
			'--yes',
			'--confirm',
			nameOf(pair.primary),
		];
		const open = join(home.dir, 'open');
		await mkdir(open);
		await chmod(open, 0o777);
		for (const [folder, calling, id] of [
			[join(home.dir, 'file'), {}, 'FOLDER'],
			[join(home.dir, 'file', 'below'), {}, 'FOLDER'],
			[shut, { through, env }, 'FOLDER'],
			[join(shut, 'below'), { through, env }, 'FOLDER'],
			[open, {}, 'FOLDER-WRITERS'],
		] as const) {
			const ended = await refused(args(folder), calling);
			expect(ended.code, `${folder}\n${words(ended)}`).toBe(6);
			expect(ended.last.checks.map((check: { id: string }) => check.id)).toContain(id);
		}
		expect(await readdir(open)).toEqual([]);
	});

	it('too little room: exit 6, saying how much is needed and there', async () => {
		const own = process.getuid?.() === 0 ? '-m' : '-rm';
		const small = ['unshare', own, 'sh', '-c', 'mkdir -p "$0" && mount -t tmpfs -o size=2m tmpfs "$0" && exec "$@"', to];
		const ended = await refused(backup(urlOf(pair.primary), '--yes', '--confirm', nameOf(pair.primary)), { through: small });
		expect(ended.code, words(ended)).toBe(6);
		expect(ended.last.checks).toMatchObject([{ id: 'SPACE', expected: expect.stringMatching(/MiB free/), found: '2.0 MiB' }]);
	});

	it('--dry-run: exit 0, every statement, nothing changed', async () => {
		const ended = await refused(['provision', '--primary', urlOf(pair.primary), '--replica', urlOf(pair.replica), '--dry-run']);
		expect(ended.code, words(ended)).toBe(0);
		for (const part of needed.plan) expect(ended.stdout).toContain(part);
		expect(ended.stdout).toContain('Nothing was changed');
	});

	it('missing privileges: exit 6, all of them named, and the GRANT that is printed helps', { timeout: 120_000 }, async () => {
		const env = { ...home.env, LOCKSTEP_PASSWORD: 'bare' };
		const confirm = ['--yes', '--confirm', nameOf(pair.primary), '--confirm', nameOf(pair.replica)];
		const hints = async (ended: Ended): Promise<{ found: string }> => {
			expect(ended.code, words(ended)).toBe(6);
			let found = '';
			for (const check of ended.last.checks) {
				expect(check.title).toContain('lacks privileges on');
				const server = check.title.endsWith(nameOf(pair.primary)) ? pair.primary : pair.replica;
				found += check.found;
				expect(check.hints).toHaveLength(1);
				await ask(server, check.hints[0].replace(/;$/, ''));
			}
			return { found };
		};
		const forBackup = await account(pair.primary);
		const first = backup(urlOf(pair.primary, forBackup), ...confirm);
		const { found } = await hints(await refused(first, { env }));
		for (const name of [...needed.backup, 'TRIGGER']) expect(found).toContain(name);
		const mended = await lockstep(first, { env });
		expect(mended.code, words(mended)).toBe(0);

		const oneLess = await account(pair.primary, needed.backup.join(', '));
		const lacking = await refused(backup(urlOf(pair.primary, oneLess), ...confirm), { env });
		expect(lacking.last.checks).toMatchObject([{ found: expect.stringMatching(/^missing TRIGGER \([^,]*(, [^,]*)?\)$/) }]);

		const [onPrimary, onReplica] = [await account(pair.primary), await account(pair.replica)];
		await ask(pair.replica, vendor.forgetLog);
		const both = provision(urlOf(pair.primary, onPrimary), urlOf(pair.replica, onReplica), ...confirm);
		const round = await hints(await refused(both, { env }));
		for (const name of needed.primary) expect(round.found).toContain(name);
		let ended = await lockstep(both, { env, boundMs: 120_000 });
		// The second server is looked at once the first lets in.
		if (ended.code === 6) {
			const second = await hints(ended);
			for (const name of needed.replica) expect(second.found).toContain(name);
			await ask(pair.replica, vendor.forgetLog);
			ended = await lockstep(both, { env, boundMs: 120_000 });
		}
		expect(ended.code, words(ended)).toBe(0);
		expect(await value(pair.replica, 'SELECT @@read_only')).toBe('1');
	});
});
