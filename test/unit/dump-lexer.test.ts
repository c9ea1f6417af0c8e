// One lexer for all that reads a dump: what it finds does not depend on where chunks end, and nothing is lost when a dump is cut into pieces.
import { describe, expect, test } from 'vitest';
import { VerifyFailed } from '../../src/core/errors.ts';
import { filtered } from '../../src/dump/sql/filter.ts';
import { judged } from '../../src/dump/sql/judged.ts';
import { createLexer } from '../../src/dump/sql/lexer.ts';
import { createDumpScanner } from '../../src/dump/sql/scan.ts';
import { bytesOf, type Piece, piecesOf } from '../../src/dump/sql/split.ts';
import { seeded } from '../support/seeded.ts';

/** What the lexer says of a dump that comes in these chunks. */
function eventsOf(chunks: readonly Buffer[]): readonly string[] {
	const events: string[] = [];
	const lexer = createLexer(
		{
			statement: ({ text, does, mode, end, isEnded }) => events.push(JSON.stringify(['statement', `${text}`, does, mode, end, isEnded])),
			rows: ({ text, does, end }) => events.push(JSON.stringify(['rows', `${text}`, does, end])),
			endRows: (end, count) => events.push(JSON.stringify(['endRows', end, count])),
			comment: (text, kind) => events.push(JSON.stringify([kind, text])),
			command: (end) => events.push(JSON.stringify(['command', end])),
			odd: (what) => events.push(JSON.stringify(['odd', what])),
		},
		{ keepsText: true },
	);
	for (const chunk of chunks) {
		const own = Buffer.from(chunk);
		lexer.write(own);
		own.fill(0x27);
	}
	events.push(`${lexer.end()} ${lexer.offset} ${lexer.rows}`);
	return events;
}

async function* streamOf(chunks: readonly Buffer[]): AsyncGenerator<Buffer> {
	yield* chunks;
}

const texts = (sql: string): readonly string[] =>
	eventsOf([Buffer.from(sql)]).flatMap((event) =>
		event.startsWith('["statement"') || event.startsWith('["rows"') ? [JSON.parse(event)[1]] : [],
	);

describe('a statement', () => {
	test.each([
		['has no comments, and a blank for each within it', "/* a */ -- b\nSELECT/* ; */1--\n+2# ';\n,3;", ['SELECT 1 +2 ,3']],
		[
			'keeps version comments and hints',
			"/*!50001 SELECT /*+ QB_NAME(`a`) ; ' */ 1 */;/*M! x*/;",
			["/*!50001 SELECT /*+ QB_NAME(`a`) ; ' */ 1 */", '/*M! x*/'],
		],
		['ends behind no quotes', 'SELECT \'a;\\\';\', "b;\\";", `c;\\`;\n', ['SELECT \'a;\\\';\', "b;\\";", `c;\\`']],
		['takes doubled quotes for no end', "SELECT 'a'';b', `a``;b`;", ["SELECT 'a'';b', `a``;b`"]],
		['in ANSI_QUOTES has names in double quotes', 'SET sql_mode=\'ANSI\';SELECT "a\\";1;', ["SET sql_mode='ANSI'", 'SELECT "a\\"', '1']],
		[
			'may have backslashes that escape nothing',
			"SET sql_mode='NO_BACKSLASH_ESCAPES';SELECT '\\';1;",
			["SET sql_mode='NO_BACKSLASH_ESCAPES'", "SELECT '\\'", '1'],
		],
		['needs a blank behind two dashes for a comment', 'SELECT 1--1;-- 2;\n3;', ['SELECT 1--1', '3']],
		['ends with the delimiter of the client', 'delimiter\t;;\nA; B;;DELIMITER x;;\nDELIMITER ;\nC;', ['A; B', 'DELIMITER x', 'C']],
		['may stand where a line for the client looks like one', '/* a */ DELIMITER //\n;', ['DELIMITER //\n']],
		['is no DELIMITER with a comment before it', '/* a */\nDELIMITER //\n;', ['DELIMITER //\n']],
		['may be all that is left', 'A;\nB', ['A', 'B']],
		['has line ends of any kind', 'A\r\nB;\r\nC;', ['A\r\nB', 'C']],
		['of rows is its beginning only', "INSERT INTO `VALUES (` VALUES\n(1,');'),(2,'');A;", ['INSERT INTO `VALUES (` VALUES', 'A']],
		['is whole where VALUES is the end of a name', 'INSERT INTO xVALUES (1);', ['INSERT INTO xVALUES (1)']],
		['is whole where its rows end with another delimiter', 'DELIMITER //\nINSERT INTO t VALUES (1);//', ['INSERT INTO t VALUES (1);']],
		['follows the line that has no delimiter', '/*M!999999\\- enable the sandbox mode */ \nA;', ['A']],
		['begins with a line that is only like that one', '/*M!999999\\- */ DROP x\n;', ['/*M!999999\\- */ DROP x\n']],
	])('%s', (_, sql, expected) => expect(texts(sql)).toEqual(expected));

	test.each([
		["SET SESSION sql_mode /*!50003 = */ 'NO_BACKSLASH_ESCAPES'", false],
		["SET sql_notes = 0, @@session.sql_mode = 'no_backslash_escapes'", false],
		["SET time_zone = ' sql_mode=\\'NO_BACKSLASH_ESCAPES'", true],
		["SET @sql_mode = 'NO_BACKSLASH_ESCAPES'", true],
		["SET @old = @@sql_mode, sql_mode = 'NO_BACKSLASH_ESCAPES'", false],
		["SELECT sql_mode = 'NO_BACKSLASH_ESCAPES'", true],
	])('of sql_mode tells how the next one is read: %s', (sql, backslashes) => {
		const [, , , mode] = JSON.parse(eventsOf([Buffer.from(`${sql};A;`)])[1] ?? '');
		expect(mode.backslashes).toBe(backslashes);
	});
});

