import type { LockTimeout } from '../../core/errors.ts';
import { meter } from '../../core/progress.ts';
import type { Flow, RunContext } from '../../core/step.ts';
import type { TableFacts } from '../../dialects/contract/catalogue.ts';
import { estimator } from '../../dump/estimate.ts';
import type { DumpScan } from '../../dump/sql/scan.ts';
import type { BackupEnv } from './env.ts';
import { watchReplica } from './watch.ts';

type At = BackupEnv & RunContext & { readonly facts: { readonly tables: readonly TableFacts[] } };

/** Draws how far a dump has come; `heldSince` gives when the lock was taken, null where it is not held (any more). */
export function dumpProgress(at: At, heldSince: () => Date | null, onStuck: (why: LockTimeout) => void) {
	const measure = meter(() => at.now().getTime());
	const estimate = estimator(at.facts.tables.filter((table) => table.kind === 'table'));
	const watch = watchReplica(at, () => heldSince() !== null, onStuck);
	let before = { rawBytes: 0, bytes: 0, rows: 0 };
	function tell(flow: Flow, more: { total: number; tables: { done: number; total: number }; current: string | null }): void {
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
		/** Of a tool, which writes one table after the other. */
		flow(flow: Flow): void {
			for (const each of flow.began) estimate.began(each, before.rawBytes + each.rawBytes);
			tell(flow, estimate.at(before.rawBytes + flow.rawBytes));
		},
		/** Of definitions, which are next to nothing beside the rows that follow. */
		definitionsFlow(of: string): (flow: Flow) => void {
			const tables = at.facts.tables.filter((table) => table.kind === 'table');
			const total = tables.reduce((all, table) => all + table.bytes, 0);
			return (flow) =>
				tell(flow, { total: Math.max(total, before.rawBytes + flow.rawBytes), tables: { done: 0, total: tables.length }, current: of });
		},
		/** Of connections that read several tables at once: `tables` is all that they read. */
		rowsFlow(tables: readonly { readonly rows: number; readonly bytes: number }[]): (flow: Flow) => void {
			const sum = (of: (table: (typeof tables)[number]) => number) => tables.reduce((all, each) => all + of(each), 0);
			const [rows, size] = [sum((each) => each.rows), sum((each) => each.bytes)];
			let begun = 0;
			return (flow) => {
				begun += flow.began.length;
				// Text is not as large as data on disk: what the rows so far really took corrects the guess for the rest.
				const part = rows === 0 ? 0 : Math.min(1, flow.rows / rows);
				const total = Math.max(flow.rawBytes, size * (1 - part) + flow.rawBytes);
				tell(flow, {
					total: before.rawBytes + total,
					tables: { done: Math.min(tables.length, begun), total: tables.length },
					current: flow.table,
				});
			};
		},
		finished(result: { rawBytes: number; bytes: number; rows: number }): void {
			estimate.ended(before.rawBytes + result.rawBytes);
			before = { rawBytes: before.rawBytes + result.rawBytes, bytes: before.bytes + result.bytes, rows: before.rows + result.rows };
		},
		stop: watch.stop,
	};
}

export const rowsOf = (found: unknown): number => (found as DumpScan | null)?.rows ?? 0;
