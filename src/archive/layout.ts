import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { Compression } from '../core/action.ts';
import type { DumpEngine } from '../core/dump-engines.ts';

/** The files of a backup's folder besides the dumps. */
export const FILES = {
	readme: 'README.txt',
	manifest: 'manifest.json',
	sums: 'SHA256SUMS',
	variables: 'server-variables.tsv',
	replicaStatus: 'replica-status.txt',
	tableSizes: 'table-sizes.tsv',
	log: 'run.log',
	events: 'run.jsonl',
} as const;

/** gzip's own, and of zstd the level that keeps up with a server; the next ones are hardly smaller. */
const LEVEL: Readonly<Record<Compression, number>> = { zstd: 1, gzip: 6, none: 0 };

/** zstd 1–19, gzip 1–9; null: our own choice. */
export const levelOf = (compress: Compression, level: number | null = null): number => level ?? LEVEL[compress];

/** What makes a restored server a replica. Beside mydumper's files nothing else may be called `.sql`. */
export const changeSourceFile = (engine: DumpEngine | undefined): string =>
	engine === 'parallel' ? 'change-source.txt' : 'change-source.sql';

export const EXTENSION: Readonly<Record<Compression, string>> = { zstd: '.zst', gzip: '.gz', none: '' };
const LABEL = /^\d{8}T\d{6}Z(-\d{2})?$/;
const PARTIAL = '.partial';

/**
 * A backup's name, from when it began, in UTC: `20261121T020000Z`. Where one of `taken` (labels or names of folders) began in the same second
 * it gets `-02` and so on, which sorts after it and before the next second.
 */
export function labelFor(at: Date, taken: Iterable<string> = []): string {
	const label = `${at.toISOString().slice(0, 19).replaceAll(/[-:]/g, '')}Z`;
	const used = new Set([...taken].map((name) => name.replace(/\.partial$/, '')));
	if (!used.has(label)) return label;
	let number = 2;
	while (used.has(`${label}-${String(number).padStart(2, '0')}`)) number++;
	return `${label}-${String(number).padStart(2, '0')}`;
}

/** The label in a folder's name and whether it is a running or failed one's; null where it is no backup of ours. */
export function readFolderName(name: string): { readonly label: string; readonly partial: boolean } | null {
	const partial = name.endsWith(PARTIAL);
	const label = partial ? name.slice(0, -PARTIAL.length) : name;
	return LABEL.test(label) ? { label, partial } : null;
}

/** Where one backup lives in the folder of all: while it is made, and when it is complete. */
export const foldersOf = (to: string, label: string) => ({
	partial: join(to, label + PARTIAL),
	final: join(to, label),
	latest: join(to, 'latest'),
});

/** The names of a backup that is to be made. Until its folder is there they may change: another backup may have begun in the same second. */
export function pathsFor(to: string, at: Date, first: string) {
	let label = first;
	return {
		to,
		get label() {
			return label;
		},
		get partial() {
			return foldersOf(to, label).partial;
		},
		get final() {
			return foldersOf(to, label).final;
		},
		latest: foldersOf(to, first).latest,
		/** The next label that is not one of `taken`. */
		takeNext(taken: Iterable<string>): void {
			label = labelFor(at, [...taken, label]);
		},
	};
}

const percent = (text: string) => [...Buffer.from(text)].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join('');

// Files of a backup that are SQL too, without their extension.
const OURS: ReadonlySet<string> = new Set(['accounts', 'change-source']);

// Letters of any script stay readable. At most 64 characters a name: three bytes each, so with the extension below the 255 of a file name.
export const encodeName = (database: string) => database.replaceAll(/^-|[^\w\u00a0-\uffff-]/g, percent);

/**
 * The file of every database, as `shop.sql.zst`. All but ASCII letters, digits, `_`, `-` and what lies beyond ASCII becomes %XX of its
 * UTF-8, so that {@link databaseOf} gives the name back. A name that differs from another one (or from the accounts' file) in case only has
 * its capitals encoded too: the folder may be copied to a file system that doesn't tell them apart.
 */
export function databaseFiles(databases: readonly string[], compression: Compression): ReadonlyMap<string, string> {
	const lower = databases.map((database) => database.toLowerCase());
	return new Map(
		databases.map((database) => {
			const isAmbiguous = lower.filter((other) => other === database.toLowerCase()).length > 1;
			let name = encodeName(database);
			if (isAmbiguous) name = name.replaceAll(/%[0-9A-F]{2}|[A-Z]/g, (part) => (part.length === 1 ? percent(part) : part));
			if (OURS.has(name.toLowerCase())) name = percent(name.charAt(0)) + name.slice(1);
			return [database, `${name}.sql${EXTENSION[compression]}`];
		}),
	);
}

/** The database whose dump a file of this name is; null where it is no such file. */
export function databaseOf(file: string): string | null {
	const name = /^(.+)\.sql(\.zst|\.gz)?$/.exec(file)?.[1];
	if (name === undefined || OURS.has(name)) return null;
	try {
		return decodeURIComponent(name);
	} catch {
		return null;
	}
}

/** What every object is made by, one of JSON a line. */
export const definitionsFile = (compression: Compression): string => `definitions.jsonl${EXTENSION[compression]}`;

export const accountsFile = (compression: Compression): string => `accounts.sql${EXTENSION[compression]}`;

/**
 * The files of a parallel backup beside its rows: mydumper's names, so that its loader takes them. It takes whatever has `.sql` in its name for
 * SQL of its own kind (seen with myloader 0.10.1), so nothing else is called so.
 */
export function parallelFiles(databases: readonly string[], compression: Compression) {
	const end = EXTENSION[compression];
	const lower = databases.map((database) => database.toLowerCase());
	const of = (database: string) => {
		const isAmbiguous = lower.filter((other) => other === database.toLowerCase()).length > 1;
		return `${encodeName(database)}${isAmbiguous ? `-${createHash('sha256').update(database).digest('hex').slice(0, 16)}` : ''}`;
	};
	return {
		/** The database and its tables. */
		schema: (database: string) => `${of(database)}-schema-create.sql${end}`,
		/** What needs the tables: triggers, routines, events and views, for the vendor's client. */
		post: (database: string) => `${of(database)}-post${end}`,
		accounts: `accounts${end}`,
	};
}

const ROWS = /\.dat(\.zst|\.gz)?$/;

/** The statement that loads a file of rows lies beside it. */
export const loadFile = (rows: string): string => rows.replace(ROWS, '.sql');
/** A file of rows that the vendor's tool wrote as INSERT statements. */
export const insertsFile = (rows: string): string => rows.replace(ROWS, '.sql$1');
/** Without one such file a database mydumper's loader (0.10.1) does not make it. */
export const markFile = (rows: string): string => rows.replace(/\.\d+\.dat(\.zst|\.gz)?$/, '-schema.sql');
