import { describe, expect, test } from 'vitest';
import { statementsIn } from '../../src/dump/sql/statements.ts';

describe('the statements of a text that was typed', () => {
	test.each<readonly [string, readonly string[]]>([
		['', []],
		[' ; ', []],
		['SELECT 1', ['SELECT 1']],
		['SELECT 1;', ['SELECT 1']],
		['STOP SLAVE; START SLAVE', ['STOP SLAVE', 'START SLAVE']],
		['STOP SLAVE;START SLAVE;', ['STOP SLAVE', 'START SLAVE']],
		["SELECT 'a; b'; SELECT 2", ["SELECT 'a; b'", 'SELECT 2']],
		['SELECT `a; b` FROM t; SELECT "it\\"; x"', ['SELECT `a; b` FROM t', 'SELECT "it\\"; x"']],
		[
			"SET sql_log_bin = 0; INSERT INTO t VALUES (1, 'a; b'), (2, 'ü'); SELECT 3",
			['SET sql_log_bin = 0', "INSERT INTO t VALUES (1, 'a; b'), (2, 'ü')", 'SELECT 3'],
		],
		["INSERT INTO t VALUES (1, 'a')", ["INSERT INTO t VALUES (1, 'a')"]],
		['SELECT 1 /* a; b */; SELECT 2', ['SELECT 1 /* a; b */', 'SELECT 2']],
		["SELECT 'unended; x", ["SELECT 'unended; x"]],
	])('%j is %j', (text, statements) => expect(statementsIn(text)).toEqual(statements));
});
