import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Ended, type Home, lockstep, makeHome, nameOf, start, urlOf } from '../support/cli.ts';
import { contentsOf } from '../support/contents.ts';
import { forged } from '../support/forged.ts';
import { IN_ORDER } from '../support/in-order.ts';
import { ask, rootSession, SANDBOX_KINDS, type SpareServer, spareServer } from '../support/servers.ts';
import { isMysql } from '../support/words.ts';

/** A name that reads like a key, for whoever reads a definition by its lines. */
const HOSTILE = '`x\n  KEY ``z`` (id), DROP COLUMN q,\n  PRIMARY KEY (```';

/** What was stored once and is hard to store again. */
const ODD: readonly string[] = [
	'CREATE DATABASE odd',
	"CREATE TABLE odd.en (id INT PRIMARY KEY, e ENUM('a','b'), n ENUM('a','0'), o ENUM('','a'), s SET('a','','b'), w ENUM('a') CHARACTER SET utf16 NOT NULL)",
	"INSERT IGNORE INTO odd.en VALUES (1, 'bad', 'bad', 'bad', 'a,', 'bad'), (2, 'a', '0', '', '', 'a'), (3, NULL, NULL, NULL, NULL, '')",
	'CREATE TABLE odd.generated (a INT AS (1) STORED, b INT AS (2))',
	'INSERT INTO odd.generated VALUES (), ()',
	'CREATE TABLE odd.invisible (v INT, i INT INVISIBLE DEFAULT 7)',
	'INSERT INTO odd.invisible (v, i) VALUES (1, 2), (NULL, NULL)',
	'CREATE TABLE odd.t (a INT)',
	'INSERT INTO odd.t VALUES (1)',
	'CREATE TABLE odd.T (a INT)',
	'INSERT INTO odd.T VALUES (2), (3)',
	`CREATE TABLE odd.named (id INT PRIMARY KEY, q INT, ${HOSTILE} INT, KEY by_q (q), KEY by_x (${HOSTILE}))`,
	'INSERT INTO odd.named VALUES (1, 2, 3)',
	"SET SESSION sql_mode = '', innodb_strict_mode = 0, explicit_defaults_for_timestamp = 1",
	`CREATE TABLE odd.wide (${Array.from({ length: 200 }, (_, at) => `c${at} VARCHAR(255)`).join(', ')}) ROW_FORMAT = COMPACT CHARACTER SET latin1`,
	'CREATE TABLE odd.stamps (id INT PRIMARY KEY, ts TIMESTAMP NOT NULL, tn TIMESTAMP NULL)',
	"INSERT INTO odd.stamps VALUES (1, '2001-02-03 04:05:06', NULL)",
	'CREATE VIEW odd.v AS SELECT a FROM odd.t',
	'CREATE TRIGGER odd.tr BEFORE INSERT ON odd.t FOR EACH ROW SET NEW.a = NEW.a + 1 -- note',
	'CREATE FUNCTION odd.f() RETURNS INT DETERMINISTIC RETURN 1',
	"CREATE EVENT odd.e ON SCHEDULE EVERY 1 DAY STARTS '2030-01-01' DO SELECT ';;'",
];

