import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { ServerError, UserError } from '../../src/core/errors.ts';
import { detect } from '../../src/dialects/index.ts';
import { canonical, contains, countMissing, union } from '../../src/dialects/mysql/gtid-set.ts';
import { mysql } from '../../src/dialects/mysql/index.ts';
import { Secret } from '../../src/sql/secret.ts';
import { type Query, type Row, sent, shown } from '../../src/sql/sql.ts';

const recorded = <T = readonly Row[]>(name: string): T =>
	JSON.parse(readFileSync(new URL(`../fixtures/mysql-9.7/${name}.json`, import.meta.url), 'utf8')) as T;

const NEW = { newWords: true, binaryLog: true, performanceSchema: true, histogramData: true, libraries: true };
/** 8.0 and 8.1, after their documentation. */
const OLD = { ...NEW, newWords: false };
const { positions, privileges, accounts, channel, locks, tools, catalogue, hints, identity } = mysql(NEW);

const A = '11111111-aaaa-4bbb-8ccc-00000000000a';
const B = '22222222-aaaa-4bbb-8ccc-00000000000b';

describe('GTID sets', () => {
	test.each([
		['', '', 0],
		[`${A}:1-5`, '', 0],
		['', `${A}:1-5`, 5],
		[`${A}:1-5`, `${A}:1-5`, 0],
		[`${A}:1-5:8`, `${A}:1-9`, 3],
		[`${A}:1-3,${A}:4-9`, `${A}:2-8`, 0],
		// Another server's numbers, and those of another tag, are others.
		[`${A}:1-5`, `${B}:1-5`, 5],
		[`${A}:1-5`, `${A}:tag:1-5`, 5],
		[`${A}:1-5:tag:1-3`, `${A}:tag:1-4:other:7`, 2],
		// A tag holds until the next uuid.
		[`${A}:tag:1-2:5`, `${A}:tag:5,${B}:1`, 1],
		[`${A}:1-5,\n${B}:1-2`, `${B}:1-3 , ${A.toUpperCase()}:3`, 1],
		[`${A}:1-9007199254740993`, `${A}:1-9007199254740995`, 2],
	])('%j lacks of %j: %i', (have, want, count) => {
		expect(countMissing(have, want)).toBe(count);
		expect(contains(have, want)).toBe(count === 0);
	});

	test('are printed as the server prints them, whatever they are made of', () => {
		expect(canonical(`${B}:7:1-3:4 ,\n${A}:TAG:2,${A}:5`)).toBe(`${A}:5:tag:2,${B}:1-4:7`);
		expect(union([`${A}:1-2`, '', `${A}:3,${B}:tag:1`])).toBe(`${A}:1-3,${B}:tag:1`);
		for (const none of ['', 'x', `${A}`, `${A}:0`, `${A}:5-2`, '0-1-5', `${A.slice(1)}:1`]) expect(canonical(none), none).toBe('');
	});

	const sets = recorded<{ have: string; want: string; includes: string; lacks: string; together: string }[]>('gtid-sets');

	test(`are compared as a real server compares them (${sets.length} random pairs)`, () => {
		expect(new Set(sets.map((each) => each.includes))).toEqual(new Set(['0', '1']));
		for (const each of sets) {
			expect(contains(each.have, each.want), JSON.stringify(each)).toBe(each.includes === '1');
			expect(countMissing(each.have, each.want), JSON.stringify(each)).toBe(countMissing('', each.lacks));
			expect(union([each.have, each.want]), JSON.stringify(each)).toBe(each.together.replaceAll(/\s/g, ''));
			expect(canonical(each.lacks)).toBe(each.lacks.replaceAll(/\s/g, ''));
		}
	});
});

