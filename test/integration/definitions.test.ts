import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Definition } from '../../src/core/definition.ts';
import type { Dialect } from '../../src/dialects/dialect.ts';
import { detect } from '../../src/dialects/index.ts';
import { compareDefinitions, describeDifference } from '../../src/dump/definitions/compare.ts';
import { readDefinitions } from '../../src/dump/definitions/read.ts';
import type { Session } from '../../src/server/session.ts';
import { rootSession, SANDBOX_KINDS, type SpareServer, spareServer } from '../support/servers.ts';
import { isMysql } from '../support/words.ts';

describe.each(SANDBOX_KINDS)('definitions of %s', (kind) => {
	let server: SpareServer;
	let session: Session & AsyncDisposable;
	let dialect: Dialect;
	const run = async (...statements: string[]) => {
		for (const each of statements) await session.query({ pieces: [each] });
	};
	const read = async (databases: readonly string[], ignored?: Parameters<typeof readDefinitions>[3]): Promise<readonly Definition[]> => {
		await using own = await rootSession(server);
		await using other = await rootSession(server);
		return await readDefinitions([own, other], dialect.definitions, databases, ignored);
	};
	const of = (all: readonly Definition[], which: string) => all.find((each) => `${each.kind} ${each.name}` === which);

	beforeAll(async () => {
		server = await spareServer(kind);
		session = await rootSession(server);
		dialect = await detect(async (each) => each.read(await session.query(each.statement)), 'sut');
	});
	afterAll(async () => {
		await session?.close();
		await server?.[Symbol.asyncDispose]();
	});

	it('are read of every kind, with what belongs to them', async () => {
		await run(
			'CREATE DATABASE `re ad` CHARACTER SET latin1 COLLATE latin1_german1_ci',
			'USE `re ad`',
			"CREATE TABLE t (id INT PRIMARY KEY, ts TIMESTAMP NOT NULL DEFAULT '2001-02-03 04:05:06')",
			'CREATE TABLE gone (a INT)',
			'CREATE VIEW v AS SELECT id, id + 1 AS `a``b` FROM t',
			'CREATE VIEW invalid AS SELECT a FROM gone',
			'DROP TABLE gone',
			"SET time_zone = '+05:30', sql_mode = 'ANSI_QUOTES'",
			'CREATE TRIGGER second BEFORE INSERT ON t FOR EACH ROW SET NEW.id = 2 -- note',
			'CREATE TRIGGER a_first BEFORE INSERT ON t FOR EACH ROW PRECEDES second SET NEW.id = 1',
			'CREATE FUNCTION f() RETURNS INT DETERMINISTIC RETURN 1',
			"CREATE PROCEDURE p() SELECT ';;'",
			"CREATE EVENT e ON SCHEDULE EVERY 1 DAY STARTS '2030-01-01' DO SELECT 1",
			'SET NAMES latin1',
		);
		// As an old client with latin1 sends it: é is the one byte E9.
		await session.query({ pieces: ['SET character_set_client = latin1'] });
		await run("CREATE PROCEDURE old() SELECT '\u00e9'", 'SET NAMES utf8mb4');
		const all = await read(['re ad']);
		expect(all.filter((each) => each.kind === 'trigger').map(({ name, table }) => [table, name])).toEqual([
			['t', 'a_first'],
			['t', 'second'],
		]);
		expect(of(all, 'database re ad')?.sql).toMatch(/^CREATE DATABASE `re ad` .*latin1_german1_ci/);
		expect(of(all, 'table t')?.sql).toMatch(/^CREATE TABLE `t` \(/);
		expect(of(all, 'view v')).toMatchObject({ columns: ['id', 'a`b'], sql: expect.stringContaining('VIEW `re ad`.`v` AS') });
		expect(of(all, 'view invalid')).toMatchObject({ invalid: expect.stringContaining('1356') });
		expect(of(all, 'view v')).not.toHaveProperty('invalid');
		expect(of(all, 'trigger second')).toMatchObject({
			sql: expect.stringMatching(/SET NEW.id = 2 -- note$/),
			settings: { sql_mode: 'ANSI_QUOTES', database_collation: 'latin1_german1_ci', character_set_client: 'utf8mb4' },
		});
		expect(of(all, 'function f')?.sql).toContain('RETURN 1');
		expect(of(all, 'procedure p')?.sql).toContain("';;'");
		expect(of(all, 'event e')?.settings.time_zone).toBe('+05:30');
		const old = of(all, 'procedure old');
		expect(old?.settings.character_set_client).toBe('latin1');
		expect(old?.sql).toContain("'\u00e9'");
		expect(Buffer.from(old?.bytes ?? '', 'base64').includes(Buffer.from("'\u00e9'", 'latin1'))).toBe(true);
		expect(compareDefinitions(all, await read(['re ad'])).map(describeDifference)).toEqual([]);
		expect((await read(['re ad'], ({ name }) => name === 't')).map(({ kind: what, name }) => `${what} ${name}`)).not.toEqual(
			expect.arrayContaining([expect.stringMatching(/^(table t|trigger)/)]),
		);
		expect(await read([])).toEqual([]);
	});

	it('of what only one vendor has', async () => {
		await run('CREATE DATABASE own', 'USE own', "SET sql_mode = ''");
		if (isMysql(kind)) {
			await run("CREATE LIBRARY lib LANGUAGE JAVASCRIPT AS 'export function f(n) { return n; }'", 'ALTER DATABASE own READ ONLY = 1');
			const all = await read(['own']);
			expect(of(all, 'library lib')?.sql).toContain('export function');
			expect(of(all, 'database own')?.settings).toEqual({ read_only: '1' });
			await run('ALTER DATABASE own READ ONLY = 0');
			expect(compareDefinitions(all, await read(['own'])).map(describeDifference)).toEqual([
				'database own: read only is missing: expected 1',
			]);
			return;
		}
		await run(
			'CREATE SEQUENCE s START WITH 5 CACHE 10 CYCLE',
			'SELECT NEXTVAL(s)',
			'CREATE TABLE h (a INT) WITH SYSTEM VERSIONING',
			'SET sql_mode = ORACLE',
			'CREATE PACKAGE pk AS PROCEDURE q(); END',
			'CREATE PACKAGE BODY pk AS PROCEDURE q() AS BEGIN NULL; END; END',
			"SET sql_mode = ''",
		);
		const all = await read(['own']);
		expect(all.map(({ kind: what, name }) => `${what} ${name}`)).toEqual([
			...['database own', 'table h', 'sequence s', 'package pk', 'packageBody pk'],
		]);
		expect(of(all, 'sequence s')?.settings).toMatchObject({ next_value: '15', cycle_count: '0' });
		expect(of(all, 'packageBody pk')?.settings.sql_mode).toMatch(/ORACLE/);
		await run('SELECT NEXTVAL(s)', 'ALTER SEQUENCE s NOCYCLE');
		expect(compareDefinitions(all, await read(['own']))).toMatchObject([{ kind: 'sequence', part: 'definition' }]);
	});
});
