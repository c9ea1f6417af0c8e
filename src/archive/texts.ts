import type { ByHand } from '../core/by-hand.ts';
import { changedJsonWarning } from '../core/changed-json.ts';
import { shellWord } from '../core/shell.ts';
import { notation, UNSEEN, visible } from '../core/visible.ts';
import { sourcesOf } from './change-source.ts';
import { changeSourceFile, encodeName, FILES } from './layout.ts';
import type { Manifest, ManifestFile } from './manifest.ts';

const plain = (file: string): string => {
	const name = shellWord(file.startsWith('-') ? `./${file}` : file);
	if (file.endsWith('.zst')) return `zstd -dc ${name}`;
	return file.endsWith('.gz') ? `gzip -dc ${name}` : `cat ${name}`;
};

const wrap = (text: string, width = 100): string[] =>
	text.match(new RegExp(`.{1,${width}}(?:\\s|$)`, 'g'))?.map((line) => line.trimEnd()) ?? [];

/** `README.txt`: how to prove and restore the backup by hand, without lockstep. */
export function readmeText(manifest: Manifest, byHand: ByHand): string {
	const { server, position, dump, files } = manifest;
	const { client, firstLine } = byHand;
	// --comments: without it the client strips the comments out of routines, triggers and events (seen on 10.11 and 11.8).
	const options = `--comments --default-character-set=utf8mb4 --init-command='SET SESSION sql_log_bin=0'`;
	const load = (file: ManifestFile, more = '') => `    ${plain(file.path)} | ${client} ${more}${options}`;
	const databases = files.filter((file) => file.kind === 'database' || file.kind === 'schema');
	const accounts = files.filter((file) => file.kind === 'accounts');
	const first = databases[0]?.path ?? 'x.sql';
	const compressed = dump.compression !== 'none';
	const changeSource = changeSourceFile(dump.engine);
	const where = [
		...sourcesOf(position).map(
			(source) => `    source ${source.host}:${source.port}${source.name && ` (channel ${source.name})`}   ${place(source)}`,
		),
		...(position.self === null ? [] : [`    itself ${server.host}:${server.port}   ${place(position.self)}`]),
	];
	const loadVendor = () => [
		...databases.map((file) => load(file)),
		'',
		...wrap(
			`If one stops with error ${byHand.missingErrors} (a view of a table in another database that is not loaded yet), load the others first, then that one again. ` +
				`Events come back enabled as they were: run SET GLOBAL event_scheduler=OFF first where they must not fire, as on a replica.`,
		),
	];
	const sections: string[][] = [
		[
			`Backup ${manifest.id} of ${server.host}:${server.port} (${server.version})`,
			'',
			...wrap(
				`Made by lockstep ${manifest.tool.version} with ${dump.client} ${dump.client_version}, ${manifest.started} to ${manifest.finished}. ` +
					(manifest.consistency.method === 'lock'
						? 'All files show one moment: the server was locked while they were written.'
						: 'All files show one moment: every connection took its snapshot of it while the server was locked.'),
			),
			...(where.length === 0 ? [] : ['', 'That moment in the binary logs:', ...where]),
		],
		[
			'1. Verify the files',
			'',
			`    sha256sum -c ${FILES.sums}`,
			'',
			'Every line must end in OK. The folder is complete only if manifest.json is in it.',
		],
		[
			'2. Load the data',
			'',
			...wrap(
				`Into ${byHand.title} ${server.version.split('-')[0]} or newer, as an account with all privileges. Give ${client} its host and account as usual ` +
					'(-h, -P, -u, -p, or an option file). A database of the same name loses every table that is in the backup. ' +
					'sql_log_bin=0 keeps the new server’s own binary log empty, which a replica needs; leave that option out to have the load replicated. ' +
					'--comments keeps the comments in routines and triggers.',
			),
			'',
			...(dump.engine === 'parallel' ? loadParallel(manifest, `${client} ${options}`, byHand) : loadVendor()),
			...(compressed
				? ['', `Without ${first.endsWith('.zst') ? 'zstd (Node 22.15 or newer)' : 'gzip'}:`, '', `    ${withoutTool(first)}`]
				: []),
		],
		...(manifest.changed_json === undefined
			? []
			: [
					[
						'What a load changes',
						'',
						...wrap(changedJsonWarning(manifest.changed_json)),
						'',
						...wrap('The files hold each value as the server printed it.'),
					],
				]),
		...(accounts.length === 0
			? []
			: [
					[
						'3. Load the accounts, if you want them',
						'',
						...wrap(
							'It holds password hashes, and would set the password of accounts that exist already to the one in the backup: read it first. ' +
								'--force continues after "already exists". After the data, because grants may name tables and routines.',
						),
						'',
						...accounts.map((file) => `    ${plain(file.path)} | less`),
						...accounts.map((file) => load(file, '--force ')),
						`    ${client} -e 'FLUSH PRIVILEGES'`,
					],
				]),
		[
			`${accounts.length === 0 ? 3 : 4}. Make it a replica, if it is to be one`,
			'',
			...wrap(`Edit the placeholders in ${changeSource}; it stands at the position above. Then:`),
			'',
			`    ${client} < ${changeSource}`,
			`    ${client} -e '${byHand.replicaStatus}'`,
		],
		...(firstLine === null
			? []
			: [
					[
						'About the first line of the dumps',
						'',
						...wrap(firstLine.about),
						'',
						`    ${plain(first)} | sed '${firstLine.sed}' | ${client} ${options}`,
					],
				]),
		[
			'The files',
			'',
			...[
				...theFiles(manifest),
				[changeSource, 'makes a restored server a replica'] as const,
				[FILES.manifest, 'everything about this backup, for programs'] as const,
				[FILES.variables, 'the settings of the server'] as const,
				[FILES.replicaStatus, 'its replication: before, under the lock, after'] as const,
				[FILES.tableSizes, 'its tables, as the server estimated them'] as const,
				[`${FILES.log}, ${FILES.events}`, 'all that was done'] as const,
			].map(([name, what]) => `    ${name.padEnd(26)}  ${what}`),
			'',
			...wrap(
				'In the .tsv files a tab separates columns and \\N is NULL; \\t, \\n, \\r, \\0 and \\\\ are escapes, \\xNN and \\u{N} characters that a terminal would not show, by their Unicode number.',
			),
		],
	];
	return `${sections.map((lines) => lines.join('\n')).join('\n\n')}\n`;
}