describe('a server', () => {
	/** Answers as a server of that version does: rows, or the number of its refusal. */
	const server =
		(version: string, comment: string, binlogStatus: number | null) =>
		async <T>(asked: Query<T>) => {
			const text = sent(asked.statement);
			if (text.startsWith('SELECT VERSION()')) return asked.read([{ version, comment }]);
			if (text.includes('@@global.log_bin')) return asked.read([{ log_bin: '1', performance_schema: '1' }]);
			if (text === 'SHOW BINARY LOG STATUS') {
				if (binlogStatus !== null) throw new ServerError('refused', { code: binlogStatus });
				return asked.read([]);
			}
			if (text.startsWith('PREPARE')) return asked.read([]);
			throw new Error(`not asked for: ${text}`);
		};

	test.each([
		['9.7.4-2', '(Debian)', null, 'SHOW BINARY LOG STATUS'],
		['8.4.6', 'MySQL Community Server - GPL', null, 'SHOW BINARY LOG STATUS'],
		['26.7.0', 'MySQL Community Server - GPL', null, 'SHOW BINARY LOG STATUS'],
		['8.0.43', 'MySQL Community Server - GPL', 1064, 'SHOW MASTER STATUS'],
		['8.0.23', '', 1064, 'SHOW MASTER STATUS'],
		// It may not be asked, and so it is known.
		['8.4.6-6', 'Percona Server (GPL)', 1227, 'SHOW BINARY LOG STATUS'],
	])('%s (%s) is MySQL, and asked in words that it knows', async (version, comment, code, words) => {
		const found = await detect(server(version, comment, code), 'db');
		expect(found.id).toBe('mysql');
		expect(sent(found.positions.current.statement)).toBe(words);
	});

	test('of MariaDB is known by the word, whatever its number', async () => {
		expect((await detect(server('11.8.6-MariaDB-0+deb13u1', 'Debian', 1064), 'db')).id).toBe('mariadb');
		expect((await detect(server('10.11.18', 'mariadb.org binary distribution', 1064), 'db')).id).toBe('mariadb');
	});

	test.each(['8.0.22', '8.0.11-TiDB-v7.5.0', '5.7.44-log', '?'])('too old is refused with the reason: %s', async (version) => {
		await expect(detect(server(version, 'x', 1064), 'db1')).rejects.toThrow(UserError);
		await expect(detect(server(version, 'x', 1064), 'db1')).rejects.toThrow(/db1 is too old/);
	});

	test('whose connection breaks is not taken for one that does not know the words', async () => {
		const gone = async <T>(asked: Query<T>): Promise<T> => {
			if (sent(asked.statement) === 'SHOW BINARY LOG STATUS') throw new ServerError('gone', { connectionLost: true });
			return server('9.7.4', '', null)(asked);
		};
		await expect(detect(gone, 'db')).rejects.toThrow('gone');
	});

	test('is described by its own row', () => {
		const found = identity.read(recorded('identity'));
		expect(found).toMatchObject({
			...{ version: '9.7.4-2', series: '9.7', comment: '(Debian)', port: 23971, serverId: 101, binaryLog: true, binlogFormat: 'ROW' },
			...{ logsReplicaUpdates: true, gtidStrict: true, readOnly: 'OFF', superReadOnly: 'OFF', tls: true, cluster: false },
			...{ binlogExpireSeconds: 2_592_000, eventScheduler: 'ON' },
		});
		expect(found.serverUuid).toMatch(/^[\da-f-]{36}$/);
	});

	test('may lack variables that others have (8.0, 8.4 and later, after their documentation)', () => {
		const [row] = recorded('identity');
		const read = (other: Row) => identity.read([{ ...row, ...other }]);
		// 8.0: TLS by have_ssl; before 8.0.29 binary logs are always purged by their age.
		expect(read({ version: '8.0.43', have_ssl: 'YES', certificate: null, auto_purge: null })).toMatchObject({ series: '8.0', tls: true });
		expect(read({ have_ssl: 'DISABLED', certificate: '' }).tls).toBe(false);
		expect(read({ binlog_format: null, have_ssl: null }).binlogFormat).toBe('ROW');
		expect(read({ auto_purge: 'OFF' }).binlogExpireSeconds).toBe(0);
		expect(read({ expire_seconds: '0', expire_days: '3', auto_purge: null }).binlogExpireSeconds).toBe(259_200);
		expect(read({ gtid_mode: 'ON_PERMISSIVE' }).gtidStrict).toBe(false);
		expect(read({ gtid_consistency: 'WARN' }).gtidStrict).toBe(false);
		expect(read({ group_name: B }).cluster).toBe(true);
		expect(read({ version: '26.7.0' }).series).toBe('26.7');
	});
});

