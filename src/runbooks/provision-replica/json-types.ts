// Types inside JSON columns that a copy by text changes: they are named, and the contents are compared without them.
import type { Action } from '../../core/action.ts';
import { type ChangedJson, changedJsonWarning } from '../../core/changed-json.ts';
import { type Check, warning } from '../../core/check.ts';
import type { ReadContext } from '../../core/step.ts';
import type { ColumnFacts, ColumnName } from '../../dialects/contract/catalogue.ts';
import { query, type Statement } from '../../sql/sql.ts';
import { countChangedJson } from '../shared/changed-json.ts';
import { qualified, some } from '../shared/server.ts';
import type { ProvisionEnv } from './env.ts';

type Table = { readonly database: string; readonly name: string; readonly columns: readonly ColumnFacts[] };

const EXACT = 'To copy them exactly:  --seed clone';
const nameOf = ({ database, table, column }: ColumnName): string => `${database}.${table}.${column}`;

/** The JSON columns of these tables; none where the data come by CLONE, which copies the values themselves. */
export async function jsonColumns(
	{ primary, clone, runQuery }: ProvisionEnv & ReadContext,
	tables: readonly Table[],
): Promise<readonly ColumnName[]> {
	const { jsonTypes } = primary.dialect;
	if (jsonTypes === null || clone !== undefined) return [];
	const compared = new Set(tables.map(qualified));
	return (await runQuery('primary', jsonTypes.columns)).filter(({ database, table }) => compared.has(qualified({ database, name: table })));
}

/** What the plan says of them. */
export function jsonNote(columns: readonly ColumnName[], isCompared: boolean): Check[] {
	if (columns.length === 0) return [];
	const then = isCompared ? 'the comparison counts the rows' : 'a delayed replica is not compared, so the rows are not counted';
	return [
		{
			...{ id: 'SEED-JSON', title: 'Types inside JSON columns may change', status: isCompared ? 'note' : 'warning' },
			found: `JSON text holds no DECIMAL, date, time, binary or unsigned value (${some(columns.map(nameOf))}); ${then}`,
			hints: [EXACT],
		},
	];
}

/** What of the comparison counts them. */
export function jsonActions({ primary }: ProvisionEnv, columns: readonly ColumnName[]): Action[] {
	const statements = primary.dialect.jsonTypes?.types(columns) ?? [];
	const why = 'types inside JSON that text cannot carry; where there are some, their rows on both servers';
	return statements.map((statement, nth) => ({ kind: 'sql', id: `json-types-${nth + 1}`, why, on: 'primary', statement, changes: false }));
}

export type JsonFound = {
	/** Columns that hold such types on the primary. */
	readonly held: readonly ChangedJson[];
	/** Those of which the replica has fewer: the rest came through replication, which carries them. */
	readonly changed: readonly ChangedJson[];
};

/** At the moment of the comparison. */
export async function findChangedByCopy(at: ProvisionEnv & ReadContext, columns: readonly ColumnName[]): Promise<JsonFound> {
	const { jsonTypes } = at.primary.dialect;
	if (jsonTypes === null || columns.length === 0) return { held: [], changed: [] };
	const all = (role: 'primary' | 'replica') => async (_: string, statements: readonly Statement[]) => {
		const rows = [];
		for (const statement of statements) rows.push(...(await at.runQuery(role, { ...query(statement, (found) => found), mostMs: 0 })));
		return rows;
	};
	const held = await countChangedJson(jsonTypes, columns, all('primary'));
	const kept = new Map((await countChangedJson(jsonTypes, held, all('replica'))).map((each) => [nameOf(each), each.rows ?? 0]));
	const changed = held.map((each) => ({ ...each, rows: (each.rows ?? 0) - (kept.get(nameOf(each)) ?? 0) })).filter(({ rows }) => rows > 0);
	return { held, changed };
}

/** The tables with what makes their values comparable: as JSON text gives them, on both servers. */
export function asLoaded<T extends Table>(tables: readonly T[], held: readonly ColumnName[]): readonly T[] {
	const names = new Set(held.map(nameOf));
	const read = (column: ColumnFacts): ColumnFacts =>
		names.has(nameOf({ database: column.database, table: column.table, column: column.name })) ? { ...column, asLoaded: true } : column;
	return tables.map((table) => ({ ...table, columns: table.columns.map(read) }));
}

/** What the comparison found of them. */
export function jsonCheck(changed: readonly ChangedJson[]): Check[] {
	if (changed.length === 0) return [];
	const found = `${changedJsonWarning(changed, 'The copy changed')} CLONE keeps them: --seed clone`;
	return [warning('COMPARE-JSON', 'Types inside JSON differ from the primary’s', { found, hints: [EXACT] })];
}
