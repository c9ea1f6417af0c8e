import { count } from './format.ts';

/**
 * A JSON column in which values have types that JSON text has no word for: once loaded, a DECIMAL is a DOUBLE, a DATE a STRING. `rows`: how many
 * rows hold such values, null where they could not be counted; `types`: which, as JSON_TYPE() names them.
 */
export type ChangedJson = {
	readonly database: string;
	readonly table: string;
	readonly column: string;
	readonly rows: number | null;
	readonly types: readonly string[];
};

/** `shop.orders.details: 12 rows (DATE, DECIMAL)` */
export const describeChangedJson = ({ database, table, column, rows, types }: ChangedJson): string =>
	`${database}.${table}.${column}: ${rows === null ? 'not counted' : `${count(rows)} ${rows === 1 ? 'row' : 'rows'} (${types.join(', ')})`}`;

/** For people: all such columns as one sentence, and what they become. */
export const changedJsonWarning = (
	columns: readonly ChangedJson[],
	change: 'A restore changes' | 'The copy changed' = 'A restore changes',
): string =>
	`${change} types inside JSON, because JSON text cannot hold them: ${columns.map(describeChangedJson).join('; ')}. A DECIMAL becomes a DOUBLE, a date, time or binary value a STRING, an unsigned number a signed one.`;
