// Keeps definitions as they are from the lock until all rows are read, and proves that they were: equal text is no identity.

import { type Action, pick, type SqlAction } from '../../core/action.ts';
import { fail } from '../../core/check.ts';
import { LockTimeout, VerifyFailed } from '../../core/errors.ts';
import type { ReadContext, RunContext } from '../../core/step.ts';
import { isTableGone, isWaitOver } from '../../dialects/common/errors.ts';
import { metadataLocks, type TableId } from '../../dialects/common/guards.ts';
import type { TableFacts } from '../../dialects/contract/catalogue.ts';
import { qualified, type Server, some } from '../shared/server.ts';
import { holdsRows, withoutSnapshot } from './dump-strategy.ts';
import { type BackupEnv, LIST_MS } from './env.ts';

/** Taken under the lock, while clients wait: it is given up, and the lock given back, after this. */
const GUARD_MS = 5_000;

type Facts = { readonly tables: readonly TableFacts[]; readonly mayGuard: boolean };

/** Whether the account may keep all definitions as they are by one statement. */
export function mayGuard({ dialect }: Server, held: readonly string[]): boolean {
	const guard = dialect.locks.definitionsGuard;
	return guard !== null && dialect.privileges.missing(held, [{ privilege: guard.privilege, why: '' }]).length === 0;
}

export const seesPrepared = ({ dialect }: Server, held: readonly string[]): boolean =>
	dialect.privileges.missing(held, dialect.locks.prepared.needs).length === 0;

/** Tables whose rows are read after the lock, from snapshots. */
export const guardedTables = (tables: readonly TableFacts[]): readonly TableFacts[] => {
	const left = new Set(withoutSnapshot(tables));
	return tables.filter((table) => holdsRows(table) && !left.has(table));
};

/** What waits for the rows to be read, for people. */
export const guardTitle = ({ mayGuard }: Pick<Facts, 'mayGuard'>): string => (mayGuard ? 'backup lock' : 'metadata locks');

/** As a plan shows it. Pure. */
export function guardActions({ server }: BackupEnv, facts: Facts): Action[] {
	const tables = guardedTables(facts.tables);
	const { definitionsGuard } = server.dialect.locks;
	const action = { kind: 'sql', id: 'guard', on: 'server', session: 'readers', changes: false, timeoutMs: GUARD_MS } as const;
	if (facts.mayGuard && definitionsGuard !== null) {
		return [
			{
				...action,
				why: 'statements that define tables, views, routines or accounts wait until all rows are read; other statements do not',
				statement: definitionsGuard.statement,
			},
		];
	}
	const shares = metadataLocks(tables);
	const [statement] = shares;
	if (statement === undefined) return [];
	return [
		{
			...action,
			why: 'ALTER, DROP, RENAME and TRUNCATE of these tables wait until all rows are read, and so do later statements on such a table',
			statement,
			shares,
		},
	];
}

type At = BackupEnv & RunContext & { readonly plan: readonly Action[]; readonly guarded: readonly TableFacts[] };

/** Under the lock, when every reader has its snapshot. Gives what the tables are known by at that moment. */
export async function guard(at: At): Promise<readonly TableId[]> {
	const { plan, perform, runQuery, server, guarded } = at;
	const planned = pick(plan, 'sql', 'guard');
	if (guarded.length === 0) return [];
	const shares = planned?.shares === undefined && planned !== undefined ? undefined : metadataLocks(guarded);
	const action: SqlAction | undefined =
		shares === undefined ? planned : { ...(planned ?? (guardActions(at, { tables: guarded, mayGuard: false })[0] as SqlAction)), shares };
	try {
		if (action !== undefined) await perform(action);
	} catch (error) {
		throw worded(error);
	}
	const { statement, read } = server.dialect.catalogue.tableIds(guarded);
	return await runQuery('server', { statement, read, mostMs: LIST_MS });
}

function worded(error: unknown): unknown {
	if (isWaitOver(error)) {
		return new LockTimeout(
			{
				message: 'Another session keeps a table from being read under the lock.',
				...(error.description.reason !== undefined && { reason: error.description.reason }),
				hints: ['Nothing is locked and nothing was changed. Try again when statements that define tables are done: SHOW FULL PROCESSLIST;'],
				...(error.description.details !== undefined && { details: error.description.details }),
			},
			{ cause: error },
		);
	}
	if (!isTableGone(error)) return error;
	return new VerifyFailed(
		[
			fail('TABLES-STILL', 'Tables that existed before the lock are gone', {
				found: error.description.details ?? error.message,
				hints: ['Try again while no session drops or renames tables.'],
			}),
		],
		'A table was dropped or renamed just before the lock.',
		{ cause: error },
	);
}

/** When all rows are read: each table is still the very one that it was under the lock. Throws VerifyFailed with those that are not. */
export async function sameTables({ server, runQuery }: BackupEnv & ReadContext, before: readonly TableId[]): Promise<void> {
	if (before.length === 0) return;
	const now = new Map((await runQuery('server', server.dialect.catalogue.tableIds(before))).map((each) => [qualified(each), each.id]));
	const changed = before.filter((each) => now.get(qualified(each)) !== each.id);
	if (changed.length === 0) return;
	throw new VerifyFailed(
		[
			fail('TABLES-STILL', 'Some tables are not those that they were under the lock', {
				expected: 'the same tables, by the engine’s own numbers',
				found: `dropped, renamed, truncated or made anew: ${some(changed.map(qualified))}`,
				hints: ['Try again while no session changes tables, or hold the lock for the whole dump:  --lock held'],
			}),
		],
		'Tables were exchanged while their rows were read: the backup would hold rows of other tables.',
	);
}
