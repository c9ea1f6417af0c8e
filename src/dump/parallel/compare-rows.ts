// Which rows of a table differ from those of a backup: both are read twice, in memory that does not grow with them.
import type { ColumnDifference, RowDifferences, RowPlace } from '../../core/row-differences.ts';
import { kindsOf } from './kinds-of-values.ts';
import { createRowScan, mixed, type ScannedRow } from './scan-rows.ts';

/** Gives the text of all rows in pieces, and says where the next file of a backup begins. Called once for each reading. */
export type RowText = (take: (text: Uint8Array) => void, beginFile: (path: string) => void) => Promise<void>;

/** Rows whose keys come to the same number are summed up together. */
const BUCKETS = 1 << 16;
/** What is looked at more closely: as many rows, and as many fields of these. */
const MOST_ROWS = 2_000;
const MOST_FIELDS = 40_000;
const MOST_COLUMNS = 5;
/** Rows without a key that are paired with each other. */
const MOST_PAIRS = 100;

type Sums = { readonly first: Int32Array; readonly second: Int32Array; readonly rows: Int32Array };
/** A row, and how many like it there are. */
type Kept = { readonly fields: readonly string[]; readonly heads: readonly string[]; readonly place: RowPlace; count: number };
type Pair = readonly [expected: Kept, found: Kept];

/**
 * Compares rows by their key (the places of its columns), or as a whole where there is none. Null where either text has other columns than
 * announced. Throws what the readings throw.
 */
export async function compareRows(
	table: { readonly columns: readonly string[]; readonly key: readonly number[] | null },
	expected: RowText,
	found: RowText,
): Promise<RowDifferences | null> {
	const columns = Math.max(1, table.columns.length);
	const places = table.key ?? [...Array(columns).keys()];
	const bucketOf = (row: ScannedRow) => idOf(row, places, 7) & (BUCKETS - 1);
	let whole = true;

	const sums = async (text: RowText): Promise<Sums> => {
		const all: Sums = { first: new Int32Array(BUCKETS), second: new Int32Array(BUCKETS), rows: new Int32Array(BUCKETS) };
		const every = [...Array(columns).keys()];
		const onRow = (row: ScannedRow) => {
			whole &&= row.whole;
			const bucket = bucketOf(row);
			all.first[bucket] = (all.first[bucket] ?? 0) + idOf(row, every, 1);
			all.second[bucket] = (all.second[bucket] ?? 0) + idOf(row, every, 2);
			all.rows[bucket] = (all.rows[bucket] ?? 0) + 1;
		};
		await text(createRowScan({ columns, heads: false, onRow }), () => undefined);
		return all;
	};
	const [one, other] = [await sums(expected), await sums(found)];
	if (!whole) return null;
	const most = Math.max(1, Math.min(MOST_ROWS, MOST_FIELDS / columns));
	const { buckets, all } = differing(one, other, most);
	if (buckets.size === 0) return { changed: 0, missing: 0, additional: 0, exact: true, firstMissing: null, columns: [] };

	let exact = all;
	const keep = async (text: RowText): Promise<ReadonlyMap<string, Kept>> => {
		const rows = new Map<string, Kept>();
		let [file, line] = ['', 0];
		const onRow = (row: ScannedRow) => {
			line++;
			if (!buckets.has(bucketOf(row))) return;
			const name = places.map((at) => fieldOf(row, at)).join(' ');
			const same = rows.get(name);
			if (same !== undefined) {
				same.count++;
			} else if (rows.size < most * 4) {
				const fields = Array.from({ length: columns }, (_, at) => fieldOf(row, at));
				rows.set(name, { fields, heads: fields.map((_, at) => row.head(at)), place: { file, line }, count: 1 });
			} else exact = false;
		};
		await text(createRowScan({ columns, heads: true, onRow }), (path) => {
			[file, line] = [path, 0];
		});
		return rows;
	};
	const [wanted, there] = [await keep(expected), await keep(found)];
	const pairs: Pair[] = [];
	const missing: Kept[] = [];
	const additional: Kept[] = [];
	for (const name of new Set([...wanted.keys(), ...there.keys()])) {
		const [ours, theirs] = [wanted.get(name), there.get(name)];
		const count = (ours?.count ?? 0) - (theirs?.count ?? 0);
		if (ours !== undefined && theirs !== undefined) pairs.push([ours, theirs]);
		if (ours !== undefined && count > 0) missing.push({ ...ours, count });
		if (theirs !== undefined && count < 0) additional.push({ ...theirs, count: -count });
	}
	const likely = table.key === null ? likelyPairs(missing, additional) : [];
	const changed = [...pairs.filter(([a, b]) => a.fields.some((field, at) => field !== b.fields[at])), ...likely];
	const total = (rows: readonly Kept[]) => rows.reduce((sum, { count }) => sum + count, 0);
	return {
		changed: changed.length,
		missing: total(missing) - likely.length,
		additional: total(additional) - likely.length,
		exact,
		firstMissing: missing.find((row) => !likely.some(([a]) => a === row))?.place ?? null,
		columns: columnsOf(table.columns, changed),
	};
}

const fieldOf = ({ first, second, lengths }: ScannedRow, at: number): string => `${first[at]}:${second[at]}:${lengths[at]}`;

/** A number of these fields. */
function idOf({ first, second, lengths }: ScannedRow, places: readonly number[], seed: number): number {
	let id = seed;
	for (const at of places) id = mixed(id + (first[at] ?? 0), second[at] ?? 0, (lengths[at] ?? 0) + seed);
	return id;
}

/** Where the sums differ, as far as it is looked at more closely, and whether that is everywhere. */
function differing(one: Sums, other: Sums, most: number): { readonly buckets: ReadonlySet<number>; readonly all: boolean } {
	const buckets = new Set<number>();
	let [rows, all] = [0, true];
	for (let at = 0; at < BUCKETS; at++) {
		if (one.first[at] === other.first[at] && one.second[at] === other.second[at] && one.rows[at] === other.rows[at]) continue;
		const more = Math.max(one.rows[at] ?? 0, other.rows[at] ?? 0);
		if (buckets.size > 0 && rows + more > most) {
			all = false;
			break;
		}
		buckets.add(at);
		rows += more;
	}
	return { buckets, all };
}

/** Without a key: each row that is missing, with the additional one that shares most of its fields. */
function likelyPairs(missing: readonly Kept[], additional: readonly Kept[]): readonly Pair[] {
	const left = new Set(additional.slice(0, MOST_PAIRS));
	return missing.slice(0, MOST_PAIRS).flatMap((row) => {
		let best: { readonly other: Kept; readonly same: number } | null = null;
		for (const other of left) {
			const same = other.fields.filter((field, at) => field === row.fields[at]).length;
			if (same > (best?.same ?? 0)) best = { other, same };
		}
		if (best === null) return [];
		left.delete(best.other);
		return [[row, best.other] as const];
	});
}

function columnsOf(names: readonly string[], changed: readonly Pair[]): readonly ColumnDifference[] {
	return names
		.flatMap((name, at): ColumnDifference[] => {
			const rows = changed.filter(([a, b]) => a.fields[at] !== b.fields[at]);
			const [first] = rows;
			if (first === undefined) return [];
			const value = (row: Kept) => ({ text: row.heads[at] ?? '', bytes: Number(row.fields[at]?.split(':')[2] ?? 0) });
			return [{ name, rows: rows.length, place: first[0].place, ...kindsOf(value(first[0]), value(first[1])) }];
		})
		.toSorted((a, b) => b.rows - a.rows)
		.slice(0, MOST_COLUMNS);
}
