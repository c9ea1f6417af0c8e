// Types inside JSON columns that no text carries: counted when the rows are read, so that the backup names them.

import { type Action, pick, type SqlAction } from '../../core/action.ts';
import { type ChangedJson, changedJsonWarning } from '../../core/changed-json.ts';
import type { ReadContext, RunContext } from '../../core/step.ts';
import { isTableChanged } from '../../dialects/common/errors.ts';
import type { ColumnName, TableFacts } from '../../dialects/contract/catalogue.ts';
import { countChangedJson } from '../shared/changed-json.ts';
import { qualified } from '../shared/server.ts';
import { holdsRows } from './dump-strategy.ts';
import { ANSWER_MS, type BackupEnv, type DumpStrategy } from './env.ts';

type Facts = { readonly tables: readonly TableFacts[]; readonly jsonColumns: readonly ColumnName[] };

/** Each statement reads one column of one table, after the lock. */
const READ_MS = 6 * 60 * 60_000;

/** The JSON columns of these tables; none where a server stores JSON as text. */
export async function jsonColumns(
	{ server, runQuery }: BackupEnv & ReadContext,
	tables: readonly TableFacts[],
): Promise<readonly ColumnName[]> {
	const { jsonTypes } = server.dialect;
	if (jsonTypes === null) return [];
	const dumped = new Set(tables.filter(holdsRows).map(qualified));
	return (await runQuery('server', jsonTypes.columns)).filter(({ database, table }) => dumped.has(qualified({ database, name: table })));
}

/** While the lock is held for the whole dump: what the readers count after it is what was dumped. Pure. */
export function moment({ server }: BackupEnv, facts: Facts, strategy: DumpStrategy): Action[] {
	if (facts.jsonColumns.length === 0 || strategy.lock === 'snapshot') return [];
	const statement = server.dialect.locks.snapshot;
	const why = 'types inside JSON are counted in it after the lock';
	return [
		{
			...{ kind: 'sql', id: 'json-moment', why, on: 'server', session: 'readers' },
			statement,
			changes: false,
			timeoutMs: ANSWER_MS,
		} as const,
	];
}

/** After the lock. Pure. */
export function jsonActions({ server, connections }: BackupEnv, facts: Facts, strategy: DumpStrategy): Action[] {
	const shares = server.dialect.jsonTypes?.types(facts.jsonColumns) ?? [];
	const [statement] = shares;
	if (statement === undefined) return [];
	const count = { kind: 'sql', on: 'server', session: 'readers', statement, shares, changes: false, timeoutMs: READ_MS } as const;
	const holding = new Set(facts.jsonColumns.map(({ database, table }) => qualified({ database, name: table })));
	const tables = facts.tables
		.filter((table) => holding.has(qualified(table)))
		.map(({ database, name, rows, bytes }) => ({ database, name, rows, bytes }));
	const types: Action = { ...count, id: 'json-types', why: 'types inside JSON columns that text cannot carry' };
	const digests: Action = {
		...{ kind: 'rows', id: 'json-digests', on: 'server', tables, readers: connections, into: null, asLoaded: true, changes: false },
		why: 'only of tables with DECIMAL inside JSON: the digests that they have once they are loaded',
	};
	return strategy.engine === 'vendor' ? [types] : [types, digests];
}

/** What a restore changes, and the digests that it then gives, by table. */
export type JsonTypesFound = { readonly columns: readonly ChangedJson[]; readonly digests: ReadonlyMap<string, string | null> };

/** After the lock, in the readers' snapshots. A column that cannot be counted, as of a table that was altered since, is named as such. */
export async function findChangedJson(
	at: BackupEnv & RunContext & { readonly plan: readonly Action[]; readonly facts: Facts },
): Promise<JsonTypesFound> {
	const { plan, perform, note, server } = at;
	const { jsonTypes } = server.dialect;
	const count = pick(plan, 'sql', 'json-types');
	if (count === undefined || jsonTypes === null) return { columns: [], digests: new Map() };
	const all = at.facts.jsonColumns;
	let columns: readonly ChangedJson[];
	try {
		columns = await countChangedJson(jsonTypes, all, (what, statements) => perform(what === 'types' ? count : rowsOf(count, statements)));
	} catch (error) {
		if (!isTableChanged(error)) throw error;
		note(`Types inside JSON columns could not be counted. ${error.description.message}`, 'warning');
		return { columns: all.map((each) => ({ ...each, rows: null, types: [] })), digests: new Map() };
	}
	if (columns.length > 0) note(changedJsonWarning(columns));
	const digests = pick(plan, 'rows', 'json-digests');
	// Other types are printed as the values are that they become.
	const printed = new Set(columns.filter(({ types }) => types.includes('DECIMAL')).map((each) => `${each.database}\0${each.table}`));
	const tables = digests?.tables.filter(({ database, name }) => printed.has(`${database}\0${name}`)) ?? [];
	if (digests === undefined || tables.length === 0) return { columns, digests: new Map() };
	const read = await perform({ ...digests, tables });
	return { columns, digests: new Map(read.tables.map((table) => [qualified(table), table.digest])) };
}

const rowsOf = (action: SqlAction, shares: SqlAction['shares'] & {}): SqlAction => ({
	...action,
	id: 'json-rows',
	why: 'how many rows hold them',
	statement: shares[0] ?? action.statement,
	shares,
});