/** The dumps, a line each; of a parallel backup a line a kind. */
function theFiles({ dump, files }: Manifest): (readonly [string, string])[] {
	const list = files
		.filter(({ kind }) => kind === 'definitions')
		.map(({ path }) => [path, 'what every object is made by, one of JSON a line, for programs'] as const);
	if (dump.engine !== 'parallel') {
		return [
			...files
				.filter(({ kind }) => kind !== 'definitions')
				.map((file): readonly [string, string] => [
					file.path,
					file.kind === 'accounts'
						? 'accounts and their privileges'
						: `database ${visible(JSON.stringify(file.database ?? ''))}: ${file.tables ?? 0} tables, ${file.raw_bytes} bytes as SQL`,
				]),
			...list,
		];
	}
	const end = /\.\w+$/.exec(files.find((file) => file.kind === 'accounts')?.path ?? '')?.[0] ?? '';
	return [
		[`*-schema-create.sql${end}`, 'a database and its tables, without rows'],
		[`*.00000.dat${end} …`, 'rows of one table as LOAD DATA text'],
		['*.00000.sql …', 'the statement that loads the file of rows beside it'],
		...(files.some((file) => file.format === 'sql') ? [[`*.00000.sql${end}`, 'rows with their history, as statements'] as const] : []),
		[`*-post${end}`, 'triggers, routines, events and views of a database'],
		[`accounts${end}`, 'accounts and their privileges'],
		...list,
		['metadata', 'for mydumper’s loader'],
	];
}

