import type { Secret } from '../sql/secret.ts';
import type { Settings } from '../sql/settings.ts';
import type { Row, Statement } from '../sql/sql.ts';
import type { Definition } from './definition.ts';
import type { Json } from './json.ts';
import type { Role, Thing } from './model.ts';
import type { Vendor } from './vendors.ts';

interface Common {
	/** Unique in its step: `create-account`. */
	readonly id: string;
	/** One short line: what this is for. */
	readonly why: string;
	/** What it makes, by name: an undo drops nothing else. */
	readonly makes?: readonly Thing[];
	/** What it destroys for good: no undo restores it. */
	readonly destroys?: readonly Thing[];
}

/** A statement on a server. */
export interface SqlAction extends Common {
	readonly kind: 'sql';
	readonly on: Role;
	/**
	 * `lock`: on the leased connection that holds the lock, which must be open. `readers`: on all of those that read rows, at once; its rows are
	 * the first one's. `own`: on one that is there for it alone, so that others can look meanwhile.
	 */
	readonly session?: 'work' | 'lock' | 'readers' | 'own';
	readonly statement: Statement;
	/** With `readers`: instead of `statement` on all of them these, shared out among them. */
	readonly shares?: readonly Statement[];
	/** False for one that only looks or waits. */
	readonly changes: boolean;
	/** Bound of the wait for its answer, milliseconds; without it the session's own. */
	readonly timeoutMs?: number;
	/**
	 * Its success ends the server: the connection is lost, or the server says with one of these numbers that nothing starts it again. It gives
	 * one row whose `ended` is `restarts` or `down`; a {@link RestartAction} follows.
	 */
	readonly ends?: readonly number[];
}

/** Waits until a server that ended is there again; a sandbox's is started. */
export interface RestartAction extends Common {
	readonly kind: 'restart';
	readonly on: Role;
	/** So long it is waited for, milliseconds. */
	readonly mostMs: number;
	/** Where its data are on this machine; null where it is on another. */
	readonly dataDir: string | null;
}

/**
 * Makes an empty server on this machine, in a folder of its own, and starts it. Only a socket in that folder leads to it, and root has no
 * password there. Its process outlives ours.
 */
export interface ServerStartAction extends Common {
	readonly kind: 'server-start';
	readonly on: Role;
	/** Not there yet. */
	readonly folder: string;
	readonly vendor: ServerProgram['vendor'];
	/** `11.8`: the program is of this series, or of a newer one. */
	readonly series: string;
	/** The program as it was found; null where it is unpacked first. */
	readonly program: string | null;
	readonly serverId: number;
	/** Options of its own, when its data are made and whenever it is started. */
	readonly initOptions: readonly string[];
	readonly options: readonly string[];
}

/** Ends every process of the server in that folder, and removes the folder. */
export interface ServerStopAction extends Common {
	readonly kind: 'server-stop';
	readonly on: Role;
	readonly folder: string;
}

/** What a server on this machine would be started of. */
export type ServerProgram = {
	readonly vendor: Vendor;
	/** Null where it is to be unpacked first. */
	readonly path: string | null;
	readonly version: string;
};

/** A server that was started. */
export type StartedServer = {
	readonly pid: number;
	/** With the pid it tells the process from any later one; null where that is gone already. */
	readonly startTime: string | null;
	readonly program: string;
	/** As the program says it. */
	readonly version: string;
	/** Whether the program is the machine's own rather than unpacked from packages. */
	readonly own: boolean;
};

/** A tool of the server's vendor, connected to a role's server. Its argv never holds the password. */
export interface ToolPart {
	readonly on: Role;
	/** Names it goes by, best first: `mariadb-dump`, `mysqldump`. */
	readonly names: readonly string[];
	readonly argv: readonly string[];
}

/** What no tool of the vendor tells: the accounts, asked for by statements and written as those that make them elsewhere. */
export interface AccountsPart {
	readonly on: Role;
	readonly lists: 'accounts';
}

/** Definitions as text: SQL that makes the beginning (`schema`) or the rest (`post`) of a database, or one of JSON a line (`list`). */
export interface DefinitionsPart {
	readonly on: Role;
	readonly writes: 'schema' | 'post' | 'list';
	/** Null: all of them. */
	readonly database: string | null;
	/** What was read of the server; missing in a plan. */
	readonly definitions?: readonly Definition[];
}

