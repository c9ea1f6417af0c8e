// Settings by which a replica lacks part of what its source writes, as far as both vendors name them alike.
import type { Row } from '../../sql/sql.ts';

/**
 * A setting that makes a replica differ without a word: `missing`: changes never arrive; `hidden`: what cannot be applied is passed over;
 * `unsafe`: it may be applied as something else.
 */
export type Gap = {
	/** As the server names it. */
	readonly setting: string;
	readonly value: string;
	readonly effect: 'missing' | 'hidden' | 'unsafe';
	/** What ends it, a line each. */
	readonly hints: readonly string[];
};

/** Settings whose only safe value is this one; `null`: empty. The first name that the server has counts. */
export type SafeValue = {
	readonly names: readonly string[];
	readonly safe: readonly string[];
	readonly effect: (value: string) => Gap['effect'];
	readonly hint: (name: string) => string;
};

export const inOptionFile = (name: string): string => `Remove ${name} from the option file, then restart the server.`;
export const setTo =
	(value: string) =>
	(name: string): string =>
		`SET GLOBAL ${name} = ${value};  and the same in the option file`;

/** Reads rows of `SHOW GLOBAL VARIABLES`. */
export function unsafeValues(rows: readonly Row[], known: readonly SafeValue[]): Gap[] {
	const values = new Map(rows.map((row) => [row.Variable_name ?? '', row.Value ?? '']));
	return known.flatMap(({ names, safe, effect, hint }) => {
		const setting = names.find((name) => values.has(name));
		const value = setting === undefined ? undefined : values.get(setting);
		if (setting === undefined || value === undefined || safe.includes(value.toUpperCase())) return [];
		return [{ setting, value, effect: effect(value), hints: [hint(setting)] }];
	});
}

/** Columns of a replica's status that leave out what matches them; both vendors have these names. */
const FILTER_COLUMNS = [
	'Replicate_Do_DB',
	'Replicate_Ignore_DB',
	'Replicate_Do_Table',
	'Replicate_Ignore_Table',
	'Replicate_Wild_Do_Table',
	'Replicate_Wild_Ignore_Table',
	'Replicate_Rewrite_DB',
	'Replicate_Ignore_Server_Ids',
	'Replicate_Do_Domain_Ids',
	'Replicate_Ignore_Domain_Ids',
];

/** The filters of one channel, from its row. */
export const channelGaps = (row: Row, hints: (setting: string) => readonly string[]): Gap[] =>
	FILTER_COLUMNS.flatMap((column) => {
		const value = row[column] ?? '';
		const setting = column.toLowerCase();
		return value === '' ? [] : [{ setting, value, effect: 'missing' as const, hints: hints(setting) }];
	});

/** What a source does not write to its log: a row of its status, and `SHOW GLOBAL VARIABLES`. */
export const LOG_VALUES: readonly SafeValue[] = [
	{ names: ['binlog_format'], safe: ['ROW', 'MIXED'], effect: () => 'unsafe', hint: setTo("'ROW'") },
	{ names: ['binlog_row_image'], safe: ['FULL', 'FULL_NODUP'], effect: () => 'unsafe', hint: setTo("'FULL'") },
];

export const logFilters = (rows: readonly Row[]): Gap[] =>
	(['Binlog_Do_DB', 'Binlog_Ignore_DB'] as const).flatMap((column) => {
		const value = rows[0]?.[column] ?? '';
		const setting = column.toLowerCase();
		return value === '' ? [] : [{ setting, value, effect: 'missing' as const, hints: [inOptionFile(setting)] }];
	});
