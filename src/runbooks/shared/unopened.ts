import { type Check, fail } from '../../core/check.ts';
import { ServerError } from '../../core/errors.ts';
import type { ReadContext } from '../../core/step.ts';
import type { UnopenedTable } from '../../dialects/common/fits.ts';
import type { Dialect } from '../../dialects/contract/dialect.ts';
import { id, shown, sql } from '../../sql/sql.ts';
import { qualified, some } from './server.ts';

/** Tables of a server that cannot be opened, each by the reason that the server gives for it. */
export async function unopenedTables(
	{ fits }: Dialect,
	runQuery: ReadContext['runQuery'],
	role: string,
): Promise<readonly UnopenedTable[]> {
	const found: UnopenedTable[] = [];
	for (const table of await runQuery(role, fits.unopened)) {
		try {
			await runQuery(role, fits.opens(table));
		} catch (error) {
			if (!(error instanceof ServerError) || error.connectionLost || error.code === null) throw error;
			found.push({ ...table, why: error.description.details ?? error.description.message });
		}
	}
	return found;
}

/** Tables that the server cannot open: they would stop a copy in its middle. `leaveOut`: how one is left out, where that can be asked for. */
export function unopenedCheck(
	checkId: string,
	tables: readonly UnopenedTable[],
	leaveOut: ((table: UnopenedTable) => string) | null,
): Check[] {
	if (tables.length === 0) return [];
	return [
		fail(checkId, 'The server cannot open some tables', {
			expected: 'tables that can be read',
			wrong: some(tables.map((table) => `${qualified(table)} (${table.why})`)),
			hints: tables.slice(0, 6).flatMap((table) => {
				const name = shown(sql`${id(table.database, table.name)}`);
				return [
					`REPAIR TABLE ${name};  (MyISAM, Aria, ARCHIVE, CSV), or, if nothing needs it,  DROP TABLE ${name};`,
					...(leaveOut === null ? [] : [leaveOut(table)]),
				];
			}),
		}),
	];
}