/** What a file of a backup is there for, and in which database (null for accounts): nothing else in it is run. */
export type FilePurpose = {
	readonly kind: 'database' | 'accounts' | 'schema' | 'rows' | 'post';
	readonly database: string | null;
};

/** A file of a backup: read, unpacked, and compared with its size and sum before its end is believed. */
export interface FilePart {
	readonly folder: string;
	/** `raw_bytes`: it never unpacks to more. */
	readonly file: { readonly path: string; readonly bytes: number; readonly raw_bytes?: number; readonly sha256: string };
	readonly purpose: FilePurpose;
	/** Of the SQL in it only what makes these tables and their triggers; all of it where that is missing. */
	readonly tables?: readonly string[];
	/** The database that its statements are for, where they name none. */
	readonly use?: string;
	/** Of the statements about accounts none about these, each as `user@host`. */
	readonly withoutAccounts?: readonly string[];
}

export type Compression = 'zstd' | 'gzip' | 'none';

/** What a tool writes, or several one after the other, or a file holds, into a compressed file or into another tool. */
export interface PipeAction extends Common {
	readonly kind: 'pipe';
	readonly from: ToolPart | readonly ToolPart[] | AccountsPart | DefinitionsPart | FilePart;
	/** Null: it is only looked at. */
	readonly into: ToolPart | { readonly file: string; readonly compress: Compression; readonly level?: number | null } | null;
	/** The one table whose rows it is. */
	readonly rowsOf?: { readonly database: string; readonly table: string };
	/** Whether the stream must end with a dump's footer to count as whole. */
	readonly footer: boolean;
	/** Dropped with this error where it aborts by itself: the lock's loss. */
	readonly changes: boolean;
}

/**
 * The rows of one table from the files of a backup, as one stream into one statement, on a connection that is there for loads alone. Only an
 * empty table is loaded: rows that are there are never thrown away. What is refused afterwards is not kept.
 */
export interface LoadAction extends Common {
	readonly kind: 'load';
	readonly on: Role;
	readonly table: { readonly database: string; readonly name: string };
	/** Once on the connection, before its first load. */
	readonly session: readonly Statement[];
	/** Variables of that connection, set and read back. */
	readonly settings: Settings;
	readonly statement: Statement;
	/** Gives no row where the table is empty. */
	readonly find: Statement;
	/** Takes away what an engine without transactions kept of a load that failed. */
	readonly empty: readonly Statement[];
	/** Before rows come into it and after they have: its keys are made faster then. */
	readonly withoutKeys: Statement | null;
	readonly withKeys: Statement | null;
	/** Numbers of warnings that say nothing of the rows. */
	readonly harmless: readonly number[];
	readonly folder: string;
	readonly files: readonly { readonly path: string; readonly bytes: number; readonly sha256: string }[];
	/** So many must arrive. */
	readonly rows: number;
	/** What they are: a warning counts for nothing where this is what the table holds. Null where the backup does not say. */
	readonly digest: string | null;
}

/** What a finished load brought. */
export interface LoadResult {
	readonly rows: number;
	readonly rawBytes: number;
	readonly ms: number;
}

/** A table whose rows are read, with the server's estimates. */
export type TableToRead = { readonly database: string; readonly name: string; readonly rows: number; readonly bytes: number };

/** What every row of a table was read for. `digest`: 16 hex digits, the same for the same rows in any order. */
export type TableDigest = {
	readonly database: string;
	readonly name: string;
	readonly rows: number;
	readonly digest: string;
	/** Bytes of the largest row as the server sent it. */
	readonly largest: number;
};

/** Rows of tables, read by connections of our own (`Working.readers`) and written as LOAD DATA text, a file a chunk. */
export interface RowsAction extends Common {
	readonly kind: 'rows';
	readonly on: Role;
	readonly tables: readonly TableToRead[];
	/** How many connections read. */
	readonly readers: number;
	/** With `into: null`: digests of what a load of these rows gives, where that differs from what is stored. */
	readonly asLoaded?: true;
	/** Bound of each answer but those of rows, milliseconds; without it the session's own. */
	readonly answerMs?: number;
	/** Null: they are only counted, and their digests taken. */
	readonly into: { readonly folder: string; readonly compress: Compression; readonly level: number | null } | null;
	readonly changes: false;
}

