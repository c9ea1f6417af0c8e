// Backups' folders as runs leave them, without a server.
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { changeSourceSql } from '../../src/archive/change-source.ts';
import { finalize } from '../../src/archive/finalize.ts';
import { accountsFile, changeSourceFile, databaseFiles } from '../../src/archive/layout.ts';
import { buildManifest, countObjects, type Manifest, type ManifestFile, type ManifestParts } from '../../src/archive/manifest.ts';
import { readmeText } from '../../src/archive/texts.ts';
import { pointLatest, publish, reserveFolder, writeFileDurably, writeStream } from '../../src/archive/write.ts';
import { createDumpScanner, scanning } from '../../src/dump/sql/scan.ts';
import { byHandOf } from './by-hand.ts';

const dump = new URL('../fixtures/dumps/mariadb-11.8.sql', import.meta.url);
export const began = new Date('2026-11-21T02:00:00.250Z');
export const later = (ms: number) => new Date(began.getTime() + ms);

/** What a run of that moment would have told of these files. */
export const parts = (id: string, files: readonly ManifestFile[]): ManifestParts => ({
	tool: { name: 'lockstep', version: '1.0.0' },
	id,
	profile: 'db3-backup',
	tags: { why: 'before the move' },
	started: began,
	finished: later(372_000),
	server: {
		flavor: 'mariadb',
		version: '11.8.6-MariaDB',
		host: 'db3',
		port: 3306,
		server_id: 3,
		server_uuid: null,
		hostname: 'db3',
		sql_mode: 'STRICT_TRANS_TABLES',
		character_set: 'utf8mb4',
		time_zone: 'SYSTEM',
		lower_case_table_names: 0,
	},
	consistency: {
		method: 'lock',
		statement: 'FLUSH TABLES WITH READ LOCK',
		requested: later(1000),
		acquired: later(1120),
		released: later(359_240),
		connection_id: 4711,
		connection_alive_at_end: true,
	},
	position: {
		source: { host: 'db1', port: 3306, file: 'mysql-bin.000213', pos: 88112, gtid: '0-1-84213' },
		self: { file: 'db3-bin.000007', pos: 342, gtid: '0-1-84213' },
	},
	dump: {
		client: 'mariadb-dump',
		client_version: '11.8.6',
		argv: ['--defaults-extra-file=/dev/fd/3', '--single-transaction'],
		databases: ['shop'],
		ignored_tables: [],
		compression: 'zstd',
		level: 3,
	},
	files,
	rowsEstimated: 20,
	dataBytes: 4096,
	replica: { before: { io: 'Yes' }, after: { io: 'Yes' }, caught_up_ms: 41_000 },
	warnings: [],
});

/** A whole backup, published, made of the recorded dump and in the order that a run has. */
export async function backUp(folder: string, at = began): Promise<{ path: string; manifest: Manifest }> {
	const { label, partial, final } = await reserveFolder(folder, at);
	const files: ManifestFile[] = [];
	for (const [database, path] of [...databaseFiles(['shop', "it's\nodd"], 'zstd'), [null, accountsFile('zstd')] as const]) {
		const scanner = createDumpScanner();
		const stream = await writeStream(join(partial, path), { compress: 'zstd' });
		await pipeline(createReadStream(dump), scanning(scanner), stream.input);
		const { bytes, rawBytes, sha256 } = await stream.done;
		const found = scanner.end();
		const objects = countObjects(found.databases);
		const file = { path, bytes, raw_bytes: rawBytes, sha256, footer: found.footer };
		if (database === null) files.push({ ...file, kind: 'accounts' });
		else files.push({ ...file, kind: 'database', database, rows: found.rows, tables: objects.tables, objects });
	}
	return finish(folder, { label, partial, final }, buildManifest(parts(label, files)));
}

