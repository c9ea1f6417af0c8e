import type { Progress, TableWork, WorkerProgress } from './progress.ts';
import type { Flow, WorkerFlow } from './step.ts';

/** A table to go through; `total`: what there is to do, in the unit of the progress, null where that is not known. */
export type TableToDo = { readonly name: string; readonly total: number | null };

export type TablesView = Required<Pick<Progress, 'workers' | 'finished' | 'next' | 'tables'>> & Pick<Progress, 'current'>;

/** What each worker has in hand, which tables are done, and which are to come. Workers are counted from 1. */
export interface TableTracker {
	/** A worker takes a table, or a part of one, in hand. What it had before is done. */
	begin(worker: number, name: string, part?: WorkerProgress['part']): void;
	/** So much of what it has in hand is done since it began. */
	advance(worker: number, done: number, rows?: number): void;
	/** What it has in hand is done, as far as it came. */
	end(worker: number): void;
	/** What it has in hand comes to nothing: it is to come again. */
	giveUp(worker: number): void;
	view(): TablesView;
}

/** So many that are done, and so many that are to come, are named. */
const NAMED = 20;
const WINDOW_MS = 5_000;
const LEAST_MS = 500;

type Sample = { readonly at: number; readonly done: number };

type Piece = {
	readonly name: string;
	readonly part: WorkerProgress['part'];
	readonly began: number;
	done: number;
	rows: number | undefined;
	samples: Sample[];
};

/** A table of which something was begun: what its parts that are done came to. */
type Opened = { readonly began: number; parts: number; done: number; rows: number | undefined };

const plus = (a: number | undefined, b: number | undefined): number | undefined => (b === undefined ? a : (a ?? 0) + b);

const speed = (done: number, ms: number): number | null => (ms >= LEAST_MS ? (done * 1000) / ms : null);

/** Per second, over the last five. */
function rateOf({ samples, done }: Piece, at: number): number | null {
	const [oldest] = samples;
	return oldest === undefined ? null : speed(done - oldest.done, at - oldest.at);
}

/** Follows workers through tables, which are named as `database.table` and listed in the order in which they come. The clock comes in. */
export function trackTables(now: () => number, tables: readonly TableToDo[]): TableTracker {
	const totals = new Map(tables.map(({ name, total }) => [name, total]));
	const waiting = new Set(totals.keys());
	const opened = new Map<string, Opened>();
	const inHand = new Map<number, Piece>();
	let finished: TableWork[] = [];
	let count = 0;

	function end(worker: number): void {
		const piece = inHand.get(worker);
		if (piece === undefined) return;
		inHand.delete(worker);
		const table = opened.get(piece.name);
		if (table === undefined) return;
		table.parts++;
		table.done += piece.done;
		table.rows = plus(table.rows, piece.rows);
		if (table.parts < (piece.part?.of ?? 1)) return;
		opened.delete(piece.name);
		count++;
		const ms = now() - table.began;
		const { name } = piece;
		const { done, rows } = table;
		finished = [...finished, { name, done, total: done, ms, rate: speed(done, ms), ...(rows !== undefined && { rows }) }].slice(-NAMED);
	}

	const work = (worker: number, piece: Piece, at: number): WorkerProgress => {
		const { name, part, began, done, rows } = piece;
		const total = totals.get(name) ?? null;
		return {
			worker,
			name,
			done,
			// Parts are made of about the same size.
			total: total === null ? null : total / (part?.of ?? 1),
			ms: at - began,
			rate: rateOf(piece, at),
			...(rows !== undefined && { rows }),
			...(part !== undefined && part.of > 1 && { part }),
		};
	};

	return {
		begin(worker, name, part) {
			end(worker);
			const at = now();
			waiting.delete(name);
			if (!opened.has(name)) opened.set(name, { began: at, parts: 0, done: 0, rows: undefined });
			inHand.set(worker, { name, part, began: at, done: 0, rows: undefined, samples: [{ at, done: 0 }] });
		},
		advance(worker, done, rows) {
			const piece = inHand.get(worker);
			if (piece === undefined) return;
			const at = now();
			piece.done = done;
			piece.rows = rows;
			piece.samples.push({ at, done });
			const first = piece.samples.findLastIndex((sample) => sample.at <= at - WINDOW_MS);
			if (first > 0) piece.samples = piece.samples.slice(first);
		},
		end,
		giveUp(worker) {
			const name = inHand.get(worker)?.name;
			if (name === undefined) return;
			inHand.delete(worker);
			opened.delete(name);
			waiting.add(name);
		},
		view() {
			const at = now();
			const workers = [...inHand].sort(([a], [b]) => a - b).map(([worker, piece]) => work(worker, piece, at));
			return {
				workers,
				finished,
				next: [...waiting].slice(0, NAMED).map((name) => ({ name, total: totals.get(name) ?? null })),
				tables: { done: count, total: count + opened.size + waiting.size },
				current: namesOf(workers),
			};
		},
	};
}

/** `shop.orders`, `shop.orders, crm.notes and 2 more`; null where nothing is in hand. */
function namesOf(workers: readonly WorkerProgress[]): string | null {
	const names = [...new Set(workers.map(({ name }) => name))];
	if (names.length === 0) return null;
	return names.length <= 2 ? names.join(', ') : `${names.slice(0, 2).join(', ')} and ${names.length - 2} more`;
}

/** Reports to a tracker what several connections did, in bytes or in rows. `nameOf`: as its tables are named. */
export function followWorkers(
	tracker: TableTracker,
	unit: 'bytes' | 'rows',
	nameOf: (table: { readonly database: string; readonly name: string }) => string,
): (workers: readonly WorkerFlow[]) => void {
	const inHand = new Map<number, string>();
	return (workers) => {
		for (const { worker, database, table, part, rawBytes, rows, isDone } of workers) {
			const name = nameOf({ database, name: table });
			const piece = `${part.at} ${name}`;
			if (inHand.get(worker) !== piece) tracker.begin(worker, name, part);
			inHand.set(worker, piece);
			tracker.advance(worker, unit === 'bytes' ? rawBytes : rows, rows);
			if (!isDone) continue;
			tracker.end(worker);
			inHand.delete(worker);
		}
	};
}

/**
 * Reports to a tracker what one tool wrote, a table after the other, in bytes. The last one is in hand until the caller ends it, when the tool
 * has ended.
 */
export function followStream(
	tracker: TableTracker,
	nameOf: (table: { readonly database: string; readonly name: string }) => string,
): (flow: Flow) => void {
	let from = { rawBytes: 0, rows: 0 };
	return (flow) => {
		const advance = (to: { readonly rawBytes: number; readonly rows: number }) =>
			tracker.advance(1, to.rawBytes - from.rawBytes, to.rows - from.rows);
		for (const { database, table, rawBytes, rows } of flow.began) {
			advance({ rawBytes, rows });
			tracker.begin(1, nameOf({ database, name: table }));
			from = { rawBytes, rows };
		}
		advance(flow);
	};
}
