// What makes an object, as the server itself says it: the same statements on both vendors, but for what a dialect gives.
import type { Definition, DefinitionKind, DefinitionName } from '../../core/definition.ts';
import { ServerError } from '../../core/errors.ts';
import type { Settings } from '../../sql/settings.ts';
import { type Fragment, id, list, type Query, query, type Row, raw, type Statement, sql } from '../../sql/sql.ts';

export type { Definition, DefinitionKind, DefinitionName } from '../../core/definition.ts';

/** What a dialect says about reading definitions. */
export interface Definitions {
	/** Of a connection that reads them: what decides, besides the object, what SHOW CREATE prints. Names and texts come as UTF-8. */
	readonly settings: Settings;
	/** From now on texts come as bytes, as the object was made; and back. */
	readonly asBytes: Statement;
	readonly asText: Statement;
	/** All objects of these databases, in an order in which they can be made: triggers of a table in the order in which they fire. */
	names(databases: readonly string[]): Query<readonly DefinitionName[]>;
	/** Throws ServerError 1146 where the server prints none: the account may not see it. */
	read(name: DefinitionName): Query<Omit<Definition, keyof DefinitionName>>;
	/** What else has to be asked of such an object; null: nothing. */
	more(name: DefinitionName): Query<Pick<Definition, 'columns'> & { readonly settings?: Definition['settings'] }> | null;
	/** For a file of definitions: its first lines, for the vendor's client. */
	readonly fileHead: readonly string[];
	/** Statements before its first one, so that all mean here what they meant there. */
	readonly fileSession: readonly string[];
}

/** What stands for a kind behind CREATE, DROP and SHOW CREATE. */
export const KIND_WORDS: Readonly<Record<DefinitionKind, string>> = {
	database: 'DATABASE',
	table: 'TABLE',
	sequence: 'SEQUENCE',
	view: 'VIEW',
	library: 'LIBRARY',
	package: 'PACKAGE',
	packageBody: 'PACKAGE BODY',
	procedure: 'PROCEDURE',
	function: 'FUNCTION',
	trigger: 'TRIGGER',
	event: 'EVENT',
};
/** Before a column's name: the setting of a table that holds the column's histogram, as JSON. */
export const HISTOGRAM = 'histogram of ';

const SETTINGS = ['sql_mode', 'character_set_client', 'collation_connection', 'time_zone'] as const;

/** How an object is called in messages: `table shop.orders`. */
export const definitionTitle = ({ kind, database, name }: DefinitionName): string =>
	kind === 'database' ? `database ${database}` : `${KIND_WORDS[kind].toLowerCase()} ${database}.${name}`;

const place = ({ kind, database, name }: DefinitionName): Fragment => (kind === 'database' ? id(database) : id(database, name));

function definition(name: DefinitionName, [row]: readonly Row[]): Omit<Definition, keyof DefinitionName> {
	const text = Object.entries(row ?? {}).find(([column]) => /^(Create |SQL Original Statement$)/.test(column))?.[1] ?? null;
	if (row === undefined || text === null) {
		throw new ServerError(
			{
				message: `The server does not show the definition of the ${definitionTitle(name)}.`,
				reason: 'The account lacks the privilege to see it, or the object is gone.',
				hints: ['lockstep backup --dry-run  lists the privileges that are missing.'],
			},
			{ code: 1146, connectionLost: false },
		);
	}
	const settings: Record<string, string> = {};
	for (const each of SETTINGS) if (typeof row[each] === 'string') settings[each] = row[each];
	if (typeof row['Database Collation'] === 'string') settings.database_collation = row['Database Collation'];
	return { sql: text, settings };
}

/** A name of the catalogue: `what`, `db`, `name`, and of a trigger `tab`. */
function named(row: Row): DefinitionName {
	const [database, name] = [row.db ?? '', row.name ?? ''];
	const kind = row.what as DefinitionKind;
	return { kind, database, name, ...(kind === 'trigger' ? { table: row.tab ?? '' } : {}) };
}

