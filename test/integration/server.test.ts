import { spawn } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ConnectError, ServerError, Stopped } from '../../src/core/errors.ts';
import { makeCertificates, type TlsFiles } from '../../src/sandbox/certificates.ts';
import { SANDBOX_KINDS, type SandboxKind } from '../../src/sandbox/kinds.ts';
import { findPrograms, kindOf } from '../../src/sandbox/programs.ts';
import { makeServer, startServer, stopServer } from '../../src/sandbox/server.ts';
import type { ServerAddress, SslMode } from '../../src/server/address.ts';
import { readOptionFiles } from '../../src/server/option-files.ts';
import { connect, type Session } from '../../src/server/session.ts';
import { Secret } from '../../src/sql/secret.ts';
import { raw, sql } from '../../src/sql/sql.ts';
import { intercept } from '../support/interceptor.ts';
import { openProxy } from '../support/proxy.ts';
import { isMysql, wordsOf } from '../support/words.ts';

const PASSWORD = 'cänary"o\'r\\77#';
const password = new Secret(PASSWORD);

interface Running {
	readonly address: ServerAddress;
	readonly tools: string;
	readonly tls: TlsFiles;
	stop(): Promise<unknown>;
}

const fresh: ServerAddress = {
	name: 'sut',
	host: '127.0.0.1',
	port: 0,
	user: 'app',
	tls: { mode: 'PREFERRED' },
	// MySQL asks for the password itself at an account's first login; who is not given it is test/unit/server-auth.test.ts.
	serverKey: { request: true },
	connectTimeoutMs: 5000,
	origin: {},
};

const folders: string[] = [];
const running: Running[] = [];

/** One empty server with an account `app` that may do everything, and accounts that may do little. */
async function start(kind: SandboxKind, extra: readonly string[] = []): Promise<Running> {
	const { env } = process;
	const { family } = kindOf(kind);
	const { programs, binDir } = await findPrograms(kindOf(kind), { env, say: () => {}, anySeries: false });
	const folder = await mkdtemp(join(tmpdir(), 'lockstep-server-'));
	folders.push(folder);
	await makeServer(family, programs, folder);
	const tls = await makeCertificates(join(folder, 'tls'), new Date());
	const started: Running = { address: fresh, tools: binDir ?? join(programs.prefix, 'bin'), tls, stop: () => stopServer(folder) };
	running.push(started);
	const { port, socket } = await startServer({ family, programs, folder, serverId: 1, tls, env, extra });
	const admin = await connect({ ...fresh, port, socket, user: 'root' }, null);
	await admin.query(sql`CREATE USER app@'127.0.0.1' IDENTIFIED BY ${password}`);
	await admin.query(sql`GRANT ALL ON *.* TO app@'127.0.0.1' WITH GRANT OPTION`);
	await admin.query(sql`CREATE USER poor@'127.0.0.1' IDENTIFIED BY ${password}`);
	await admin.query(sql`CREATE USER tls_only@'127.0.0.1' IDENTIFIED BY ${password} REQUIRE SSL`);
	await admin.query(sql`CREATE USER stale@'127.0.0.1' IDENTIFIED BY ${password} PASSWORD EXPIRE`);
	await admin.query(sql`CREATE USER locked@'127.0.0.1' IDENTIFIED BY ${password} ACCOUNT LOCK`);
	await admin.query(sql`CREATE USER single@'127.0.0.1' IDENTIFIED BY ${password} WITH MAX_USER_CONNECTIONS 1`);
	await admin.close();
	return { ...started, address: { ...fresh, port } };
}

afterAll(async () => {
	for (const server of running) await server.stop();
	for (const folder of folders) await rm(folder, { recursive: true, force: true });
});

const failure = async (promise: Promise<unknown>): Promise<ConnectError & ServerError> =>
	promise.then(
		() => Promise.reject(new Error('it went well')),
		(error) => error,
	);
/** As a renderer, a log or a crash report may show it: with causes. */
const everything = (error: Error) => `${inspect(error, { depth: 10, showHidden: true })} ${JSON.stringify(error)} ${error.stack}`;
const lostOf = (signal: AbortSignal) => (signal.aborted ? Promise.resolve() : once(signal, 'abort'));