describe.each(SANDBOX_KINDS)('what %s stores oddly', IN_ORDER, (kind) => {
	let home: Home;
	let source: SpareServer;
	let target: SpareServer;
	let folder: string;
	let before: Awaited<ReturnType<typeof contentsOf>>;

	beforeAll(async () => {
		home = await makeHome();
		[source, target] = await Promise.all([spareServer(kind), spareServer(kind)]);
		await using session = await rootSession(source);
		const own = isMysql(kind)
			? [
					'CREATE TABLE odd.ar (id INT NOT NULL AUTO_INCREMENT, v INT, KEY (id)) ENGINE = ARCHIVE',
					'INSERT INTO odd.ar VALUES (5, 1), (6, 2), (9, 3)',
					'CREATE TABLE odd.hole (a INT) ENGINE = BLACKHOLE',
					"CREATE TABLE odd.measured (id INT PRIMARY KEY, `it's` DECIMAL(9,5), s VARCHAR(9), n INT)",
					"INSERT INTO odd.measured VALUES (1, 1.5, 'a', 7), (2, 2, 'b''\\\\', 7), (3, NULL, 'é', 8)",
					"ANALYZE TABLE odd.measured UPDATE HISTOGRAM ON `it's`, s WITH 2 BUCKETS",
					'ANALYZE TABLE odd.measured UPDATE HISTOGRAM ON n WITH 9 BUCKETS AUTO UPDATE',
					// What the rows say now is not what the statistics say.
					"UPDATE odd.measured SET s = 'z'",
				]
			: [
					'CREATE TABLE odd.checked (a INT CHECK (a > 0))',
					'SET SESSION check_constraint_checks = 0',
					'INSERT INTO odd.checked VALUES (-1)',
				];
		for (const statement of [...ODD, ...own]) await session.query({ pieces: [statement] });
		before = await contentsOf(source);
		const { code, last, stdout } = await lockstep(
			['backup', '--server', urlOf(source), '--to', join(home.dir, 'backups'), '--yes', '--json', '--confirm', nameOf(source)],
			{ env: home.env },
		);
		expect(code, stdout.slice(-2000)).toBe(0);
		folder = last.backup;
		// A target that would change or refuse what it is given.
		const hostile = isMysql(kind)
			? [
					'SET GLOBAL sql_require_primary_key = ON, sql_generate_invisible_primary_key = ON, max_execution_time = 1',
					'SET GLOBAL explicit_defaults_for_timestamp = OFF, innodb_strict_mode = ON, local_infile = ON',
				]
			: [
					'SET GLOBAL max_statement_time = 0.02, check_constraint_checks = ON, innodb_strict_mode = ON',
					"SET GLOBAL explicit_defaults_for_timestamp = OFF, sql_mode = 'ANSI,TRADITIONAL'",
				];
		for (const statement of hostile) await ask(target, statement);
	});
	afterAll(async () => {
		await source?.[Symbol.asyncDispose]();
		await target?.[Symbol.asyncDispose]();
		await home?.[Symbol.asyncDispose]();
	});

	const restore = (...more: string[]): Promise<Ended> =>
		lockstep(['restore', folder, '--server', urlOf(target), '--yes', '--json', '--confirm', nameOf(target), ...more], {
			env: { ...home.env, LOCKSTEP_TEST_KEYS_AFTER_BYTES: '1' },
		});
	const said = ({ stdout, stderr }: Ended) => stdout.slice(-3000) + stderr;

	it('comes back as it was, into a server whose settings would change it', async () => {
		const ended = await restore();
		expect(ended.code, said(ended)).toBe(0);
		for (const statement of ended.last.wake) await ask(target, statement);
		expect(await contentsOf(target)).toEqual(before);
		if (isMysql(kind)) {
			const histograms =
				"SELECT COLUMN_NAME AS c, CAST(JSON_REMOVE(HISTOGRAM, '$.\"last-updated\"') AS CHAR) AS h FROM information_schema.COLUMN_STATISTICS WHERE TABLE_NAME = 'measured' AND COLUMN_NAME = 's'";
			expect(await ask(target, histograms)).toEqual(await ask(source, histograms));
			const count = "SELECT COUNT(*) AS n FROM information_schema.COLUMN_STATISTICS WHERE SCHEMA_NAME = 'odd'";
			expect(await ask(target, count)).toEqual([{ n: '3' }]);
		}
		expect(ended.last).toMatchObject({
			unproven: [],
			digests: Object.keys(before.rows).filter((name) => !/`(v|hole)`$/.test(name)).length,
		});
		expect(ended.last.definitions).toBeGreaterThan(12);
	});

	it('is not restored by a manifest whose SQL is not ours, nor counted as restored where digest or definition differ', async () => {
		const manifest = JSON.parse(await readFile(join(folder, 'manifest.json'), 'utf8'));
		const was = await contentsOf(target);
		const t = manifest.tables.find((table: { name: string }) => table.name === 'named');
		t.load[1][1] = '(SELECT 666)';
		const unforge = await forged(folder, manifest);
		const refused = await restore();
		await unforge();
		t.load[1][1] = null;
		t.digest = '0123456789abcdef';
		const file = manifest.files.find((each: { kind: string }) => each.kind === 'definitions');
		const list = join(folder, file.path);
		const packed = await readFile(list);
		// As long as before: sizes are compared as well.
		const other = zstdCompressSync(zstdDecompressSync(packed).toString().replace('ts` timestamp NOT NULL', 'ts` timestamp     NULL'));
		manifest.totals.bytes += other.length - packed.length;
		Object.assign(file, { bytes: other.length, sha256: createHash('sha256').update(other).digest('hex') });
		await writeFile(list, other);
		const unforgeAgain = await forged(folder, manifest);
		const unchanged = await contentsOf(target);
		const wrong = await restore();
		await unforgeAgain();
		await writeFile(list, packed);
		expect(refused.code, said(refused)).toBe(8);
		expect(unchanged).toEqual(was);
		expect(wrong.code, said(wrong)).toBe(8);
		expect(wrong.last.checks).toMatchObject([
			{
				...{ id: 'CONTENTS', title: 'Table odd.named is not as it was dumped', expected: 'the 1 row with digest 0123456789abcdef' },
				found: expect.stringMatching(/^as many rows.*; every row is that of the backup’s files$/),
			},
			{
				title: 'Table odd.stamps is not as it was dumped',
				expected: expect.stringMatching(/^column `ts`: timestamp +NULL/),
				found: expect.stringMatching(/^column `ts`: timestamp NOT NULL$/),
			},
		]);
	});

	// MariaDB keeps programs in a table: while it is locked, rows have come and are not proven yet.
	if (kind === 'mariadb-11.8')
		it('says in which rows and columns a table differs, without a value of them', async () => {
			for (const statement of [
				'DROP DATABASE IF EXISTS odd',
				'CREATE DATABASE near',
				'CREATE TABLE near.t (a INT)',
				'CREATE TABLE near.u (a INT)',
			])
				await ask(target, statement);
			await using holder = await rootSession(target);
			await holder.query({ pieces: ['LOCK TABLES mysql.proc READ'] });
			const running = start(['restore', folder, '--server', urlOf(target), '--yes', '--json'], { env: home.env });
			await running.line((line) => line.type === 'action-started' && line.action.id === 'post-odd');
			await using session = await rootSession(target);
			const meddling = [
				"UPDATE odd.stamps SET tn = '2020-05-06 07:08:09'",
				'DELETE FROM odd.T WHERE a = 3',
				'UPDATE odd.invisible SET i = 4711 WHERE v = 1',
				"INSERT INTO odd.en VALUES (99, 'a', 'a', 'a', '', 'a')",
				"UPDATE odd.en SET e = 'b' WHERE id = 2",
				'DROP TABLE near.u',
				'SET GLOBAL max_connect_errors = 4321',
			];
			for (const statement of meddling) await session.query({ pieces: [statement] });
			await holder.query({ pieces: ['UNLOCK TABLES'] });
			const ended = await running.ended;
			expect(ended.code, said(ended)).toBe(8);
			const checks = Object.fromEntries(
				ended.last.checks.map((check: { title: string }) => [check.title.replace(/ is not as it was( dumped)?/, ''), check]),
			);
			expect(Object.keys(checks).sort()).toEqual(
				[
					...['Table odd.T', 'Table odd.en', 'Table odd.invisible', 'Table odd.stamps'],
					...['Column e of odd.en', 'Column i of odd.invisible', 'Column tn of odd.stamps'],
					'Database near before the restore',
				].sort(),
			);
			expect(checks['Table odd.T']).toMatchObject({
				expected: expect.stringMatching(/^the 2 rows with digest/),
				found: expect.stringMatching(/^1 row: 1 row missing; the first that is missing is row 2 of \S+\.dat\.zst$/),
			});
			expect(checks['Table odd.en'].found).toBe('4 rows: 1 row with other values, 1 row additional');
			expect(checks['Column tn of odd.stamps']).toMatchObject({
				expected: expect.stringMatching(/^NULL \(row 1 of odd\.stamps\S+\)$/),
				found: 'a date and time',
			});
			expect(checks['Column i of odd.invisible']).toMatchObject({
				expected: expect.stringMatching(/^an integer of 1 digit \(row \d of/),
				found: 'an integer of 4 digits',
				hints: expect.arrayContaining([expect.stringMatching(/^The row in the backup: {2}zstdcat .* \| sed -n \dp$/)]),
			});
			expect(checks['Database near before the restore']).toMatchObject({ id: 'OTHERS', expected: '2 tables', found: '1 table' });
			expect(ended.lines.find((line) => line.type === 'checks' && line.step === 'prove').checks).toContainEqual(
				expect.objectContaining({ status: 'warning', title: expect.stringContaining('Global variable max_connect_errors'), found: '4321' }),
			);
			expect(said(ended)).not.toMatch(/4711|2020-05-06/);
		});

	if (isMysql(kind))
		it('names what the server would refuse of accounts before anything changes, and its refusal rather than a signal', async () => {
			const setup = [
				'CREATE DATABASE other',
				'CREATE FUNCTION other.f() RETURNS INT DETERMINISTIC RETURN 1',
				'SET GLOBAL partial_revokes = ON',
				'CREATE USER a_first',
				'CREATE USER pr',
				'GRANT INSERT ON *.* TO pr',
				'REVOKE INSERT ON odd.* FROM pr',
				'GRANT EXECUTE ON FUNCTION other.f TO pr',
			];
			for (const statement of setup) await ask(source, statement);
			const backup = await lockstep(
				['backup', '--server', urlOf(source), '--to', join(home.dir, 'accounts'), '--yes', '--json', '--confirm', nameOf(source)],
				{ env: home.env },
			);
			expect(backup.code, said(backup)).toBe(0);
			const withAccounts = () =>
				lockstep(
					[
						...['restore', backup.last.backup, '--server', urlOf(target), '--yes', '--json', '--accounts', '--databases', 'odd'],
						...['--confirm', nameOf(target)],
					],
					{ env: home.env },
				);
			const was = await contentsOf(target);
			const refused = await withAccounts();
			expect(refused.code, said(refused)).toBe(6);
			expect(refused.last.checks).toMatchObject([
				{
					id: 'SERVER-PARTIAL-REVOKES',
					found: expect.stringContaining('pr@%'),
					hints: expect.arrayContaining(['SET PERSIST partial_revokes = ON;']),
				},
			]);
			expect(await contentsOf(target)).toEqual(was);
			await ask(target, 'SET GLOBAL partial_revokes = ON');
			const failed = await withAccounts();
			expect(failed.code, said(failed)).not.toBe(0);
			expect(said(failed)).toMatch(/ERROR 1305 .*FUNCTION f does not exist/);
			expect(said(failed)).not.toContain('SIGTERM');
			await ask(source, 'REVOKE EXECUTE ON FUNCTION other.f FROM pr');
		});

	if (isMysql(kind))
		it('makes a database read-only again when all is in it, does not touch one that is, and undoes its own', async () => {
			const setup = [
				'CREATE DATABASE `ke``pt`',
				'CREATE TABLE `ke``pt`.t (a INT PRIMARY KEY)',
				'INSERT INTO `ke``pt`.t VALUES (1), (2)',
				'CREATE VIEW `ke``pt`.v AS SELECT a FROM `ke``pt`.t',
				"CREATE EVENT `ke``pt`.e ON SCHEDULE EVERY 1 DAY STARTS '2030-01-01' DO DO 1",
				'ALTER DATABASE `ke``pt` READ ONLY = 1',
			];
			for (const statement of setup) await ask(source, statement);
			const backup = await lockstep(
				[
					...['backup', '--server', urlOf(source), '--to', join(home.dir, 'kept'), '--databases', 'ke`pt', '--yes', '--json'],
					...['--confirm', nameOf(source)],
				],
				{ env: home.env },
			);
			expect(backup.code, said(backup)).toBe(0);
			const kept = () =>
				lockstep(['restore', backup.last.backup, '--server', urlOf(target), '--yes', '--json', '--confirm', nameOf(target)], {
					env: home.env,
				});
			const options = () => ask(target, "SELECT OPTIONS FROM information_schema.SCHEMATA_EXTENSIONS WHERE SCHEMA_NAME = 'ke`pt'");
			const restored = await kept();
			expect(restored.code, said(restored)).toBe(0);
			expect(restored.last.warnings).toEqual([]);
			expect(await options()).toEqual([{ OPTIONS: 'READ ONLY=1' }]);
			for (const statement of restored.last.wake) await ask(target, statement);
			const theirs = await contentsOf(source);
			const names = Object.keys(theirs.definitions).filter((name) => name.includes('`ke``pt`'));
			expect(names.length).toBeGreaterThan(2);
			for (const name of names) expect((await contentsOf(target)).definitions[name], name).toBe(theirs.definitions[name]);
			const refused = await kept();
			expect(refused.code, said(refused)).toBe(6);
			expect(refused.last.checks).toMatchObject([{ id: 'SERVER-DATABASES', hints: ['ALTER DATABASE `ke``pt` READ ONLY = 0;'] }]);
			expect(await options()).toEqual([{ OPTIONS: 'READ ONLY=1' }]);
			// Its event was enabled since, which the server's binary log shows.
			const undone = await lockstep(['undo', restored.last.run, '--yes', '--json', '--confirm', nameOf(target)], { env: home.env });
			expect(undone.code, said(undone)).toBe(3);
			expect(undone.last.warnings).toEqual([
				expect.stringContaining('Not kept, as it was agreed to by name: transactions were written there'),
			]);
			expect(await options()).toEqual([]);
		});

	if (isMysql(kind))
		it('names what is missing outside databases before anything changes, and comes back once it exists', {
			timeout: 180_000,
		}, async () => {
			const axes = 'AXIS["Lat",NORTH],AXIS["Lon",EAST]';
			const datum = 'DATUM["WGS",SPHEROID["WGS 84",6378137,298.257223563]],PRIMEM["Greenwich",0]';
			const setup = [
				'CREATE DATABASE far',
				"CREATE TABLESPACE `own space` ADD DATAFILE 'own.ibd' ENGINE = InnoDB",
				'CREATE TABLE far.t (a INT) TABLESPACE `own space`',
				'CREATE TABLE far.p (a INT) PARTITION BY RANGE (a) (PARTITION p0 VALUES LESS THAN (5))',
				`CREATE SPATIAL REFERENCE SYSTEM 990001 NAME 'it''s own' DEFINITION 'GEOGCS["o",${datum},UNIT["degree",0.017453292519943278],${axes}]'`,
				'CREATE TABLE far.g (g POINT SRID 990001 NOT NULL)',
				'INSERT INTO far.g VALUES (ST_SRID(POINT(1, 2), 990001))',
				"CREATE SERVER away FOREIGN DATA WRAPPER mysql OPTIONS (HOST '127.0.0.1', USER 'u', PASSWORD 'fellow-5-traveller')",
				'SET GLOBAL partial_revokes = ON',
				'CREATE USER far_pr',
				'GRANT INSERT ON *.* TO far_pr',
				'REVOKE INSERT ON far.* FROM far_pr',
			];
			for (const statement of setup) await ask(source, statement);
			const backup = await lockstep(
				[
					...['backup', '--server', urlOf(source), '--to', join(home.dir, 'outside'), '--databases', 'far', '--yes', '--json'],
					...['--confirm', nameOf(source)],
				],
				{ env: home.env },
			);
			expect(backup.code, said(backup)).toBe(0);
			const manifest = await readFile(join(backup.last.backup, 'manifest.json'), 'utf8');
			expect(JSON.parse(manifest).warnings).toContain('No restore creates the tablespace own space.');
			expect(manifest + said(backup)).not.toContain('fellow');
			const far = () =>
				lockstep(['restore', backup.last.backup, '--server', urlOf(target), '--yes', '--json', '--confirm', nameOf(target)], {
					env: home.env,
				});
			const was = await contentsOf(target);
			const refused = await far();
			expect(refused.code, said(refused)).toBe(6);
			const [check] = refused.last.checks;
			expect(check).toMatchObject({ id: 'SERVER-OUTSIDE', found: expect.stringContaining('tablespace own space (far.t)') });
			expect(check.found).toContain('spatial reference system 990001 (far.g)');
			expect(await contentsOf(target)).toEqual(was);
			// What is shown is what helps.
			for (const statement of check.hints.filter((line: string) => line.startsWith('CREATE'))) await ask(target, statement.slice(0, -1));
			const restored = await far();
			expect(restored.code, said(restored)).toBe(0);
			const theirs = await contentsOf(source);
			for (const name of ['TABLE `far`.`t`', 'TABLE `far`.`g`'])
				expect((await contentsOf(target)).definitions[name]).toBe(theirs.definitions[name]);
			const drilled = await lockstep(['drill', backup.last.backup, '--json'], { env: home.env });
			expect(drilled.code, said(drilled)).toBe(0);
			// As in a backup of a version that did not write it down: a throwaway server cannot have it.
			const { outside: _, ...older } = JSON.parse(manifest);
			const unforge = await forged(backup.last.backup, older);
			const undrilled = await lockstep(['drill', backup.last.backup, '--json'], { env: home.env });
			await unforge();
			expect(undrilled.code, said(undrilled)).toBe(6);
			expect(undrilled.last.checks).toMatchObject([{ id: 'DRILL-MACHINE', found: expect.stringContaining('tablespace own space') }]);
		});

	it('names before anything changes what the server refuses of functions and accounts, and what helps', { timeout: 120_000 }, async () => {
		const setup = [
			'SET GLOBAL log_bin_trust_function_creators = 1',
			'CREATE DATABASE few',
			'CREATE FUNCTION few.rolls(a INT, b ENUM("x","READS SQL DATA")) RETURNS DECIMAL(10,2) RETURN RAND() * 3',
			'CREATE FUNCTION few.declared() RETURNS VARCHAR(9) CHARSET utf8mb4 DETERMINISTIC RETURN 1',
			'CREATE TABLE few.t (a INT)',
			"CREATE USER few_one IDENTIFIED BY 'few-One-1'",
			'GRANT RELOAD ON *.* TO few_one',
			...['few_role', 'few_other'].flatMap((role) => [`CREATE ROLE ${role}`, `GRANT ${role} TO few_one`]),
			'CREATE ROLE few_new',
			'GRANT few_new TO few_one',
			'GRANT SELECT (a), INSERT ON few.t TO few_one',
			"CREATE USER few_two@localhost IDENTIFIED BY 'few-Two-2'",
			'GRANT PROXY ON few_one TO few_two@localhost',
			...(isMysql(kind)
				? [
						"INSTALL PLUGIN mysql_no_login SONAME 'mysql_no_login.so'",
						'CREATE USER few_three IDENTIFIED WITH mysql_no_login',
						"INSTALL PLUGIN rewriter SONAME 'rewriter.so'",
						'GRANT SKIP_QUERY_REWRITE ON *.* TO few_three',
						'CREATE TABLE few.large (j JSON)',
						"INSERT INTO few.large VALUES (JSON_OBJECT('a', REPEAT('x', 2000000)))",
					]
				: []),
		];
		for (const statement of setup) await ask(source, statement);
		const backup = await lockstep(
			[
				...['backup', '--server', urlOf(source), '--to', join(home.dir, 'few'), '--databases', 'few', '--yes', '--json'],
				...['--confirm', nameOf(source)],
			],
			{ env: home.env },
		);
		expect(backup.code, said(backup)).toBe(0);
		await ask(target, "CREATE USER loader@'127.0.0.1'");
		// Roles that are there are somebody else's; one that comes with the restore is its own on MariaDB.
		for (const role of ['few_role', 'few_other']) await ask(target, `CREATE ROLE ${role}`);
		if (isMysql(kind)) await ask(target, 'SET GLOBAL max_allowed_packet = 1048576');
		const restore = () =>
			lockstep(['restore', backup.last.backup, '--server', urlOf(target, 'loader'), '--yes', '--json', '--accounts'], { env: home.env });
		const was = await contentsOf(target);
		/** What is shown is what helps. */
		const help = async (ended: Ended) => {
			const lines: string[] = ended.last.checks.flatMap(({ hints = [] }: { hints?: string[] }) => hints);
			const statements = lines.flatMap((line) => /(?:^|: {2})((?:GRANT|SET GLOBAL) .*?);/.exec(line)?.[1] ?? []);
			for (const statement of statements) await ask(target, statement);
		};
		const narrow = await restore();
		expect([narrow.code, narrow.last.checks.map(({ id }: { id: string }) => id)], said(narrow)).toEqual([6, ['SERVER-PRIVILEGES']]);
		await help(narrow);
		const refused = await restore();
		expect(refused.code, said(refused)).toBe(6);
		const found = Object.fromEntries(refused.last.checks.map((check: { id: string; found: string }) => [check.id, check.found]));
		expect(found).toEqual({
			'SERVER-FUNCTIONS': expect.stringMatching(/error 1418\): few\.rolls$/),
			// On MySQL SUPER, which functions need there, lets it grant every role.
			...(isMysql(kind) ? {} : { 'SERVER-ROLES': 'role few_other (for few_one@%), role few_role (for few_one@%)' }),
			'SERVER-GRANTS': expect.stringMatching(/^missing, with GRANT OPTION: (?=.*\bRELOAD \(few_one@%\))(?=.*PROXY \(few_two@localhost\)$)/),
			...(isMysql(kind)
				? {
						'SERVER-PACKET': expect.stringMatching(/^it is 1\S* MiB, and rows of these tables are larger: few\.large$/),
						'SERVER-LOGINS': 'it lacks mysql_no_login (few_three@%) (error 1524)',
						'SERVER-PRIVILEGES-KNOWN': expect.stringContaining('SKIP_QUERY_REWRITE (few_three@%)'),
					}
				: {}),
		});
		expect(await contentsOf(target)).toEqual(was);
		if (isMysql(kind)) {
			await ask(target, "INSTALL PLUGIN mysql_no_login SONAME 'mysql_no_login.so'");
			await ask(target, "INSTALL PLUGIN rewriter SONAME 'rewriter.so'");
			await ask(target, "GRANT SKIP_QUERY_REWRITE ON *.* TO loader@'127.0.0.1' WITH GRANT OPTION");
		}
		await help(refused);
		const restored = await restore();
		expect(restored.code, said(restored)).toBe(0);
		for (const account of ['few_one', 'few_two@localhost'])
			expect(await ask(target, `SHOW GRANTS FOR ${account}`)).toEqual(await ask(source, `SHOW GRANTS FOR ${account}`));
	});
});

