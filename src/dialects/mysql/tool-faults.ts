// What mysqldump cannot write so that it loads again. (Seen with 9.7; mariadb-dump ends each body with a line of its own and is not affected.)
import { list, type Query, query, sql } from '../../sql/sql.ts';
import type { ToolFault } from '../common/fits.ts';

const OWN = list(['information_schema', 'performance_schema', 'mysql', 'sys']);

/** Strings, quoted names and comments, of which a line comment takes the rest of its line. */
const OPAQUE = /'(?:[^'\\]|\\[\s\S]|'')*'|"(?:[^"\\]|\\[\s\S]|"")*"|`(?:[^`]|``)*`|\/\*[\s\S]*?\*\/|(?:--(?=\s|$)|#)[^\n]*/g;

/** Whether this program's last line ends in a comment, which then takes what the tool writes behind it. */
export function endsInLineComment(body: string): boolean {
	const text = body.trimEnd();
	const last = [...text.matchAll(OPAQUE)].at(-1);
	return last !== undefined && /^(?:--|#)/.test(last[0]) && last.index + last[0].length === text.length;
}

/** Databases that a view's text names. */
const named = (definition: string): readonly string[] =>
	[...definition.matchAll(/`((?:[^`]|``)+)`\.`/g)].map(([, name = '']) => name.replaceAll('``', '`'));

export const toolFaults: Query<readonly ToolFault[]> = query(
	sql`SELECT 'trigger' AS kind, TRIGGER_SCHEMA AS db, TRIGGER_NAME AS name, ACTION_STATEMENT AS body FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA NOT IN (${OWN})
 UNION ALL SELECT LOWER(ROUTINE_TYPE), ROUTINE_SCHEMA, ROUTINE_NAME, ROUTINE_DEFINITION FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA NOT IN (${OWN})
 UNION ALL SELECT 'event', EVENT_SCHEMA, EVENT_NAME, EVENT_DEFINITION FROM information_schema.EVENTS WHERE EVENT_SCHEMA NOT IN (${OWN})
 UNION ALL SELECT 'view', TABLE_SCHEMA, TABLE_NAME, VIEW_DEFINITION FROM information_schema.VIEWS WHERE TABLE_SCHEMA NOT IN (${OWN})`,
	(rows) => {
		const all = rows.map((row) => ({ kind: row.kind ?? '', database: row.db ?? '', name: row.name ?? '', body: row.body ?? '' }));
		const needs = new Map<string, Set<string>>();
		for (const { kind, database, body } of all) {
			if (kind !== 'view') continue;
			const others = needs.get(database) ?? new Set();
			for (const other of named(body)) if (other !== database) others.add(other);
			needs.set(database, others);
		}
		const reaches = (from: string, to: string, seen = new Set<string>()): boolean =>
			[...(needs.get(from) ?? [])].some((next) => next === to || (!seen.has(next) && reaches(next, to, seen.add(next))));
		return all.flatMap(({ kind, database, name, body }): ToolFault[] => {
			const fault = (why: string): ToolFault[] => [{ kind, database, name, why }];
			if (kind === 'view') {
				const round = named(body).find((other) => other !== database && (needs.get(other)?.size ?? 0) > 0 && reaches(other, database));
				return round === undefined ? [] : fault(`views of ${database} and ${round} need each other, and each database is one file`);
			}
			if (kind === 'event' && body.includes(';;')) return fault('mysqldump never ends at an event that holds ;;');
			return endsInLineComment(body) ? fault('its last line is a comment, in which mysqldump’s end of the statement is lost') : [];
		});
	},
);
