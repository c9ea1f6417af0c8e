import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Compression } from '../../src/core/action.ts';
import { Stopped } from '../../src/core/errors.ts';
import type { Flow } from '../../src/core/step.ts';
import type { Dialect } from '../../src/dialects/contract/dialect.ts';
import { detect } from '../../src/dialects/index.ts';
import { bounds, range } from '../../src/dump/parallel/ranges.ts';
import { openReaders, type RowsFile, type TableRows } from '../../src/dump/parallel/readers.ts';
import type { ServerAddress } from '../../src/server/address.ts';
import type { Session } from '../../src/server/session.ts';
import { Secret } from '../../src/sql/secret.ts';
import { id, type Query, raw, sql } from '../../src/sql/sql.ts';
import { rootSession, SANDBOX_KINDS, type SpareServer, spareServer } from '../support/servers.ts';
import { randomFrom, typesOf } from '../support/values.ts';

const run = promisify(execFile);
const quoted = (name: string) => `\`${name.replaceAll('`', '``')}\``;
const MODE = "'NO_AUTO_VALUE_ON_ZERO,ALLOW_INVALID_DATES'";

const day = (at: number) =>
	`'${1 + ((at * 37) % 9998)}-${1 + (at % 12)}-${1 + (at % 28)}'`.replace(/'(\d+)/, (_, year) => `'${year.padStart(4, '0')}`);
/** Keys that are a line of numbers, with values for one of them. */
const NUMBERS: readonly (readonly [type: string, make: (at: number) => string])[] = [
	['DATE', (at) => `'1990-01-01' + INTERVAL ${at} DAY`],
	['DATETIME(3)', (at) => `'2024-02-28 23:59:00' + INTERVAL ${at * 99_500_001} MICROSECOND`],
	['TIMESTAMP', (at) => (at === 0 ? "'1970-01-01 00:00:01'" : `'2024-02-28' + INTERVAL ${at * 7} SECOND`)],
	['TIMESTAMP(6)', (at) => (at === 0 ? "'0000-00-00'" : `'2037-12-31' + INTERVAL ${at} MICROSECOND`)],
	['TIME', (at) => `SEC_TO_TIME(${(at - 700) * 3700})`],
	['TIME(3)', (at) => `SEC_TO_TIME(${((at - 700) / 1000).toFixed(3)})`],
	['DECIMAL(20,3)', (at) => `${at - 700}.5`],
	['DECIMAL(65,30)', (at) => (at < 2 ? `${at ? '' : '-'}${'9'.repeat(35)}.5` : `0.${String(at).padStart(30, '0')}`)],
	['DECIMAL(9) UNSIGNED ZEROFILL', (at) => String(at)],
	['DOUBLE', (at) => `${at - 700}.7e0`],
	['DOUBLE UNSIGNED', (at) => `${1 + at / 1500}e${307 - (at % 600)}`],
	['FLOAT', (at) => `${at - 700}.7`],
	['FLOAT UNSIGNED', (at) => `16777216 - ${at}`],
];

async function until(condition: () => Promise<boolean>): Promise<void> {
	for (let tries = 0; !(await condition()); tries += 1) {
		if (tries > 1000) throw new Error('it never came true');
		await pause(20);
	}
}

describe.each(SANDBOX_KINDS)('rows of %s', (kind) => {
	let server: SpareServer;
	let session: Session & AsyncDisposable;
	let dialect: Dialect;
	let address: ServerAddress;
	let folder: string;
	const query = (text: string) => session.query({ pieces: [text] });

	beforeAll(async () => {
		server = await spareServer(kind, { extra: ['--local-infile=1', '--max-allowed-packet=128M', '--skip-log-bin'] });
		session = await rootSession(server);
		dialect = await detect(async (each) => each.read(await session.query(each.statement)), 'sut');
		address = session.address;
		folder = await mkdtemp(join(tmpdir(), 'lockstep-rows-'));
	});
	afterAll(async () => {
		await session?.close();
		await server?.[Symbol.asyncDispose]();
		await rm(folder, { recursive: true, force: true });
	});

	/** As the server describes them; what it estimates is asked of nobody. */
	async function tablesOf(database: string): Promise<TableRows[]> {
		const { statement, read } = dialect.catalogue.rowColumns;
		return read(await session.query(statement))
			.filter((each) => each.database === database)
			.map(({ table, columns, key }) => ({ database, name: table, columns, key, rows: 100, bytes: 16_384 }));
	}

	async function dump(
		tables: readonly TableRows[],
		into: string | null,
		compress: Compression = 'none',
		workers = 2,
	): Promise<readonly RowsFile[]> {
		const { signal } = new AbortController();
		await using readers = await openReaders({ address, password: null, workers, dialect, signal });
		await readers.each({ pieces: ['START TRANSACTION WITH CONSISTENT SNAPSHOT'] });
		return await readers.dump(tables, into === null ? null : { folder: into, compress, level: 1 }, { signal });
	}

	/** Loads files of plain text with the vendor's own client; what it says, warnings above all. */
	async function load(files: readonly RowsFile[], tables: readonly TableRows[], from: string, database: string): Promise<string> {
		const statements = files.map((file) => {
			const columns = tables.find((table) => table.name === file.table)?.columns ?? [];
			const names = columns.map((column, at) => (column.load === null ? quoted(column.name) : `@v${at}`));
			const sets = columns.flatMap((column, at) =>
				column.load === null ? [] : [`${quoted(column.name)} = ${column.load.replaceAll('@v', `@v${at}`)}`],
			);
			return `LOAD DATA LOCAL INFILE '${join(from, file.path)}' REPLACE INTO TABLE ${quoted(database)}.${quoted(file.table)} CHARACTER SET binary FIELDS TERMINATED BY '\\t' ESCAPED BY '\\\\' LINES TERMINATED BY '\\n' (${names.length === 0 ? '@v' : names.join(',')})${sets.length === 0 ? '' : ` SET ${sets.join(', ')}`}; SHOW WARNINGS; SELECT '# ${file.table.replace(/[^\w]/g, '_')}';`;
		});
		const before = `SET NAMES utf8mb4; SET SESSION sql_mode = ${MODE}, time_zone = '+00:00', foreign_key_checks = 0, unique_checks = 0;`;
		const program = join(server.binDir ?? '', kind === 'mysql-9.7' ? 'mysql' : 'mariadb');
		const argv = [
			'--no-defaults',
			'--local-infile=1',
			'--user=root',
			`--socket=${server.socket}`,
			'--batch',
			'--skip-column-names',
			'--show-warnings=0',
		];
		const child = run(
			program,
			argv.filter((each) => !each.startsWith('--show-warnings')),
			{ maxBuffer: 2 ** 26 },
		);
		child.child.stdin?.end([before, ...statements].join('\n'));
		const { stdout, stderr } = await child;
		const said = stdout.split(/^(# .*)\n/m);
		return [...said.flatMap((lines, at) => (at % 2 === 0 ? lines.replaceAll(/^(?=.)/gm, `${said[at + 1]}: `) : [])), stderr].join('');
	}

	/** Both sides as the server's own functions tell their bytes. */
	async function compare(table: TableRows, one: string, other: string): Promise<void> {
		const differ = table.columns.filter((column) => !/CAST\(.*DOUBLE/.test(column.select));
		const shown = [
			...differ.flatMap(({ name }) => [`HEX(CAST(${quoted(name)} AS BINARY))`, `HEX(${quoted(name)})`]),
			...table.columns.map(({ select }) => (/ AS DOUBLE/.test(select) ? `CONCAT(${select})` : `HEX(${select})`)),
			"''",
		];
		const read = async (database: string) =>
			(
				await query(
					`SELECT CONCAT_WS('|', ${shown.map((each) => `IFNULL(${each}, 'NULL')`).join(', ')}) AS line FROM ${quoted(database)}.${quoted(table.name)} ORDER BY 1`,
				)
			).map((row) => row.line);
		const what = table.columns.map(({ name }) => name).join(', ');
		expect.soft(await read(other), `${table.name}: ${what}`).toEqual(await read(one));
	}

	async function roundTrip(database: string): Promise<void> {
		const copy = `${database}_copy`;
		await query(`CREATE DATABASE ${copy}`);
		const tables = (await tablesOf(database)).filter((table) => table.name !== '');
		for (const { name } of tables) await query(`CREATE TABLE ${copy}.${quoted(name)} LIKE ${database}.${quoted(name)}`);
		const into = await mkdtemp(join(folder, 'dump-'));
		const files = await dump(tables, into);
		const warnings = await load(files, tables, into, copy);
		const again = await dump(await tablesOf(copy), null);
		// In which order tables are read is the estimates' business.
		const digests = (of: typeof files) => of.map(({ table, rows, digest }) => [table, rows, digest].join(' ')).toSorted();
		expect.soft(digests(again)).toEqual(digests(files));
		for (const table of tables) await compare(table, database, copy);
		// MariaDB 10.11, and 11.8 since a release after 11.8.6, say so of an ENUM's error value, whatever it is written as; it is that value all the same.
		const enums = tables.filter(({ columns }) => columns.some(({ select }) => select.includes(' + 0'))).map(({ name }) => `# ${name}: `);
		const told = warnings
			.split('\n')
			.filter(
				(line) => !(/: Warning\t1265\tData truncated for column 'v' at row \d+$/.test(line) && enums.some((each) => line.startsWith(each))),
			);
		expect.soft((kind === 'mysql-9.7' ? warnings.split('\n') : told).join('\n')).toBe('');
		const sums = async (of: string) =>
			(await query(`CHECKSUM TABLE ${tables.map(({ name }) => `${of}.${quoted(name)}`).join(', ')}`)).map((row) => row.Checksum);
		expect.soft(await sums(copy)).toEqual(await sums(database));
	}

	const fill = async (table: string, columns: string, rows: readonly string[]) => {
		if (rows.length > 0) await query(`INSERT INTO ${table} (${columns}) VALUES ${rows.map((row) => `(${row})`).join(', ')}`);
	};
	/** As no session should be that writes. */
	const odd = () => query("SET SESSION sql_mode = '', time_zone = '+05:30', foreign_key_checks = 0");

	test('of every type come back bit for bit', async () => {
		const random = randomFrom(5);
		await query('CREATE DATABASE kinds');
		await odd();

		for (const [at, { type, values, any }] of typesOf(kind).entries()) {
			await query(`CREATE TABLE kinds.t${String(at).padStart(3, '0')} (id INT AUTO_INCREMENT PRIMARY KEY, v ${type})`);
			await fill(`kinds.t${String(at).padStart(3, '0')}`, 'v', [...values, 'NULL', ...Array.from({ length: 20 }, () => any(random))]);
		}
		await roundTrip('kinds');
	});

	/** Every row of the table by the ranges that it is cut into, against the same in one go. */
	async function cut(definition: string, rows: readonly string[], parts: number): Promise<number> {
		const name = `c${randomUUID().slice(0, 8)}`;
		await query(`CREATE TABLE cuts.${name} (${definition})`);
		for (let at = 0; at < rows.length; at += 1000) await query(`INSERT INTO cuts.${name} VALUES ${rows.slice(at, at + 1000).join(', ')}`);
		await query(`ANALYZE TABLE cuts.${name}`);
		const [table] = (await tablesOf('cuts')).filter((each) => each.name === name);
		if (table?.key == null) throw new Error(`no key: ${definition}`);
		const ask = async <T>(each: Query<T>) => each.read(await session.query(each.statement));
		const shares = Array.from({ length: parts }, () => 1 / parts);
		const edges = await bounds({ ...table, rows: rows.length }, shares, ask, dialect.readers.estimate);
		const seen = new Set<string>();
		let most = 0;
		// As text a FLOAT has six digits.
		const columns = table.key.map(({ name, type }) => `HEX(CONCAT(${quoted(name)}${type.startsWith('float') ? ' + 0e0' : ''}))`).join(', ');
		for (const [at, from] of [null, ...edges].entries()) {
			const where = range(table.key, from, edges[at] ?? null);
			const select = sql`SELECT CONCAT_WS(0x2F, ${raw(columns)}) AS k FROM cuts.${id(name)} FORCE INDEX (PRIMARY)${where === null ? raw('') : sql` WHERE ${where}`}`;
			const found = await session.query(select);
			for (const row of found) {
				expect(seen.has(row.k ?? ''), `${definition}: ${row.k} came twice`).toBe(false);
				seen.add(row.k ?? '');
			}
			most = Math.max(most, found.length);
		}
		expect(seen.size, definition).toBe(rows.length);
		return most / rows.length;
	}

	test('are all there, and each once, whatever the key that a table is cut by', async () => {
		const random = randomFrom(7);
		await query("SET SESSION sql_mode = 'NO_AUTO_VALUE_ON_ZERO'");
		await query('CREATE DATABASE cuts');
		const upTo = (count: number) => Array.from({ length: count }, (_, at) => at);
		const some = (count: number, make: (at: number) => string) => [...new Set(upTo(count).map(make))].map((each) => `(${each})`);
		// Next to none at one end, all at the other, and two far out.
		expect(
			await cut('k BIGINT PRIMARY KEY', [...some(4000, (at) => String(at - 100)), '(-9223372036854775808)', '(9223372036854775807)'], 4),
		).toBeLessThan(0.6);
		expect(
			await cut('k BIGINT UNSIGNED PRIMARY KEY', [...some(4000, (at) => String(2n ** 64n - 1n - BigInt(at) ** 2n)), '(0)'], 4),
		).toBeLessThan(0.6);
		// One value of the first column has nearly all rows.
		expect(
			await cut(
				'a INT, b BIGINT UNSIGNED, PRIMARY KEY (a, b)',
				some(4000, (at) => `${at % 50 === 0 ? at : 7}, ${BigInt(at) * 10n ** 15n}`),
				4,
			),
		).toBeLessThan(0.6);
		await cut(
			'a INT, b VARCHAR(20), PRIMARY KEY (a, b)',
			some(1000, (at) => `${at % 3}, 'x${at}'`),
			4,
		);
		expect(
			await cut(
				'k BINARY(16) PRIMARY KEY',
				some(4000, () => `X'${random.bytes(16).toString('hex')}'`),
				4,
			),
		).toBeLessThan(0.6);
		await cut(
			'k VARBINARY(20) PRIMARY KEY',
			some(1000, () => `X'${random.bytes(random.int(4)).toString('hex')}'`),
			4,
		);
		await cut(
			'k TINYINT PRIMARY KEY',
			some(256, (at) => String(at - 128)),
			7,
		);
		// What sorts otherwise than its bytes do.
		const words = ['a', 'B', 'ä', 'Z', 'z', 'ß', '9', '_', '-', ' x', 'é', '表', 'ｱ', ''];
		for (const how of ['utf8mb4 COLLATE utf8mb4_unicode_ci', 'latin1 COLLATE latin1_german2_ci', 'utf8mb4 COLLATE utf8mb4_bin']) {
			const letters = how.startsWith('latin1') ? words.filter((each) => !/[表ｱ]/.test(each)) : words;
			await cut(
				`k VARCHAR(60) CHARACTER SET ${how} PRIMARY KEY`,
				some(3000, (at) => `'${random.pick(letters)}${random.pick(letters)}${at}'`),
				5,
			);
		}
		expect(
			await cut(
				'k CHAR(36) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci PRIMARY KEY',
				some(4000, () => `INSERT(INSERT('${random.bytes(16).toString('hex')}', 9, 0, '-'), 14, 0, '-')`),
				4,
			),
		).toBeLessThan(0.6);
		for (const [type, make] of NUMBERS) expect(await cut(`k ${type} PRIMARY KEY`, some(1500, make), 3), type).toBeLessThan(0.6);
		// What no calendar has: an hour before, between, and in the middle of its days.
		await query("SET SESSION sql_mode = 'ALLOW_INVALID_DATES', time_zone = '+00:00'");
		const odd = (at: number) => ["'0000-00-00'", "'2024-00-00'", "'2024-05-00'", "'2023-02-31'", "'0000-02-29'", "'9999-12-31'"][at];
		for (const type of ['DATE', 'DATETIME', 'DATETIME(6)'])
			expect(
				await cut(
					`k ${type} PRIMARY KEY`,
					some(1500, (at) => odd(at) ?? day(at)),
					5,
				),
				type,
			).toBeLessThan(0.6);
		// As readers have it, who never saw the mode of who wrote.
		await query("SET SESSION sql_mode = 'STRICT_TRANS_TABLES'");
		for (const most of ["'0000-00-00'", "'2024-05-01'", "'9999-12-31'"])
			expect(
				await cut(
					'd DATE, n INT, PRIMARY KEY (d, n)',
					some(2000, (at) => `${at % 50 === 0 ? day(at) : most}, ${at}`),
					4,
				),
				most,
			).toBeLessThan(0.6);
		expect(
			await cut(
				't TIMESTAMP(2), n INT, PRIMARY KEY (t, n)',
				some(2000, (at) => `${at % 2 ? "'0000-00-00'" : "'2038-01-19 03:14:07.99'"}, ${at}`),
				4,
			),
		).toBeLessThan(0.6);
		// Numbers that are no years mean others, and MySQL finds 0000 neither below nor above one.
		expect(
			await cut(
				'y YEAR, n INT, PRIMARY KEY (y, n)',
				some(2000, (at) => `${at < 920 ? 0 : at < 1120 ? 1901 : 2100}, ${at}`),
				2,
			),
		).toBeLessThan(0.6);
		// What is stored is not what was asked for: not cut, and all there.
		for (const type of ['FLOAT(7,2)', 'DOUBLE(9,1)'])
			expect(
				await cut(
					`k ${type} PRIMARY KEY`,
					some(300, (at) => `${at}.25`),
					3,
				),
			).toBe(1);
	});

	test('in one row of 40 MiB, with nothing but what takes an escape', async () => {
		await query('CREATE DATABASE large');
		await query('CREATE TABLE large.t (id INT PRIMARY KEY, v LONGBLOB, w LONGBLOB)');
		await query(
			"INSERT INTO large.t VALUES (1, REPEAT(X'005C090A41', 4194304), REPEAT('x', 16777215)), (2, '', NULL), (3, REPEAT('y', 16777208), '')",
		);
		const tables = await tablesOf('large');
		const into = await mkdtemp(join(folder, 'large-'));
		const files = await dump(tables, into, 'zstd');
		await run('zstd', ['-dq', join(into, files[0]?.path ?? '')]);
		await query('CREATE DATABASE large_copy');
		await query('CREATE TABLE large_copy.t LIKE large.t');
		const plain = files.map((file) => ({ ...file, path: file.path.replace('.zst', '') }));
		expect((await stat(join(into, plain[0]?.path ?? ''))).size).toBe(files[0]?.rawBytes);
		expect(await load(plain, tables, into, 'large_copy')).toBe('');
		const [again] = await dump(await tablesOf('large_copy'), null, 'none', 1);
		expect([again?.digest, again?.rows]).toEqual([files[0]?.digest, 3]);
	});

	test('are the same through TLS', async () => {
		await query("CREATE USER reader@'127.0.0.1' IDENTIFIED BY 'sécret' REQUIRE SSL");
		await query("GRANT SELECT, CREATE TEMPORARY TABLES ON *.* TO reader@'127.0.0.1'");
		const tables = await tablesOf('kinds');
		const { signal } = new AbortController();
		const { socket: _, ...rest } = address;
		const secure = { ...rest, host: '127.0.0.1', port: server.port, user: 'reader', tls: { mode: 'REQUIRED' as const } };
		await using readers = await openReaders({ address: secure, password: new Secret('sécret'), workers: 2, dialect, signal });
		const flows: Flow[] = [];
		const files = await readers.dump(tables, null, { signal, onFlow: (flow) => flows.push(flow) });
		expect(files).toEqual(await dump(tables, null));
		expect(flows.at(-1)?.rows).toBe(files.reduce((sum, file) => sum + file.rows, 0));
		expect(flows.flatMap((flow) => flow.began.map((each) => each.table)).sort()).toEqual(tables.map((table) => table.name).sort());
		// Each piece ends once, on the connection that read it, with its own rows and bytes.
		const ended = flows.flatMap(({ workers = [] }) => workers.filter(({ isDone }) => isDone));
		const pieces = ended.map(({ database, table, part, rows, rawBytes }) => ({ database, table, chunk: part.at - 1, rows, rawBytes }));
		const sorted = (all: typeof pieces) => all.toSorted((a, b) => a.table.localeCompare(b.table) || a.chunk - b.chunk);
		expect(sorted(pieces)).toEqual(
			sorted(files.map(({ database, table, chunk, rows, rawBytes }) => ({ database, table, chunk, rows, rawBytes }))),
		);
		expect(new Set(ended.map(({ worker }) => worker))).toEqual(new Set([1, 2]));
	});

	test('of tables of the oddest shapes', async () => {
		await query('CREATE DATABASE odd');
		await odd();
		await query(`CREATE TABLE odd.\`wide\` (${Array.from({ length: 1017 }, (_, at) => `\`c ${at}\` TINYINT`).join(', ')})`);
		await query(`INSERT INTO odd.wide (\`c 0\`, \`c 1016\`) VALUES (1, 2), (3, NULL)`);
		await query(
			'CREATE TABLE odd.`select ``from`` "a.b/c" äß表%` (`select` INT PRIMARY KEY, `a``b` INT, `"` INT, `ä表` VARCHAR(9), `\\\\` INT)',
		);
		await query('INSERT INTO odd.`select ``from`` "a.b/c" äß表%` VALUES (0, 1, 2, \'ä\', 3)');
		await query(
			'CREATE TABLE odd.made (a INT PRIMARY KEY, b INT AS (a + 1), c INT AS (a + 2) STORED, d INT INVISIBLE DEFAULT 5)'.replace(
				/(INT) INVISIBLE DEFAULT 5/,
				kind === 'mysql-9.7' ? '$1 DEFAULT 5 INVISIBLE' : '$1 INVISIBLE DEFAULT 5',
			),
		);
		await query('INSERT INTO odd.made (a, d) VALUES (1, 2), (3, NULL)');
		await query('CREATE TABLE odd.only_made (b INT AS (1), c INT AS (2) STORED)');
		await query('INSERT INTO odd.only_made VALUES (), ()');
		await query('CREATE TABLE odd.parts (a INT, b INT, PRIMARY KEY (a, b)) PARTITION BY HASH (b) PARTITIONS 3');
		await query('INSERT INTO odd.parts VALUES (1, 1), (1, 2), (2, 3)');
		await query('CREATE TABLE odd.nothing (a INT)');
		// Both kinds in one session are a warning of MySQL's.
		await query(`CREATE TABLE odd.heap_less (a INT, b TEXT) ENGINE=${kind === 'mysql-9.7' ? 'InnoDB' : 'MyISAM'}`);
		await query("INSERT INTO odd.heap_less VALUES (NULL, 'x'), (NULL, 'x')");
		if (kind === 'mysql-9.7') {
			await query('SET SESSION sql_generate_invisible_primary_key = ON');
			await query('CREATE TABLE odd.keyless (a INT)');
			await query('INSERT INTO odd.keyless VALUES (1), (1)');
		} else {
			await query('CREATE TABLE odd.past (a INT) WITH SYSTEM VERSIONING');
		}
		const { statement, read } = dialect.catalogue.rowColumns;
		const found = read(await session.query(statement)).filter((each) => each.database === 'odd');
		expect(found.filter((each) => each.rows === 'vendor').map((each) => each.table)).toEqual(kind === 'mysql-9.7' ? [] : ['past']);
		expect(found.find((each) => each.table === 'made')?.columns.map((each) => each.name)).toEqual(['a', 'd']);
		if (kind === 'mysql-9.7') expect(found.find((each) => each.table === 'keyless')?.key?.[0]?.name).toBe('my_row_id');
		else await query('DROP TABLE odd.past');
		await roundTrip('odd');
	});

	test('of tables with columns at random', async () => {
		const seed = Date.now() % 2 ** 31;
		const random = randomFrom(seed);
		await query(`CREATE DATABASE random`);
		await odd();
		const types = typesOf(kind).filter(({ type }) => !/3000|m63|FLOAT\(|^ENUM/.test(type));
		for (const name of ['one', 'two', 'three']) {
			const columns = Array.from({ length: 1 + random.int(14) }, () => random.pick(types));
			await query(`CREATE TABLE random.${name} (${columns.map(({ type }, at) => `c${at} ${type}`).join(', ')})`);
			const row = () => columns.map((column) => (random.int(5) === 0 ? 'NULL' : column.any(random))).join(', ');
			await fill(`random.${name}`, columns.map((_, at) => `c${at}`).join(', '), Array.from({ length: 60 }, row));
		}
		await roundTrip('random').catch((error) => Promise.reject(new Error(`seed ${seed}`, { cause: error })));
	});

	test('are an error where a connection goes, and no file counts', async () => {
		await query('CREATE DATABASE cutoff');
		await query('CREATE TABLE cutoff.t (id INT PRIMARY KEY AUTO_INCREMENT, v LONGTEXT)');
		await query("INSERT INTO cutoff.t (v) VALUES (REPEAT('x', 4000000)), (REPEAT('y', 4000000)), (REPEAT('z', 4000000))");
		const tables = (await tablesOf('cutoff')).map((table) => ({
			...table,
			columns: [...table.columns, { name: 'wait', select: 'SLEEP(20)', load: null }],
		}));
		const { signal } = new AbortController();
		await using readers = await openReaders({ address, password: null, workers: 2, dialect, signal });
		const dumping = readers.dump(tables, null, { signal });
		const ids = readers.connectionIds.join(', ');
		const running = () => query(`SELECT ID AS id FROM information_schema.PROCESSLIST WHERE ID IN (${ids}) AND INFO LIKE '%SLEEP(20)%'`);
		const gone = async () => (await query(`SELECT ID FROM information_schema.PROCESSLIST WHERE ID IN (${ids})`)).length === 0;
		await until(async () => (await running()).length > 0);
		const failed = expect(dumping).rejects.toMatchObject({ name: 'ServerError', connectionLost: true });
		await query(`KILL ${(await running())[0]?.id}`);
		await failed;
		await until(gone);
	});

	test('are no longer read once they are given up', async () => {
		const tables = (await tablesOf('cutoff')).map((table) => ({
			...table,
			columns: [...table.columns, { name: 'wait', select: 'SLEEP(20)', load: null }],
		}));
		const stop = new AbortController();
		await using readers = await openReaders({ address, password: null, workers: 2, dialect, signal: new AbortController().signal });
		const dumping = readers.dump(tables, null, { signal: stop.signal });
		const ids = readers.connectionIds.join(', ');
		await until(
			async () =>
				(await query(`SELECT ID AS id FROM information_schema.PROCESSLIST WHERE ID IN (${ids}) AND INFO LIKE '%SLEEP(20)%'`)).length > 0,
		);
		stop.abort(new Stopped('enough'));
		await expect(dumping).rejects.toThrow('enough');
		await until(async () => (await query(`SELECT ID FROM information_schema.PROCESSLIST WHERE ID IN (${ids})`)).length === 0);
	});

	test('are an error where none come any more', async () => {
		const tables = (await tablesOf('cutoff')).map((table) => ({
			...table,
			columns: [...table.columns, { name: 'wait', select: 'SLEEP(20)', load: null }],
		}));
		const { signal } = new AbortController();
		await using readers = await openReaders({ address, password: null, workers: 1, dialect, signal, silentMs: 500 });
		const what = 'Nothing came of cutoff.t for 0.5 s, so its rows are waited for no longer.';
		await expect(readers.dump(tables, null, { signal })).rejects.toMatchObject({ name: 'ServerError', description: { message: what } });
		const ids = readers.connectionIds.join(', ');
		await until(async () => (await query(`SELECT ID FROM information_schema.PROCESSLIST WHERE ID IN (${ids})`)).length === 0);
	});

	test('are given up with the definitions that the server does not show in time', async () => {
		await query('CREATE DATABASE stuck');
		const { definitions } = dialect;
		const read: typeof definitions.read = (name) => ({ ...definitions.read(name), statement: { pieces: ['SELECT SLEEP(20)'] } });
		const slow = { ...dialect, definitions: { ...definitions, read } };
		await using readers = await openReaders({ address, password: null, workers: 1, dialect: slow, signal: new AbortController().signal });
		await expect(readers.definitions(['stuck'], undefined, { answerMs: 300, listMs: 10_000 })).rejects.toMatchObject({
			name: 'ServerError',
			description: { message: expect.stringContaining('No answer within 0.3 s') },
		});
		const ids = readers.connectionIds.join(', ');
		await until(async () => (await query(`SELECT ID FROM information_schema.PROCESSLIST WHERE ID IN (${ids})`)).length === 0);
	});

	test('are an error where a file cannot be written', async () => {
		const tables = (await tablesOf('kinds')).slice(0, 1);
		const into = await mkdtemp(join(folder, 'taken-'));
		await dump(tables, into, 'none', 1);
		await expect(dump(tables, into, 'none', 1)).rejects.toMatchObject({
			name: 'UserError',
			description: { reason: expect.stringContaining('exists already') },
		});
	});

	test('of a table that is no longer what it was are an error that says so', async () => {
		await query('CREATE DATABASE changed');
		await query('CREATE TABLE changed.t (id INT PRIMARY KEY)');
		await query('INSERT INTO changed.t VALUES (1)');
		await query('CREATE TABLE changed.gone (id INT PRIMARY KEY)');
		const tables = await tablesOf('changed');
		const { signal } = new AbortController();
		for (const change of ['ALTER TABLE changed.t ADD COLUMN v INT, ALGORITHM=COPY', 'DROP TABLE changed.gone']) {
			await using readers = await openReaders({ address, password: null, workers: 1, dialect, signal });
			await readers.each({ pieces: ['START TRANSACTION WITH CONSISTENT SNAPSHOT'] });
			await query(change);
			const name = /changed\.\w+/.exec(change)?.[0] ?? '';
			const dumping = readers.dump(
				tables.filter((table) => `changed.${table.name}` === name),
				null,
				{ signal },
			);
			await expect(dumping).rejects.toThrow(`The table ${name} was changed, or dropped`);
		}
	});
});
