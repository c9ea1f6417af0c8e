import { join } from 'node:path';
import * as z from 'zod/mini';
import type { Compression } from '../core/action.ts';
import type { ChangedJson } from '../core/changed-json.ts';
import { DUMP_ENGINES, type DumpEngine } from '../core/dump-engines.ts';
import { UserError } from '../core/errors.ts';
import type { Json } from '../core/json.ts';
import type { OutsideObject } from '../core/outside.ts';
import { checkOf, matches, object, problemsIn, size, texts, time } from '../core/schema.ts';
import { VENDORS, type Vendor } from '../core/vendors.ts';
import type { DumpedDatabase } from '../dump/sql/scan.ts';
import { FILES } from './layout.ts';
import { readText } from './open.ts';
import { fileProblem } from './problem.ts';

/** A place in a binary log. */
export type LogPosition = { readonly file: string | null; readonly pos: number | null; readonly gtid: string | null };

/** Where one of a server's sources stands; `name` is the channel's, empty for the default one. */
export type SourcePosition = LogPosition & { readonly name: string; readonly host: string; readonly port: number };

/** How many objects of each kind a file holds, as counted in it. */
export type ObjectCounts = {
	readonly tables: number;
	readonly views: number;
	readonly triggers: number;
	readonly procedures: number;
	readonly functions: number;
	readonly events: number;
	readonly sequences: number;
	readonly packages: number;
	readonly package_bodies: number;
};

/**
 * One dump in the backup. `bytes` and `sha256` as on disk, `raw_bytes` before compression. The vendor engine writes a `database` each; the
 * parallel one its `schema` (the database and its tables), `rows` and for each file of these the statement that loads it (`load`), and `post`:
 * triggers, routines, events and views. Both write `definitions`: what every object is made by, one of JSON a line; missing in backups of older
 * versions.
 */
export type ManifestFile = {
	readonly path: string;
	readonly kind: 'database' | 'accounts' | 'schema' | 'rows' | 'load' | 'post' | 'definitions';
	readonly database?: string;
	/** Of `rows` and `load`; `chunk` is counted from 0. */
	readonly table?: string;
	readonly chunk?: number;
	/** LOAD DATA text, or SQL. */
	readonly format?: 'tsv' | 'sql';
	readonly bytes: number;
	readonly raw_bytes: number;
	readonly sha256: string;
	/** Whether the dump's last line was seen. */
	readonly footer: boolean;
	readonly rows?: number;
	readonly tables?: number;
	readonly objects?: ObjectCounts;
};

/** A table that the parallel engine read. */
export type ManifestTable = {
	readonly database: string;
	readonly name: string;
	readonly engine: string | null;
	/** As read: exact. */
	readonly rows: number;
	/** 16 hex digits, the same for the same rows in whatever order; null where the vendor's tool wrote them. */
	readonly digest: string | null;
	/** The digest once these rows are loaded, where types inside JSON change then: text cannot carry them. */
	readonly digest_loaded?: string;
	/** As the server estimated it. */
	readonly data_bytes: number;
	/** The columns in the order of its files, each with the expression over `@v` that loads it; null: as it is. */
	readonly load: readonly (readonly [name: string, expression: string | null])[];
	/** Bytes of the largest row as the server sent it; missing in backups of older versions. */
	readonly largest_row?: number;
};

