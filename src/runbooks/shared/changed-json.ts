// Types inside JSON columns that no text carries, counted by the server.
import type { ChangedJson } from '../../core/changed-json.ts';
import type { ColumnName, JsonTypes } from '../../dialects/contract/catalogue.ts';
import type { Row, Statement } from '../../sql/sql.ts';

/** Which of these columns hold such types, and in how many rows. `read`: all rows of statements that each read a whole column. */
export async function countChangedJson(
	jsonTypes: JsonTypes,
	columns: readonly ColumnName[],
	read: (what: 'types' | 'rows', statements: readonly Statement[]) => Promise<readonly Row[]>,
): Promise<readonly ChangedJson[]> {
	if (columns.length === 0) return [];
	const types = Map.groupBy(await read('types', jsonTypes.types(columns)), (row) => Number(row.nth));
	const affected = [...columns.entries()].filter(([nth]) => types.has(nth));
	if (affected.length === 0) return [];
	const rows = await read('rows', jsonTypes.rows(affected.map(([, column]) => column)));
	return affected.map(([place, column], nth) => ({
		...column,
		rows: Number(rows.find((row) => Number(row.nth) === nth)?.n ?? 0),
		types: (types.get(place) ?? []).map((row) => row.type ?? ''),
	}));
}
