import { bytes, duration } from '../../core/format.ts';
import type { TableFacts } from '../../dialects/contract/catalogue.ts';
import { some } from '../shared/server.ts';
import type { BackupEnv, DumpStrategy } from './env.ts';
import { describePrediction, predictHeld } from './prediction.ts';

type Seen = {
	/** A server of its own: clients write to it and will wait. */
	readonly clientsWait: boolean;
	readonly tables: readonly TableFacts[];
};

/** Whose rows, with their history, only the vendor's tool can write so that they come back. */
export const byVendor = (table: TableFacts): boolean => table.versioned;

/** Whether its rows are dumped. */
export const holdsRows = (table: TableFacts): boolean => table.kind === 'table' && table.ownRows;

/** Tables whose rows our readers' snapshots do not show as they were: they are read before the lock is let go. */
export const withoutSnapshot = (tables: readonly TableFacts[]): readonly TableFacts[] =>
	tables.filter((table) => holdsRows(table) && (!table.transactional || byVendor(table)));

export const sizeOf = (tables: readonly TableFacts[]): number =>
	tables.reduce((sum, table) => sum + (holdsRows(table) ? table.bytes : 0), 0);

/** What holds the lock for as long as it is dumped. */
export const heldBytes = (strategy: DumpStrategy, tables: readonly TableFacts[]): number =>
	sizeOf(strategy.lock === 'snapshot' ? withoutSnapshot(tables) : tables);

/** Which engine, whatever the server holds. */
export const engineOf = (env: BackupEnv): DumpStrategy['engine'] => env.engine ?? 'parallel';

/** The engine and the lock: as asked for, else what serves this server best. Pure. */
export function chooseStrategy(env: BackupEnv, { clientsWait, tables }: Seen): DumpStrategy {
	const engine = engineOf(env);
	const { lock, why } = lockOf(env, engine, { clientsWait, tables });
	const with_ =
		engine === 'vendor'
			? 'the vendor’s tool, one connection'
			: `${env.connections} connections of our own, tables in pieces by primary key`;
	return { engine, lock, why: `${with_}; ${why}` };
}

function lockOf(env: BackupEnv, engine: DumpStrategy['engine'], { clientsWait, tables }: Seen): Pick<DumpStrategy, 'lock' | 'why'> {
	const held = 'the lock is held for the whole dump, as the manuals have it';
	if (engine === 'vendor') return { lock: 'held', why: held };
	const left = withoutSnapshot(tables);
	const meanwhile =
		left.length === 0
			? 'the lock is held until every connection has its snapshot, for milliseconds'
			: `the lock is held until the tables without snapshots are read: ${some(left.map(({ database, name }) => `${database}.${name}`))}, ~${bytes(sizeOf(left))}`;
	if (env.lockFor === 'snapshot') return { lock: 'snapshot', why: meanwhile };
	if (env.lockFor === 'held') return { lock: 'held', why: held };
	if (clientsWait) return { lock: 'snapshot', why: `clients write here: ${meanwhile}` };
	const predicted = predictHeld(sizeOf(tables), { compress: env.compress, engine }, env.history);
	if (typeof env.maxLockSeconds === 'number' && predicted.ms > env.maxLockSeconds * 1000) {
		return {
			lock: 'snapshot',
			why: `the whole dump would hold the lock ${describePrediction(predicted)}, more than ${duration(env.maxLockSeconds * 1000)}: ${meanwhile}`,
		};
	}
	return { lock: 'held', why: `no client writes here: ${held}` };
}
