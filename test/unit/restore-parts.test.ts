import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { zstdCompressSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { Manifest } from '../../src/archive/manifest.ts';
import { readKnown } from '../../src/archive/read.ts';
import { sumOf } from '../../src/archive/sums.ts';
import { VerifyFailed } from '../../src/core/errors.ts';
import { keyLines, keysMayWait } from '../../src/dialects/load.ts';
import { mariadb } from '../../src/dialects/mariadb/index.ts';
import { statements } from '../../src/dump/load/cut.ts';
import { accountOf, filtered } from '../../src/dump/load/filter.ts';
import { chosen } from '../../src/runbooks/restore-backup/chosen.ts';
import { sideBySide } from '../../src/runbooks/restore-backup/side-by-side.ts';
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

async function only(text: string, wanted: Parameters<typeof filtered>[1]): Promise<string> {
	const kept: Buffer[] = [];
	for await (const each of filtered(
		(async function* () {
			yield Buffer.from(text);
		})(),
		wanted,
	))
		kept.push(each);
	return Buffer.concat(kept).toString();
}

describe('a file of definitions', () => {
	it('is cut into statements and is the same again', () => {
		const all = [...statements(SCHEMA)];
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

	it.each([
		["CREATE USER IF NOT EXISTS `a`@`%` IDENTIFIED BY PASSWORD '*X';", 'a@%'],
		["/*M!100005 CREATE ROLE IF NOT EXISTS 'r' WITH ADMIN x */;", 'role r'],
		["GRANT SELECT (`to`), INSERT ON `a to b`.* TO 'it''s'@'h' WITH GRANT OPTION;", "it's@h"],
		["/*!80001 ALTER USER 'a'@'h' DEFAULT ROLE 'r' */;", 'a@h'],
		["/*M!100005 SET DEFAULT ROLE 'r' FOR 'a'@'h' */;", 'a@h'],
		["GRANT PROXY ON ''@'%' TO 'root'@'localhost';", 'root@localhost'],
		['GRANT `r` TO `s`;', 'role s'],
		['SET NAMES utf8mb4;', null],
	])('knows whom %s is about', (statement, account) => expect(accountOf(statement)).toBe(account));

	it('leaves out accounts that are there', async () => {
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
		['@v', 'f(@v, @v)'],
	]);
	expect(shown(statement)).toBe(
		"LOAD DATA LOCAL INFILE 'rows' INTO TABLE `d`.`t` CHARACTER SET binary FIELDS TERMINATED BY '\t' ESCAPED BY '\\\\' LINES TERMINATED BY '\\n' (`a`, @v2, @v3) SET `j` = CONVERT(@v2 USING utf8mb4), `@v` = f(@v3, @v3)",
	);
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
		expect(chosen(manifest, { tables: ['a.x.y', 'a.b.t'] })).toEqual({
			databases: ['a', 'a.b'],
			only: [
				{ database: 'a', name: 'x.y' },
				{ database: 'a.b', name: 't' },
			],
		});
		expect(chosen(manifest, { databases: ['a.b'] })).toEqual({ databases: ['a.b'], only: null });
	});

	it.each([{ databases: ['c'] }, { tables: ['a.t'] }, { tables: ['t'] }])('is refused where the backup has no %j', (wish) =>
		expect(() => chosen(manifest, wish)).toThrow(/The backup holds no/),
	);
});

it('stops the others where one fails, and tells the first error', async () => {
	const seen: number[] = [];
	const work = async (item: number, until: AbortSignal) => {
		seen.push(item);
		if (item === 2) throw new Error('two');
		await new Promise((resolve) => until.addEventListener('abort', resolve, { once: true }));
		throw new Error('stopped');
	};
	await expect(sideBySide([1, 2, 3, 4], 2, work)).rejects.toThrow('two');
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
