// How rows and definitions are loaded: the same statements on both vendors, but for what a dialect gives.

import { VerifyFailed } from '../../core/errors.ts';
import type { Settings } from '../../sql/settings.ts';
import { account, id, list, type Query, query, raw, type Statement, sql } from '../../sql/sql.ts';
import type { Need, ObjectName } from '../contract/objects.ts';
import { isConversion } from './rows.ts';

/** A column of a file of rows, and the expression over `@v` that it is loaded by, or null. */
export type LoadColumn = readonly [column: string, expression: string | null];

/** Keys of a table that are made faster after its rows have come: the lines of its definition, as the server prints them. */
export type KeyLines = readonly string[];

export type EventFacts = ObjectName & { readonly definer: string; readonly enabled: boolean };

/** Not in the binary log, whatever the session says, and no obstacle to a replication applier. */
export type ReadOnlyDatabases = {
	readonly list: Query<readonly string[]>;
	set(database: string, readOnly: boolean): Statement;
};

/** What a dialect says about loading a backup. */
export interface Loading {
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
	/** For an engine, why the server would make no table of it, or one of another engine without a word; null: it would. */
	readonly engines: Query<(engine: string) => string | null>;
	engineHints(engine: string): readonly string[];
	readonly events: Query<readonly EventFacts[]>;
	/** Its definer stays. */
	setEvent(event: EventFacts, on: boolean): Statement;
	/** Databases that no client may change (MySQL's READ ONLY); null where a server has none of the kind. */
	readonly readOnlyDatabases: ReadOnlyDatabases | null;
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

/** An expression comes from the backup's manifest: it is compared with those that a reader of ours writes, and never run as it is. */
const unknownConversion = ({ database, name }: ObjectName, column: string): VerifyFailed =>
	new VerifyFailed(
		[
			{
				id: 'CONVERSION',
				title: `The manifest loads column ${column} of ${database}.${name} in another way than lockstep`,
				status: 'fail',
				expected: 'a conversion that lockstep writes',
				found: 'another expression',
				hints: ['The manifest was changed after the backup. Take another backup.'],
			},
		],
		'The manifest of the backup holds SQL that lockstep never writes: nothing was loaded.',
	);

function rows(table: ObjectName, columns: readonly LoadColumn[]): Statement {
	const odd = columns.find(([, expression]) => expression !== null && !isConversion(expression));
	if (odd !== undefined) throw unknownConversion(table, odd[0]);
	const read = columns.map(([name, expression], index) => (expression === null ? id(name) : raw(`@v${index + 1}`)));
	const set = columns.flatMap(([name, expression], index) =>
		expression === null ? [] : [sql`${id(name)} = ${raw(expression.replaceAll(/@v\b/g, `@v${index + 1}`))}`],
	);
	// Of a table whose columns are all generated a row is one field that stands for it.
	const fields = read.length === 0 ? raw('@v') : list(read);
	const assigned = set.length === 0 ? raw('') : { fragment: sql` SET ${list(set)}`.pieces };
	return sql`LOAD DATA LOCAL INFILE 'rows' INTO TABLE ${row(table)} CHARACTER SET binary FIELDS TERMINATED BY ${'\t'} ESCAPED BY ${'\\'} LINES TERMINATED BY ${'\n'} (${fields})${assigned}`;
}

/** Which key or constraint a line makes. */
export const keyName = (line: string): string => `${constraint(line) ? 'constraint' : 'key'} ${nameOf(line)}`;

const drop = (line: string) => (constraint(line) ? sql`DROP FOREIGN KEY ${id(nameOf(line))}` : sql`DROP KEY ${id(nameOf(line))}`);
// A constraint goes before the key that it rests on, and comes after it.
const drops = (keys: KeyLines) => [...keys.filter(constraint), ...keys.filter((line) => !constraint(line))].map(drop);
const adds = (keys: KeyLines) =>
	[...keys.filter((line) => !constraint(line)), ...keys.filter(constraint)].map((line) => raw(`ADD ${line}`));

export function loadWords(
	o: Pick<Loading, 'needs' | 'accountNeeds' | 'readOnlyNeeds' | 'localInfileNeeds' | 'readOnlyDatabases'> & {
		/** Words after the table's name by which the past of a versioned one is read, too. */
		readonly allVersions: string;
		/** Settings of a session that makes or alters tables, as SQL: definitions count as they are written. */
		readonly definitionSettings: string;
		/** `barred`: SQL for the setting that bars engines; `judge`: what it has against one, or null. */
		readonly engines: {
			readonly barred: string;
			readonly judge: (engine: string, barred: string) => string | null;
			readonly hints: (engine: string) => readonly string[];
		};
		readonly emptyVersioned: (table: ObjectName) => readonly Statement[];
	},
): Loading {
	const { allVersions, definitionSettings, engines, emptyVersioned, ...needs } = o;
	return {
		...needs,
		session: (logged) => (logged ? [] : [sql`SET SESSION sql_log_bin = 0`]),
		settings: {
			...{ time_zone: '+00:00', sql_mode: 'ALLOW_INVALID_DATES,NO_AUTO_VALUE_ON_ZERO', net_read_timeout: 3600 },
			...{ foreign_key_checks: 0, unique_checks: 0, check_constraint_checks: 0, innodb_strict_mode: 0 },
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
			statement: sql`SELECT COUNT(*) AS n FROM ${row(table)}${raw(versioned ? allVersions : '')}`,
			read: ([found]) => Number(found?.n ?? 0),
			mostMs: 0,
		}),
		empty: (table, versioned) => (versioned ? emptyVersioned(table) : [sql`TRUNCATE TABLE ${row(table)}`]),
		harmless: HARMLESS,
		engines: query(
			sql`SELECT ENGINE AS engine, SUPPORT AS support, ${raw(engines.barred)} AS barred FROM information_schema.ENGINES`,
			(found) => {
				const usable = new Map(found.map((each) => [(each.engine ?? '').toUpperCase(), /^(YES|DEFAULT)$/.test(each.support ?? '')]));
				return (engine) => {
					const isUsable = usable.get(engine.toUpperCase());
					if (isUsable === undefined) return 'the server does not know it';
					return isUsable ? engines.judge(engine, found[0]?.barred ?? '') : 'it is switched off';
				};
			},
		),
		engineHints: engines.hints,
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
		unchecked: sql`SET SESSION foreign_key_checks = 0, ${raw(definitionSettings)}`,
		dropTable: (table) => sql`DROP TABLE IF EXISTS ${row(table)}`,
		dropTrigger: (trigger) => sql`DROP TRIGGER IF EXISTS ${row(trigger)}`,
		definition: (table) => query(sql`SHOW CREATE TABLE ${row(table)}`, ([found]) => found?.['Create Table'] ?? ''),
		withoutKeys: (table, keys) => sql`ALTER TABLE ${row(table)} ${list(drops(keys))}`,
		withKeys: (table, keys) => sql`ALTER TABLE ${row(table)} ${list(adds(keys))}`,
	};
}