/** The shell loops that load a parallel backup. */
function loadParallel({ files }: Manifest, client: string, { beforeLocalInfile }: ByHand): string[] {
	const of = (kind: ManifestFile['kind']) => files.filter((file) => file.kind === kind);
	const end = /(\.zst|\.gz)?$/.exec(of('accounts')[0]?.path ?? '')?.[0] ?? '';
	const unpack = { '.zst': 'zstd -dc', '.gz': 'gzip -dc', '': 'cat' }[end] ?? 'cat';
	const loop = (what: string) => `    for f in ${what}; do ${unpack} "$f" | ${client} || break; done`;
	const history = files.filter((file) => file.format === 'sql');
	return [
		'The databases and their tables:',
		'',
		loop(`*-schema-create.sql${end}`),
		'',
		...wrap(
			`Then the rows of each database, each file by the statement beside it${beforeLocalInfile === '' ? '' : `; the server must allow it (${beforeLocalInfile})`}:`,
		),
		'',
		'    rows() {',
		`      for f in "$1".*.dat${end}; do`,
		`        ${unpack} "$f" | ${client} --local-infile=1 --database="$2" \\`,
		`          -e "$(sed "s,INFILE '[^']*',INFILE '/dev/stdin'," "\${f%.dat${end}}.sql")" || return 1`,
		'      done',
		'    }',
		...of('schema').map(({ database = '' }) => `    rows ${shellWord(encodeName(database))} ${shellWord(database)}`),
		...history.map((file) => `    ${plain(file.path)} | ${client} --database=${shellWord(file.database ?? '')}`),
		'',
		...wrap(
			'Last what needs the tables. Events come back enabled as they were: run SET GLOBAL event_scheduler=OFF first where they must not fire, as on a replica.',
		),
		'',
		`    for f in *-post${end}; do ${unpack} "$f" | ${client} || echo "once more: $f"; done`,
		'',
		...wrap('Where it says "once more", a view uses a function of a database that comes later: run the line again.'),
		'',
		...(end === ''
			? wrap(
					'mydumper’s loader takes the folder as well (myloader -d . in it); triggers, routines, events and views are then still to be loaded as above.',
				)
			: []),
	];
}

function place({ file, pos, gtid }: { file: string | null; pos: number | null; gtid: string | null }): string {
	return [gtid === null ? [] : [`GTID ${gtid}`], file === null ? [] : [`file ${file} position ${pos ?? '?'}`]].flat().join(', ');
}

function withoutTool(file: string): string {
	const unpack = file.endsWith('.zst') ? 'createZstdDecompress' : 'createGunzip';
	return `node -e 'process.stdin.pipe(require("zlib").${unpack}()).pipe(process.stdout)' < ${shellWord(file)} > plain.sql`;
}

/** A cell as the servers' own batch output writes it: tab, line end and backslash escaped, NULL as \N; what is not seen as `visible` writes it. */
function cell(value: string | number | bigint | null): string {
	if (value === null) return '\\N';
	return String(value)
		.replaceAll('\\', '\\\\')
		.replaceAll(UNSEEN, (sign) => (sign === '\0' ? '\\0' : notation(sign)));
}

const tsv = (rows: readonly (readonly (string | number | bigint | null)[])[]): string =>
	rows.map((row) => `${row.map(cell).join('\t')}\n`).join('');

/** `server-variables.tsv`: a head line, then name and value, sorted by name. */
export function variablesTsv(variables: ReadonlyMap<string, string | null>): string {
	return tsv([['variable', 'value'], ...[...variables].sort(([a], [b]) => (a < b ? -1 : 1))]);
}

/** A table's size as the server estimates it: `rows` and bytes are null where it doesn't know. */
export type TableSize = {
	readonly database: string;
	readonly table: string;
	readonly engine: string | null;
	readonly rows: number | null;
	readonly dataBytes: number | null;
	readonly indexBytes: number | null;
};

/** `table-sizes.tsv`: a head line, then a line a table. */
export function tableSizesTsv(sizes: readonly TableSize[]): string {
	const rows = sizes.map((size) => [size.database, size.table, size.engine, size.rows, size.dataBytes, size.indexBytes]);
	return tsv([['database', 'table', 'engine', 'rows_estimated', 'data_bytes', 'index_bytes'], ...rows]);
}

/** `replica-status.txt`: what the server said of its replication at several moments, each row's columns one a line. */
export function replicaStatusText(
	moments: readonly { readonly title: string; readonly at: Date; readonly rows: readonly Readonly<Record<string, string | null>>[] }[],
): string {
	return moments
		.map(({ title, at, rows }) => {
			const head = `== ${title}, ${at.toISOString()}\n`;
			if (rows.length === 0) return `${head}It replicates from no server.\n`;
			return rows
				.map((row) => {
					const width = Math.max(0, ...Object.keys(row).map((key) => key.length));
					return (
						head +
						Object.entries(row)
							.map(([key, value]) => `${key.padStart(width)}: ${value === null ? 'NULL' : visible(value)}\n`)
							.join('')
					);
				})
				.join('\n');
		})
		.join('\n');
}
