import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Definition } from '../../src/core/definition.ts';
import type { Dialect } from '../../src/dialects/contract/dialect.ts';
import { detect } from '../../src/dialects/index.ts';
import { compareDefinitions, describeDifference } from '../../src/dump/definitions/compare.ts';
import { readDefinitions } from '../../src/dump/definitions/read.ts';
import { postSql, schemaSql } from '../../src/dump/definitions/write.ts';
import { createDumpScanner } from '../../src/dump/sql/scan.ts';
import { piecesOf } from '../../src/dump/sql/split.ts';
import type { Session } from '../../src/server/session.ts';
import { rootSession, SANDBOX_KINDS, type SpareServer, spareServer } from '../support/servers.ts';
import { isMysql, wordsOf } from '../support/words.ts';

const execute = promisify(execFile);

/** Loads SQL by the vendor's client, as a person does. */
async function load(kind: (typeof SANDBOX_KINDS)[number], { binDir, socket }: SpareServer, sql: Buffer): Promise<void> {
	const argv = ['--no-defaults', '--user=root', `--socket=${socket}`, '--comments', '--default-character-set=utf8mb4'];
	const child = execute(join(binDir ?? '', wordsOf(kind).client), argv);
	child.child.stdin?.end(sql);
	await child;
}

/** A database whose name is a line of SQL, one that looks like an option, and an ordinary one. */
const NAMES = ['a\n`b; -- \'"', '-w', 'plain'] as const;
const quoted = (name: string) => `\`${name.replaceAll('`', '``')}\``;

/** What is hard to write down: bodies that end in a comment, hold delimiters and quotes; views of databases that need each other. */
const HARD = [
	...NAMES.map((name) => `CREATE DATABASE ${quoted(name)} COLLATE latin1_german1_ci`),
	`USE ${quoted(NAMES[0])}`,
	"CREATE TABLE `--result-file=x` (id INT PRIMARY KEY, `x\n  KEY ``z`` (id), DROP COLUMN q` INT DEFAULT 3 COMMENT 'a;\nb', KEY k (id))",
	'CREATE TABLE t (id INT PRIMARY KEY, a VARCHAR(100))',
	"CREATE TRIGGER t1 BEFORE INSERT ON t FOR EACH ROW SET NEW.a = '1' -- note",
	"CREATE TRIGGER `t2\n;;` BEFORE INSERT ON t FOR EACH ROW SET NEW.a = ';;' # it's a note",
	"CREATE PROCEDURE p() BEGIN SELECT ';;', ';;1', '//', '$$'; /* DELIMITER x */ SELECT \"it's\"; END",
	"CREATE FUNCTION f(a INT) RETURNS INT DETERMINISTIC RETURN a -- '",
	"CREATE EVENT e ON SCHEDULE EVERY 1 DAY STARTS '2030-01-01' DISABLE DO INSERT INTO t VALUES (1, ';;')",
	"SET SESSION sql_mode = 'NO_BACKSLASH_ESCAPES,ANSI_QUOTES'",
	'CREATE PROCEDURE backslash() SELECT \'\\\', "a" FROM t',
	"SET SESSION sql_mode = ''",
	// Under another collation of its database.
	`ALTER DATABASE ${quoted(NAMES[0])} COLLATE latin1_swedish_ci`,
	`USE ${quoted(NAMES[1])}`,
	`CREATE VIEW \`--result-file=v\` AS SELECT id, a FROM ${quoted(NAMES[0])}.t`,
	`USE ${quoted(NAMES[0])}`,
	`CREATE VIEW z AS SELECT id AS \`;\` FROM ${quoted(NAMES[1])}.\`--result-file=v\``,
	'CREATE VIEW a AS SELECT `;` + 1 AS b FROM z',
	`USE ${quoted(NAMES[1])}`,
	`CREATE VIEW \`a\` AS SELECT ${quoted(NAMES[0])}.f(b) AS c FROM ${quoted(NAMES[0])}.a`,
	`USE ${quoted(NAMES[0])}`,
	'CREATE TABLE gone (a INT)',
	'CREATE VIEW invalid AS SELECT a FROM gone',
	'DROP TABLE gone',
];

