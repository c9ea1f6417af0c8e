import { describe, expect, test } from 'vitest';
import { mariadb } from '../../src/dialects/mariadb/index.ts';
import { Secret } from '../../src/sql/secret.ts';
import { sent, shown } from '../../src/sql/sql.ts';

const { positions, privileges, accounts, channel, locks, tools, catalogue } = mariadb;

describe('positions', () => {
	test.each([
		['', '', 0],
		['0-1-5', '', 0],
		['', '0-1-5', 5],
		['0-1-5', '0-1-5', 0],
		['0-1-6', '0-1-5', 0],
		['0-1-5', '0-1-9', 4],
		// Who wrote it last says nothing about how far it is.
		['0-101-9', '0-102-9', 0],
		['0-102-3', '0-101-9', 6],
		// Each domain counts for itself, in any order.
		['1-7-3,0-101-9', '0-101-9,1-7-3', 0],
		['0-101-9', '0-101-9,1-7-3', 3],
		['0-101-9, 1-7-1', '0-101-10,\n1-7-3', 3],
		['1-7-300', '0-101-2', 2],
		// Beyond what a double counts exactly.
		['0-1-9007199254740993', '0-1-9007199254740995', 2],
	])('%j lacks of %j: %i', (have, want, lacking) => {
		expect(positions.countMissing(have, want)).toBe(lacking);
		expect(positions.contains(have, want)).toBe(lacking === 0);
	});

	test('are read as they stand, empty ones too', () => {
		expect(positions.current.read([{ current: '0-1-2', written: '0-1-2', replicated: '', file: 'binlog.000001', pos: '328' }])).toEqual({
			...{ gtid: '0-1-2', written: '0-1-2', replicated: '', file: 'binlog.000001', pos: 328 },
		});
		expect(positions.current.read([{ current: '', written: '', replicated: '', file: '', pos: '0' }])).toMatchObject({
			file: null,
			pos: null,
		});
	});

	test('waited for in vain are not reached', () => {
		expect(positions.wait('0-1-2', 1).read([{ waited: '0' }])).toBe(true);
		for (const waited of ['-1', null]) expect(positions.wait('0-1-2', 1).read([{ waited }])).toBe(false);
	});
});

describe('privileges', () => {
	const held = (...grants: string[]) => privileges.held.read(grants.map((text) => ({ Grants: text })));

	test('count where they are held everywhere, under any of their names', () => {
		expect(held('GRANT SELECT, REPLICATION CLIENT ON *.* TO `a`@`%`', 'GRANT ALL PRIVILEGES ON `shop`.* TO `a`@`%`')).toEqual([
			...['SELECT', 'BINLOG MONITOR'],
		]);
		expect(held('GRANT RELOAD ON *.* TO `a`@`%` REQUIRE SSL WITH GRANT OPTION')).toEqual(['RELOAD', 'GRANT OPTION']);
	});

	test('all of them stand for each but the right to give them on', () => {
		const needs = privileges.needs.provisionPrimary;
		expect(privileges.missing(['ALL PRIVILEGES'], needs).map((need) => need.privilege)).toEqual(['GRANT OPTION']);
		expect(privileges.missing(['ALL PRIVILEGES', 'GRANT OPTION'], needs)).toEqual([]);
		expect(privileges.missing([], needs)).toEqual(needs);
	});

	test('are given by one statement that can be copied', () => {
		expect(sent(privileges.grant(['RELOAD', 'GRANT OPTION'], "o'neil@10.0.0.%"))).toBe(
			"GRANT RELOAD ON *.* TO 'o\\'neil'@'10.0.0.%' WITH GRANT OPTION",
		);
		expect(sent(privileges.grant(['GRANT OPTION'], 'a@%'))).toBe("GRANT USAGE ON *.* TO 'a'@'%' WITH GRANT OPTION");
	});
});