const SESSION: Settings = {
	...{ character_set_results: 'utf8mb4', time_zone: '+00:00', sql_quote_show_create: 1 },
	...{ show_gipk_in_create_table_and_information_schema: 1, show_create_table_skip_secondary_engine: 0, show_create_table_verbosity: 0 },
};
const ORDER = Object.keys(KIND_WORDS);

export function definitionWords(o: {
	/** TABLE_TYPE and what it is; whatever else is a table. */
	readonly tableKinds: Readonly<Record<string, DefinitionKind>>;
	/** ROUTINE_TYPE and what it is. */
	readonly routineKinds: Readonly<Record<string, DefinitionKind>>;
	/** A further SELECT of what, db, name, tab, nth. */
	readonly others?: (databases: Fragment) => Statement;
	readonly more: Definitions['more'];
	readonly fileHead: readonly string[];
	readonly fileSession: readonly string[];
}): Definitions {
	const kindOf = (row: Row): DefinitionKind => {
		if (row.what === 'table') return o.tableKinds[row.type ?? ''] ?? 'table';
		if (row.what === 'routine') return o.routineKinds[row.type ?? ''] ?? 'procedure';
		return row.what as DefinitionKind;
	};
	return {
		settings: SESSION,
		asBytes: sql`SET SESSION character_set_results = binary`,
		asText: sql`SET SESSION character_set_results = utf8mb4`,
		names: (databases) => {
			const all = list(databases.length === 0 ? [''] : databases);
			// One after the other, each from the catalogue alone: no table is opened for its name.
			return query(
				sql`SELECT 'database' AS what, SCHEMA_NAME AS db, SCHEMA_NAME AS name, NULL AS tab, NULL AS type, 0 AS nth
 FROM information_schema.SCHEMATA WHERE SCHEMA_NAME IN (${all})
 UNION ALL SELECT 'table', TABLE_SCHEMA, TABLE_NAME, NULL, TABLE_TYPE, 0 FROM information_schema.TABLES WHERE TABLE_SCHEMA IN (${all})
 UNION ALL SELECT 'routine', ROUTINE_SCHEMA, ROUTINE_NAME, NULL, ROUTINE_TYPE, 0 FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA IN (${all})
 UNION ALL SELECT 'trigger', TRIGGER_SCHEMA, TRIGGER_NAME, EVENT_OBJECT_TABLE, NULL, ACTION_ORDER FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA IN (${all})
 UNION ALL SELECT 'event', EVENT_SCHEMA, EVENT_NAME, NULL, NULL, 0 FROM information_schema.EVENTS WHERE EVENT_SCHEMA IN (${all})${o.others === undefined ? raw('') : sql` UNION ALL ${o.others(all)}`}`,
				(rows) =>
					rows
						.map((row) => ({ ...named({ ...row, what: kindOf(row) }), nth: Number(row.nth ?? 0) }))
						.toSorted(
							(a, b) =>
								ORDER.indexOf(a.kind) - ORDER.indexOf(b.kind) ||
								compare(a.database, b.database) ||
								compare(a.table ?? '', b.table ?? '') ||
								a.nth - b.nth ||
								compare(a.name, b.name),
						)
						.map(({ nth: _, ...name }) => name),
			);
		},
		read: (name) => query(sql`SHOW CREATE ${raw(KIND_WORDS[name.kind])} ${place(name)}`, (rows) => definition(name, rows)),
		more: o.more,
		fileHead: o.fileHead,
		fileSession: o.fileSession,
	};
}

function compare(a: string, b: string): number {
	if (a < b) return -1;
	return a > b ? 1 : 0;
}

/** A view's columns. */
export const viewColumns = (name: DefinitionName): Query<Pick<Definition, 'columns'>> =>
	query(sql`SHOW COLUMNS FROM ${place(name)}`, (rows) => ({ columns: rows.map((row) => row.Field ?? '') }));