/** The definitions of all objects in these databases, read by connections of our own: those of `Working.readers` where they are open. */
export interface DefinitionsAction extends Common {
	readonly kind: 'definitions';
	readonly on: Role;
	readonly databases: readonly string[];
	/** Tables, views and sequences that are left out, each `database.name`; the triggers of these with them. */
	readonly ignoreTables: readonly string[];
	/** How many connections read. */
	readonly readers: number;
	/** Bounds of the answer about one object and of the list of all, milliseconds; without them the session's own. */
	readonly answerMs?: number;
	readonly listMs?: number;
	readonly changes: false;
}

/** Something in the file system. */
export interface FileAction extends Common {
	readonly kind: 'file';
	readonly op: 'folder' | 'write' | 'secret' | 'remove' | 'remove-folder' | 'finalize' | 'publish' | 'latest';
	readonly path: string;
	/** `publish`: where to; `latest`: what the link names. `text`: of `write`, and the manifest of `finalize`. */
	readonly to?: string;
	readonly text?: string;
	/** Of `secret`: its one line, for this user only. A file that is there already is left, and the action fails. */
	readonly secret?: Secret;
}

/** Something only a person can do: lines for an option file on another machine. */
export interface HandAction extends Common {
	readonly kind: 'hand';
	readonly where: string;
	readonly lines: readonly string[];
}

export type Action =
	| SqlAction
	| RestartAction
	| ServerStartAction
	| ServerStopAction
	| PipeAction
	| RowsAction
	| DefinitionsAction
	| LoadAction
	| FileAction
	| HandAction;

/** What a finished pipe brought. */
export interface PipeResult {
	/** Bytes out of the first tool. */
	readonly rawBytes: number;
	/** Bytes in the file as it is on disk; 0 where it went into a tool. */
	readonly bytes: number;
	readonly sha256: string | null;
	/** What the dump's text held (`dump/sql/scan.ts`), as JSON. */
	readonly found: Json;
	/** What the tools said on stderr although they ended well. */
	readonly lines: readonly string[];
	readonly ms: number;
}

/** A file with rows of one table, or the statement that loads it. */
export type RowsFile = {
	/** A name only. */
	readonly path: string;
	readonly kind: 'rows' | 'load';
	readonly database: string;
	readonly table: string;
	/** Counted from 0. */
	readonly chunk: number;
	/** LOAD DATA text, or SQL. */
	readonly format: 'tsv' | 'sql';
	readonly rows: number;
	readonly bytes: number;
	readonly rawBytes: number;
	readonly sha256: string;
};

/** What was read of one table. `digest`: 16 hex digits, the same for the same rows in any order; null where they were not read by us. */
export type ReadTable = {
	readonly database: string;
	readonly name: string;
	readonly rows: number;
	readonly digest: string | null;
	/** The digest once they are loaded, where text changes values. */
	readonly loaded?: string;
	/** Bytes of the largest row as the server sent it; missing where the rows were not read by us. */
	readonly largest?: number;
	/** The columns in the files' order, each with the expression over `@v` that loads it, null where it is loaded as it is. */
	readonly load: readonly (readonly [name: string, expression: string | null])[];
};

/** What finished readers brought. */
export interface RowsResult {
	readonly files: readonly RowsFile[];
	readonly tables: readonly ReadTable[];
	readonly ms: number;
}

export type Performed<A extends Action> = A extends SqlAction
	? readonly Row[]
	: A extends PipeAction
		? PipeResult
		: A extends RowsAction
			? RowsResult
			: A extends DefinitionsAction
				? readonly Definition[]
				: A extends LoadAction
					? LoadResult
					: A extends ServerStartAction
						? StartedServer
						: undefined;

/** The action of that id in a plan: a step's own `run` performs what was shown and nothing else. */
export function pick<K extends Action['kind']>(plan: readonly Action[], kind: K, id: string): Extract<Action, { kind: K }> | undefined {
	return plan.find((action): action is Extract<Action, { kind: K }> => action.kind === kind && action.id === id);
}

/** Every action of a kind whose id begins so. */
export function pickAll<K extends Action['kind']>(plan: readonly Action[], kind: K, prefix: string): Extract<Action, { kind: K }>[] {
	return plan.filter((action): action is Extract<Action, { kind: K }> => action.kind === kind && action.id.startsWith(prefix));
}
