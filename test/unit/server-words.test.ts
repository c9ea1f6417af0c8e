import { describe, expect, test } from 'vitest';
import { isConnectionLost, meaning } from '../../src/server/error-words.ts';

// Texts as MariaDB 10.11, 11.8 and MySQL 8.0 and 9 write them.
describe('a server’s refusal in words', () => {
	test.each([
		[1205, 'Lock wait timeout exceeded; try restarting transaction', /lock could not be acquired in time/, /PROCESSLIST/],
		[3024, 'Query execution was interrupted, maximum statement execution time exceeded', /time it was given/, /PROCESSLIST/],
		[1969, 'Query execution was interrupted (max_statement_time exceeded)', /time it was given/, /PROCESSLIST/],
		[1317, 'Query execution was interrupted', /interrupted/, /./],
		[
			3862,
			"Clone Donor Error: Connect failed: 2003 : Can't connect to MySQL server on '10.0.0.1:3306' (111).",
			/on its donor/,
			/primary is up/,
		],
		[
			1227,
			'Access denied; you need (at least one of) the SUPER, SLAVE MONITOR privilege(s) for this operation',
			/SUPER or SLAVE MONITOR/,
			/GRANT SLAVE MONITOR ON \*\.\* TO 'a@b'@'%';/,
		],
		[
			1227,
			'Access denied; you need (at least one of) the SUPER or SYSTEM_VARIABLES_ADMIN privilege(s) for this operation',
			/SYSTEM_VARIABLES_ADMIN/,
			/GRANT SYSTEM_VARIABLES_ADMIN ON/,
		],
		[1227, 'Access denied; you need (at least one of) the SUPER privilege(s) for this operation', /privilege: SUPER\./, /GRANT SUPER ON/],
		[
			1142,
			"SELECT command denied to user 'a'@'h' for table `shop`.`orders`",
			/may not SELECT/,
			/GRANT SELECT ON `shop`\.`orders` TO 'a@b'@'%';/,
		],
		[1142, "SHOW VIEW command denied to user 'a'@'h' for table 'v'", /may not SHOW VIEW/, /GRANT SHOW VIEW ON DATABASE\.`v` TO/],
		[1044, "Access denied for user 'a'@'%' to database 'shop'", /database shop/, /ON `shop`\.\* TO 'a@b'@'%'/],
		[
			1290,
			'The MariaDB server is running with the --read-only option so it cannot execute this statement',
			/read-only/,
			/LIKE '%read_only'/,
		],
		[
			1290,
			'The MySQL server is running with the --secure-file-priv option so it cannot execute this statement',
			/--secure-file-priv/,
			/LIKE 'secure_file_priv'/,
		],
		[1193, "Unknown system variable 'gtid_slave_pos'", /gtid_slave_pos/, /VERSION/],
		[
			1198,
			'This operation cannot be performed as you have a running slave',
			/Replication is running/,
			/Stop replication first: {2}STOP SLAVE;/,
		],
		[1198, 'This operation cannot be performed with a running replica; run STOP REPLICA first', /Replication is running/, /STOP REPLICA;/],
		[
			3081,
			"This operation cannot be performed with running replication threads; run STOP REPLICA FOR CHANNEL '' first",
			/running/,
			/STOP REPLICA;/,
		],
		[1223, "Can't execute the query because you have a conflicting read lock", /itself holds a lock/, /UNLOCK TABLES/],
		[
			1192,
			"Can't execute the given command because you have active locked tables or an active transaction",
			/itself holds a lock/,
			/COMMIT/,
		],
		[
			1950,
			'An attempt was made to binlog GTID 0-1-5 which would create an out-of-order sequence number',
			/out of order/,
			/gtid_binlog_pos/,
		],
		[1947, 'Specified GTID 0-1-5 conflicts with the binary log', /older/, /gtid_slave_pos/],
		[1053, 'Server shutdown in progress', /shutting down/, /Wait/],
		[2026, 'TLS/SSL error: unexpected eof while reading', /broke off/, /lost connection/],
		[1927, 'Connection was killed', /connection was killed/, /./],
	])('%i %s', (number, text, what, hints) => {
		const told = meaning(number, text, false, 'a@b@%');
		expect(told.message).toMatch(what);
		expect(told.hints?.join('\n') ?? told.message).toMatch(hints);
	});

	test('an unknown number is named, a lost connection said', () => {
		expect(meaning(9999, 'x', false).message).toContain('9999');
		expect(meaning(null, 'read ECONNRESET', true).message).toMatch(/lost, and with it every lock/);
	});

	test.each([
		[2006, undefined, true],
		[2013, undefined, true],
		[1053, undefined, true],
		[1927, undefined, true],
		[4031, undefined, true],
		[null, 'ECONNRESET', true],
		[null, 'EPIPE', true],
		[null, 'PROTOCOL_CONNECTION_LOST', true],
		[null, 'PROTOCOL_UNEXPECTED_PACKET', true],
		[1205, undefined, false],
		[1317, undefined, false],
		[1064, 'ER_PARSE_ERROR', false],
	])('number %s, code %s: lost is %s', (number, code, lost) => {
		expect(isConnectionLost(number, code, false)).toBe(lost);
	});
});