describe('positions', () => {
	test('are read as they stand, with and without a log', () => {
		const [row] = recorded('current');
		const gtid = canonical(row?.Executed_Gtid_Set ?? '');
		expect(gtid).not.toBe('');
		expect(positions.current.read([row as Row])).toEqual({
			...{ file: row?.File, pos: Number(row?.Position), gtid, written: gtid, replicated: gtid },
		});
		const without = mysql({ ...NEW, binaryLog: false }).positions.current;
		expect(sent(without.statement)).toBe('SELECT @@global.gtid_executed AS Executed_Gtid_Set');
		expect(without.read([{ Executed_Gtid_Set: `${A}:1-3` }])).toMatchObject({ file: null, pos: null, gtid: `${A}:1-3` });
	});

	test('are set on a server that has forgotten its own', () => {
		expect(positions.setReplicated(`${A}:1-3`).map(sent)).toEqual(['RESET BINARY LOGS AND GTIDS', `SET GLOBAL gtid_purged = '${A}:1-3'`]);
		expect(positions.setReplicated('').map(sent)).toEqual(['RESET BINARY LOGS AND GTIDS']);
		expect(mysql(OLD).positions.setReplicated('').map(sent)).toEqual(['RESET MASTER']);
	});

	test('waited for in vain are not reached', () => {
		expect(positions.wait(`${A}:1`, 1).read([{ waited: '0' }])).toBe(true);
		for (const waited of ['1', null]) expect(positions.wait(`${A}:1`, 1).read([{ waited }])).toBe(false);
	});
});

describe('privileges', () => {
	test('of an administrator are all that is needed, on every version', () => {
		const held = privileges.held.read(recorded('grants-root'));
		expect(held).toContain('GRANT OPTION');
		for (const needed of Object.values(privileges.needs)) expect(privileges.missing(held, needed)).toEqual([]);
		// 8.0 has the older name.
		const old = mysql(OLD).privileges;
		expect(old.missing(held, old.needs.provisionReplica).map((need) => need.privilege)).toEqual(['SET_USER_ID']);
	});

	test('count where they are held everywhere, and wider ones stand for narrow ones', () => {
		const held = privileges.held.read([
			...['GRANT RELOAD, SUPER ON *.* TO `a`@`%`', 'GRANT BACKUP_ADMIN,CLONE_ADMIN ON *.* TO `a`@`%` WITH GRANT OPTION'].map((g) => ({
				g,
			})),
			...['GRANT SELECT ON `shop`.* TO `a`@`%` WITH GRANT OPTION', 'GRANT `r`@`%` TO `a`@`%`'].map((g) => ({ g })),
		]);
		expect(held).toEqual(['RELOAD', 'SUPER', 'BACKUP_ADMIN', 'CLONE_ADMIN']);
		const missing = privileges.missing(held, [...privileges.needs.backup, ...privileges.needs.stopApplier, ...privileges.needs.kill]);
		expect(missing.map((need) => need.privilege)).toEqual(['SELECT', 'SHOW VIEW', 'TRIGGER', 'EVENT', 'PROCESS']);
	});

	test('are given by one statement that can be copied', () => {
		expect(sent(privileges.grant(['FLUSH_TABLES', 'SELECT', 'GRANT OPTION'], "o'neil@10.0.0.%"))).toBe(
			"GRANT FLUSH_TABLES, SELECT ON *.* TO 'o\\'neil'@'10.0.0.%' WITH GRANT OPTION",
		);
	});
});