/** What a server takes of these in its mode. */
const QUOTING = (kind: SandboxKind) => (isMysql(kind) ? 'ANSI,NO_BACKSLASH_ESCAPES' : 'ANSI,NO_BACKSLASH_ESCAPES,ORACLE');
/** The groups of an option file that the vendor's client reads. */
const groupsOf = (kind: SandboxKind) =>
	isMysql(kind) ? ['mysql', 'client'] : ['mysql', 'mariadb-client', 'client', 'client-server', 'client-mariadb'];

describe.each(SANDBOX_KINDS)('%s', (kind) => {
	let server: Running;
	beforeAll(async () => {
		server = await start(kind);
	});
	const open = (rest: Partial<ServerAddress> = {}, secret: Secret | null = password) => connect({ ...server.address, ...rest }, secret);
	const mode = (mode: SslMode, rest: Partial<ServerAddress['tls']> = {}) => ({ tls: { mode, ...rest } });

	describe('a login', () => {
		test('says as whom, and how it is encrypted', async () => {
			const plain = await open(mode('DISABLED'));
			expect([plain.account, plain.tls]).toEqual(['app@127.0.0.1', null]);
			await plain.close();
			const session = await open();
			// Since 11.4 MariaDB proves its certificate by the password.
			expect(session.tls).toMatchObject({ version: 'TLSv1.3', verified: kind === 'mariadb-11.8' });
			expect((await session.query(sql`SELECT CONNECTION_ID() AS id`))[0]?.id).toBe(String(session.connectionId));
			await session.close();
			expect(session.lost.aborted).toBe(true);
		});

		test.each([
			['a wrong password', {}, new Secret('wrong'), /Access denied for 'app'@'127.0.0.1' on .* \(a password was given\)/],
			['no password', {}, null, /Access denied for 'app'@'127.0.0.1' on .* \(no password given\)/],
			['an unknown user', { user: 'nobody' }, password, /Access denied for 'nobody'@'127.0.0.1'/],
			['an account that demands TLS', { user: 'tls_only', tls: { mode: 'DISABLED' as const } }, password, /Access denied for 'tls_only'/],
			['an expired password', { user: 'stale' }, password, /password of .*stale.* has expired/],
			['a locked account', { user: 'locked' }, password, /is locked/],
		])('%s is refused in words', async (_, rest, secret, what) => {
			const error = await failure(open(rest, secret));
			expect(error).toBeInstanceOf(ConnectError);
			expect(error.description.message).toMatch(what);
			expect(error.description.hints?.length).toBeGreaterThan(0);
			expect(everything(error)).not.toContain('änary');
		});

		test('one too many is refused in words', async () => {
			const first = await open({ user: 'single' });
			expect((await failure(open({ user: 'single' }))).description.message).toMatch(/no free connection/);
			await first.close();
		});

		test.each([
			['the CA', 'VERIFY_CA', '127.0.0.1'],
			['a name', 'VERIFY_IDENTITY', 'localhost'],
			['an IP address', 'VERIFY_IDENTITY', '127.0.0.1'],
		] as const)('a certificate is checked by %s', async (_, sslMode, host) => {
			const session = await open({ host, ...mode(sslMode, { ca: server.tls.ca }) });
			expect(session.tls?.verified).toBe(true);
			await session.close();
		});

		test('a certificate is known by its fingerprint, and another is refused before any password', async () => {
			const fingerprint = new X509Certificate(await readFile(server.tls.cert)).fingerprint256;
			const session = await open({ ...mode('PREFERRED', { fingerprint }), serverKey: {} });
			expect(session.tls?.verified).toBe(true);
			await session.close();
			const own = await makeCertificates(await mkdtemp(join(tmpdir(), 'lockstep-server-')), new Date());
			folders.push(join(own.ca, '..'));
			const pem = { cert: await readFile(own.cert, 'utf8'), key: await readFile(own.key, 'utf8') };
			await using between = await intercept(server.address, pem);
			const changed = await failure(open({ port: between.port, ...mode('PREFERRED', { fingerprint }) }));
			expect(changed).toBeInstanceOf(ConnectError);
			expect(changed.description.reason).toContain(`Expected SHA256 ${fingerprint}`);
			// By the password, where the server proves its certificate by it; with REQUIRED any certificate is taken.
			const unpinned = { port: between.port, ...mode('PREFERRED') };
			if (kind === 'mariadb-11.8')
				expect((await failure(open(unpinned))).description.message).toContain('the certificate is not the server’s own');
			else await (await open(unpinned)).close();
			const required = await open({ port: between.port, ...mode('REQUIRED') });
			expect(required.tls?.verified).toBe(false);
			await required.close();
			// Without TLS there is none, and PREFERRED does not go on without.
			expect((await failure(open(mode('DISABLED', { fingerprint })))).description.message).toMatch(/fingerprint|--ssl-fp/);
		});

		test('a certificate that does not stand the check is refused, and no password sent', async () => {
			const stranger = await makeCertificates(await mkdtemp(join(tmpdir(), 'lockstep-server-')), new Date());
			folders.push(join(stranger.ca, '..'));
			const byNobody = await failure(open(mode('VERIFY_CA')));
			expect([byNobody instanceof ConnectError, byNobody.description.message]).toEqual([
				true,
				expect.stringContaining('ssl-mode VERIFY_CA'),
			]);
			expect(byNobody.description.hints?.join()).toContain('--ssl-ca');
			expect((await failure(open(mode('VERIFY_CA', { ca: stranger.ca })))).description.reason).toContain(stranger.ca);
			// Another address of this machine, which is not in the certificate.
			await using through = await openProxy(server.address, '127.0.0.2');
			const other = { host: through.host, port: through.port };
			const byName = await failure(open({ ...other, ...mode('VERIFY_IDENTITY', { ca: server.tls.ca }) }));
			expect(byName).toBeInstanceOf(ConnectError);
			expect(byName.description.reason).toContain('another name than "127.0.0.2"');
			const without = await open({ ...other, ...mode('VERIFY_CA', { ca: server.tls.ca }) });
			await without.close();
		});
	});

	describe('a statement', () => {
		test('gets text for text, whatever the server’s own mode is', async () => {
			const admin = await open();
			const [before] = await admin.query(sql`SELECT @@global.sql_mode AS mode`);
			await admin.query(sql`SET GLOBAL sql_mode = ${QUOTING(kind)}`);
			const session = await open();
			await admin.query(sql`SET GLOBAL sql_mode = ${before?.mode ?? ''}`);
			const text = 'a\'b"c\\d\n\r\0\x1aä€😀%_';
			const [row] = await session.query(
				sql`SELECT ${text} AS text, 12345678901234567890 AS big, 1.50 AS decimal_, NULL AS nothing, '' AS blank, CAST('2026-01-02 03:04:05' AS DATETIME) AS at, HEX(x'ff00') AS hex`,
			);
			expect(row).toEqual({
				text,
				big: '12345678901234567890',
				decimal_: '1.50',
				nothing: null,
				blank: '',
				at: '2026-01-02 03:04:05',
				hex: 'FF00',
			});
			expect(await session.query(sql`SELECT 1 AS one FROM DUAL WHERE 1 = 0`)).toEqual([]);
			const [modes] = await session.query(sql`SELECT @@sql_mode AS mode, @@lock_wait_timeout AS wait, @@autocommit AS auto`);
			expect(modes).toEqual({ mode: expect.not.stringMatching(/ANSI|BACKSLASH|ORACLE/), wait: '60', auto: '1' });
			await session.close();
			await admin.close();
		});

		test('without rows says how many it changed; a CALL gives its rows', async () => {
			const session = await open();
			await session.query(sql`CREATE DATABASE IF NOT EXISTS sut`);
			await session.query(sql`CREATE TABLE sut.rows (id INT)`);
			expect(await session.query(sql`INSERT INTO sut.rows VALUES (1), (2)`)).toEqual([{ affected_rows: '2', warnings: '0' }]);
			await session.query(sql`CREATE PROCEDURE sut.p() SELECT 7 AS seven`);
			expect(await session.query(sql`CALL sut.p()`)).toEqual([{ seven: '7' }]);
			await session.close();
		});

		test('that is refused names the privilege and the GRANT', async () => {
			const session = await open({ user: 'poor' });
			const lock = await failure(session.query(sql`FLUSH TABLES WITH READ LOCK`));
			expect([lock.code, lock.connectionLost, lock.description.hints]).toEqual([
				1227,
				false,
				["GRANT RELOAD ON *.* TO 'poor'@'127.0.0.1';"],
			]);
			const table = await failure(session.query(sql`SELECT * FROM mysql.user`));
			expect([table.code, table.description.hints]).toEqual([
				1142,
				[`GRANT SELECT ON ${isMysql(kind) ? 'DATABASE' : '`mysql`'}.\`user\` TO 'poor'@'127.0.0.1';`],
			]);
			const database = await failure(session.query(sql`USE mysql`));
			expect([database.code, database.description.message]).toEqual([1044, 'The account may not use the database mysql.']);
			expect((await failure(session.query(sql`SET foo = 1`))).code).toBe(1193);
			expect(await session.query(sql`SELECT 1 AS one`)).toEqual([{ one: '1' }]);
			await session.close();
		});

		test.each([
			['misunderstood', sql`CREATE USR x@y IDENTIFIED BY ${password}`],
			['cut short in the quotation', sql`CREATE USER x@y IDENTIFIED NOW BY ${password} ${raw('x'.repeat(100))}`],
			['refused for what it is', sql`CREATE USER root@localhost IDENTIFIED BY ${password}`],
			['of a value that does not fit', sql`SELECT * FROM mysql.user WHERE nothing = ${password}`],
			['quoting it in an error', sql`SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = ${password}`],
		])('%s never shows its password', async (_, statement) => {
			const session = await open();
			const error = await failure(session.query(statement));
			expect(error).toBeInstanceOf(ServerError);
			expect(everything(error)).not.toContain('änary');
			await session.close();
		});

		test('that is refused keeps no value of a row in its words', async () => {
			const session = await open();
			for (const setup of [
				'CREATE DATABASE wordy',
				'CREATE TABLE wordy.t (a VARCHAR(99) PRIMARY KEY, b TINYINT, c VARCHAR(20) CHARACTER SET latin1, d DATE)',
				'CREATE TABLE wordy.p (a INT) PARTITION BY LIST (a) (PARTITION one VALUES IN (1))',
				"INSERT INTO wordy.t (a) VALUES ('Käthe\\' for key \\'x')",
				"CREATE PROCEDURE wordy.says() SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'Käthe is refused'",
			])
				await session.query({ pieces: [setup] });
			const refused = {
				"INSERT INTO wordy.t (a) VALUES ('Käthe\\' for key \\'x')": 'PRIMARY',
				"INSERT INTO wordy.t (a, b) VALUES ('1', 'Käthe')": 'b',
				"INSERT INTO wordy.t (a, d) VALUES ('2', 'Käthe')": 'd',
				"INSERT INTO wordy.t (a, c) VALUES ('3', 'Käthe \u{1F511}')": 'c',
				"UPDATE wordy.t SET b = a + 1 WHERE a = 'Käthe\\' for key \\'x'": 'DOUBLE',
				'INSERT INTO wordy.p VALUES (41114111)': 'partition',
				'SELECT CAST(41114111 AS UNSIGNED) - 41114112': 'UNSIGNED',
				"SELECT EXTRACTVALUE('<a/>', CONCAT('~', 'Käthe'))": 'XPATH',
				'CALL wordy.says()': 'SIGNAL',
				"SELECT 'Käthe' FROM wordy.nowhere WHERE a = 'Käthe'": 'nowhere',
			};
			for (const [statement, kept] of Object.entries(refused)) {
				const error = await failure(session.query({ pieces: [statement] }));
				expect.soft(error.description.details, statement).toContain(kept);
				// What is sent is shown as it was written, but for what is read.
				const said = inspect({
					...error.description,
					reason: statement.startsWith('SELECT') ? error.description.reason : '',
					error: error.cause,
				});
				expect.soft(said, statement).not.toMatch(/Käthe|4111/);
			}
			await session.query({ pieces: ['DROP DATABASE wordy'] });
			await session.close();
		});

		test('that takes too long is killed on the server, and its connection cut', async () => {
			const session = await open();
			const witness = await open();
			const error = await failure(session.query(sql`SELECT BENCHMARK(1000000000000, SHA2('x', 512))`, { timeoutMs: 300 }));
			expect([error.connectionLost, error.description.message]).toEqual([true, expect.stringContaining('0.3 s')]);
			expect(session.lost.aborted).toBe(true);
			await goneOnServer(witness, session.connectionId);
			expect((await failure(session.query(sql`SELECT 1`))).connectionLost).toBe(true);
			await witness.close();
		});

		test('that is given up lets go of what it waits for', async () => {
			const holder = await open();
			const waiter = await open();
			await holder.query(sql`CREATE DATABASE IF NOT EXISTS sut`);
			await holder.query(sql`CREATE TABLE sut.held (id INT)`);
			await holder.query(sql`LOCK TABLES sut.held WRITE`);
			const stop = new AbortController();
			const waiting = failure(waiter.query(sql`FLUSH TABLES WITH READ LOCK`, { signal: stop.signal }));
			await until(
				async () =>
					(
						await holder.query(
							sql`SELECT 1 AS one FROM information_schema.PROCESSLIST WHERE ID = ${waiter.connectionId} AND STATE LIKE 'Waiting%'`,
						)
					).length === 1,
			);
			stop.abort();
			expect(await waiting).toBeInstanceOf(Stopped);
			await goneOnServer(holder, waiter.connectionId);
			await holder.close();
		});

		test('takes turns, and each has its own time', async () => {
			const session = await open();
			const both = await Promise.all([
				session.query(sql`SELECT SLEEP(0.4) AS a`, { timeoutMs: 700 }),
				session.query(sql`SELECT SLEEP(0.4) AS b`, { timeoutMs: 700 }),
			]);
			expect(both).toEqual([[{ a: '0' }], [{ b: '0' }]]);
			expect(session.busy).toBe(false);
			await session.close();
		});
	});

	describe('a lost connection', () => {
		test.each(['DISABLED', 'REQUIRED'] as const)('is noticed while idle and while at work (%s)', async (sslMode) => {
			const admin = await open();
			const idle = await open(mode(sslMode));
			await admin.query(sql`KILL ${idle.connectionId}`);
			await lostOf(idle.lost);
			expect((await failure(idle.query(sql`SELECT 1`))).connectionLost).toBe(true);
			const busy = await open(mode(sslMode));
			const asleep = failure(busy.query(sql`SELECT SLEEP(30)`));
			await until(
				async () =>
					(
						await admin.query(
							sql`SELECT 1 AS one FROM information_schema.PROCESSLIST WHERE ID = ${busy.connectionId} AND INFO LIKE '%SLEEP%'`,
						)
					).length === 1,
			);
			await admin.query(sql`KILL ${busy.connectionId}`);
			const error = await asleep;
			expect([error instanceof ServerError, error.connectionLost]).toEqual([true, true]);
			await lostOf(busy.lost);
			await admin.close();
		});

		test('is not what a killed statement is', async () => {
			const admin = await open();
			const session = await open();
			const asleep = failure(session.query(sql`SELECT SLEEP(30) FROM mysql.user`));
			await until(
				async () =>
					(
						await admin.query(
							sql`SELECT 1 AS one FROM information_schema.PROCESSLIST WHERE ID = ${session.connectionId} AND INFO LIKE '%SLEEP%'`,
						)
					).length === 1,
			);
			await admin.query(sql`KILL QUERY ${session.connectionId}`);
			const error = await asleep;
			expect([error.code, error.connectionLost]).toEqual([1317, false]);
			expect(await session.query(sql`SELECT 1 AS one`)).toEqual([{ one: '1' }]);
			await session.close();
			await admin.close();
		});
	});

	test('option files are read as the client itself reads them', async () => {
		const home = await mkdtemp(join(tmpdir(), 'lockstep-server-'));
		folders.push(home);
		await mkdir(join(home, 'more.d'));
		await writeFile(join(home, 'more.d', 'b.cnf'), '[client]\nb=1\n');
		await writeFile(join(home, 'more.d', 'a.cnf'), '[client]\r\na=1\r\n');
		await writeFile(join(home, 'more.d', 'C.cnf'), '[client]\nC=1\n');
		await writeFile(join(home, 'more.d', 'd.cnf.bak'), '[client]\nd=1\n');
		await writeFile(join(home, 'open.cnf'), '[client]\nopen=1\n');
		await chmod(join(home, 'open.cnf'), 0o666);
		const file = join(home, 'all.cnf');
		await writeFile(
			file,
			[
				'# c',
				'; c',
				'[client]',
				'user=me',
				'  password  =  "a # b"  # c',
				'ssl',
				'host=',
				'port = 3307 ;x',
				"socket='/tmp/x y'",
				'loose-foo=a\\sb\\tc\\\\d\\qe',
				'comment=a#b',
				'q1="unequal\'',
				'q2="',
				'q3="x\\"y"',
				"q4='it\\'s # ok' # no",
				'eq=a=b',
				'tail=abc\\',
				'umlaut=äß€',
				'a_b-c=1',
				`!includedir ${home}/more.d`,
				` ! include ${home}/more.d/a.cnf`,
				`!include ${home}/open.cnf`,
				`!include ${home}/none`,
				'[mysqld]',
				'port=1',
				'[client ] # c',
				'late=1',
				'[Client]',
				'caps=1',
				'[client-server]',
				'both=1',
				'[client_x]',
				'suffixed=1',
				'',
			].join('\n'),
		);
		const client = spawn(
			join(server.tools, wordsOf(kind).client),
			[`--defaults-file=${file}`, '--defaults-group-suffix=_x', '--print-defaults'],
			{
				stdio: ['ignore', 'pipe', 'ignore'],
			},
		);
		let printed = '';
		client.stdout.setEncoding('utf8').on('data', (text) => {
			printed += text;
		});
		await once(client, 'close');
		const { options, warnings } = await readOptionFiles(
			{ defaultsFile: file, defaultsGroupSuffix: '_x' },
			{ env: {}, home, groups: groupsOf(kind) },
		);
		// One of them keeps passwords to itself.
		const shown = (name: string, value: string) => (isMysql(kind) && name === 'password' ? '*****' : value);
		const ours = options.map(({ name, value }) => `--${name}${value === null ? '' : `=${shown(name, value)}`}`).join(' ');
		expect(printed).toContain('--user=me');
		expect(ours).toBe(printed.trimEnd().split('\n').at(-1)?.trimEnd());
		expect(warnings.join()).toContain('open.cnf is ignored');
	});
});

