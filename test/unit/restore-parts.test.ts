import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { zstdCompressSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { sumOf } from '../../src/archive/checksums.ts';
import type { Manifest } from '../../src/archive/manifest.ts';
import { readKnown } from '../../src/archive/read.ts';
import { type UserError, VerifyFailed } from '../../src/core/errors.ts';
import { EVENTS_TO_ENABLE } from '../../src/core/summary-fields.ts';
import { mariadb } from '../../src/dialects/mariadb/index.ts';
import { keyLines, keysMayWait } from '../../src/dump/definitions/keys.ts';
import { accountOf } from '../../src/dump/sql/accounts.ts';
import { filtered } from '../../src/dump/sql/filter.ts';
import { createDumpScanner } from '../../src/dump/sql/scan.ts';
import { bytesOf, piecesOf } from '../../src/dump/sql/split.ts';
import { disabledBy } from '../../src/runbooks/restore/events.ts';
import { mapWithConcurrency } from '../../src/runbooks/restore/map-with-concurrency.ts';
import { selectTables } from '../../src/runbooks/restore/selection.ts';
import { shown } from '../../src/sql/sql.ts';

const SCHEMA = `/*M!999999\\- enable the sandbox mode */ 
-- a dump; with a semicolon
/*!40101 SET NAMES utf8mb4 */;
CREATE DATABASE /*!32312 IF NOT EXISTS*/ \`shop\`;
USE \`shop\`;
DROP TABLE IF EXISTS \`orders\`;
CREATE TABLE \`orders\` (
  \`id\` int NOT NULL COMMENT 'a; b -- "c" \\' d',
  PRIMARY KEY (\`id\`)
) ENGINE=InnoDB;
DROP TABLE IF EXISTS \`žlutá ;\`;
CREATE TABLE \`žlutá ;\` (\`id\` int);
DELIMITER ;;
/*!50003 CREATE*/ /*!50017 DEFINER=\`a\`@\`b\`*/ /*!50003 TRIGGER t BEFORE INSERT ON shop.orders FOR EACH ROW BEGIN SET @a = 1; END */;;
/*!50003 CREATE*/ /*!50003 TRIGGER u AFTER UPDATE ON \`žlutá ;\` FOR EACH ROW SET @a = ';;' */;;
DELIMITER ;
CREATE PROCEDURE p() SELECT 1;

-- Dump completed on 2026-11-21
`;

async function statementsOf(text: string, wanted: Parameters<typeof filtered>[1]): Promise<readonly Buffer[]> {
	const kept: Buffer[] = [];
	const source = async function* () {
		yield Buffer.from(text);
	};
	for await (const each of bytesOf(filtered(piecesOf(source()), wanted))) kept.push(each);
	return kept;
}

const only = async (...given: Parameters<typeof statementsOf>): Promise<string> => Buffer.concat(await statementsOf(...given)).toString();

describe('a file of definitions', () => {
	it('is cut into statements and is the same again', async () => {
		const all = (await statementsOf(SCHEMA, {})).map(String);
		expect(all.join('')).toBe(SCHEMA);
		expect(all.filter((each) => /CREATE(?: |\*)/.test(each))).toHaveLength(6);
	});

	it('gives single tables and their triggers, and keeps its footer', async () => {
		const orders = await only(SCHEMA, { tables: ['orders'] });
		expect(orders).toMatch(/DROP TABLE IF EXISTS `orders`[\s\S]*CREATE TABLE `orders`[\s\S]*TRIGGER t BEFORE/);
		expect(orders).toMatch(/-- Dump completed on 2026-11-21\n$/);
		expect(orders).not.toMatch(/žlutá|TRIGGER u|PROCEDURE/);
		const other = await only(SCHEMA, { tables: ['žlutá ;'] });
		expect(other).toMatch(/CREATE TABLE `žlutá ;` \(`id` int\);[\s\S]*TRIGGER u AFTER/);
		expect(other).not.toMatch(/orders/);
	});

	const INSIDE = 'DROP TABLE IF EXISTS `a``b 🐬`;\n-- Table structure for table `a``b 🐬`\nINSERT INTO `a``b 🐬` VALUES\n(9);\n';
	const OF_TABLE = (name: string, rows: string) =>
		[
			`--\n-- Table structure for table ${name}\n--\n\nDROP TABLE IF EXISTS ${name};\n`,
			`CREATE TABLE ${name} (\n  \`id\` int COMMENT '${INSIDE}'\n) COMMENT='it''s \\'; ${INSIDE}';\n\n`,
			`--\n-- Dumping data for table ${name}\n--\n\nSET @OLD_AUTOCOMMIT=@@AUTOCOMMIT, @@AUTOCOMMIT=0;\nLOCK TABLES ${name} WRITE;\n`,
			`/*!40000 ALTER TABLE ${name} DISABLE KEYS */;\n${rows}/*!40000 ALTER TABLE ${name} ENABLE KEYS */;\n`,
			'UNLOCK TABLES;\nCOMMIT;\nSET AUTOCOMMIT=@OLD_AUTOCOMMIT;\n',
		] as const;
	const ROWS = "(1,'x);'),\n(2,'\\nDROP TABLE `c`;\\n''\\\\'),\n(3,'tail')";
	const FIRST = OF_TABLE(
		'`a``b 🐬`',
		`INSERT INTO \`a\`\`b 🐬\` VALUES\n${ROWS};\nINSERT INTO \`a\`\`b 🐬\` (\`id\`, \`VALUES (\`) VALUES ${ROWS};\n`,
	);
	const OTHER = OF_TABLE('`it\'s "b"`', `INSERT INTO \`it's "b"\` VALUES ${ROWS};\n`);
	// A name that looks as if it told the table, and a mode in which a backslash escapes nothing.
	const ITS =
		'/*!50003 CREATE*/ /*!50017 DEFINER=`TRIGGER x`@`%`*/ /*!50003 TRIGGER `t AFTER INSERT ON z` BEFORE INSERT ON `a``b 🐬` FOR EACH ROW SET @a = 1 */;;\n';
	const NOT_ITS =
		'/*!50003 CREATE*/ /*!50003 TRIGGER `u BEFORE INSERT ON ``a````b 🐬``` AFTER UPDATE ON `it\'s "b"` FOR EACH ROW SET @a = 1 */;;\n';
	const DUMP = [
		'/*M!999999\\- enable the sandbox mode */ \n/*!40101 SET NAMES utf8mb4 */;\nUSE `d`;\n',
		...FIRST,
		`DELIMITER ;;\n${ITS}DELIMITER ;\n`,
		...OTHER,
		`DELIMITER ;;\n${NOT_ITS}DELIMITER ;\n`,
		'/*!50001 CREATE VIEW `a``b 🐬` AS SELECT 1 AS `id`*/;\n',
		"/*!50003 SET sql_mode              = 'NO_BACKSLASH_ESCAPES' */ ;\nDELIMITER ;;\n",
		`CREATE PROCEDURE p() BEGIN SELECT '\\'; ${INSIDE} SELECT ';;'; END ;;\nDELIMITER ;\n/*!50003 SET sql_mode              = @saved_sql_mode */ ;\n`,
		'/*!50001 DROP VIEW IF EXISTS `v`*/;\n/*!50001 CREATE ALGORITHM=UNDEFINED */\n/*!50001 VIEW `v` AS SELECT 1 */;\n\n-- Dump completed on 2026-11-21\n',
	];

	it.each([1, 7, 100_000])('of a whole database gives one table with its rows and triggers, wherever its %i bytes end', async (size) => {
		const kept: Buffer[] = [];
		const bytes = Buffer.from(DUMP.join(''));
		const pieces = async function* () {
			for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
		};
		for await (const each of bytesOf(filtered(piecesOf(pieces()), { tables: ['a`b 🐬'] }))) kept.push(Buffer.from(each));
		const text = Buffer.concat(kept).toString();
		expect(text).toContain(FIRST.join(''));
		expect(text).toContain(ITS);
		expect(text.replace(FIRST.join(''), '')).not.toMatch(
			/INSERT INTO|DROP|CREATE(?!\*\/ \/\*!50017)|LOCK TABLES `|ALTER|VIEW|PROCEDURE|`u BEFORE/,
		);
		expect(text).toMatch(/-- Dump completed on 2026-11-21\n$/);
		const scanner = createDumpScanner();
		scanner.write(Buffer.from(text));
		expect(scanner.end()).toMatchObject({ rows: 6, databases: [{ name: 'd', tables: [{ name: 'a`b 🐬', rows: 6 }] }] });
	});

	it('leaves the collation of the database alone where what it is for is left out', async () => {
		const around = (create: string) =>
			`ALTER DATABASE \`d\` CHARACTER SET latin1 COLLATE latin1_bin ;\n/*!50003 SET @a = 1 */ ;\nDELIMITER ;;\n${create} ;;\nDELIMITER ;\nALTER DATABASE \`d\` CHARACTER SET utf8mb4 COLLATE utf8mb4_bin ;\n`;
		const its = around('CREATE TRIGGER t BEFORE DELETE ON `a` FOR EACH ROW SET @a = 2');
		const other = [around('CREATE PROCEDURE p() SELECT 1'), around('CREATE FUNCTION f() RETURNS INT RETURN 1')];
		const settings = '/*!50003 SET @a = 1 */ ;\nDELIMITER ;;\nDELIMITER ;\n';
		expect(await only(other.join(its), { tables: ['a'] })).toBe(`${settings}${its}${settings}`);
	});

	it.each([
		['CREATE TABLE `a` (b int);\nCREATE TRIGGER t BEFORE UPDATE OF x, `ON c` OR DELETE ON A FOR EACH ROW SET @a = 1;\n', true],
		[
			'CREATE TABLE `a` (b int);\nCREATE TABLE `A` (b int);\nCREATE TRIGGER t /* ON a */ AFTER INSERT ON A FOR EACH ROW SET @a = 1;\n',
			false,
		],
		['CREATE TRIGGER t AFTER INSERT ON A FOR EACH ROW SET @a = 1;\n', false],
	])('finds a trigger’s table however it was typed: %j', async (text, its) =>
		expect((await only(text, { tables: ['a'] })).includes('TRIGGER')).toBe(its),
	);

	it.each([
		'RENAME TABLE `a` TO `b`;\n',
		"INSERT INTO `a` VALUES ('raw;\n');\n",
		'INSERT INTO `a` SELECT 1;\n',
		'CREATE TRIGGER `t` NEVER ON `a`;\n',
	])('is refused where a statement’s table is in doubt: %j', (text) =>
		expect(only(text, { tables: ['a'] })).rejects.toThrow(/cannot be known/),
	);

	it.each(["INSERT INTO `a` VALUES ('4111;\n');\n", "INSERT INTO `a` SELECT 4111, 'x 4111';\n"])(
		'shows no value where it is refused: %j',
		(text) =>
			expect(only(text, { tables: ['a'] })).rejects.toSatisfy(
				(error) => !JSON.stringify((error as UserError).description).includes('4111'),
			),
	);

	it.each([
		["CREATE USER IF NOT EXISTS `a`@`%` IDENTIFIED BY PASSWORD '*X';", 'a@%'],
		["/*M!100005 CREATE ROLE IF NOT EXISTS 'r' WITH ADMIN x */;", 'role r'],
		["GRANT SELECT (`to`), INSERT ON `a to b`.* TO 'it''s'@'h' WITH GRANT OPTION;", "it's@h"],
		["/*!80001 ALTER USER 'a'@'h' DEFAULT ROLE 'r' */;", 'a@h'],
		["/*M!100005 SET DEFAULT ROLE 'r' FOR 'a'@'h' */;", 'a@h'],
		["GRANT PROXY ON ''@'%' TO 'root'@'localhost';", 'root@localhost'],
		['GRANT `r` TO `s`;', 'role s'],
		['REVOKE INSERT ON `a FROM b`.* FROM `pr`@`%`;', 'pr@%'],
		['/*!80016 REVOKE SELECT (`from`) ON `d`.`t` FROM `r` */;', 'role r'],
		['SET NAMES utf8mb4;', null],
	])('knows whom %s is about', (statement, account) => expect(accountOf(statement)).toBe(account));

	it('leaves out accounts that exist', async () => {
		const text =
			'CREATE USER `a`@`%`;\nCREATE USER `b`@`%`;\nGRANT ALL ON *.* TO `a`@`%`;\nGRANT ALL ON *.* TO `b`@`%`;\n-- Dump completed\n';
		expect(await only(text, { withoutAccounts: ['a@%'] })).toBe('CREATE USER `b`@`%`;\nGRANT ALL ON *.* TO `b`@`%`;\n-- Dump completed\n');
	});
});

describe('keys after the rows', () => {
	const definition = `CREATE TABLE \`t\` (
  \`id\` int NOT NULL AUTO_INCREMENT,
  \`KEY \`\`x\`\`\` varchar(9) DEFAULT 'KEY \`no\`',
  PRIMARY KEY (\`id\`),
  UNIQUE KEY \`u,\` (\`KEY \`\`x\`\`\`(3)) COMMENT 'a,b',
  KEY \`k\` (\`id\`,\`KEY \`\`x\`\`\`) USING BTREE,
  FULLTEXT KEY \`f\` (\`KEY \`\`x\`\`\`),
  CONSTRAINT \`c\` FOREIGN KEY (\`id\`) REFERENCES \`p\` (\`id\`) ON DELETE CASCADE
) ENGINE=InnoDB AUTO_INCREMENT=4`;

	it('are never taken for a name that looks like one', () => {
		const hostile =
			'CREATE TABLE `t` (\n  `id` int NOT NULL,\n  `x\n  KEY ``z`` (id), DROP COLUMN q,\n  PRIMARY KEY (`` ` int,\n  `AUTO_INCREMENT` int,\n  PRIMARY KEY (`id`)\n) ENGINE=InnoDB';
		expect([keyLines(hostile), keysMayWait(hostile)]).toEqual([[], true]);
		const lines = keyLines(
			hostile.replace(
				'PRIMARY KEY (`id`)',
				'PRIMARY KEY (`id`),\n  KEY `a\n  KEY ``b` (`x\n  KEY ``z`` (id), DROP COLUMN q,\n  PRIMARY KEY (`` `)',
			),
		);
		expect(lines).toHaveLength(1);
		expect(shown(mariadb.load.withoutKeys({ database: 'd', name: 't' }, lines))).toBe('ALTER TABLE `d`.`t` DROP KEY `a\n  KEY ``b`');
	});

	it('are those that the server prints, each whole', () => {
		const lines = keyLines(definition);
		expect(lines.map((line) => line.split(' (')[0])).toEqual(['UNIQUE KEY `u,`', 'KEY `k`', 'CONSTRAINT `c` FOREIGN KEY']);
		const { load } = mariadb;
		const table = { database: 'd', name: 't' };
		expect(shown(load.withoutKeys(table, lines))).toBe('ALTER TABLE `d`.`t` DROP FOREIGN KEY `c`, DROP KEY `u,`, DROP KEY `k`');
		expect(shown(load.withKeys(table, lines))).toBe(`ALTER TABLE \`d\`.\`t\` ${lines.map((line) => `ADD ${line}`).join(', ')}`);
	});

	it.each([
		[definition, true],
		[definition.replace('InnoDB', 'MyISAM'), false],
		[definition.replace('PRIMARY KEY (`id`),', 'PRIMARY KEY (`KEY ``x```),'), false],
		[definition.replace('  PRIMARY KEY (`id`),\n', ''), false],
	])('wait only where nothing rests on them (%#)', (text, may) => expect(keysMayWait(text)).toBe(may));
});

it('loads a column by its expression, and the others as they are', () => {
	const statement = mariadb.load.rows({ database: 'd', name: 't' }, [
		['a', null],
		['j', 'CONVERT(@v USING utf8mb4)'],
		['@v', 'CAST(@v AS UNSIGNED)'],
	]);
	expect(shown(statement)).toBe(
		"LOAD DATA LOCAL INFILE 'rows' INTO TABLE `d`.`t` CHARACTER SET binary FIELDS TERMINATED BY '\t' ESCAPED BY '\\\\' LINES TERMINATED BY '\\n' (`a`, @v2, @v3) SET `j` = CONVERT(@v2 USING utf8mb4), `@v` = CAST(@v3 AS UNSIGNED)",
	);
	expect(shown(mariadb.load.rows({ database: 'd', name: 't' }, []))).toContain(' (@v)');
	for (const expression of ['(SELECT 1)', '@v + 0, b = 1', 'CONVERT(@v USING latin1)', '@v + 00'])
		expect(() => mariadb.load.rows({ database: 'd', name: 't' }, [['a', expression]])).toThrow(VerifyFailed);
});

describe('what was asked for', () => {
	const manifest = {
		dump: { databases: ['a', 'a.b'] },
		tables: [
			{ database: 'a', name: 'x.y' },
			{ database: 'a.b', name: 't' },
		],
	} as unknown as Manifest;

	it('is found where names have dots', () => {
		expect(selectTables(manifest, { tables: ['a.x.y', 'a.b.t'] })).toEqual({
			databases: ['a', 'a.b'],
			only: [
				{ database: 'a', name: 'x.y' },
				{ database: 'a.b', name: 't' },
			],
		});
		expect(selectTables(manifest, { databases: ['a.b'] })).toEqual({ databases: ['a.b'], only: null });
	});

	it('of a vendor’s dump is a table of the database that there is', () => {
		const vendor = { dump: { databases: ['a.b', 'c', 'c.d'] } } as unknown as Manifest;
		expect(selectTables(vendor, { tables: ['a.b.t.u'] }).only).toEqual([{ database: 'a.b', name: 't.u' }]);
		expect(() => selectTables(vendor, { tables: ['c.d.t'] })).toThrow('c.d.t may be a table of any of c, c.d');
		expect(selectTables(vendor, { tables: ['c.d.t'], databases: ['c.d'] }).only).toEqual([{ database: 'c.d', name: 't' }]);
		expect(() => selectTables(vendor, { tables: ['x.t'] })).toThrow('The backup holds no table x.t');
	});

	it.each([{ databases: ['c'] }, { tables: ['a.t'] }, { tables: ['t'] }])('is refused where the backup has no %j', (wish) =>
		expect(() => selectTables(manifest, wish)).toThrow(/The backup holds no/),
	);
});

it('stops the others where one fails, and throws the first error', async () => {
	const seen: number[] = [];
	const work = async (item: number, until: AbortSignal) => {
		seen.push(item);
		if (item === 2) throw new Error('two');
		await new Promise((resolve) => until.addEventListener('abort', resolve, { once: true }));
		throw new Error('stopped');
	};
	await expect(mapWithConcurrency([1, 2, 3, 4], 2, work)).rejects.toThrow('two');
	expect(seen).toEqual([1, 2]);
});

it('believes the end of a file only where size and sum are right', async () => {
	const folder = await mkdtemp(join(tmpdir(), 'lockstep-read-'));
	try {
		const raw = Buffer.alloc(400_000, 'rows and rows and ');
		const bytes = zstdCompressSync(raw);
		const { sha256 } = sumOf('', bytes as unknown as string);
		const file = { path: 'a.zst', bytes: bytes.length, sha256 };
		const read = async () => {
			const chunks: Buffer[] = [];
			for await (const chunk of readKnown(folder, file)) chunks.push(chunk);
			return Buffer.concat(chunks);
		};
		await writeFile(join(folder, 'a.zst'), bytes);
		expect((await read()).equals(raw)).toBe(true);
		for (const at of [0, bytes.length >> 1, bytes.length - 1]) {
			const flipped = Buffer.from(bytes);
			flipped[at] = (flipped[at] ?? 0) ^ 4;
			await writeFile(join(folder, 'a.zst'), flipped);
			await expect(read(), `byte ${at}`).rejects.toThrow(VerifyFailed);
		}
		for (const other of [bytes.subarray(0, -1), Buffer.concat([bytes, Buffer.from('x')]), zstdCompressSync(Buffer.alloc(9))]) {
			await writeFile(join(folder, 'a.zst'), other);
			await expect(read()).rejects.toThrow(VerifyFailed);
		}
	} finally {
		await rm(folder, { recursive: true, force: true });
	}
});

it('knows the events that a restore disabled, also by the journal of an older lockstep', () => {
	expect(disabledBy({ disabled: ['A'] })).toEqual(['A']);
	expect(disabledBy({ asleep: ['B'] })).toEqual(['B']);
	for (const none of [undefined, null, {}]) expect(disabledBy(none)).toEqual([]);
	// Scripts know the summary's field by this name.
	expect(EVENTS_TO_ENABLE).toBe('wake');
});