/** `manifest.json`, format 1: written last, so that its presence means that the backup is complete. Times are UTC, ISO 8601. */
export type Manifest = {
	readonly format: 1;
	readonly tool: { readonly name: string; readonly version: string };
	/** The label: name of the backup's folder. */
	readonly id: string;
	readonly profile: string | null;
	readonly state: 'complete';
	readonly started: string;
	readonly finished: string;
	readonly tags: { readonly [name: string]: string };
	readonly server: {
		readonly flavor: Vendor;
		readonly version: string;
		readonly host: string;
		readonly port: number;
		readonly server_id: number;
		readonly server_uuid: string | null;
		readonly hostname: string;
		readonly sql_mode: string;
		readonly character_set: string;
		readonly time_zone: string;
		readonly lower_case_table_names: number;
	};
	readonly consistency: {
		readonly method: 'lock' | 'snapshot';
		readonly statement: string;
		readonly requested: string;
		readonly acquired: string;
		readonly released: string;
		readonly held_ms: number;
		readonly connection_id: number;
		readonly connection_alive_at_end: boolean;
		/** What kept definitions as they were while rows were read after the lock: `backup lock` or `metadata locks`; missing where it was held. */
		readonly guard?: string;
	};
	readonly position: {
		/** Where the server's own source stands; null where it replicates from none. */
		readonly source: (LogPosition & { readonly host: string; readonly port: number }) | null;
		/** All of its sources, `source` first; missing in backups of older versions. */
		readonly sources?: readonly SourcePosition[];
		/** The server's own binary log; null where it has none. */
		readonly self: LogPosition | null;
	};
	readonly dump: {
		/** Missing in backups of older versions: the vendor's tool. */
		readonly engine?: DumpEngine;
		/** Connections that read at once. */
		readonly workers?: number;
		/** Why this engine and this lock. */
		readonly why?: string;
		readonly client: string;
		readonly client_version: string;
		readonly argv: readonly string[];
		readonly databases: readonly string[];
		readonly ignored_tables: readonly string[];
		/** `zstd:3`, `gzip:6` or `none`. */
		readonly compression: string;
	};
	readonly files: readonly ManifestFile[];
	/** Of the parallel engine. */
	readonly tables?: readonly ManifestTable[];
	readonly totals: {
		readonly databases: number;
		readonly tables: number;
		readonly raw_bytes: number;
		readonly bytes: number;
		/** As the server estimated them beforehand. */
		readonly rows_estimated: number;
		/** As counted in the dumps. */
		readonly rows: number;
		/** Of the tables that were dumped, as the server estimated them beforehand; missing in backups of older versions. */
		readonly data_bytes?: number;
	};
	readonly replica: { readonly before: Json; readonly after: Json; readonly caught_up_ms: number | null };
	readonly verify: { readonly checksums: string; readonly footer: string; readonly restore_test: Json };
	readonly warnings: readonly string[];
	/** What the server keeps outside its databases, which no restore creates; missing in backups of older versions. */
	readonly outside?: readonly OutsideObject[];
	/** JSON columns in which a restore changes types of values; missing in backups of older versions, and where there are none. */
	readonly changed_json?: readonly ChangedJson[];
};

/** What a run knows; the rest of the manifest follows from it. */
export type ManifestParts = Pick<
	Manifest,
	'tool' | 'id' | 'profile' | 'tags' | 'server' | 'position' | 'files' | 'tables' | 'replica' | 'warnings' | 'outside' | 'changed_json'
> & {
	readonly started: Date;
	readonly finished: Date;
	readonly consistency: Omit<Manifest['consistency'], 'requested' | 'acquired' | 'released' | 'held_ms'> & {
		readonly requested: Date;
		readonly acquired: Date;
		readonly released: Date;
	};
	readonly dump: Omit<Manifest['dump'], 'compression'> & { readonly compression: Compression; readonly level: number };
	readonly rowsEstimated: number;
	readonly dataBytes: number;
};

const iso = (date: Date): string => date.toISOString().replace(/\.\d+Z$/, 'Z');
const sum = (numbers: readonly number[]): number => numbers.reduce((all, one) => all + one, 0);

/** Counts what a scan of a dump found, over all its databases. */
export function countObjects(databases: readonly DumpedDatabase[]): ObjectCounts {
	const count = (kind: Exclude<keyof DumpedDatabase, 'name'>) => sum(databases.map((database) => database[kind].length));
	return {
		tables: count('tables'),
		views: count('views'),
		triggers: count('triggers'),
		procedures: count('procedures'),
		functions: count('functions'),
		events: count('events'),
		sequences: count('sequences'),
		packages: count('packages'),
		package_bodies: count('packageBodies'),
	};
}

