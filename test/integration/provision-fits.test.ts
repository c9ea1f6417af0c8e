import { mkdir, readFile, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { detect } from '../../src/dialects/index.ts';
import { makeCertificates } from '../../src/sandbox/certificates.ts';
import { Secret } from '../../src/sql/secret.ts';
import { intercept } from '../support/interceptor.ts';
import { type Client, openClient, provisionRequest, stateOf } from '../support/runs.ts';
import { ask, rootSession, SANDBOX_KINDS, type SpareServer, spareServer } from '../support/servers.ts';
import { isMysql } from '../support/words.ts';

let client: Client;
beforeAll(async () => {
	client = await openClient();
});
afterAll(() => client?.[Symbol.asyncDispose]());

/** What could be found only after hours of copying is found by looking at both servers. */
describe.each(SANDBOX_KINDS)('before %s is copied', (kind) => {
	let primary: SpareServer;
	let replica: SpareServer;

	beforeAll(async () => {
		[primary, replica] = await Promise.all([
			spareServer(kind, { extra: isMysql(kind) ? ['--partial-revokes=ON'] : ['--lower-case-table-names=1'] }),
			spareServer(kind),
		]);
		for (const statement of [
			'CREATE DATABASE d',
			'CREATE TABLE d.gone (a INT)',
			'CREATE VIEW d.v AS SELECT * FROM d.gone',
			'CREATE TABLE d.kept (a INT)',
			'CREATE VIEW d.good AS SELECT * FROM d.kept',
			'DROP TABLE d.gone',
			'CREATE FUNCTION d.reads() RETURNS INT READS SQL DATA RETURN 1',
		])
			await ask(primary, statement);
		await ask(primary, 'SET GLOBAL log_bin_trust_function_creators = 1');
		await ask(primary, 'CREATE FUNCTION d.rolls() RETURNS INT RETURN 1');
		if (isMysql(kind)) {
			await ask(primary, "CREATE USER narrow@'%' IDENTIFIED BY 'Narrow-1-äb'");
			await ask(primary, "GRANT SELECT ON *.* TO narrow@'%'");
			await ask(primary, "REVOKE SELECT ON mysql.* FROM narrow@'%'");
		} else {
			for (const folder of ['.snapshot', 'lost+found']) await mkdir(join(primary.dataDir, folder));
		}
	});
	afterAll(async () => {
		await primary?.[Symbol.asyncDispose]();
		await replica?.[Symbol.asyncDispose]();
	});

	test('an invalid view, functions it would refuse, and what only one of them has are named at once', async () => {
		const before = await stateOf(replica);
		const { end } = await client.dryRun(provisionRequest({ primary, replica }));
		const checks = Object.fromEntries((end.failure?.checks ?? []).map((check) => [check.id, check]));
		expect(Object.keys(checks).sort()).toEqual(
			['PRIMARY-VIEWS', 'REPLICA-FUNCTIONS', isMysql(kind) ? 'REPLICA-PARTIAL-REVOKES' : 'REPLICA-CASE'].sort(),
		);
		expect(checks['PRIMARY-VIEWS']).toMatchObject({
			found: expect.stringMatching(/^d\.v \(.*1356/),
			hints: [expect.stringContaining('DROP VIEW d.v;')],
		});
		expect(checks['REPLICA-FUNCTIONS']?.found).toMatch(/1418.*: d\.rolls$/);
		if (isMysql(kind)) expect(checks['REPLICA-PARTIAL-REVOKES']?.found).toContain('narrow@%');
		expect(await stateOf(replica)).toEqual(before);
	});

	test('a table that cannot be opened, and what the dump tool cannot write, are named before anything is copied', async () => {
		for (const statement of [
			'CREATE TABLE d.whole (a INT, KEY (a)) ENGINE=MyISAM COMMENT "Incorrect"',
			'CREATE TABLE d.`hu``rt` (a INT, KEY (a)) ENGINE=MyISAM COMMENT "of old"',
			'INSERT INTO d.`hu``rt` VALUES (1), (2)',
			"CREATE EVENT d.ends ON SCHEDULE EVERY 1 YEAR DISABLE DO SELECT ';;'",
			'FLUSH TABLES',
		])
			await ask(primary, statement);
		await truncate(join(primary.dataDir, 'd', 'hu@0060rt.MYI'), 0);
		const failed = async (request: Parameters<Client['dryRun']>[0]) => {
			const { end } = await client.dryRun(request);
			return Object.fromEntries((end.failure?.checks ?? []).map((check) => [check.id, check]));
		};
		const seed = await failed(provisionRequest({ primary, replica }));
		expect(seed['PRIMARY-TABLES']).toMatchObject({
			found: "d.`hu``rt` (ERROR 130 (HY000): Incorrect file format 'hu`rt')",
			hints: [expect.stringContaining('REPAIR TABLE `d`.`hu``rt`;')],
		});
		expect(seed['PRIMARY-TOOL-OBJECTS']?.found).toEqual(isMysql(kind) ? expect.stringContaining('event d.ends') : undefined);
		const request = {
			...{ kind: 'backup' as const, server: provisionRequest({ primary, replica }).primary, to: join(client.home, 'never') },
			...{ compress: 'none' as const, lockWaitSeconds: 60, longQueries: 'wait' as const, maxLockSeconds: null, stopApplier: false },
		};
		const backup = await failed(request);
		expect(backup.TABLES?.found).toBe(seed['PRIMARY-TABLES']?.found);
		expect(backup.TABLES?.hints?.join()).toContain("--ignore-table 'd.hu`rt'");
		expect(await failed({ ...request, ignoreTables: ['d.hu`rt'] })).toEqual({});
		for (const statement of ['DROP EVENT d.ends', 'DROP TABLE d.whole', 'DROP TABLE d.`hu``rt`']) await ask(primary, statement);
	});

	test('a primary that takes encrypted connections only is not set up without', async () => {
		await ask(primary, 'SET GLOBAL require_secure_transport = ON');
		const { end } = await client.dryRun(provisionRequest({ primary, replica }, { tls: false }));
		await ask(primary, 'SET GLOBAL require_secure_transport = OFF');
		expect(end.failure?.checks.map(({ id }) => id)).toContain('PRIMARY-SECURE');
	});

	test('a channel with a CA gives no login to a server that another CA proves', async () => {
		const tls = await makeCertificates(join(client.home, `stranger-${kind}`), new Date());
		const [cert, key] = await Promise.all([readFile(tls.cert, 'utf8'), readFile(tls.key, 'utf8')]);
		await using between = await intercept(primary, { cert, key });
		await using session = await rootSession(replica);
		const dialect = await detect(async (query) => query.read(await session.query(query.statement)), 'replica');
		const wish = {
			host: '127.0.0.1',
			port: between.port,
			user: 'nobody',
			password: new Secret('Channel-1-äb'),
			tls: true,
			delaySeconds: 0,
		};
		for (const verifyName of [true, false]) {
			await session.query(dialect.channel.configure({ ...wish, ca: primary.ca, verifyName }));
			await session.query(dialect.channel.start);
			const error = await vi.waitFor(async () => {
				const { status } = dialect.channel;
				const found = status.read(await session.query(status.statement))[0]?.ioError;
				expect(found).toMatch(/^\d+: /);
				return found;
			}, 30_000);
			// Of a login it would be 1045.
			expect(error, String(verifyName)).toMatch(/^2026: .*(?:certificate|SSL)/i);
			for (const statement of [dialect.channel.stop, dialect.channel.forget]) await session.query(statement);
		}
	});

	test('an XA transaction that stays prepared is named, with what ends it', async () => {
		await using session = await rootSession(primary);
		for (const text of ["XA START 'x1'", 'INSERT INTO d.kept VALUES (1)', "XA END 'x1'", "XA PREPARE 'x1'"])
			await session.query({ pieces: [text] });
		const { end } = await client.dryRun(provisionRequest({ primary, replica }));
		expect(end.failure?.checks.find(({ id }) => id === 'PREPARED-XA')).toMatchObject({
			found: expect.stringContaining('1397'),
			hints: [expect.stringContaining('XA ROLLBACK')],
		});
		await session.query({ pieces: ["XA ROLLBACK 'x1'"] });
	});

	test('folders that are no databases are left out, and named', async () => {
		const { events } = await client.dryRun(provisionRequest({ primary, replica }));
		const checks = events.flatMap((event) => (event.type === 'review' ? event.review.checks : []));
		const found = checks.find(({ id }) => id === 'PRIMARY-FOLDERS')?.found ?? null;
		if (isMysql(kind)) expect(found).toBeNull();
		else expect(found).toMatch(/\.snapshot.*lost\+found|lost\+found.*\.snapshot/);
		expect(JSON.stringify(events)).not.toContain('--databases #mysql50');
	});

	test('an administrator whose privileges come with a default role counts as one', async () => {
		for (const server of [primary, replica]) {
			await ask(server, 'CREATE ROLE admins');
			await ask(server, 'GRANT ALL PRIVILEGES ON *.* TO admins WITH GRANT OPTION');
			await ask(server, "CREATE USER boss@'127.0.0.1' IDENTIFIED BY 'Boss-1-äb'");
			await ask(server, "GRANT admins TO boss@'127.0.0.1'");
			await ask(server, `SET DEFAULT ROLE admins ${isMysql(kind) ? 'TO' : 'FOR'} boss@'127.0.0.1'`);
		}
		const as = ({ port }: SpareServer) => `mysql://boss@127.0.0.1:${port}?get-server-public-key=1`;
		const password = { passwordCommand: "printf 'Boss-1-äb'" };
		const request = { ...provisionRequest({ primary, replica }), primary: as(primary), replica: as(replica) };
		const { end } = await client.dryRun({ ...request, reach: { primary: password, replica: password } });
		expect(end.failure?.description.message).toMatch(/checks forbid/);
		expect(end.failure?.checks.map(({ id }) => id)).not.toContain('REPLICA-PRIVILEGES');
		expect(end.failure?.checks.map(({ id }) => id)).not.toContain('PRIMARY-PRIVILEGES');
	});
});
