import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { zstdCompressSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { changeSourceSql } from '../../src/archive/change-source.ts';
import type { Manifest } from '../../src/archive/manifest.ts';
import { readmeText, replicaStatusText, tableSizesTsv, variablesTsv } from '../../src/archive/texts.ts';
import { byHandOf } from '../support/by-hand.ts';

const manifest = {
	id: '20261121T020000Z',
	tool: { name: 'lockstep', version: '1.0.0' },
	started: '2026-11-21T02:00:00Z',
	finished: '2026-11-21T02:06:12Z',
	server: { flavor: 'mariadb', version: '11.8.6-MariaDB', host: 'db3', port: 3306 },
	consistency: { method: 'lock' },
	position: {
		source: { host: 'db1', port: 3307, file: 'mysql-bin.000213', pos: 88112, gtid: '0-1-84213' },
		self: { file: 'db3-bin.000007', pos: 342, gtid: '0-1-84213' },
	},
	dump: { client: 'mariadb-dump', client_version: '11.8.6', databases: ['shop'], compression: 'zstd:3' },
	files: [
		{ path: 'shop.sql.zst', kind: 'database', database: 'shop', tables: 6, raw_bytes: 100 },
		{ path: 'größe%20✓.sql.zst', kind: 'database', database: 'größe ✓', tables: 1, raw_bytes: 7 },
		{ path: 'accounts.sql.zst', kind: 'accounts', raw_bytes: 3 },
	],
} as unknown as Manifest;
const mysql = { ...manifest, server: { ...manifest.server, flavor: 'mysql', version: '9.7.4' } } as Manifest;

/** The statements that a client would run. */
const run = (sql: string): string[] =>
	sql
		.split('\n')
		.map((line) => line.replace(/--.*/, '').trim())
		.join(' ')
		.split(';')
		.map((statement) => statement.trim().replaceAll(/\s+/g, ' '))
		.filter((statement) => statement !== '');

describe('change-source.sql', () => {
	test('stands ready by GTID for MariaDB, from the source, with no secret and no guess filled in', () => {
		expect(run(changeSourceSql(manifest, byHandOf(manifest)))).toEqual([
			"CHANGE MASTER TO MASTER_HOST = '<host>', MASTER_PORT = <port>, MASTER_USER = '<user>', MASTER_PASSWORD = '<password>', MASTER_SSL = 1, MASTER_USE_GTID = slave_pos",
			"SET GLOBAL gtid_slave_pos = '0-1-84213'",
			'START SLAVE',
		]);
	});

	test('stands ready by GTID for MySQL', () => {
		const at = { ...mysql, position: { source: null, self: { file: 'b.1', pos: 4, gtid: 'uuid:1-5,\nuuid2:1-9' } } };
		expect(run(changeSourceSql(at, byHandOf(at)))).toEqual([
			"CHANGE REPLICATION SOURCE TO SOURCE_HOST = '<host>', SOURCE_PORT = <port>, SOURCE_USER = '<user>', SOURCE_PASSWORD = '<password>', SOURCE_SSL = 1, SOURCE_AUTO_POSITION = 1",
			'RESET BINARY LOGS AND GTIDS',
			"SET GLOBAL gtid_purged = 'uuid:1-5,uuid2:1-9'",
			'START REPLICA',
		]);
	});

	test('has the other ways as comments, each with where it starts from', () => {
		const text = changeSourceSql(manifest, byHandOf(manifest));
		expect(text).toContain('-- From db1:3307, the source of the server that was backed up, by GTID:');
		expect(text).toContain("--   MASTER_SSL = 1, MASTER_LOG_FILE = 'mysql-bin.000213', MASTER_LOG_POS = 88112, MASTER_USE_GTID = no;");
		expect(text).toContain('-- From db3:3306, the server that was backed up, by GTID');
		expect(text).toContain("MASTER_LOG_FILE = 'db3-bin.000007', MASTER_LOG_POS = 342");
	});

	test('stands ready by file and position where there is no GTID', () => {
		const text = changeSourceSql(
			{ ...manifest, position: { source: null, self: { file: 'b.1', pos: 4, gtid: null } } },
			byHandOf(manifest),
		);
		expect(run(text)).toHaveLength(2);
		expect(run(text)[0]).toContain("MASTER_LOG_FILE = 'b.1', MASTER_LOG_POS = 4, MASTER_USE_GTID = no");
	});

	test('says so where there is no position at all', () => {
		const text = changeSourceSql({ ...manifest, position: { source: null, self: null } }, byHandOf(manifest));
		expect(run(text)).toEqual([]);
		expect(text).toContain('no position');
	});
});

describe('README.txt', () => {
	const text = readmeText(manifest, byHandOf(manifest));

	test('has a command for every file, the data before the accounts, and the way to a replica', () => {
		const load = "mariadb --comments --default-character-set=utf8mb4 --init-command='SET SESSION sql_log_bin=0'";
		const commands = [
			'sha256sum -c SHA256SUMS',
			`zstd -dc shop.sql.zst | ${load}`,
			`zstd -dc 'größe%20✓.sql.zst' | ${load}`,
			`zstd -dc accounts.sql.zst | ${load.replace('mariadb', 'mariadb --force')}`,
			'mariadb < change-source.sql',
		];
		const places = commands.map((command) => text.split('\n').indexOf(`    ${command}`));
		expect(places).not.toContain(-1);
		expect([...places].sort((a, b) => a - b)).toEqual(places);
	});

	test('explains the sandbox line, and how to leave out that line alone', () => {
		expect(text).toContain('/*M!999999\\- enable the sandbox mode */');
		const sed = /sed '([^']+)'/.exec(text)?.[1] ?? '';
		const without = (input: string) => execFileSync('sed', [sed], { input, encoding: 'utf8' });
		expect(without('/*M!999999\\- enable the sandbox mode */ \n-- a\n/*M!999999\\- b */\n')).toBe('-- a\n/*M!999999\\- b */\n');
		expect(without('-- a\n')).toBe('-- a\n');
	});

	test('names its position, and a line for every file', () => {
		expect(text).toContain('source db1:3307   GTID 0-1-84213, file mysql-bin.000213 position 88112');
		expect(text).toContain('shop.sql.zst                database "shop": 6 tables, 100 bytes as SQL');
	});

	test('has a way without zstd that works', () => {
		const folder = mkdtempSync(join(tmpdir(), 'lockstep-texts-'));
		writeFileSync(join(folder, 'shop.sql.zst'), zstdCompressSync('-- the dump\n'));
		const command = /^ {4}node (-e .*)$/m.exec(text)?.[1] ?? '';
		const plain = execFileSync('sh', ['-c', `"$0" ${command}; cat plain.sql`, process.execPath], { cwd: folder, encoding: 'utf8' });
		rmSync(folder, { recursive: true });
		expect(plain).toBe('-- the dump\n');
	});

	test('for MySQL names its own client, and no sandbox', () => {
		const text = readmeText(
			{
				...mysql,
				dump: { ...mysql.dump, compression: 'none' },
				files: [{ ...mysql.files[0], path: 'shop.sql' } as Manifest['files'][number]],
			},
			byHandOf(mysql),
		);
		expect(text).toContain('    cat shop.sql | mysql --comments');
		expect(text).not.toMatch(/mariadb |sandbox|zstd -|accounts/);
		expect(text).toContain('3. Make it a replica');
		expect(text).toContain("mysql -e 'SHOW REPLICA STATUS\\G'");
	});
});