describe('random dumps', () => {
	const WORDS = [
		...["SET sql_mode='NO_BACKSLASH_ESCAPES'", "SET sql_mode='ANSI_QUOTES,x'", "SET sql_mode=''", 'SET NAMES gbk', 'SET @a=@@sql_mode'],
		...['USE `d`', 'CREATE TABLE `t`', 'CREATE TRIGGER x BEFORE INSERT ON `t` FOR EACH ROW ', 'DROP TABLE IF EXISTS `t`', 'BEGIN', 'END'],
		...[
			'INSERT INTO `t` VALUES',
			'INSERT INTO u VALUES ',
			'(1',
			',',
			')',
			'),(',
			'(',
			"'",
			'"',
			'`',
			'\\',
			';',
			';\n',
			'\n',
			'\r\n',
			' ',
			'\t',
		],
		...[
			'--',
			'-- ',
			'--\x01',
			'#',
			'/*',
			'*/',
			'/*!50001 ',
			'/*!99999 ',
			'/*M!100100 ',
			'/*+ ',
			'*',
			'/',
			'\0',
			'ä',
			'\xa0',
			'a',
			'1',
			'NULL',
		],
		...[
			'\nDELIMITER ;;\n',
			'\ndelimiter ;\n',
			'DELIMITER //\n',
			';;',
			'//',
			'/*M!999999\\- enable the sandbox mode */ \n',
			'-- Dump completed\n',
		],
		...['ALTER DATABASE `d` COLLATE x', '/*!50003 ALTER DATABASE `d` */;', 'VALUES', 'x'.repeat(40)],
	].map((word) => Buffer.from(word));

	/** What judges and chooses says of a dump, error or not. */
	async function outcome(pieces: AsyncIterable<Piece>): Promise<string> {
		const passed: Buffer[] = [];
		try {
			for await (const bytes of bytesOf(pieces)) passed.push(bytes);
			return Buffer.concat(passed).toString('latin1');
		} catch (error) {
			if (error instanceof VerifyFailed) return JSON.stringify(error.checks);
			return (error as Error).message;
		}
	}

	const readings = async (chunks: readonly Buffer[]) => {
		const scanner = createDumpScanner();
		for (const chunk of chunks) scanner.write(chunk);
		return {
			events: eventsOf(chunks),
			scan: scanner.end(),
			judged: await outcome(judged(streamOf(chunks), 'f', { kind: 'database', database: 'd' })),
			filtered: await outcome(filtered(piecesOf(streamOf(chunks)), { tables: ['t'] })),
			accounts: await outcome(filtered(piecesOf(streamOf(chunks)), { withoutAccounts: ['a@%'] })),
		};
	};

	test('are read the same wherever their chunks end, by all', async () => {
		const random = seeded(11);
		const below = (end: number) => Math.floor(random() * end);
		for (let round = 0; round < 500; round++) {
			const dump = Buffer.concat(Array.from({ length: 1 + below(40) }, () => WORDS[below(WORDS.length)] as Buffer));
			const whole = await readings([dump]);
			for (const size of [1, 1 + below(9), 1 + below(dump.length)]) {
				const chunks: Buffer[] = [];
				for (let at = 0; at < dump.length; ) {
					const end = Math.min(dump.length, at + (size === 1 ? 1 : 1 + below(size)));
					chunks.push(dump.subarray(at, end));
					at = end;
				}
				expect(await readings(chunks), JSON.stringify([`${dump}`, chunks.map(({ length }) => length)])).toEqual(whole);
			}
		}
	});

	test('are the same again when their pieces are joined', async () => {
		const random = seeded(12);
		for (let round = 0; round < 500; round++) {
			const dump = Buffer.concat(Array.from({ length: 40 }, () => WORDS[Math.floor(random() * WORDS.length)] as Buffer));
			const cut = Math.floor(random() * dump.length);
			const joined: Buffer[] = [];
			for await (const { bytes } of piecesOf(streamOf([dump.subarray(0, cut), dump.subarray(cut)]))) joined.push(bytes);
			expect(Buffer.concat(joined).equals(dump), JSON.stringify(`${dump}`)).toBe(true);
		}
	});
});