describe('accounts', () => {
	const HASH = '*2470C0C06DEE42FD1618BB99005ADCA2EC9D1E19';

	test.each([
		[`CREATE USER \`app\`@\`%\` IDENTIFIED BY PASSWORD '${HASH}' REQUIRE SSL`, "IDENTIFIED BY PASSWORD '********' REQUIRE SSL"],
		[`CREATE USER \`app\`@\`%\` IDENTIFIED VIA ed25519 USING '${HASH}' OR unix_socket`, "USING '********' OR unix_socket"],
		["CREATE USER `a`@`%` IDENTIFIED VIA mysql_native_password USING 'it''s'", "USING '********'"],
	])('are made elsewhere as they are, with the hash hidden: %s', (text, wanted) => {
		const [, make] = accounts.recreate({ user: 'app', host: '%', role: false });
		const [statement] = make?.read([{ 'CREATE USER': text }]) ?? [];
		expect(statement).toBeDefined();
		if (statement === undefined) return;
		expect(shown(statement)).toMatch(/^CREATE USER IF NOT EXISTS `a/);
		expect(shown(statement)).toContain(wanted);
		expect(shown(statement)).not.toContain(HASH.slice(1));
		expect(sent(statement).replace('IF NOT EXISTS ', '').replaceAll("\\'", "''")).toBe(text);
	});

	test('are shown without their hashes', () => {
		const grants = accounts
			.grants('app', '%')
			.read([{ g: `GRANT RELOAD ON *.* TO \`app\`@\`%\` IDENTIFIED BY PASSWORD '${HASH}' REQUIRE SSL` }]);
		expect(grants).toEqual(['GRANT RELOAD ON *.* TO `app`@`%` REQUIRE SSL']);
	});

	test('of the server itself are left alone', () => {
		const own = (user: string, role = false) => accounts.isOwn({ user, host: 'localhost', role });
		expect([own('mariadb.sys'), own('PUBLIC', true), own('PUBLIC'), own('root'), own('app')]).toEqual([true, true, false, false, false]);
	});
});

describe('statements', () => {
	const wish = { host: 'db1', port: 3306, user: 'repl', password: new Secret('hidden'), tls: true, ca: null, delaySeconds: 0 };

	test('of the channel say encryption and GTID always, and never the password', () => {
		const text = shown(channel.configure(wish));
		expect(text).toContain("MASTER_PASSWORD = '********', MASTER_SSL = 1, MASTER_USE_GTID = slave_pos");
		expect(shown(channel.configure({ ...wish, ca: '/ca.pem' }))).toContain("MASTER_SSL_VERIFY_SERVER_CERT = 1, MASTER_SSL_CA = '/ca.pem'");
		expect(shown(channel.configure({ ...wish, tls: false }))).toContain('MASTER_SSL = 0');
		expect(shown(channel.configure({ ...wish, delaySeconds: 60 }))).toContain('MASTER_DELAY = 60');
	});

	test('take only a variable’s value, not words', () => {
		expect(sent(locks.setReadOnly('NO_LOCK'))).toBe('SET GLOBAL read_only = NO_LOCK');
		expect(() => locks.setReadOnly('ON; DROP DATABASE shop')).toThrow(TypeError);
	});

	test('of tools never name a password, a lock of their own or another option file', () => {
		for (const { argv } of [
			tools.dumpDatabase('server', 'shop', ['t'], { versioned: true }),
			tools.dumpForSeed('primary', ['shop'], { versioned: false }),
			tools.load('replica'),
		]) {
			expect(argv[0]).toBe('--defaults-file=/dev/fd/3');
			expect(argv.join(' ')).not.toMatch(/password|lock-all-tables|--lock-tables|--dump-slave/);
		}
	});

	test('of tools pass only words that are not about what is dumped', () => {
		const known = "mysqldump: Deprecated program name. It will be removed in a future release, use '/usr/bin/mariadb-dump' instead";
		expect(tools.isHarmless(known)).toBe(true);
		for (const line of ["mysqldump: Can't get keys for table `t` (x)", `${known}: no`, '-- Warning: Skipping data for table', ''])
			expect(tools.isHarmless(line), line).toBe(false);
	});

	test('of the sum leave nothing out: each column, and whether it is NULL', () => {
		const columns = [
			{ database: 'd', table: 't', name: 'a`b', type: 'varchar' },
			{ database: 'd', table: 't', name: 'p', type: 'point' },
			{ database: 'd', table: 't', name: 'at', type: 'timestamp' },
		];
		const text = sent(catalogue.checksum({ database: 'd', name: 't' }, columns).statement);
		for (const part of ['CAST(`a``b` AS BINARY)', 'ISNULL(`a``b`)', 'ST_AsWKB(`p`)', 'UNIX_TIMESTAMP(`at`)']) expect(text).toContain(part);
	});

	test('a channel in a server’s words is one in plain words', () => {
		const [read] = channel.status.read([
			{
				...{ Connection_name: '', Master_Host: 'db1', Master_Port: '3306', Slave_IO_Running: 'Connecting', Slave_SQL_Running: 'Yes' },
				...{
					Last_IO_Errno: '1045',
					Last_IO_Error: 'Access denied',
					Last_SQL_Errno: '0',
					Seconds_Behind_Master: null,
					Using_Gtid: 'Slave_Pos',
				},
			},
		]);
		expect(read).toMatchObject({
			io: 'connecting',
			sql: 'yes',
			lagSeconds: null,
			ioError: '1045: Access denied',
			sqlError: null,
			usesGtid: true,
		});
	});
});
