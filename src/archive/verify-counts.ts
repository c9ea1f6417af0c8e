import type { DumpScan } from '../dump/sql/scan.ts';
import { sourcesOf } from './change-source.ts';
import { countObjects, type Manifest, type ManifestFile, type ManifestTable, type ObjectCounts } from './manifest.ts';
import type { FileRead, ReadAs } from './read-whole.ts';

/** Something that is not as it should be. */
export type Problem = { readonly expected: string; readonly found: string };

const sum = (numbers: readonly number[]): number => numbers.reduce((all, one) => all + one, 0);
const differ = (what: string, expected: number | undefined, found: number): Problem[] =>
	expected === undefined || expected === found ? [] : [{ expected: `${expected} ${what} (manifest.json)`, found: `${found} ${what}` }];

/** What a file of the manifest is read for. */
export function readAsOf({ kind, format }: ManifestFile): ReadAs {
	if (kind === 'load') return 'text';
	if (kind === 'definitions') return 'lines';
	return kind === 'rows' && format !== 'sql' ? 'lines' : 'dump';
}

/** The name of the file with the statement that loads these rows. */
const loaderOf = (path: string): string => path.replace(/\.dat(\.zst|\.gz)?$/, '.sql');

const named = (name: string): string => `\`${name.replaceAll('`', '``')}\``;

/** Judges what is in a file by what the manifest says of it. Pure. */
export function counting(manifest: Manifest): (file: ManifestFile, read: FileRead) => Problem[] {
	const loads = new Map(
		manifest.files.filter(({ kind, format }) => kind === 'rows' && format !== 'sql').map((rows) => [loaderOf(rows.path), rows]),
	);
	return (file, read) => countProblems(file, read, manifest.tables ?? [], loads.get(file.path));
}

function countProblems(file: ManifestFile, read: FileRead, tables: readonly ManifestTable[], rows: ManifestFile | undefined): Problem[] {
	const problems = differ('bytes after decompression', file.raw_bytes, read.rawBytes);
	const { scan, lines, text } = read;
	if (lines !== null && file.kind !== 'definitions') problems.push(...differ('rows', file.rows, lines));
	if (scan !== null) problems.push(...dumpProblems(file, scan, tables));
	if (text !== null) problems.push(...loaderProblems(text, rows));
	return problems;
}

function dumpProblems(file: ManifestFile, scan: DumpScan, tables: readonly ManifestTable[]): Problem[] {
	const problems: Problem[] = [];
	if (!scan.footer) problems.push({ expected: 'a last line "-- Dump completed"', found: 'none: the dump was cut off' });
	else if (!file.footer) problems.push({ expected: 'no footer (manifest.json)', found: 'a footer' });
	const objects = countObjects(scan.databases);
	problems.push(...differ('rows', file.rows, scan.rows), ...differ('tables', file.tables, objects.tables));
	for (const [kind, count] of Object.entries(file.objects ?? {})) {
		if (kind !== 'tables' || file.tables === undefined)
			problems.push(...differ(kind.replaceAll('_', ' '), count, objects[kind as keyof ObjectCounts]));
	}
	if (file.kind === 'schema') {
		const made = new Set(scan.databases.flatMap((database) => [...database.tables.map(({ name }) => name), ...database.sequences]));
		const lacking = tables.filter((table) => table.database === file.database && !made.has(table.name));
		for (const table of lacking) problems.push({ expected: `the table ${table.name} (manifest.json)`, found: 'no CREATE TABLE of it' });
	}
	return problems;
}

/** `text`: a statement that loads, `rows`: the file that it must load. */
function loaderProblems(text: string, rows: ManifestFile | undefined): Problem[] {
	if (rows === undefined) return [{ expected: 'a file of rows that it loads', found: 'none in manifest.json' }];
	const short = rows.path.replace(/\.(zst|gz)$/, '');
	const names = text.includes(`INFILE '${rows.path}'`) || text.includes(`INFILE '${short}'`);
	if (names && text.includes(` INTO TABLE ${named(rows.table ?? '')}`)) return [];
	return [{ expected: `a statement that loads ${short} into ${named(rows.table ?? '')}`, found: text.trim().slice(-200) }];
}