describe('accounts', () => {
	test('are made elsewhere as they are, with the hash hidden', () => {
		const [prepare, known, make, rights] = accounts.recreate({ user: 'ur', host: '%', role: false });
		expect(prepare?.read([])).toEqual([]);
		expect(known?.read([{ subject: '', issuer: '', cipher: '', second: null }])).toEqual([]);
		const rows = recorded('create-user');
		const text = Object.values(rows[0] ?? {})[0] ?? '';
		const hash = / AS 0x([\dA-F]+)/.exec(text)?.[1] ?? 'none';
		const [statement, roles] = make?.read(rows) ?? [];
		if (statement === undefined) throw new Error('no statement');
		expect(shown(statement)).toMatch(/^CREATE USER IF NOT EXISTS `ur`@`%` IDENTIFIED WITH 'caching_sha2_password' AS X'\*{8}' REQUIRE/);
		expect(roles && sent(roles)).toMatch(/^ALTER USER 'ur'@'%' DEFAULT ROLE `/);
		expect(shown(statement)).not.toContain(hash.slice(4, 40));
		expect(sent(statement)).toContain(` AS X'${hash}' `);
		expect(rights?.read([{ g: 'GRANT `r1`@`%` TO `ur`@`%`' }]).map(sent)).toEqual(['GRANT `r1`@`%` TO `ur`@`%`']);
	});

	test('of the server itself are left alone, roles are accounts', () => {
		const own = (user: string) => accounts.isOwn({ user, host: 'localhost', role: false });
		expect(['mysql.sys', 'mysql.session', 'mysql.infoschema'].map(own)).toEqual([true, true, true]);
		expect(['root', 'mysql', 'mysql.system', 'app', ''].map(own)).toEqual([false, false, false, false, false]);
		expect(accounts.list.read([{ user: 'r1', host: '%' }])).toEqual([{ user: 'r1', host: '%', role: false }]);
	});

	test('of ours have a plugin by name and never show a password', () => {
		expect(shown(accounts.create('repl', '10.%', new Secret('hidden'), true))).toBe(
			"CREATE USER 'repl'@'10.%' IDENTIFIED WITH caching_sha2_password BY '********' REQUIRE SSL PASSWORD EXPIRE NEVER",
		);
	});
});

describe('the channel', () => {
	const wish = { host: 'db1', port: 3306, user: 'repl', password: new Secret('hidden'), tls: true, ca: null, delaySeconds: 0 };
	const rows = recorded<Record<string, readonly Row[]>>('channel');
	const of = (name: string) => {
		const [found] = channel.status.read(rows[name] ?? []);
		if (found === undefined) throw new Error(`no ${name}`);
		return found;
	};
	const hintsOf = (name: string) => {
		const found = of(name);
		return hints.channelError(found.sqlError ?? found.ioError, { channel: found, name: 'backup1' }).join('\n');
	};

	test('says encryption and GTID always, never the password, and does not give up', () => {
		const text = shown(channel.configure(wish));
		expect(text).toContain("SOURCE_PASSWORD = '********', SOURCE_SSL = 1, SOURCE_SSL_VERIFY_SERVER_CERT = 0, SOURCE_AUTO_POSITION = 1");
		expect(text).toMatch(/SOURCE_CONNECT_RETRY = 10, SOURCE_RETRY_COUNT = 86400$/);
		expect(shown(channel.configure({ ...wish, ca: '/ca.pem' }))).toContain("SOURCE_SSL_VERIFY_SERVER_CERT = 1, SOURCE_SSL_CA = '/ca.pem'");
		expect(shown(channel.configure({ ...wish, tls: false }))).toContain(
			'SOURCE_SSL = 0, SOURCE_SSL_VERIFY_SERVER_CERT = 0, GET_SOURCE_PUBLIC_KEY = 1',
		);
		expect(shown(channel.configure({ ...wish, delaySeconds: 60 }))).toContain('SOURCE_DELAY = 60');
		expect([channel.startApplier(''), channel.stopApplier("c'2")].map(shown)).toEqual([
			"START REPLICA SQL_THREAD FOR CHANNEL ''",
			"STOP REPLICA SQL_THREAD FOR CHANNEL 'c\\'2'",
		]);
	});

	test('that works is read as it is', () => {
		expect(of('healthy')).toMatchObject({
			...{ name: '', host: '127.0.0.1', port: 23971, io: 'yes', sql: 'yes', lagSeconds: 0, ioError: null, sqlError: null },
			...{ bounded: false, usesGtid: true, tlsAsked: true, tlsVerified: false, delaySeconds: 0 },
		});
		expect(of('healthy-ca').tlsVerified).toBe(true);
		expect(of('bounded')).toMatchObject({ bounded: true, io: 'yes', sql: 'no', sqlError: null });
	});

	test.each([
		['unreachable', /^2003: /, /cannot reach the primary/],
		['unknown-host', /^2005: /, /cannot resolve/],
		['wrong-password', /^1045: /, /SOURCE_PASSWORD = 'PASSWORD'/],
		['tls-demanded', /^1045: /, /may demand TLS[\s\S]*SOURCE_SSL = 1/],
		['no-key', /^2061: /, /SOURCE_SSL = 1[\s\S]*GET_SOURCE_PUBLIC_KEY = 1/],
		['insecure', /^3159: /, /encrypted connections only/],
		['no-ca', /^2026: /, /needs its authority/],
		['wrong-ca', /^2026: /, /--channel-ca[\s\S]*names no host/],
		['not-allowed', /^13120: /, /On the primary: {2}GRANT REPLICATION SLAVE ON \*\.\* TO 'flt'@'127\.0\.0\.1';/],
		['same-id', /^13117: /, /SET PERSIST server_id = @@global\.server_id \+ 1; START REPLICA;/],
		['purged', /^13114: .*1236/, /has purged the binary logs[\s\S]*--replica backup1/],
		['ahead', /^13114: .*1236/, /what the primary has not[\s\S]*lockstep provision/],
		['duplicate', /^1062: /, /already[\s\S]*replication_applier_status_by_worker[\s\S]*lockstep provision/],
		['missing-row', /^1032: /, /missing[\s\S]*replication_applier_status_by_worker[\s\S]*lockstep provision/],
	])('with a fault is told as what it is: %s', (name, error, words) => {
		const { ioError, sqlError } = of(name);
		expect(sqlError ?? ioError).toMatch(error);
		expect(hintsOf(name)).toMatch(words);
	});

	test('that stopped without an error is started, by its name', () => {
		expect(hints.channelError(null, { channel: { ...of('healthy'), name: 'c2' }, name: 'r' })).toEqual([
			"On the replica:  START REPLICA FOR CHANNEL 'c2';",
		]);
		expect(hints.channelError('99999: ?', { channel: of('healthy'), name: 'r' })).toEqual([]);
	});

	test('that stopped because of another worker names the error of that one', () => {
		const follows = { ...of('duplicate'), sqlError: '3030: Coordinator stopped because there were error(s) in the worker(s).' };
		const [healthy, duplicate] = [of('healthy'), of('duplicate')];
		expect(channel.rootErrors([healthy, duplicate])).toBeNull();
		const rows = [{ channel: '', number: '1062', text: 'Worker 1 failed; Duplicate entry' }];
		const [found, other] = channel.rootErrors([follows, { ...healthy, name: 'c2' }])?.read(rows) ?? [];
		expect([found?.sqlError, other?.sqlError]).toEqual(['1062: Worker 1 failed; Duplicate entry', null]);
		expect([channel.needsReseed(follows.sqlError), channel.needsReseed(found?.sqlError ?? '')]).toEqual([false, true]);
	});

	test('is seen by its source, with its cipher', () => {
		expect(channel.connected.read(recorded('connected'))).toEqual([
			expect.objectContaining({ user: 'lockstep_102', cipher: expect.stringMatching(/^TLS_/) }),
		]);
	});

	test('may have held temporary tables open by either name', () => {
		const count = (...rows: [string, string][]) =>
			channel.openTemporaryTables.read(rows.map(([Variable_name, Value]) => ({ Variable_name, Value })));
		expect([
			count(),
			count(['Slave_open_temp_tables', '2']),
			count(['Replica_open_temp_tables', '0'], ['Slave_open_temp_tables', '0']),
		]).toEqual([0, 2, 0]);
	});
});

describe('locks', () => {
	test('know who is at rest with a transaction, who waits for it and who holds a table', () => {
		const seen = locks.activity.read(recorded('activity')).filter((each) => each.user === 'admin');
		expect(seen).toEqual([
			expect.objectContaining({ command: 'Sleep', blocks: 1, waitsForRows: false, locked: [], transactionSeconds: expect.any(Number) }),
			expect.objectContaining({ command: 'Query', blocks: 0, waitsForRows: true, text: expect.stringMatching(/^UPDATE/) }),
			expect.objectContaining({ command: 'Sleep', locked: ['shop.c1', 'shop.odd `n ;✓'], transactionSeconds: null }),
		]);
	});

	test('show no password', () => {
		const text = (info: string) => locks.activity.read([{ id: '1', info }])[0]?.text;
		expect(text("ALTER USER a IDENTIFIED BY 'geheim'")).toBe('ALTER USER a IDENTIFIED …');
		expect(text("CHANGE REPLICATION SOURCE TO SOURCE_USER = 'a', SOURCE_PASSWORD = 'geheim'")).not.toContain('geheim');
	});

	test('wait in three phases, together little longer than was asked for', () => {
		const bound = (seconds: number) => shown(locks.boundWait(seconds) ?? { pieces: [] });
		expect([1, 2, 5].map(bound)).toEqual([1, 1, 3].map((n) => `SET SESSION lock_wait_timeout = ${n}`));
		// What a comparison opens is bounded before it locks, and unlocks first of all.
		expect(shown(locks.lockMoment[0] ?? { pieces: [] })).toMatch(/SESSION lock_wait_timeout = 1, SESSION wait_timeout = 10$/);
		expect(shown(locks.settleMoment[0] ?? { pieces: [] })).toBe('UNLOCK TABLES');
		expect(() => locks.setSuperReadOnly('ON; x')).toThrow(TypeError);
	});

	test('are seen without performance_schema, too', () => {
		const { activity } = mysql({ ...NEW, performanceSchema: false }).locks;
		expect(sent(activity.statement)).toContain('FROM information_schema.PROCESSLIST p');
		expect(sent(locks.activity.statement)).toContain('FROM performance_schema.processlist p');
	});
});

