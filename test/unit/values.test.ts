import { describe, expect, it } from 'vitest';
import { warningText, withoutLiterals, withoutValues } from '../../src/core/values.ts';

/** Within another value, a value may hold whatever ends one. */
const SECRET = "4111' for key 'x' at row 1";

const EVENT = 'Could not execute Write_rows_v1 event on table shop.orders; ';
const SOURCE = "; the event's master log binlog.000002, end_log_pos 756";

describe('a server’s text', () => {
	it.each([
		[1062, `Duplicate entry '${SECRET}' for key 'orders.PRIMARY'`, /orders\.PRIMARY/],
		[1062, `Duplicate entry '4111 that is cut o`, /Duplicate entry/],
		[1586, `Duplicate entry '${SECRET}' for key 'PRIMARY'`, /PRIMARY/],
		[1366, "Incorrect string value: '\\xE9 4111' for column `shop`.`orders`.`card` at row 1", /`shop`\.`orders`\.`card` at row 1/],
		[1292, "Truncated incorrect DOUBLE value: '4111'", /DOUBLE/],
		[1292, "Incorrect datetime value: '4111' for column 'made' at row 7", /'made' at row 7/],
		[1411, "Incorrect datetime value: '4111' for function str_to_date", /str_to_date/],
		[1367, "Illegal double '4111' value found during parsing", /double/],
		[1300, "Invalid utf8mb4 character string: '4111'", /utf8mb4/],
		[1526, 'Table has no partition for value 4111', /no partition/],
		[1690, "BIGINT UNSIGNED value is out of range in '(`shop`.`orders`.`n` - 4111)'", /BIGINT UNSIGNED/],
		[1918, "Encountered illegal value '4111' when converting to INT", /to INT/],
		[1916, "Got overflow when converting '4111' to DECIMAL. Value truncated", /to DECIMAL/],
		[1977, "Cannot convert 'utf8mb4' character 0x4111 to 'latin1'", /to 'latin1'/],
		[3854, "Cannot convert string '4111' from utf8mb4 to binary", /from utf8mb4/],
		[
			1761,
			"Foreign key constraint for table 'a', record '4111' would lead to a duplicate entry in table 'b', key 'k'",
			/table 'b', key 'k'/,
		],
		[1105, "XPATH syntax error: '~4111'", /XPATH/],
		[3617, 'Latitude 4111.5 is out of range in function st_geomfromtext. It must be within [-90, 90].', /st_geomfromtext/],
		[1064, "You have an error in your SQL syntax; check the manual near 'VALUES (4111)' at line 1", /at line 1/],
		[1644, 'card 4111 is refused', /SIGNAL/],
		[
			1062,
			`${EVENT}Duplicate entry '4111' for key 'PRIMARY', Error_code: 1062; handler error HA_ERR_FOUND_DUPP_KEY${SOURCE}`,
			/shop\.orders.*PRIMARY.*Error_code: 1062.*end_log_pos 756/,
		],
		[
			1644,
			`${EVENT}card 4111 is refused, Error_code: 1644; handler error HA_ERR_GENERIC${SOURCE}`,
			/shop\.orders.*Error_code: 1644.*end_log_pos 756/,
		],
		[
			1062,
			`Error 'Duplicate entry '4111' for key 'PRIMARY'' on query. Default database: 'shop'. Query: 'INSERT INTO orders VALUES (4111, 'a' 'b')'`,
			/PRIMARY.*'shop'\. Query: 'INSERT INTO orders VALUES/,
		],
		[
			1644,
			`Error 'card 4111 is refused' on query. Default database: 'shop'. Query: 'UPDATE orders SET card = 4111'`,
			/'shop'\. Query: 'UPDATE orders SET card = /,
		],
		[
			1062,
			`Worker 1 failed executing transaction 'u:5' at source log b.000002, end_log_pos 5; Error 'Duplicate entry '4111' for key 'orders.PRIMARY'' on query. Default database: 'shop'. Query: 'INSERT INTO orders VALUES (_utf8mb4'4111`,
			/'u:5'.*orders\.PRIMARY.*INSERT INTO orders/,
		],
	])('%d keeps no value: %s', (number, text, kept) => {
		const shown = withoutValues(text, number);
		expect(shown).not.toContain('4111');
		expect(shown).toMatch(kept);
		expect(withoutValues(shown, number)).toBe(shown);
		expect(warningText({ Code: String(number), Message: text })).toBe(`${number}: ${shown}`);
	});

	it.each([
		"Could not execute Delete_rows_v1 event on table shop.orders; Can't find record in 'orders', Error_code: 1032; handler error HA_ERR_KEY_NOT_FOUND",
		"Access denied for user 'app'@'10.0.0.7' (using password: YES)",
		"Table 'shop.orders' doesn't exist",
		"Data too long for column 'card' at row 1",
		"Out of range value for column 'n' at row 1",
		'Coordinator stopped because there were error(s) in the worker(s). See performance_schema.replication_applier_status_by_worker',
		"Got fatal error 1236 from master when reading data from binary log: 'Could not find first log file name in binary log index file'",
	])('without a value stays as it is: %s', (text) => {
		expect(withoutValues(text, 1644 * Number(text.startsWith('Coordinator')))).toBe(text);
	});
});

describe('a statement without its literals', () => {
	it.each([
		[
			"INSERT INTO `t 1` (a1, `b'2`) VALUES (4111, -1.5e3, 'it''s', \"q\\\"\", x'41', 0x41, _utf8mb4'z', N'n', NULL)",
			"INSERT INTO `t 1` (a1, `b'2`) VALUES (?, -?, ?, ?, ?, ?, ?, ?, NULL)",
		],
		["UPDATE t1 SET c='4111' WHERE id=4111 -- by 4111\n AND x", 'UPDATE t1 SET c=? WHERE id=?   AND x'],
		['/* for 4111 */ SELECT SLEEP(600) FROM lk.t', '  SELECT SLEEP(?) FROM lk.t'],
		["/*!50000 SELECT */ '4111 that is cut \\", '/*!? SELECT */ ?'],
	])('%s', (statement, shown) => {
		expect(withoutLiterals(statement).replaceAll(/\s+/g, ' ')).toBe(shown.replaceAll(/\s+/g, ' '));
	});
});