async function finish(folder: string, { label, partial, final }: { label: string; partial: string; final: string }, manifest: Manifest) {
	await writeFileDurably(join(partial, 'README.txt'), readmeText(manifest, byHandOf(manifest)));
	await writeFileDurably(join(partial, changeSourceFile(manifest.dump.engine)), changeSourceSql(manifest, byHandOf(manifest)));
	await writeFileDurably(join(partial, 'run.log'), 'begun\n');
	await writeFileDurably(join(partial, 'run.jsonl'), '{}\n');
	await finalize(partial, manifest);
	await publish(partial, final);
	await pointLatest(join(folder, 'latest'), label);
	return { path: final, manifest };
}

const schema = `CREATE DATABASE /*!32312 IF NOT EXISTS*/ \`shop\`;
USE \`shop\`;
CREATE TABLE \`orders\` (\`id\` int NOT NULL, \`note\` text, PRIMARY KEY (\`id\`));
CREATE TABLE \`none\` (\`id\` int NOT NULL);
CREATE TABLE \`old\` (\`id\` int NOT NULL);

-- Dump completed on 2026-11-21  2:00:05
`;
const post = 'USE `shop`;\nCREATE VIEW `v` AS SELECT 1;\n\n-- Dump completed on 2026-11-21  2:00:05\n';
const old = 'USE `shop`;\nINSERT INTO `old` VALUES (1),(2);\n\n-- Dump completed on 2026-11-21  2:00:05\n';
const load = (file: string) =>
	`/*!40101 SET NAMES binary*/;\nLOAD DATA LOCAL INFILE '${file}' REPLACE INTO TABLE \`orders\` CHARACTER SET binary FIELDS TERMINATED BY '\\t' ESCAPED BY '\\\\' LINES TERMINATED BY '\\n' (\`id\`,\`note\`);\n`;

/** The same as the parallel engine lays it out: a table in two files, an empty one, one in statements. */
export async function parallelBackUp(folder: string, at = began): Promise<{ path: string; manifest: Manifest }> {
	const claimed = await reserveFolder(folder, at);
	const files: ManifestFile[] = [];
	const put = async (path: string, text: string, rest: Omit<ManifestFile, 'path' | 'bytes' | 'raw_bytes' | 'sha256' | 'footer'>) => {
		const compress = path.endsWith('.zst') ? 'zstd' : 'none';
		const stream = await writeStream(join(claimed.partial, path), { compress });
		stream.input.end(text);
		const { bytes, rawBytes, sha256 } = await stream.done;
		files.push({ path, bytes, raw_bytes: rawBytes, sha256, footer: true, ...rest });
	};
	const of = { database: 'shop', table: 'orders' } as const;
	await put('shop-schema-create.sql.zst', schema, { kind: 'schema', database: 'shop', tables: 3 });
	for (const [chunk, text] of ['1\ta\\nb\n2\t\\N\n', '3\t\n'].entries()) {
		const name = `shop.orders.0000${chunk}`;
		await put(`${name}.dat.zst`, text, { kind: 'rows', ...of, chunk, rows: text.split('\n').length - 1, format: 'tsv' });
		await put(`${name}.sql`, load(`${name}.dat`), { kind: 'load', ...of, chunk });
	}
	await put('shop.old.00000.sql.zst', old, { kind: 'rows', database: 'shop', table: 'old', chunk: 0, rows: 2, format: 'sql' });
	await put('shop-post.zst', post, { kind: 'post', database: 'shop' });
	await put('accounts.zst', "CREATE USER 'a'@'b';\n\n-- Dump completed\n", { kind: 'accounts' });
	const table = (name: string, rows: number) => ({ database: 'shop', name, engine: 'InnoDB', rows, digest: null, data_bytes: 1, load: [] });
	const built = buildManifest(parts(claimed.label, files));
	const manifest: Manifest = {
		...built,
		dump: { ...built.dump, engine: 'parallel', workers: 2 },
		consistency: { ...built.consistency, method: 'snapshot' },
		tables: [table('orders', 3), table('none', 0), table('old', 2)],
		totals: { ...built.totals, databases: 1, tables: 3, rows: 5 },
	};
	return finish(folder, claimed, manifest);
}