describe('types inside JSON that text cannot carry', () => {
	it('are named with table, column and rows by backup, README, show, verify and restore, and nothing else is', async () => {
		await using home = await makeHome();
		await using source = await spareServer('mysql-9.7');
		await using session = await rootSession(source);
		for (const statement of [
			'CREATE DATABASE js',
			'CREATE TABLE js.plain (id INT PRIMARY KEY, j JSON)',
			`INSERT INTO js.plain VALUES (1, '{"a":[1,-2.5,1e300,null,true,{"b":"2020-01-01"}]}'), (2, NULL), (3, JSON_ARRAY(18446744073709551615)), (4, 'null')`,
			'CREATE TABLE js.`odd t` (`j"1` JSON, k JSON, g JSON AS (JSON_ARRAY(1.5)) STORED)',
			"INSERT INTO js.`odd t` (`j\"1`, k) VALUES (JSON_OBJECT('price', CAST(1.10 AS DECIMAL(10,2))), '1'), (CAST(CAST(7 AS DECIMAL(10,0)) AS JSON), JSON_ARRAY(DATE '2020-01-01', TIME '10:00:00'))",
			"INSERT INTO js.`odd t` (`j\"1`, k) VALUES (JSON_ARRAY(JSON_OBJECT('a', JSON_ARRAY(12345678901234567890.1234567891))), JSON_OBJECT('b', JSON_ARRAY(x'ff', CAST(5 AS UNSIGNED)))), ('2.5', NULL)",
		])
			await session.query({ pieces: [statement] });
		const backup = (...more: string[]) =>
			lockstep(
				['backup', '--server', urlOf(source), '--to', join(home.dir, 'b'), '--yes', '--json', '--confirm', nameOf(source), ...more],
				{
					env: home.env,
				},
			);
		const named = [
			{ database: 'js', table: 'odd t', column: 'j"1', rows: 3, types: ['DECIMAL'] },
			{ database: 'js', table: 'odd t', column: 'k', rows: 2, types: ['BLOB', 'DATE', 'TIME', 'UNSIGNED INTEGER'] },
		];
		const columns = ['js.odd t.j"1: 3 rows (DECIMAL)', 'js.odd t.k: 2 rows (BLOB, DATE, TIME, UNSIGNED INTEGER)'];
		const words = columns.join('; ');
		const held = await backup('--lock', 'held', '--engine', 'vendor');
		const ended = await backup();
		expect([held.code, ended.code], held.stderr + ended.stdout.slice(-3000)).toEqual([0, 0]);
		for (const { last } of [held, ended]) {
			expect(JSON.parse(await readFile(join(last.backup, 'manifest.json'), 'utf8')).changed_json).toEqual(named);
			expect(last.changedJson).toEqual(columns);
			expect((await readFile(join(last.backup, 'README.txt'), 'utf8')).replaceAll(/\s+/g, ' ')).toContain(words);
		}
		const calls = await Promise.all(['show', 'verify'].map((command) => lockstep([command, ended.last.backup], { env: home.env })));
		for (const call of calls) expect(`${call.stdout} ${call.stderr}`.replaceAll(/\s+/g, ' ')).toContain(words);
		// Into the same server: what it then holds is what the backup said, and proven.
		const restored = await lockstep(
			['restore', ended.last.backup, '--server', urlOf(source), '--yes', '--json', '--confirm', nameOf(source)],
			{
				env: home.env,
			},
		);
		expect(restored.code, restored.stdout.slice(-3000)).toBe(0);
		expect(restored.stdout).toContain(JSON.stringify(words).slice(1, -1));
		expect(restored.last).toMatchObject({ digests: 2, unproven: [] });
		expect(await ask(source, 'SELECT `j"1` AS j FROM js.`odd t`')).toEqual([
			{ j: '{"price": 1.1}' },
			{ j: '7' },
			{ j: '[{"a": [1.2345678901234567e19]}]' },
			{ j: '2.5' },
		]);
		const again = await backup('--databases', 'js');
		expect([again.code, again.last.changedJson]).toEqual([0, undefined]);
	});
});