/** Pure. The footers of `files` are taken as they are: whoever publishes has to have refused a file without. */
export function buildManifest(parts: ManifestParts): Manifest {
	const { consistency, dump, files } = parts;
	// Rows and definitions lie in files of their own in a parallel backup, together in a vendor's.
	const ofTables = files.filter((file) => file.kind === 'database' || file.kind === 'schema');
	const ofRows = files.filter((file) => file.kind === 'database' || file.kind === 'rows');
	return {
		format: 1,
		tool: parts.tool,
		id: parts.id,
		profile: parts.profile,
		state: 'complete',
		started: iso(parts.started),
		finished: iso(parts.finished),
		tags: parts.tags,
		server: parts.server,
		consistency: {
			method: consistency.method,
			statement: consistency.statement,
			requested: iso(consistency.requested),
			acquired: iso(consistency.acquired),
			released: iso(consistency.released),
			held_ms: consistency.released.getTime() - consistency.acquired.getTime(),
			connection_id: consistency.connection_id,
			connection_alive_at_end: consistency.connection_alive_at_end,
			...(consistency.guard === undefined ? {} : { guard: consistency.guard }),
		},
		position: parts.position,
		dump: {
			...(dump.engine === undefined ? {} : { engine: dump.engine }),
			...(dump.workers === undefined ? {} : { workers: dump.workers }),
			...(dump.why === undefined ? {} : { why: dump.why }),
			client: dump.client,
			client_version: dump.client_version,
			argv: dump.argv,
			databases: dump.databases,
			ignored_tables: dump.ignored_tables,
			compression: dump.compression === 'none' ? 'none' : `${dump.compression}:${dump.level}`,
		},
		files,
		...(parts.tables === undefined ? {} : { tables: parts.tables }),
		totals: {
			databases: ofTables.length,
			tables: sum(ofTables.map((file) => file.tables ?? 0)),
			raw_bytes: sum(files.map((file) => file.raw_bytes)),
			bytes: sum(files.map((file) => file.bytes)),
			rows_estimated: parts.rowsEstimated,
			rows: sum(ofRows.map((file) => file.rows ?? 0)),
			data_bytes: parts.dataBytes,
		},
		replica: parts.replica,
		verify: { checksums: 'ok', footer: files.every((file) => file.footer) ? 'ok' : 'missing', restore_test: null },
		warnings: parts.warnings,
		...(parts.outside === undefined ? {} : { outside: parts.outside }),
		...(parts.changed_json === undefined ? {} : { changed_json: parts.changed_json }),
	};
}

/** For whoever compares what was loaded: each table's digest is the one that it then has. */
export const withLoadedDigests = (manifest: Manifest): Manifest => ({
	...manifest,
	...(manifest.tables && { tables: manifest.tables.map((table) => ({ ...table, digest: table.digest_loaded ?? table.digest })) }),
});

/** The text of `manifest.json`. */
export const manifestText = (manifest: Manifest): string => `${JSON.stringify(manifest, null, 2)}\n`;

const text = z.string();
/** Characters of a name: servers take 64, of up to two UTF-16 units each. */
const name = text.check(z.refine((value) => value !== '' && value.length <= 128 && !value.includes('\0')));
/** A database of somebody: what is in a server's own ones is no part of a backup, and a manifest that names one was forged. */
const database = name.check(z.refine((value) => !/^(mysql|information_schema|performance_schema|sys)$/i.test(value)));
const fileName = text.check(z.refine((value) => /^[^/\0]+$/.test(value) && value !== '.' && value !== '..'));
const flag = z.boolean();
const items = <S extends z.ZodMiniType>(schema: S) => z.readonly(z.array(schema));

