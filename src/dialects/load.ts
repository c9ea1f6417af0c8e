// How rows and definitions are loaded: the same statements on both vendors, but for what a dialect gives.
import type { Settings } from '../sql/settings.ts';
import { account, id, list, type Query, query, raw, type Statement, sql } from '../sql/sql.ts';
import type { Need, ObjectName } from './dialect.ts';

/** A column of a file of rows, and the expression over `@v` that it is loaded by, or null. */
export type LoadColumn = readonly [column: string, expression: string | null];

/** Keys of a table that are made faster after its rows have come: the lines of its definition, as the server prints them. */
export type KeyLines = readonly string[];

export type EventFacts = ObjectName & { readonly definer: string; readonly enabled: boolean };

/** What a dialect says about loading a backup. */
export interface LoadWords {
	readonly needs: readonly Need[];
	/** Besides, where accounts are loaded; where the server is read-only. */
	readonly accountNeeds: readonly Need[];
	readonly readOnlyNeeds: readonly Need[];
	/** Of a connection that loads rows: keeps them out of the binary log unless `logged`. */
	session(logged: boolean): readonly Statement[];
	/** Its variables: bytes as they are, UTC, no checks that the data has passed before. */
	readonly settings: Settings;
	/** All rows of a table from one text: fields by TAB, lines by LF, `\` escapes. */
	rows(table: ObjectName, columns: readonly LoadColumn[]): Statement;
	readonly localInfile: Query<boolean>;
	setLocalInfile(on: boolean): Statement;
	readonly localInfileNeeds: readonly Need[];
	/** Gives a row where there is one. */
	find(table: ObjectName): Statement;
	/** Which of these tables hold rows: their places in the list. */
	filled(tables: readonly ObjectName[]): Query<readonly number[]>;
	/** All rows, those of a versioned table's past too. */
	count(table: ObjectName, versioned: boolean): Query<number>;
	empty(table: ObjectName, versioned: boolean): readonly Statement[];
	/** Numbers of warnings that say nothing of the rows. */
	readonly harmless: readonly number[];
	readonly events: Query<readonly EventFacts[]>;
	/** Its definer stays. */
	setEvent(event: EventFacts, on: boolean): Statement;
	/** Before something is dropped that others refer to. */
	readonly unchecked: Statement;
	dropTable(table: ObjectName): Statement;
	dropTrigger(trigger: ObjectName): Statement;
	definition(table: ObjectName): Query<string>;
	withoutKeys(table: ObjectName, keys: KeyLines): Statement;
	withKeys(table: ObjectName, keys: KeyLines): Statement;
}

// 1287, 1681, 3719: something is deprecated.
const HARMLESS = [1287, 1681, 3719];
const OWN = list(['information_schema', 'performance_schema', 'mysql', 'sys']);

const row = ({ database, name }: ObjectName) => id(database, name);
/** Whether a line is a foreign key's. */
export const constraint = (line: string): boolean => line.startsWith('CONSTRAINT');
const nameOf = (line: string): string => /`((?:[^`]|``)*)`/.exec(line)?.[1]?.replaceAll('``', '`') ?? '';

function rows(table: ObjectName, columns: readonly LoadColumn[]): Statement {
	const read = columns.map(([name, expression], index) => (expression === null ? id(name) : raw(`@v${index + 1}`)));
	const set = columns.flatMap(([name, expression], index) =>
		expression === null ? [] : [sql`${id(name)} = ${raw(expression.replaceAll(/@v\b/g, `@v${index + 1}`))}`],
	);
	const assigned = set.length === 0 ? raw('') : { fragment: sql` SET ${list(set)}`.pieces };
	return sql`LOAD DATA LOCAL INFILE 'rows' INTO TABLE ${row(table)} CHARACTER SET binary FIELDS TERMINATED BY ${'\t'} ESCAPED BY ${'\\'} LINES TERMINATED BY ${'\n'} (${list(read)})${assigned}`;
}

/** Which key or constraint a line makes. */
export const keyName = (line: string): string => `${constraint(line) ? 'constraint' : 'key'} ${nameOf(line)}`;

