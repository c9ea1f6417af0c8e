// A backup as the parallel engine leaves it, made by the vendor's tool and by SELECT: what a restore of one is tested with.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { zstdCompressSync } from 'node:zlib';
import { buildManifest, countObjects, type ManifestFile, type ManifestTable } from '../../src/archive/manifest.ts';
import { seal } from '../../src/archive/seal.ts';
import { createDumpScanner } from '../../src/dump/scan.ts';
import { ask, rootSession, type SandboxServer } from './servers.ts';

const run = promisify(execFile);
const quoted = (name: string) => `\`${name.replaceAll('`', '``')}\``;
const text = (name: string) => `'${name.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;
const ESCAPED: Readonly<Record<number, string>> = { 0: '\\0', 9: '\\t', 10: '\\n', 92: '\\\\' };
/** Of a file's name, as archive/layout.ts has it. */
const encoded = (name: string) =>
	name.replaceAll(/^-|[^\w\u00a0-\uffff-]/g, (sign) => `%${Buffer.from(sign).toString('hex').toUpperCase()}`);

const RAW = /^(bit|geometry|point|linestring|polygon|multi|vector)/;

function field(hex: string | null): Buffer {
	if (hex === null) return Buffer.from('\\N');
	const bytes = Buffer.from(hex.length % 2 === 1 ? `0${hex}` : hex, 'hex');
	return Buffer.concat([...bytes].map((byte) => Buffer.from(ESCAPED[byte] ?? [byte])));
}

/** Takes it of a server that nobody writes to; every table in chunks of so many rows. Gives the folder. */
export async function parallelBackup(o: {
	readonly server: Pick<SandboxServer, 'socket' | 'port'>;
	readonly flavor: 'mariadb' | 'mysql';
	readonly version: string;
	readonly binDir: string | null;
	readonly databases: readonly string[];
	readonly to: string;
	readonly chunkRows: number;
}): Promise<string> {
	const { server, flavor, databases, to } = o;
	await mkdir(to, { recursive: true });
	const program = join(o.binDir ?? '', flavor === 'mariadb' ? 'mariadb-dump' : 'mysqldump');
	const own = flavor === 'mariadb' ? [] : ['--set-gtid-purged=OFF', '--no-tablespaces'];
	const dump = async (...argv: string[]) =>
		(
			await run(
				program,
				['--no-defaults', `--socket=${server.socket}`, '--user=root', ...own, '--default-character-set=utf8mb4', ...argv],
				{ maxBuffer: 2 ** 28 },
			)
		).stdout;
	const files: ManifestFile[] = [];
	const tables: ManifestTable[] = [];
	const write = async (path: string, raw: Buffer, more: Pick<ManifestFile, 'kind' | 'database'> & Partial<ManifestFile>) => {
		const bytes = path.endsWith('.zst') ? zstdCompressSync(raw) : raw;
		await writeFile(join(to, path), bytes);
		const sha256 = createHash('sha256').update(bytes).digest('hex');
		files.push({ path, bytes: bytes.length, raw_bytes: raw.length, sha256, footer: true, ...more });
	};
	const scan = (sql: string) => {
		const scanner = createDumpScanner();
		scanner.write(Buffer.from(sql));
		return { objects: countObjects(scanner.end().databases) };
	};
	for (const database of databases) {
		const all = await ask(
			server,
			`SELECT TABLE_NAME AS n, TABLE_TYPE AS t, ENGINE AS e FROM information_schema.TABLES WHERE TABLE_SCHEMA = ${text(database)}`,
		);
		const views = all.filter((row) => row.t === 'VIEW').map((row) => row.n ?? '');
		const name = encoded(database);
		const schema = await dump(
			'--no-data',
			'--skip-triggers',
			...views.map((view) => `--ignore-table=${database}.${view}`),
			'--databases',
			database,
		);
		await write(`${name}-schema-create.sql.zst`, Buffer.from(schema), { kind: 'schema', database, ...scan(schema) });
		const programs = await dump(
			'--no-data',
			'--no-create-info',
			'--no-create-db',
			'--routines',
			'--events',
			'--triggers',
			'--databases',
			database,
		);
		const shown = views.length === 0 ? '' : `USE ${quoted(database)};\n${await dump('--no-data', '--skip-triggers', database, ...views)}`;
		for (const row of all.filter((each) => each.t !== 'VIEW' && each.t !== 'SEQUENCE')) {
			const table = row.n ?? '';
			const columns = (
				await ask(
					server,
					`SELECT COLUMN_NAME AS c, DATA_TYPE AS t FROM information_schema.COLUMNS WHERE COALESCE(GENERATION_EXPRESSION, '') = ''
					 AND TABLE_SCHEMA = ${text(database)} AND TABLE_NAME = ${text(table)} ORDER BY ORDINAL_POSITION`,
				)
			).map((column) => ({ name: column.c ?? '', type: column.t ?? '' }));
			await using session = await rootSession(server);
			await session.query({ pieces: ["SET time_zone = '+00:00'"] });
			const hex = columns.map(
				({ name: column, type }, index) => `HEX(${RAW.test(type) ? quoted(column) : `CAST(${quoted(column)} AS BINARY)`}) AS c${index}`,
			);
			const rows = await session.query({ pieces: [`SELECT ${hex.join(', ')} FROM ${quoted(database)}.${quoted(table)}`] });
			const tab = Buffer.from('\t');
			const line = Buffer.from('\n');
			for (let from = 0, chunk = 0; from < rows.length; from += o.chunkRows, chunk++) {
				const part = rows.slice(from, from + o.chunkRows);
				const lines = part.map((each) =>
					Buffer.concat([...Object.values(each).flatMap((value, index) => (index === 0 ? [field(value)] : [tab, field(value)])), line]),
				);
				const path = `${name}.${encoded(table)}.${String(chunk).padStart(5, '0')}.dat.zst`;
				await write(path, Buffer.concat(lines), { kind: 'rows', database, table, chunk, rows: part.length, format: 'tsv' });
			}
			tables.push({
				...{ database, name: table, engine: row.e ?? '', rows: rows.length, digest: null, data_bytes: 0 },
				load: columns.map(({ name: column, type }) => [column, type === 'json' ? 'CONVERT(@v USING utf8mb4)' : null] as const),
			});
		}
		await write(`${name}-schema-post.sql.zst`, Buffer.from(`${programs}${shown}`), {
			kind: 'post',
			database,
			...scan(`${programs}${shown}`),
		});
	}
	const at = new Date();
	const manifest = buildManifest({
		tool: { name: 'lockstep', version: '0.0.0-test' },
		...{ id: '20261121T020000Z', profile: null, tags: {}, started: at, finished: at, warnings: [], rowsEstimated: 0, dataBytes: 0 },
		server: {
			...{ flavor, version: o.version, host: '127.0.0.1', port: server.port, server_id: 1, server_uuid: null, hostname: 'test' },
			...{ sql_mode: '', character_set: 'utf8mb4', time_zone: 'SYSTEM', lower_case_table_names: 0 },
		},
		consistency: {
			method: 'snapshot',
			statement: '',
			requested: at,
			acquired: at,
			released: at,
			connection_id: 1,
			connection_alive_at_end: true,
		},
		position: { source: null, self: null },
		dump: { client: program, client_version: o.version, argv: [], databases, ignored_tables: [], compression: 'zstd', level: 3 },
		files,
		replica: { before: null, after: null, caught_up_ms: null },
	});
	await seal(to, { ...manifest, tables, dump: { ...manifest.dump, engine: 'parallel' } });
	return to;
}
