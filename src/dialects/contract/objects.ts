// Rows and objects of a server as the dialects' parts name them.

/**
 * A stored column, as its values are dumped and loaded. `select`: SQL that gives its bytes with `character_set_results = binary`; `load`: null
 * where LOAD DATA … CHARACTER SET binary takes these as they are, else SQL over `@v` that makes the value of them.
 */
export type RowColumn = {
	readonly name: string;
	readonly select: string;
	readonly load: string | null;
	/** SQL that gives the bytes which `select` gives once the value is loaded, where these can differ. */
	readonly asLoaded?: string;
};

/** A part of a primary key: COLUMN_TYPE, and the collation of what has one. */
export type KeyPart = { readonly name: string; readonly type: string; readonly collation?: string | null };

export type RowTable = {
	readonly database: string;
	readonly table: string;
	readonly columns: readonly RowColumn[];
	/** Null where there is none, or where it has only the beginning of a column. */
	readonly key: readonly KeyPart[] | null;
	/** `vendor`: rows that LOAD DATA cannot give back (a history); the vendor's tool dumps them. */
	readonly rows: 'select' | 'vendor';
};

export type ObjectName = { readonly database: string; readonly name: string };

/** A privilege, and what would fail or be left out without it. */
export type Need = { readonly privilege: string; readonly why: string };