test('tables of values keep every line a line', () => {
	expect(
		variablesTsv(
			new Map([
				['sql_mode', ''],
				['init_connect', 'a\tb\nc\\'],
				['datadir', null],
			]),
		),
	).toBe('variable\tvalue\ndatadir\t\\N\ninit_connect\ta\\tb\\nc\\\\\nsql_mode\t\n');
	expect(tableSizesTsv([{ database: 'shop', table: 'two\nlines', engine: 'InnoDB', rows: 5, dataBytes: 16384, indexBytes: null }])).toBe(
		'database\ttable\tengine\trows_estimated\tdata_bytes\tindex_bytes\nshop\ttwo\\nlines\tInnoDB\t5\t16384\t\\N\n',
	);
});

test('replica-status.txt shows every moment, and a server without a source', () => {
	const at = new Date('2026-11-21T02:00:00Z');
	expect(
		replicaStatusText([
			{ title: 'before', at, rows: [{ Slave_IO_Running: 'Yes', Last_Error: null }] },
			{ title: 'after', at, rows: [] },
		]),
	).toBe(
		'== before, 2026-11-21T02:00:00.000Z\nSlave_IO_Running: Yes\n      Last_Error: NULL\n\n== after, 2026-11-21T02:00:00.000Z\nIt replicates from no server.\n',
	);
});

test('no text of a backup moves a cursor or turns a line around, and a table of values can be read back', () => {
	const name = 'a\x1b[2J\u009b\u202eb\\x1b\0';
	const unseen = /(?!\n)[\p{Cc}\p{Cf}]/u;
	const readme = readmeText({ ...manifest, files: manifest.files.map((file) => ({ ...file, database: name })) }, byHandOf(manifest));
	expect(readme).not.toMatch(unseen);
	expect(readme).toContain('\\u{202e}');
	expect(readme.replaceAll(/\s+/g, ' ')).toContain('\\xNN and \\u{N} characters');
	const at = new Date('2026-11-21T02:00:00Z');
	expect(replicaStatusText([{ title: 'before', at, rows: [{ Last_Error: name }] }])).toContain(
		'Last_Error: a\\x1b[2J\\x9b\\u{202e}b\\x1b\\x00\n',
	);
	expect(variablesTsv(new Map([['v', name]]))).toBe('variable\tvalue\nv\ta\\x1b[2J\\x9b\\u{202e}b\\\\x1b\\0\n');
});
