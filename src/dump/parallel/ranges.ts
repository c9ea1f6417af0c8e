import type { KeyPart } from '../../dialects/contract/objects.ts';
import { id, type Query, type Row, raw, type Statement, sql } from '../../sql/sql.ts';
import { type Ask, type Axis, axisOf } from './axis.ts';
import type { TableRows } from './table-rows.ts';

export type Estimate = (select: Statement) => Query<number>;

/** A place in a key: SQL literals of its first columns. A row is on the one side of it or the other, whatever it is. */
export type Bound = readonly string[];

/** Of a key's values, with about so many rows. */
type Stretch = { readonly low: bigint; readonly high: bigint; readonly rows: number };

/** So many estimates are asked for at most, whatever the key is like: each takes a fraction of a millisecond. */
const MOST_ESTIMATES = 2_000;
/** How finely the key is looked at: parts of the smallest share. */
const FINENESS = 4;

const column = (part: KeyPart | undefined): string => id(part?.name ?? '').fragment[0] as string;

/**
 * Where to cut a table so that its parts are about as large as the shares say: halves the key's values again and again where the index
 * says that many rows are, down into the second column where all have one first. Nothing is read but the index's upper pages.
 * Gives fewer bounds than asked for where the key doesn't allow more; none where it cannot be cut at all.
 */
export async function bounds(table: TableRows, shares: readonly number[], ask: Ask, estimate: Estimate): Promise<readonly Bound[]> {
	const key = table.key ?? [];
	if (shares.length < 2 || key.length === 0) return [];
	const from = sql`${id(table.database, table.name)} FORCE INDEX (PRIMARY)`;
	const least = (Math.min(...shares) * Math.max(table.rows, 1)) / FINENESS;
	let asked = 0;
	const leaves: { readonly at: Bound; readonly rows: number }[] = [];

	const count = (prefix: Bound, axis: Axis, low: bigint, high: bigint): Promise<number> => {
		asked++;
		const name = column(key[prefix.length]);
		const where = [...prefix.map((value, at) => `${column(key[at])} = ${value}`), `${name} >= ${axis.literal(low)}`, axis.upTo(name, high)];
		// DISTINCT means nothing for a key; without it MySQL does not look into an index that it is forced to take, and says 1.
		return ask(estimate(sql`SELECT DISTINCT ${raw(key.map(column).join(', '))} FROM ${from} WHERE ${raw(where.join(' AND '))}`));
	};
	const halve = async (prefix: Bound, axis: Axis, { low, high, rows }: Stretch): Promise<void> => {
		const at = [...prefix, axis.literal(low)];
		if (rows <= least || asked >= MOST_ESTIMATES) return void leaves.push({ at, rows });
		if (low >= high) {
			const next = axis.exact ? await axisIn(at) : null;
			return next === null ? void leaves.push({ at, rows }) : halve(at, next, { low: next.low, high: next.high, rows });
		}
		const middle = (low + high) >> 1n;
		const left = await count(prefix, axis, low, middle);
		const right = await count(prefix, axis, middle + 1n, high);
		await halve(prefix, axis, { low, high: middle, rows: left });
		await halve(prefix, axis, { low: middle + 1n, high, rows: right });
	};
	const axisIn = async (prefix: Bound): Promise<Axis | null> => {
		const part = key[prefix.length];
		if (part === undefined) return null;
		const where = prefix.map((value, at) => `${column(key[at])} = ${value}`).join(' AND ');
		return axisOf(part, sql`${from}${raw(where === '' ? '' : ` WHERE ${where}`)}`, ask);
	};

	const first = await axisIn([]);
	if (first === null) return [];
	await halve([], first, { low: first.low, high: first.high, rows: table.rows });
	return ascending(chosen(leaves, shares), key, ask);
}

/** Of all places looked at those nearest to the shares. */
function chosen(leaves: readonly { readonly at: Bound; readonly rows: number }[], shares: readonly number[]): Bound[] {
	const total = leaves.reduce((sum, leaf) => sum + leaf.rows, 0);
	const found: Bound[] = [];
	let next = 0;
	let wanted = (shares[0] ?? 1) * total;
	let before = 0;
	for (const { at, rows } of leaves) {
		if (before > 0 && before + rows / 2 >= wanted && next < shares.length - 1) {
			found.push(at);
			for (; next < shares.length - 1 && before + rows / 2 >= wanted; next++) wanted += (shares[next + 1] ?? 1) * total;
		}
		before += rows;
	}
	return found;
}

/** Bounds are what the server takes to be greater than the one before: with text that is the collation's word, not ours. */
async function ascending(found: readonly Bound[], key: readonly KeyPart[], ask: Ask): Promise<readonly Bound[]> {
	if (key.slice(0, Math.max(0, ...found.map((bound) => bound.length))).every((part) => !part.collation)) return found;
	const kept: Bound[] = [];
	for (const bound of found) {
		const last = kept.at(-1);
		const greater = last === undefined || (await ask(isGreater(key, bound, last)));
		if (greater) kept.push(bound);
	}
	return kept;
}

const isGreater = (key: readonly KeyPart[], bound: Bound, last: Bound): Query<boolean> => ({
	statement: sql`SELECT ${raw(compared(key, bound, last))} AS greater`,
	read: (rows: readonly Row[]) => rows[0]?.greater === '1',
});

/** Whether one bound is beyond another, which may have fewer columns and then begins before all that begin alike. */
function compared([part, ...parts]: readonly KeyPart[], bound: Bound, last: Bound): string {
	const [one, ...more] = bound;
	const [other, ...rest] = last;
	if (one === undefined) return '0';
	if (other === undefined) return '1';
	const [a, b] = [one, other].map((value) => collated(value, part?.collation ?? null));
	return `(${a} > ${b} OR (${a} = ${b} AND ${compared(parts, more, rest)}))`;
}

/** A literal as it is compared with the column itself. */
function collated(value: string, collation: string | null): string {
	if (collation === null) return value;
	if (!/^\w+$/.test(collation)) throw new TypeError(`not a collation: ${collation}`);
	return `CONVERT(${value} USING ${collation.split('_')[0]}) COLLATE ${collation}`;
}

/** The rows between two bounds, half-open; null: from the beginning, to the end. Written so that the index is used. Null: all of them. */
export function range(key: readonly KeyPart[], from: Bound | null, to: Bound | null): Statement | null {
	const both = [from === null ? null : beyond(key, from), to === null ? null : before(key, to)].filter((each) => each !== null);
	return both.length === 0 ? null : sql`${raw(both.join(' AND '))}`;
}

function beyond(key: readonly KeyPart[], [value, ...more]: Bound): string {
	const name = column(key[0]);
	return more.length === 0 ? `${name} >= ${value}` : `(${name} > ${value} OR (${name} = ${value} AND ${beyond(key.slice(1), more)}))`;
}

function before(key: readonly KeyPart[], [value, ...more]: Bound): string {
	const name = column(key[0]);
	return more.length === 0 ? `${name} < ${value}` : `(${name} < ${value} OR (${name} = ${value} AND ${before(key.slice(1), more)}))`;
}