test.each([
	['mariadb-10.11', '--skip-ssl'],
	['mysql-9.7', '--tls-version='],
] as const)('a server of %s without TLS is taken in plaintext only by the modes that allow it', async (kind, option) => {
	const { address, stop } = await start(kind, [option]);
	const session = await connect(address, password);
	expect(session.tls).toBeNull();
	for (const mode of ['REQUIRED', 'VERIFY_CA', 'VERIFY_IDENTITY'] as const) {
		const error = await failure(connect({ ...address, tls: { mode } }, password));
		expect(error).toBeInstanceOf(ConnectError);
		expect(error.description.message).toContain(`has no TLS, and ssl-mode ${mode} demands it`);
	}
	// And one that goes away while we are with it. MySQL ends a statement first, a lone SLEEP even well.
	const asleep = session.query(sql`SELECT SLEEP(30) AS woken`).catch((error) => error);
	await stop();
	expect(await asleep).toEqual(isMysql(kind) ? [{ woken: '1' }] : expect.objectContaining({ name: 'ServerError', connectionLost: true }));
	await lostOf(session.lost);
	expect((await failure(session.query(sql`SELECT 1`))).connectionLost).toBe(true);
	expect((await failure(connect(address, password))).description.reason).toMatch(/Nothing listens/);
});

async function until(condition: () => Promise<boolean>): Promise<void> {
	for (let tries = 0; !(await condition()); tries += 1) {
		if (tries > 500) throw new Error('it never came true');
		await new Promise((done) => setTimeout(done, 20));
	}
}

const goneOnServer = (witness: Session, id: number) =>
	until(async () => (await witness.query(sql`SELECT ID AS id FROM information_schema.PROCESSLIST WHERE ID = ${id}`)).length === 0);