/** The lines of a table's definition that {@link LoadWords.withKeys} makes again: ordinary and unique secondary keys, foreign keys. */
export function keyLines(definition: string): KeyLines {
	return [...definition.matchAll(/^ {2}((?:UNIQUE )?KEY `.*?|CONSTRAINT `(?:[^`]|``)*` FOREIGN KEY .*?),?$/gm)].map(
		([, line]) => line ?? '',
	);
}

/** Whether the keys of such a table can come after its rows: it is ordered by a primary key, and no counter rests on another one. */
export function keysMayWait(definition: string): boolean {
	const primary = /^ {2}PRIMARY KEY \(`((?:[^`]|``)*)`/m.exec(definition)?.[1];
	if (primary === undefined || !/\) ENGINE=InnoDB\b/.test(definition) || /WITH SYSTEM VERSIONING/i.test(definition)) return false;
	const counter = /^ {2}`((?:[^`]|``)*)` .*\bAUTO_INCREMENT\b/m.exec(definition)?.[1];
	return counter === undefined || counter === primary;
}

const drop = (line: string) => (constraint(line) ? sql`DROP FOREIGN KEY ${id(nameOf(line))}` : sql`DROP KEY ${id(nameOf(line))}`);
// A constraint goes before the key that it rests on, and comes after it.
const drops = (keys: KeyLines) => [...keys.filter(constraint), ...keys.filter((line) => !constraint(line))].map(drop);
const adds = (keys: KeyLines) =>
	[...keys.filter((line) => !constraint(line)), ...keys.filter(constraint)].map((line) => raw(`ADD ${line}`));

export function loadWords(
	o: Pick<LoadWords, 'needs' | 'accountNeeds' | 'readOnlyNeeds' | 'localInfileNeeds'> & {
		/** Words after the table's name by which the past of a versioned one is read, too. */
		readonly past: string;
		readonly emptyVersioned: (table: ObjectName) => readonly Statement[];
	},
): LoadWords {
	const { past, emptyVersioned, ...needs } = o;
	return {
		...needs,
		session: (logged) => (logged ? [] : [sql`SET SESSION sql_log_bin = 0`]),
		settings: {
			...{ time_zone: '+00:00', sql_mode: 'ALLOW_INVALID_DATES,NO_AUTO_VALUE_ON_ZERO', net_read_timeout: 3600 },
			...{ foreign_key_checks: 0, unique_checks: 0, check_constraint_checks: 0 },
		},
		rows,
		localInfile: query(sql`SELECT @@GLOBAL.local_infile AS local`, ([found]) => /^(1|ON)$/i.test(found?.local ?? '')),
		setLocalInfile: (on) => sql`SET GLOBAL local_infile = ${on}`,
		find: (table) => sql`SELECT 1 FROM ${row(table)} LIMIT 1`,
		filled: (tables) => ({
			...query(
				sql`${{ fragment: tables.flatMap((table, index) => [index === 0 ? '' : ' UNION ALL ', ...sql`(SELECT ${index} AS n FROM ${row(table)} LIMIT 1)`.pieces]) }}`,
				(found) => found.map((each) => Number(each.n)),
			),
			mostMs: 0,
		}),
		count: (table, versioned) => ({
			statement: sql`SELECT COUNT(*) AS n FROM ${row(table)}${raw(versioned ? past : '')}`,
			read: ([found]) => Number(found?.n ?? 0),
			mostMs: 0,
		}),
		empty: (table, versioned) => (versioned ? emptyVersioned(table) : [sql`TRUNCATE TABLE ${row(table)}`]),
		harmless: HARMLESS,
		events: query(
			sql`SELECT EVENT_SCHEMA AS db, EVENT_NAME AS name, DEFINER AS definer, STATUS AS status FROM information_schema.EVENTS
 WHERE EVENT_SCHEMA NOT IN (${OWN}) ORDER BY EVENT_SCHEMA, EVENT_NAME`,
			(found) =>
				found.map((each) => ({
					...{ database: each.db ?? '', name: each.name ?? '', definer: each.definer ?? '' },
					enabled: each.status === 'ENABLED',
				})),
		),
		setEvent: ({ database, name, definer }, on) => {
			const at = definer.lastIndexOf('@');
			return sql`ALTER DEFINER = ${account(definer.slice(0, at), definer.slice(at + 1))} EVENT ${id(database, name)} ${raw(on ? 'ENABLE' : 'DISABLE')}`;
		},
		unchecked: sql`SET SESSION foreign_key_checks = 0`,
		dropTable: (table) => sql`DROP TABLE IF EXISTS ${row(table)}`,
		dropTrigger: (trigger) => sql`DROP TRIGGER IF EXISTS ${row(trigger)}`,
		definition: (table) => query(sql`SHOW CREATE TABLE ${row(table)}`, ([found]) => found?.['Create Table'] ?? ''),
		withoutKeys: (table, keys) => sql`ALTER TABLE ${row(table)} ${list(drops(keys))}`,
		withKeys: (table, keys) => sql`ALTER TABLE ${row(table)} ${list(adds(keys))}`,
	};
}
