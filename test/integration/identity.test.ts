// Rows that are read after the lock are of the tables that were there under it, whatever clients define meanwhile.
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readManifest } from '../../src/archive/manifest.ts';
import { detect } from '../../src/dialects/index.ts';
import { sameTables } from '../../src/runbooks/backup/guard.ts';
import { type Home, lockstep, makeHome, nameOf, start, urlOf } from '../support/cli.ts';
import { ask, rootSession, SANDBOX_KINDS, type SpareServer, spareServer } from '../support/servers.ts';
import { isMysql } from '../support/words.ts';

/** Under other names, with other rows, yet the same text; the rows are what a backup would wrongly hold. */
const DEFINES: readonly (readonly [table: string, statement: string])[] = [
	['a', 'RENAME TABLE i.a TO i.zz, i.b TO i.a, i.zz TO i.b'],
	['t', 'TRUNCATE TABLE i.t'],
	['d', 'DROP TABLE i.d'],
	['p', 'ALTER TABLE i.p EXCHANGE PARTITION p0 WITH TABLE i.x'],
	['`l-ä.$`', 'ALTER TABLE i.`l-ä.$` ADD COLUMN more INT'],
];

describe.each(SANDBOX_KINDS)('tables on %s', (kind) => {
	let home: Home;
	let server: SpareServer;

	beforeAll(async () => {
		home = await makeHome();
		server = await spareServer(kind);
		for (const statement of [
			'CREATE DATABASE i',
			// The largest is read first, and is waited for by what follows: with one connection all else comes later.
			'CREATE TABLE i.big (id INT PRIMARY KEY, v LONGTEXT)',
			"INSERT INTO i.big VALUES (1, REPEAT('x', 1000000)), (2, REPEAT('y', 1000000))",
			...['CREATE TABLE i.a (id INT PRIMARY KEY, v CHAR(1))', 'CREATE TABLE i.b LIKE i.a', 'CREATE TABLE i.t LIKE i.a'],
			...['CREATE TABLE i.d LIKE i.a', 'CREATE TABLE i.`l-ä.$` LIKE i.a', 'CREATE TABLE i.x LIKE i.a'],
			'CREATE TABLE i.p (id INT PRIMARY KEY, v CHAR(1)) PARTITION BY RANGE (id) (PARTITION p0 VALUES LESS THAN (10), PARTITION p1 VALUES LESS THAN (20))',
			...['a', 't', 'd', '`l-ä.$`', 'p'].map((name) => `INSERT INTO i.${name} VALUES (1, 'A')`),
			...['b', 'x'].map((name) => `INSERT INTO i.${name} VALUES (1, 'B')`),
			"CREATE USER dba@'127.0.0.1' IDENTIFIED BY 'a-Secret-1'",
			"GRANT ALL PRIVILEGES ON *.* TO dba@'127.0.0.1'",
			...(isMysql(kind) ? ["REVOKE BACKUP_ADMIN, XA_RECOVER_ADMIN ON *.* FROM dba@'127.0.0.1'"] : []),
		])
			await ask(server, statement);
	});
	afterAll(async () => {
		await server?.[Symbol.asyncDispose]();
		await home?.[Symbol.asyncDispose]();
	});

	const argv = (to: string, user: string) => [
		...['backup', '--server', urlOf(server, user), '--to', join(home.dir, to), '--lock', 'snapshot', '--workers', '1', '--yes', '--json'],
		...['--confirm', nameOf(server)],
	];
	const env = () => ({ ...home.env, LOCKSTEP_PASSWORD: 'a-Secret-1' });

	// One account of MySQL may take the backup lock, one may not.
	test.each(isMysql(kind) ? ['root', 'dba'] : ['dba'])('stay what they were while rows are read by %s', async (user) => {
		const running = start(argv(user, user), { env: user === 'root' ? home.env : env() });
		const { pid } = await running.line((line) => line.type === 'engine');
		await running.line((line) => line.type === 'action-done' && line.action === 'unlock');
		// It stands still, with the guard and no lock, for as long as it takes.
		process.kill(pid, 'SIGSTOP');
		const outcomes = await Promise.all(
			DEFINES.map(async ([table, statement]) => {
				await using client = await rootSession(server);
				await client.query({ pieces: ['SET SESSION lock_wait_timeout = 1'] });
				const outcome = await client.query({ pieces: [statement] }, { timeoutMs: 30_000 }).then(
					() => 'ran',
					(error) => error.code,
				);
				return [table, outcome];
			}),
		);
		await ask(server, "INSERT INTO i.a VALUES (2, 'C')");
		process.kill(pid, 'SIGCONT');
		const ended = await running.ended;
		expect(ended.code, ended.stdout.slice(-3000)).toBe(0);
		const manifest = await readManifest(ended.last.backup);
		expect(manifest.consistency.guard).toBe(user === 'root' ? 'backup lock' : 'metadata locks');
		expect(outcomes).toEqual(DEFINES.map(([table]) => [table, 1205]));
		expect(ended.stdout).toMatch(/"DEFINITIONS-GUARD"/);
		expect(manifest.tables?.find(({ name }) => name === 'a')?.rows).toBe(1);
		await ask(server, 'DELETE FROM i.a WHERE id = 2');
	});

	test('are known by the engine’s own numbers, which change with whatever takes their place', async () => {
		await using session = await rootSession(server);
		const dialect = await detect(async (query) => query.read(await session.query(query.statement)), 'spare');
		const names = ['a', 't', 'd', 'p', 'l-ä.$'].map((name) => ({ database: 'i', name }));
		const look = async () => {
			const { statement, read } = dialect.catalogue.tableIds(names);
			return new Map(read(await session.query(statement)).map(({ name, id }) => [name, id]));
		};
		const before = await look();
		expect([...before.keys()]).toEqual(names.map(({ name }) => name));
		for (const statement of [
			'RENAME TABLE i.a TO i.zz, i.b TO i.a, i.zz TO i.b',
			'TRUNCATE TABLE i.t',
			'ALTER TABLE i.p EXCHANGE PARTITION p0 WITH TABLE i.x',
		])
			await session.query({ pieces: [statement] });
		for (const statement of [
			'DROP TABLE i.d',
			'CREATE TABLE i.d LIKE i.a',
			'RENAME TABLE i.`l-ä.$` TO i.other',
			'CREATE TABLE i.`l-ä.$` LIKE i.a',
		])
			await session.query({ pieces: [statement] });
		const after = await look();
		for (const { name } of names) expect(after.get(name), name).not.toBe(before.get(name));
		const at = {
			server: { dialect },
			runQuery: async (_: string, query: { statement: never; read: (rows: never) => unknown }) =>
				query.read((await session.query(query.statement)) as never),
		};
		await expect(
			sameTables(
				at as never,
				[...before].map(([name, id]) => ({ database: 'i', name, id })),
			),
		).rejects.toThrow(/exchanged/);
	});

	// Both series of MariaDB are asked alike.
	if (kind !== 'mariadb-10.11')
		test('a prepared XA transaction forbids a backup, by name, until it is ended', async () => {
			await using client = await rootSession(server);
			for (const statement of [
				"XA START 'pay','1',7",
				"UPDATE i.big SET v = 'z' WHERE id = 2",
				"XA END 'pay','1',7",
				"XA PREPARE 'pay','1',7",
			])
				await client.query({ pieces: [statement] });
			const refused = await lockstep(argv('xa', 'root'), { env: home.env });
			expect([refused.code, refused.stdout]).toEqual([6, expect.stringMatching(/XA ROLLBACK (X'706179',X'31'|'pay','1'),7/)]);
			await client.query({ pieces: ["XA ROLLBACK 'pay','1',7"] });
		});
});
