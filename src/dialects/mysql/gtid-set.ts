/** First and last number of a run of transactions. */
type Interval = readonly [from: bigint, to: bigint];
/** By `uuid`, or `uuid:tag`: what it holds, in order, without overlaps and without neighbours that touch. */
type GtidSet = ReadonlyMap<string, readonly Interval[]>;

const UUID = /^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/;
const INTERVAL = /^(\d+)(?:-(\d+))?$/;
const TAG = /^[a-z_][a-z\d_]{0,31}$/;

function byFirst([a]: Interval, [b]: Interval): number {
	if (a < b) return -1;
	return a > b ? 1 : 0;
}

function joined(intervals: readonly Interval[]): readonly Interval[] {
	const merged: [bigint, bigint][] = [];
	for (const [from, to] of intervals.toSorted(byFirst)) {
		const last = merged.at(-1);
		if (last !== undefined && from <= last[1] + 1n) last[1] = to > last[1] ? to : last[1];
		else merged.push([from, to]);
	}
	return merged;
}

/**
 * Reads `uuid:1-5:7,uuid:tag:1-3` (a tag since MySQL 8.3; it holds for what follows it within its uuid), with blanks and line breaks anywhere
 * between, as the server prints sets. What is no set adds nothing.
 */
function parse(text: string): GtidSet {
	const found = new Map<string, Interval[]>();
	for (const item of text.replaceAll(/\s/g, '').toLowerCase().split(',')) {
		const [uuid = '', ...parts] = item.split(':');
		if (!UUID.test(uuid)) continue;
		let key = uuid;
		for (const part of parts) {
			const interval = INTERVAL.exec(part);
			if (interval === null) {
				if (!TAG.test(part)) break;
				key = `${uuid}:${part}`;
				continue;
			}
			const from = BigInt(interval[1] ?? 0);
			const to = BigInt(interval[2] ?? from);
			if (from < 1n || to < from) continue;
			found.set(key, [...(found.get(key) ?? []), [from, to]]);
		}
	}
	return new Map([...found].map(([key, intervals]) => [key, joined(intervals)]));
}

/** As the server prints it, in one line: sorted, a uuid once, its tags after what has none. */
function format(set: GtidSet): string {
	const keys = [...set.keys()].toSorted();
	let out = '';
	let before = '';
	for (const key of keys) {
		const [uuid = '', tag] = key.split(':');
		if (uuid !== before) out += `${out === '' ? '' : ','}${uuid}`;
		before = uuid;
		if (tag !== undefined) out += `:${tag}`;
		for (const [from, to] of set.get(key) ?? []) out += from === to ? `:${from}` : `:${from}-${to}`;
	}
	return out;
}

/** How many of `intervals` are not in `held`; both are {@link joined}. */
function outside(intervals: readonly Interval[], held: readonly Interval[]): bigint {
	let sum = 0n;
	for (const [from, to] of intervals) {
		sum += to - from + 1n;
		for (const [start, end] of held) {
			const low = start > from ? start : from;
			const high = end < to ? end : to;
			if (low <= high) sum -= high - low + 1n;
		}
	}
	return sum;
}

/** The same set in one form, so that equal ones are equal texts. */
export const canonical = (text: string): string => format(parse(text));

export const union = (texts: readonly string[]): string => canonical(texts.join(','));

/** How many transactions `have` lacks of `want`: GTID_SUBTRACT(want, have), counted. */
export function countMissing(have: string, want: string): number {
	const held = parse(have);
	let sum = 0n;
	for (const [key, intervals] of parse(want)) sum += outside(intervals, held.get(key) ?? []);
	return Number(sum);
}

/** GTID_SUBSET(want, have). */
export const contains = (have: string, want: string): boolean => countMissing(have, want) === 0;