const FILE = z.object({
	// A name only: a manifest must not make anyone read or write outside its folder.
	path: fileName,
	kind: z.enum(['database', 'accounts', 'schema', 'rows', 'load', 'post', 'definitions']),
	database: z.optional(database),
	table: z.optional(name),
	chunk: z.optional(size),
	rows: z.optional(size),
	tables: z.optional(size),
	objects: z.optional(object),
	bytes: size,
	raw_bytes: size,
	sha256: text.check(z.regex(/^[0-9a-f]{64}$/)),
	footer: flag,
});

const TABLE = z.object({
	database,
	name,
	rows: size,
	engine: z.nullable(text),
	digest: z.optional(z.nullable(text)),
	digest_loaded: z.optional(text),
	data_bytes: size,
	// Columns, each with how it is loaded.
	load: items(z.readonly(z.tuple([name, z.nullable(text)]))),
	largest_row: z.optional(size),
});

/** What the readers of a manifest rest on. It may hold more. */
const MANIFEST = z.object({
	tool: z.object({ version: text }),
	id: fileName,
	state: z.literal('complete'),
	started: time,
	finished: time,
	tags: object,
	server: z.object({ flavor: z.enum(VENDORS), version: text, host: text, port: size }),
	consistency: z.object({ method: text, held_ms: size }),
	position: z.object({
		source: z.nullable(object),
		self: z.nullable(object),
		sources: z.optional(items(z.object({ name: text, host: text }))),
	}),
	dump: z.object({
		client: text,
		databases: items(database),
		ignored_tables: z.optional(texts),
		argv: z.optional(texts),
		engine: z.optional(z.enum(DUMP_ENGINES)),
		compression: text,
	}),
	files: items(FILE),
	tables: z.optional(items(TABLE)),
	totals: z.object({ rows: size, bytes: size, raw_bytes: size, databases: size }),
	verify: object,
	warnings: texts,
	changed_json: z.optional(items(z.object({ database: name, table: name, column: name, rows: z.nullable(size), types: texts }))),
	outside: z.optional(items(z.object({ kind: text, name, options: z.record(text, text) }))),
});

const isManifest = checkOf<Manifest>()(MANIFEST);

/**
 * Reads the manifest of a backup's folder. Looks at nothing else in it (`verifyBackup` does).
 * @throws UserError where the folder holds no backup, one that isn't complete, a damaged manifest, or one of a newer format
 */
export async function readManifest(folder: string): Promise<Manifest> {
	const path = join(folder, FILES.manifest);
	const json = await readText(folder, FILES.manifest).catch((cause) => {
		if (cause.code !== 'ENOENT' && cause.code !== 'ENOTDIR') throw fileProblem('The manifest cannot be read', path, cause);
		throw new UserError(
			{
				message: `This is no complete backup: ${folder}`,
				reason:
					'It has no manifest.json, which is written last. A folder that ends in .partial belongs to a run that is running or failed.',
				hints: ['Name the folder of one backup, as 20261121T020000Z, or the link `latest` beside it.'],
			},
			{ cause },
		);
	});
	const damaged = (why: string, cause?: unknown) =>
		new UserError(
			{
				message: `The backup's manifest is damaged: ${path}`,
				reason: why,
				hints: ['Take another backup; the dumps in it can still be proved by `sha256sum -c SHA256SUMS`.'],
			},
			{ cause },
		);
	let manifest: unknown;
	try {
		manifest = JSON.parse(json);
	} catch (cause) {
		throw damaged('It is not JSON.', cause);
	}
	const format = matches(object, manifest) ? (manifest as { format?: unknown }).format : undefined;
	if (typeof format === 'number' && format > 1)
		throw new UserError({
			message: `The backup was made by a newer lockstep: ${folder}`,
			reason: `Its format is ${format}; this one knows 1.`,
			hints: ['Use a newer lockstep; README.txt in the folder says how to restore without it.'],
		});
	if (format !== 1) throw damaged('It has no format.');
	if (isManifest(manifest)) return manifest;
	throw damaged(
		`Missing or wrong in it: ${problemsIn(MANIFEST, manifest)
			.map(({ path }) => path)
			.join(', ')}.`,
	);
}