describe('tools', () => {
	test('never name a password, a lock of their own or another option file', () => {
		for (const { argv } of [
			tools.dumpDatabase('server', 'shop', ['t'], { versioned: false }),
			tools.dumpForSeed('primary', ['shop'], { versioned: false }),
			tools.load('replica'),
		]) {
			expect(argv[0]).toBe('--defaults-file=/dev/fd/3');
			expect(argv.join(' ')).not.toMatch(/password|lock-all-tables|--lock-tables|--dump-(slave|replica)|flush-logs/);
		}
		expect(tools.dumpDatabase('server', 'shop', ['t'], { versioned: false }).argv).toEqual(
			expect.arrayContaining(['--single-transaction', '--set-gtid-purged=OFF', '--no-tablespaces', '--ignore-table=shop.t']),
		);
	});

	test('learn how our own session reaches the server', () => {
		const place = { host: 'db"1', port: 3306, socket: null, user: 'a', tls: null, serverKey: null };
		const tls = { ca: '/ca.pem', cert: null, key: null, verify: 'ca' as const };
		expect(tools.options(place)).toEqual(['[client]', 'user="a"', 'host="db\\"1"', 'port=3306', 'protocol=tcp', 'ssl-mode=DISABLED']);
		expect(tools.options({ ...place, serverKey: true }).at(-1)).toBe('get-server-public-key');
		expect(tools.options({ ...place, serverKey: '/k.pem' }).at(-1)).toBe('server-public-key-path="/k.pem"');
		expect(tools.options({ ...place, socket: '/s' })).toEqual(['[client]', 'user="a"', 'socket="/s"', 'ssl-mode=DISABLED']);
		expect(tools.options({ ...place, tls }).slice(-2)).toEqual(['ssl-mode=VERIFY_CA', 'ssl-ca="/ca.pem"']);
		expect(tools.options({ ...place, tls: { ...tls, ca: null, verify: 'nothing' as const } }).slice(-1)).toEqual(['ssl-mode=REQUIRED']);
	});

	test('pass only words that are not about what is dumped', () => {
		for (const line of [
			"mysqldump: Couldn't execute 'SHOW FIELDS'",
			'-- Warning: Skipping the data of table',
			'Warning: A partial dump',
			'',
		])
			expect(tools.isHarmless(line), line).toBe(false);
	});
});

test('the sum leaves nothing out: each column, and whether it is NULL', () => {
	const columns = ['int', 'timestamp', 'json', 'bit', 'geometry', 'vector'].map((type) => ({
		database: 'shop',
		table: 't',
		name: `c_${type}`,
		type,
	}));
	const text = sent(catalogue.checksum({ database: 'shop', name: 't' }, columns).statement);
	for (const { name } of columns) expect(text.split(`\`${name}\``)).toHaveLength(3);
	expect(text).toContain('UNIX_TIMESTAMP(`c_timestamp`)');
	for (const name of ['c_bit', 'c_geometry', 'c_vector']) expect(text).toContain(`HEX(\`${name}\`)`);
});
