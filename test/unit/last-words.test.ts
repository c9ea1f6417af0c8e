import { describe, expect, it } from 'vitest';
import { lastWords, refusalIn, withoutRows } from '../../src/exec/last-words.ts';

const said = (lines: readonly string[]): readonly string[] => {
	const words = lastWords();
	for (const line of lines) words.push(line);
	return words.lines;
};

describe('what is kept of a tool’s stderr', () => {
	it('is not the statement that MariaDB’s client repeats, whatever its rows hold', () => {
		const echo = ['--------------', "INSERT INTO t VALUES (1,'4111-1111", '--------------', "4222-2222');", '--------------'];
		expect(said(['WARNING: first', ...echo, 'ERROR 1153 (08S01) at line 7: Got a packet bigger than allowed'])).toEqual([
			'WARNING: first',
			'ERROR 1153 (08S01) at line 7: Got a packet bigger than allowed',
		]);
	});

	it.each([
		["ERROR 1062 (23000) at line 3: Duplicate entry '4111' for key' for key 'PRIMARY'", '4111'],
		["ERROR 1366 (22007) at line 3: Incorrect string value: '\\xE9secret' for column `d`.`t`.`c` at row 1", 'secret'],
		["ERROR 1292 (22007): Truncated incorrect DOUBLE value: 'secret'", 'secret'],
		["ERROR 1064 (42000) at line 1: You have an error in your SQL syntax; check … near 'secret' at line 1", 'secret'],
	])('is %s without the row', (line, secret) => {
		expect(withoutRows(line)).not.toContain(secret);
		expect(withoutRows(line)).toContain('…');
	});

	it('is the first lines and the last, each of a length that can be read', () => {
		const lines = said(Array.from({ length: 100 }, (_, index) => `${index} ${'x'.repeat(5000)}`));
		expect(lines.length).toBeLessThan(25);
		expect(lines.map((line) => line.split(' ')[0])).toEqual([
			...['0', '1', '2', '3', '(80'],
			...Array.from({ length: 16 }, (_, index) => String(84 + index)),
		]);
		for (const line of lines) expect(line.length).toBeLessThan(500);
	});

	it.each([
		['ERROR 1418 (HY000) at line 12: This function has none of DETERMINISTIC', 1418],
		['mariadb-dump: Got error: 1040: "Too many connections" when trying to connect', 1040],
		['mysqldump: Got error: 1226: User has exceeded when trying to connect', 1226],
		['mysqldump: Error 1205: Lock wait timeout exceeded when dumping table `t` at row: 3', 1205],
		["mariadb-dump: Couldn't execute 'SHOW FIELDS FROM `v`': View 'a.v' references invalid table(s) (1356)", 1356],
		['ERROR 1045 (28000): Access denied for user', 1045],
	])('%s names the server’s own number', (line, code) => {
		expect(refusalIn(['something else', withoutRows(line), 'the end'])?.code).toBe(code);
	});
});
