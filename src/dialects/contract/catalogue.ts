import type { Settings } from '../../sql/settings.ts';
import type { Query, Statement } from '../../sql/sql.ts';
import type { TableId } from '../common/guards.ts';
import type { ObjectName, RowTable } from './objects.ts';

export type TableFacts = {
	readonly database: string;
	readonly name: string;
	readonly kind: 'table' | 'view' | 'sequence';
	/** The engine's name; null for a view. */
	readonly engine: string | null;
	/** Whether the engine has snapshots, so that a reader sees one moment without a lock. */
	readonly transactional: boolean;
	/** False where its engine shows rows of other tables, of another server or of no place: they are never dumped, counted, compared, emptied or loaded. */
	readonly ownRows: boolean;
	/** Kept in memory only: empty after a restart, never equal. */
	readonly inMemory: boolean;
	readonly versioned: boolean;
	/** Estimates of the server. */
	readonly rows: number;
	readonly bytes: number;
};

export type ColumnFacts = {
	readonly database: string;
	readonly table: string;
	readonly name: string;
	readonly type: string;
	/** Its values are compared as their text gives them once it is loaded. */
	readonly asLoaded?: true;
};

export type ColumnName = { readonly database: string; readonly table: string; readonly column: string };

/** Types of values inside JSON that text cannot carry. Each list has a statement a column, whose rows say by `nth` which. */
export interface JsonTypes {
	/** All stored JSON columns. */
	readonly columns: Query<readonly ColumnName[]>;
	/** Rows of `nth` and `type`, one a type that a column holds and that text changes. Each reads the whole column. */
	types(columns: readonly ColumnName[]): readonly Statement[];
	/** A row of `nth` and `n`: how many rows hold such values. Each reads the whole column. */
	rows(columns: readonly ColumnName[]): readonly Statement[];
}

/** What is on the server. */
export interface CatalogueQueries {
	/** Databases of users: the server's own are never dumped. */
	readonly databases: Query<readonly string[]>;
	readonly tables: Query<readonly TableFacts[]>;
	/** What these tables are known by in the engine with snapshots; those of other engines are missing. */
	tableIds(tables: readonly ObjectName[]): Query<readonly TableId[]>;
	/** {@link TableFacts.ownRows} of an engine by its name. */
	ownRows(engine: string | null): boolean;
	/** Tables in memory only, found without opening any (`tables` opens them all). */
	readonly inMemory: Query<readonly ObjectName[]>;
	readonly triggers: Query<readonly ObjectName[]>;
	readonly routines: Query<readonly (ObjectName & { readonly kind: 'procedure' | 'function' | 'package' })[]>;
	readonly events: Query<readonly ObjectName[]>;
	drop(database: string): Statement;
	/** All stored columns: generated ones follow from them. */
	readonly columns: Query<readonly ColumnFacts[]>;
	/** How to dump and load every table's rows: all stored columns in their order, invisible ones too. */
	readonly rowColumns: Query<readonly RowTable[]>;
	/** The same for the same rows, in whatever order and on whatever version they are; null where the table cannot be read. */
	checksum(table: ObjectName, columns: readonly ColumnFacts[]): Query<string | null>;
	/** The same of each column alone, in their order: which of them differ. */
	columnSums(table: ObjectName, columns: readonly ColumnFacts[]): Query<readonly string[]>;
	count(table: ObjectName): Query<number>;
	touch(table: ObjectName): Statement;
	readonly variables: Query<readonly (readonly [string, string])[]>;
}

/** For the connections that read rows. */
export interface Readers {
	/** Variables of their sessions: values come as they are stored, nothing can be written, and a reader may take its time. */
	readonly settings: Settings;
	/** How many rows a SELECT would look at: an estimate from the index, found without reading them. */
	estimate(select: Statement): Query<number>;
}
