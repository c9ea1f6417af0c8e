import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import { MASK, Secret } from '../../src/sql/secret.ts';
import { account, id, list, raw, sent, shown, sql } from '../../src/sql/sql.ts';

const HIDDEN = 'cänary\'\\"77';

test('values become literals that say nothing but themselves', () => {
	expect(sent(sql`SELECT ${"it's"}, ${'a\\b'}, ${'\0\n\r\u001a'}, ${"'; DROP TABLE t; --"}`)).toBe(
		"SELECT 'it\\'s', 'a\\\\b', '\\0\\n\\r\\Z', '\\'; DROP TABLE t; --'",
	);
	expect(sent(sql`SELECT ${7}, ${9007199254740993n}, ${true}, ${false}, ${null}, ${''}`)).toBe(
		"SELECT 7, 9007199254740993, 1, 0, NULL, ''",
	);
});

test('identifiers are in backquotes, whatever is in them', () => {
	expect(sent(sql`DROP TABLE ${id('my`db', 'a "table" with `all`')}`)).toBe('DROP TABLE `my``db`.`a "table" with ``all```');
	expect(sent(sql`GRANT USAGE ON *.* TO ${account("o'neil", '%')}`)).toBe("GRANT USAGE ON *.* TO 'o\\'neil'@'%'");
});

test('lists and statements go into statements', () => {
	expect(sent(sql`IN (${list(['a', 2, id('b')])})`)).toBe("IN ('a', 2, `b`)");
	expect(sent(sql`SET x = 1${sql`, y = ${'z'}`}${raw(' FOR')}`)).toBe("SET x = 1, y = 'z' FOR");
});

test('a secret is sent as a literal and shown as a mask, wherever it stands', () => {
	const secret = new Secret(HIDDEN);
	const statement = sql`CREATE USER x IDENTIFIED BY ${secret}${sql`, AGAIN ${secret}`} ${list([secret])}`;
	expect(sent(statement)).toContain("'cänary\\'\\\\\"77'");
	expect(shown(statement)).toBe(`CREATE USER x IDENTIFIED BY '${MASK}', AGAIN '${MASK}' '${MASK}'`);
});

test('a secret cannot be printed by accident, nor its length be seen', () => {
	const secret = new Secret(HIDDEN);
	const error = new Error('with a cause', { cause: { secret } });
	for (const text of [
		String(secret),
		`${secret}`,
		JSON.stringify({ secret }),
		inspect({ secret }, { depth: 9, showHidden: true }),
		inspect(error),
	]) {
		expect(text).toContain(MASK);
		expect(text).not.toContain('77');
	}
	expect(Object.keys(secret)).toEqual([]);
	expect(String(new Secret('a'))).toBe(String(new Secret('a long one')));
	expect(secret.reveal()).toBe(HIDDEN);
});