describe.each(SANDBOX_KINDS)('definitions of %s', (kind) => {
	let server: SpareServer;
	let session: Session & AsyncDisposable;
	let dialect: Dialect;
	const run = async (...all: string[]) => {
		for (const each of all) await session.query({ pieces: [each] });
	};
	const read = async (
		databases: readonly string[],
		ignored?: Parameters<typeof readDefinitions>[3],
		from = server,
	): Promise<readonly Definition[]> => {
		await using own = await rootSession(from);
		await using other = await rootSession(from);
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
			expect(of(all, 'database own')?.settings).toMatchObject({ read_only: '1' });
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

	it('are written so that each statement loads by itself, whatever it holds', async () => {
		await run(...HARD);
		const all = await read(NAMES);
		const { definitions: words } = dialect;
		await using other = await spareServer(kind);
		const schemas = NAMES.map((name) => Buffer.concat([...schemaSql(words, name, all)]));
		const posts = NAMES.map((name) => Buffer.concat([...postSql(words, name, all)]));
		for (const text of [...schemas, ...posts]) {
			const scanner = createDumpScanner();
			scanner.write(text);
			expect(scanner.end().footer).toBe(true);
		}
		const [first] = posts.map((text) => {
			const scanner = createDumpScanner();
			scanner.write(text);
			return scanner.end().databases[0];
		});
		expect(first).toMatchObject({ name: NAMES[0], triggers: ['t1', 't2\n;;'], views: ['z', 'a'], events: ['e'], functions: ['f'] });
		let triggers = 0;
		for await (const { bytes } of piecesOf(Readable.from([posts[0]]))) if (/CREATE [^;]*TRIGGER/.test(bytes.toString())) triggers++;
		expect(triggers).toBe(2);
		for (const text of schemas) await load(kind, other, text);
		// The second time each replaces itself.
		for (const text of [...posts, ...posts.toReversed()]) await load(kind, other, text);
		const differences = compareDefinitions(all, await read(NAMES, undefined, other));
		expect(differences.map(describeDifference)).toEqual([]);
	});

	it('are what the vendor’s own dump makes of them', async () => {
		await run(
			'CREATE DATABASE oracle COLLATE utf8mb4_bin',
			'USE oracle',
			'CREATE TABLE p (id INT PRIMARY KEY AUTO_INCREMENT, a CHAR(3) CHARACTER SET latin1, b INT, g INT AS (b + 1), CHECK (b > 0), KEY (a))',
			'INSERT INTO p (a) VALUES (1), (2)',
			"CREATE TABLE c (id INT, y INT NOT NULL, e ENUM('a', 'b,') DEFAULT 'b,', d DATETIME(3) DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3)) COMMENT 'it''s' PARTITION BY RANGE (y) (PARTITION p0 VALUES LESS THAN (5), PARTITION p1 VALUES LESS THAN MAXVALUE)",
			'CREATE TABLE fk (id INT, CONSTRAINT to_p FOREIGN KEY (id) REFERENCES p (id) ON DELETE CASCADE)',
			"CREATE VIEW v AS SELECT p.id, CONCAT(a, ';') AS b FROM p JOIN c USING (id) WITH CHECK OPTION",
			'CREATE TRIGGER tr AFTER DELETE ON p FOR EACH ROW DELETE FROM c WHERE id = OLD.id',
			'CREATE PROCEDURE pr(IN a INT, OUT b VARCHAR(10)) SQL SECURITY INVOKER COMMENT "x" BEGIN SELECT 1; /* note */ END',
			'CREATE FUNCTION fn(a INT) RETURNS VARCHAR(10) CHARSET latin1 DETERMINISTIC RETURN a',
			"CREATE EVENT ev ON SCHEDULE EVERY 1 HOUR STARTS '2030-01-01' ON COMPLETION PRESERVE DISABLE COMMENT 'c' DO SELECT 1",
		);
		const argv = [
			'--no-defaults',
			'--user=root',
			`--socket=${server.socket}`,
			'--triggers',
			'--routines',
			'--events',
			'--databases',
			'oracle',
		];
		const dump = await execute(join(server.binDir ?? '', wordsOf(kind).dump), argv);
		await using other = await spareServer(kind);
		await load(kind, other, Buffer.from(dump.stdout));
		const all = await read(['oracle']);
		expect(compareDefinitions(all, await read(['oracle'], undefined, other)).map(describeDifference)).toEqual([]);
		expect(all.length).toBe(9);
	});
});
