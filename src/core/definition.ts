/** The kinds of object that a database holds, the database itself first. */
export type DefinitionKind =
	| 'database'
	| 'table'
	| 'sequence'
	| 'view'
	| 'library'
	| 'package'
	| 'packageBody'
	| 'procedure'
	| 'function'
	| 'trigger'
	| 'event';

/** An object by its kind and name; of a database both names are its own. */
export type DefinitionName = {
	readonly kind: DefinitionKind;
	readonly database: string;
	readonly name: string;
	/** Of a trigger: the table it belongs to. */
	readonly table?: string;
};

/** What an object is made by. Plain JSON. */
export type Definition = DefinitionName & {
	/** As the server's SHOW CREATE prints it, without an end. */
	readonly sql: string;
	/** Base64 of what the server prints, where these are other bytes than the UTF-8 of {@link sql}. */
	readonly bytes?: string;
	/**
	 * What else belongs to it: `sql_mode`, `character_set_client`, `collation_connection`, `database_collation`, `time_zone` as the server names
	 * them for the object; `next_value` and `cycle_count` of a sequence; `read_only` of a database;
	 * `histogram of c` of a table, for each column that has one.
	 */
	readonly settings: Readonly<Record<string, string>>;
	/** Of a view: its columns, in their order. */
	readonly columns?: readonly string[];
	/** Of a view: what the server says where it cannot be opened, for what it needs is not there. */
	readonly invalid?: string;
};
