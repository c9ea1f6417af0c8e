import type { TableToRead } from '../../core/action.ts';
import type { LockTimeout } from '../../core/errors.ts';
import { meter, type Progress } from '../../core/progress.ts';
import type { Flow, RunContext } from '../../core/step.ts';
import { followStream, followWorkers, trackTables } from '../../core/table-progress.ts';
import type { TableFacts } from '../../dialects/contract/catalogue.ts';
import { estimator } from '../../dump/estimate.ts';
import type { DumpScan } from '../../dump/sql/scan.ts';
import { qualified } from '../shared/server.ts';
import type { BackupEnv } from './env.ts';
import { watchReplica } from './watch.ts';

type At = BackupEnv & RunContext & { readonly facts: { readonly tables: readonly TableFacts[] } };

/** Draws how far a dump has come; `heldSince` gives when the lock was taken, null where it is not held (any more). */
export function dumpProgress(at: At, heldSince: () => Date | null, onStuck: (why: LockTimeout) => void) {
	const measure = meter(() => at.now().getTime());
	const all = at.facts.tables.filter((table) => table.kind === 'table');
	const estimate = estimator(all);
	const clock = () => at.now().getTime();
	const tracker = trackTables(clock, toDo(all));
	const watch = watchReplica(at, () => heldSince() !== null, onStuck);
	let before = { rawBytes: 0, bytes: 0, rows: 0 };
	function progressOf(flow: Flow, more: Pick<Progress, 'total' | 'tables' | 'current' | 'workers' | 'finished' | 'next'>): void {
		const done = before.rawBytes + flow.rawBytes;
		const held = heldSince();
		at.progress({
			unit: 'bytes',
			done,
			estimated: true,
			...more,
			...measure(done, more.total),
			rows: before.rows + flow.rows,
			onDisk: before.bytes + flow.bytes,
			...(held === null ? {} : { heldMs: at.now().getTime() - held.getTime() }),
			...watch.latest(),
		});
	}
	return {
		/** Of one tool, which writes one table after the other. */
		toolFlow(): (flow: Flow) => void {
			const follow = followStream(tracker, qualified);
			return (flow) => {
				for (const each of flow.began) estimate.began(each, before.rawBytes + each.rawBytes);
				follow(flow);
				progressOf(flow, { ...tracker.view(), total: estimate.at(before.rawBytes + flow.rawBytes).total });
			};
		},
		/** Of definitions, which are next to nothing beside the rows that follow. */
		definitionsFlow(of: string): (flow: Flow) => void {
			const total = all.reduce((sum, table) => sum + table.bytes, 0);
			return (flow) => progressOf(flow, { ...tracker.view(), total: Math.max(total, before.rawBytes + flow.rawBytes), current: of });
		},
		/** Of connections that read several tables at once: `tables` is all that they read. */
		rowsFlow(tables: readonly (TableToRead & { readonly rows: number; readonly bytes: number })[]): (flow: Flow) => void {
			const sum = (of: (table: (typeof tables)[number]) => number) => tables.reduce((all, each) => all + of(each), 0);
			const [rows, size] = [sum((each) => each.rows), sum((each) => each.bytes)];
			// The largest are begun first.
			const readers = trackTables(clock, toDo(tables.toSorted((a, b) => b.bytes - a.bytes)));
			const follow = followWorkers(readers, 'bytes', qualified);
			return (flow) => {
				follow(flow.workers ?? []);
				// Text is not as large as data on disk: what the rows so far really took corrects the guess for the rest.
				const part = rows === 0 ? 0 : Math.min(1, flow.rows / rows);
				const total = Math.max(flow.rawBytes, size * (1 - part) + flow.rawBytes);
				progressOf(flow, { ...readers.view(), total: before.rawBytes + total });
			};
		},
		finished(result: { rawBytes: number; bytes: number; rows: number }): void {
			tracker.end(1);
			estimate.ended(before.rawBytes + result.rawBytes);
			before = { rawBytes: before.rawBytes + result.rawBytes, bytes: before.bytes + result.bytes, rows: before.rows + result.rows };
		},
		stop: watch.stop,
	};
}

const toDo = (tables: readonly (Parameters<typeof qualified>[0] & { readonly bytes: number })[]) =>
	tables.map((table) => ({ name: qualified(table), total: table.bytes }));

export const rowsOf = (found: unknown): number => (found as DumpScan | null)?.rows ?? 0;