/** Judges the manifest by itself: its totals, its tables, the files that belong together. `loaders`: with what other tools need. Pure. */
export function totalProblems({ files, totals, tables, dump }: Manifest, { loaders = true } = {}): Problem[] {
	const problems: Problem[] = [];
	const within = (what: string, expected: number | undefined, found: number) => {
		if (expected !== undefined && expected !== found)
			problems.push({ expected: `totals of ${expected} ${what}`, found: `${found} ${what} by its files` });
	};
	const dumps = files.filter(({ kind }) => kind === 'database');
	within('bytes', totals.bytes, sum(files.map((file) => file.bytes)));
	within('raw bytes', totals.raw_bytes, sum(files.map((file) => file.raw_bytes)));
	const have = new Set(files.filter(({ kind }) => kind === 'database' || kind === 'schema').map(({ database }) => database));
	for (const database of dump.databases)
		if (!have.has(database)) problems.push({ expected: `a dump of the database ${database}`, found: 'none among its files' });
	within('databases', totals.databases, have.size);
	if (tables === undefined) {
		within('tables', totals.tables, sum(dumps.map((file) => file.tables ?? 0)));
		within('rows', totals.rows, sum(dumps.map((file) => file.rows ?? 0)));
		return problems;
	}
	within('rows', totals.rows, sum(tables.map((table) => table.rows)));
	const key = (database: string | undefined, table: string | undefined) => `${database}.${table}`;
	const rows = files.filter(({ kind }) => kind === 'rows');
	const paths = new Set(files.map(({ path }) => path));
	const counted = new Map<string, number>();
	const chunks = new Map<string, number[]>();
	for (const file of rows) {
		const of = key(file.database, file.table);
		counted.set(of, (counted.get(of) ?? 0) + (file.rows ?? 0));
		chunks.set(of, [...(chunks.get(of) ?? []), file.chunk ?? -1]);
		if (loaders && file.format !== 'sql' && !paths.has(loaderOf(file.path)))
			problems.push({ expected: `${loaderOf(file.path)}, the statement that loads ${file.path}`, found: 'none among its files' });
	}
	for (const table of tables) {
		const of = key(table.database, table.name);
		const found = counted.get(of) ?? 0;
		if (found !== table.rows) problems.push({ expected: `${table.rows} rows of ${of}`, found: `${found} rows in its files` });
		const gap = (chunks.get(of) ?? []).toSorted((a, b) => a - b).findIndex((chunk, index) => chunk !== index);
		if (gap !== -1) problems.push({ expected: `the file ${gap} of ${of}`, found: 'none, or two of a number' });
		counted.delete(of);
	}
	for (const of of counted.keys()) problems.push({ expected: `${of} among the manifest's tables`, found: 'only files of its rows' });
	return problems;
}

/** Whether `change-source.sql` begins where the manifest says that the backup stands. Pure. */
export function positionProblems({ position }: Manifest, text: string): Problem[] {
	const dense = text.replaceAll(/\s/g, '');
	const places = new Set([...dense.matchAll(/'([^']*)',\w+_LOG_POS=(\d+)/g)].map(([, file, pos]) => `${file}:${pos}`));
	const at = [...sourcesOf(position), ...(position.self === null ? [] : [position.self])];
	return at.flatMap(({ gtid, file, pos }) => [
		...(!gtid || dense.includes(`'${gtid.replaceAll(/\s/g, '')}'`) ? [] : [{ expected: `GTID ${gtid} (manifest.json)`, found: 'another' }]),
		...(file === null || pos === null || places.has(`${file}:${pos}`)
			? []
			: [{ expected: `file ${file}, position ${pos} (manifest.json)`, found: 'another' }]),
	]);
}
