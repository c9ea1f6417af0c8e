/** A row of a backup, without its values: the line of an unpacked file, counted from 1. */
export type RowPlace = { readonly file: string; readonly line: number };

/** One column in which rows differ, and one of these rows. */
export type ColumnDifference = {
	readonly name: string;
	readonly rows: number;
	/** The first of them. */
	readonly place: RowPlace;
	/** What kind of value the backup holds there: rows are customers', so values are never reported. */
	readonly expected: string;
	readonly found: string;
};

/** In what the rows of a table differ from those of a backup. */
export type RowDifferences = {
	/** Rows that are there with other values. */
	readonly changed: number;
	readonly missing: number;
	readonly additional: number;
	/** False: there are at least so many. */
	readonly exact: boolean;
	readonly firstMissing: RowPlace | null;
	readonly columns: readonly ColumnDifference[];
};

/** A table whose rows are compared with the files of a backup. */
export type RowsToCompare = {
	readonly database: string;
	readonly name: string;
	readonly folder: string;
	readonly files: readonly { readonly path: string; readonly bytes: number; readonly raw_bytes?: number; readonly sha256: string }[];
	/** In the files' order. */
	readonly columns: readonly string[];
};
