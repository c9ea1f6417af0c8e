import { readFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { describe, expect, test } from 'vitest';
import { createDumpScanner, type DumpScan, scanning } from '../../src/dump/sql/scan.ts';

const fixture = (name: string) => readFileSync(new URL(`../fixtures/dumps/${name}.sql`, import.meta.url));

function scan(dump: Buffer | string, cuts: readonly number[] = []): DumpScan {
	const whole = Buffer.from(dump);
	const scanner = createDumpScanner();
	let from = 0;
	for (const cut of [...cuts, whole.length]) {
		// A buffer of its own, overwritten afterwards, as a stream's reader may do.
		const chunk = Buffer.from(whole.subarray(from, cut));
		scanner.write(chunk);
		chunk.fill(0x27);
		from = cut;
	}
	return scanner.end();
}

/** Numbers from 0 to 1, the same in every run. */
function* numbers(seed: number): Generator<number, never> {
	for (let state = seed; ; ) {
		state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
		yield state / 2 ** 32;
	}
}

const tables = {
	odd: [
		{ name: '/*!50001 x */ back\\slash', rows: 1 },
		{ name: 'a`b', rows: 2 },
		{ name: `it's "quoted"; -- ( VALUES (`, rows: 3 },
		{ name: 'two\nlines', rows: 1 },
		{ name: '表 ünï', rows: 1 },
	],
	shop: [
		{ name: 'customer', rows: 6 },
		{ name: 'log_entry', rows: 2 },
		{ name: 'no primary key', rows: 1 },
		{ name: 'nothing_in_it', rows: 0 },
		{ name: 'orders', rows: 3 },
		{ name: 'versioned', rows: 1 },
	],
};

const shop = {
	name: 'shop',
	tables: tables.shop,
	views: ['customer_orders', 'view of `a` view'],
	triggers: ['orders_before', 'orders_after'],
	procedures: ['tidy'],
	functions: ['ansi', 'backslash', 'vat'],
	events: ['nightly'],
	sequences: ['ticket'],
	packages: ['tools'],
	packageBodies: ['tools'],
};

const odd = {
	name: 'odd `name` ✓',
	tables: tables.odd,
	views: [`v"'\``],
	triggers: [`t"'\``],
	procedures: [`p"'\``],
	functions: [],
	events: [`e"'\``],
	sequences: [],
	packages: [],
	packageBodies: [],
};

const mysqlShop = { ...shop, sequences: [], packages: [], packageBodies: [] };

describe.each([
	{ name: 'mariadb-10.11', shop },
	{ name: 'mariadb-11.8', shop },
	{ name: 'mysql-9.7', shop: mysqlShop },
])('a dump of $name', (of) => {
	const dump = fixture(of.name);
	const whole = scan(dump);

	test('gives every object of every kind by its name, and no text within a row, a body or a comment', () => {
		expect(whole.databases).toEqual([odd, of.shop]);
	});

	test('gives the exact number of rows, the footer and the size', () => {
		expect(whole).toMatchObject({ rows: 21, inserts: 10, footer: true, rawBytes: dump.length, position: null });
	});

	test('reads the same byte by byte', () => {
		expect(scan(dump, [...dump.keys()].slice(1))).toEqual(whole);
	});

	test('reads the same wherever its chunks end', () => {
		const random = numbers(dump.length);
		for (let round = 0; round < 300; round++) {
			const cuts = Array.from({ length: 1 + (round % 40) }, () => Math.floor(random.next().value * dump.length)).sort((a, b) => a - b);
			expect(scan(dump, cuts), `cut at ${cuts}`).toEqual(whole);
		}
	});

	test('has no footer when it is cut off anywhere', () => {
		const random = numbers(7);
		const ends = Array.from({ length: 200 }, () => Math.floor(random.next().value * dump.length));
		for (let last = dump.length - 300; last < dump.length; last++) ends.push(last);
		for (const end of ends) expect(scan(dump.subarray(0, end)).footer, `cut off at ${end}`).toBe(false);
	});
});

test.each([
	['mariadb-10.11', { gtid: '0-33611-276', pos: 65931 }],
	['mariadb-11.8', { gtid: '0-33618-276', pos: 66039 }],
	['mysql-9.7', { gtid: '221ef816-e59a-11f1-a011-02fc00000001:1-61', pos: 20835 }],
])('a dump for seeding of %s names its position by GTID and by file', (name, position) => {
	expect(scan(fixture(`seed-${name}`))).toMatchObject({ footer: true, rows: 13, position: { ...position, file: 'bin.000001' } });
});

test('a position that mysqldump has commented out counts, however its chunks end', () => {
	const set = '221ef816-e59a-11f1-a011-02fc00000001:1-61,\n331ef816-e59a-11f1-a011-02fc00000001:tag:5';
	const dump = `-- GTID state\n\n/* SET @@GLOBAL.GTID_PURGED='+${set}';*/\n\nSELECT 1 /* SET @@GLOBAL.GTID_PURGED='+x:1';*/;\n-- Dump completed\n`;
	for (const size of [1, 2, 3, 7, 1000]) {
		const scanner = createDumpScanner();
		for (let at = 0; at < dump.length; at += size) scanner.write(Buffer.from(dump.slice(at, at + size)));
		expect(scanner.end()).toMatchObject({ footer: true, position: { gtid: set.replaceAll('\n', '') } });
	}
});

test('a position in a statement counts as one in a comment does', () => {
	const dump = fixture('seed-mariadb-11.8')
		.toString()
		.replaceAll('-- CHANGE MASTER', 'CHANGE MASTER')
		.replace('-- SET GLOBAL', 'SET GLOBAL');
	expect(scan(dump).position).toEqual(scan(fixture('seed-mariadb-11.8')).position);
});

describe('the footer', () => {
	const end = '-- Dump completed on 2026-01-01  0:00:00\n';

	test.each([
		['with nothing before it', end, true],
		['with blank lines after it', `${end}\n\n`, true],
		['without the end of its line', end.trimEnd(), false],
		['with a statement after it', `${end}SELECT 1;\n`, false],
		['with half a statement after it', `${end}SELECT`, false],
		['with another comment after it', `${end}-- more\n`, false],
		['within a statement', `CREATE TABLE t (\n${end}`, false],
		['within a string', `INSERT INTO \`t\` VALUES\n('\n${end}`, false],
		['within a comment', `/*\n${end}`, false],
		['within a routine', `DELIMITER ;;\nCREATE PROCEDURE p() BEGIN\n${end}`, false],
	])('%s', (_, dump, footer) => expect(scan(dump).footer).toBe(footer));

	test('nothing at all has none', () => expect(scan('')).toMatchObject({ databases: [], footer: false, position: null }));
});

describe('what a client would not run is not found', () => {
	test.each([
		[
			'a forged routine end in a comment',
			'DELIMITER ;;\nCREATE PROCEDURE `p`() /* ;;\nDELIMITER ;\nCREATE TABLE `x` (a INT);\n*/ SELECT 1 ;;\nDELIMITER ;\n',
		],
		[
			'a forged routine end in a string',
			"DELIMITER ;;\nCREATE PROCEDURE `p`() SELECT '\\' ;;\nDELIMITER ;\nCREATE TABLE `x` (a INT);\n' ;;\nDELIMITER ;\n",
		],
		[
			'a statement in a version comment of a body',
			'DELIMITER ;;\nCREATE PROCEDURE `p`() BEGIN /*!50003 CREATE TABLE `x` (a INT); */ END ;;\nDELIMITER ;\n',
		],
		['a longer delimiter', 'DELIMITER ;;;\nCREATE PROCEDURE `p`() BEGIN ;; CREATE TABLE `x` (a INT);; END ;;;\nDELIMITER ;\n'],
	])('%s', (_, dump) => {
		expect(scan(`USE \`d\`;\n${dump}`).databases).toMatchObject([{ name: 'd', tables: [], procedures: ['p'] }]);
	});

	test('a view that only has its stand-in is no view, and no table in its place either', () => {
		const standIns =
			'/*!50001 CREATE VIEW `v` AS SELECT\n 1 AS `a` */;\n/*!50001 CREATE TABLE `w` (\n  `a` tinyint NOT NULL\n) ENGINE=MyISAM */;\n';
		expect(scan(`USE \`d\`;\n${standIns}`).databases).toMatchObject([{ tables: [], views: [] }]);
	});
});

test('names are read without quotes and with their database before them, and may be words of the language', () => {
	const triggers = [
		'CREATE OR REPLACE DEFINER=`view`@`%` TRIGGER IF NOT EXISTS shop.body BEFORE INSERT ON t FOR EACH ROW SET @a = 1',
		'CREATE /* TABLE x */ TRIGGER `shop` . `two` AFTER INSERT ON t FOR EACH ROW SET @a = 1',
		'/*!50003 CREATE*/ /*!50017 DEFINER=`a``b`@`%`*/ /*!50003 TRIGGER größe$1 AFTER INSERT ON t FOR EACH ROW SET @a = 1 */',
	];
	const dump = `USE \`d\`;\nDELIMITER ;;\n${triggers.join(' ;;\n')} ;;\nDELIMITER ;\n`;
	expect(scan(dump).databases).toMatchObject([{ triggers: ['body', 'two', 'größe$1'], tables: [] }]);
});

test('rows are counted with parentheses and semicolons in them, and an INSERT of many megabytes is read in pieces', () => {
	const row = `(1,'${'); INSERT INTO `x` VALUES (1),(2)'.repeat(100)}\\'',-2.5,NULL,0x3B),\n`;
	const dump = Buffer.from(
		`USE \`d\`;\nINSERT INTO \`t\` (\`a)\`, \`VALUES (\`) VALUES\n${row.repeat(2000)}(2,'',0,NULL,'');\n-- Dump completed\n`,
	);
	const seen: string[] = [];
	const scanner = createDumpScanner({ onTable: (name, database) => seen.push(`${database}.${name}`) });
	for (let from = 0; from < dump.length; from += 65_536) {
		scanner.write(dump.subarray(from, from + 65_536));
		expect(scanner.table).toBe('t');
	}
	expect(scanner.rows).toBe(2001);
	expect(scanner.rawBytes).toBe(dump.length);
	expect(scanner.end()).toMatchObject({ rows: 2001, inserts: 1, footer: true, databases: [{ tables: [{ name: 't', rows: 2001 }] }] });
	expect(seen).toEqual(['d.t']);
});

test('as a stream it hands on every byte and sees every table once, in order', async () => {
	const dump = fixture('mariadb-11.8');
	const seen: string[] = [];
	const scanner = createDumpScanner({ onTable: (name) => seen.push(name) });
	const pieces = Array.from({ length: Math.ceil(dump.length / 1000) }, (_, at) => dump.subarray(at * 1000, at * 1000 + 1000));
	expect((await buffer(Readable.from(pieces).pipe(scanning(scanner)))).equals(dump)).toBe(true);
	expect(seen).toEqual([...tables.odd, ...tables.shop].map((table) => table.name));
});

test('bytes of any kind never make it throw', () => {
	const random = numbers(3);
	const dump = Buffer.from(fixture('mariadb-11.8'));
	for (let round = 0; round < 200; round++) {
		const damaged = Buffer.from(dump);
		for (let flip = 0; flip < 20; flip++) damaged[Math.floor(random.next().value * dump.length)] = Math.floor(random.next().value * 256);
		expect(scan(damaged, [1000, 1001, 15_000]).rawBytes).toBe(dump.length);
	}
});
