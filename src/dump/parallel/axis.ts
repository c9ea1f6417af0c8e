import type { KeyPart } from '../../dialects/contract/objects.ts';
import { id, list, type Query, query, raw, type Statement, sql } from '../../sql/sql.ts';

/** Asks the server, on a connection that has the dump's snapshot. */
export type Ask = <T>(query: Query<T>) => Promise<T>;

/** A key's column as a line of whole numbers, so that it can be halved. */
export interface Axis {
	readonly low: bigint;
	readonly high: bigint;
	/** One number is one value, rather than all that begin alike. */
	readonly exact: boolean;
	/** The least value of this number, as SQL. */
	literal(at: bigint): string;
	/** SQL that holds up to the last value of this number. */
	upTo(name: string, at: bigint): string;
}

const INTEGER = /^(tiny|small|medium|big)?int\b/i;
const YEAR = /^year\b/i;
const DECIMAL = /^decimal\(\d+(?:,(\d+))?\)/i;
/** Not with digits in parentheses: those are rounded, and an index is then asked for another value than the column is compared with. */
const FLOATING = /^(float|double)(?! *\()\b/i;
const MOMENT = /^(date|datetime|timestamp)(?:\((\d)\))?(?!\w)/i;
const TIME = /^time(?:\((\d)\))?(?!\w)/i;
const BINARY = /^(var)?binary\b/i;
/** As many leading bytes as a number of 64 bits holds. */
const BYTES = 8;

const TEXT = /^(var)?char\b/i;

/** How the ends of a type are asked for, and what makes a line of them. */
type Kind = { readonly shown: (end: string) => string; readonly axis: (low: string, high: string) => Axis };

const plain = (end: string): string => end;

/** Null where the type has no such line. */
function kindOf({ type, collation }: KeyPart): Kind | null {
	if (INTEGER.test(type)) return { shown: plain, axis: (low, high) => numbers(BigInt(low), BigInt(high)) };
	if (YEAR.test(type)) return { shown: plain, axis: (low, high) => years(Number(low), Number(high)) };
	if (BINARY.test(type)) return { shown: (end) => `HEX(${end})`, axis: (low, high) => bytes(prefix(low), prefix(high)) };
	if (TEXT.test(type) && collation)
		return { shown: (end) => `CONVERT(${end} USING utf8mb4)`, axis: (low, high) => letters(low, high, collation) };
	return kindWithDigits(type);
}

function kindWithDigits(type: string): Kind | null {
	const decimal = DECIMAL.exec(type);
	if (decimal) return { shown: plain, axis: (low, high) => decimals(low, high, Number(decimal[1] ?? 0)) };
	const floating = FLOATING.exec(type);
	if (floating) {
		const view = floating[1]?.toLowerCase() === 'float' ? SINGLE : DOUBLE;
		// As text a FLOAT has six digits.
		return { shown: (end) => `${end} + 0e0`, axis: (low, high) => floats(Number(low), Number(high), view) };
	}
	const moment = MOMENT.exec(type);
	if (moment) return { shown: plain, axis: (low, high) => moments(low, high, (moment[1] ?? '').toLowerCase(), Number(moment[2] ?? 0)) };
	const time = TIME.exec(type);
	return time && { shown: plain, axis: (low, high) => times(low, high, Number(time[1] ?? 0)) };
}

/** Null where there are no rows, or where the type has no such line. `from`: the table, with what the columns before are equal to. */
export async function axisOf(part: KeyPart, from: Statement, ask: Ask): Promise<Axis | null> {
	const kind = kindOf(part);
	if (kind === null) return null;
	const name = id(part.name).fragment[0];
	const ends = query(
		sql`SELECT ${raw(kind.shown(`MIN(${name})`))} AS low, ${raw(kind.shown(`MAX(${name})`))} AS high FROM ${from}`,
		([row]) => (row?.low == null || row.high == null ? null : ([row.low, row.high] as const)),
	);
	const found = await ask(ends);
	return found && kind.axis(...found);
}

const numbers = (low: bigint, high: bigint): Axis => ({
	low,
	high,
	exact: true,
	literal: String,
	upTo: (name, at) => `${name} <= ${at}`,
});

/** Up to the next number's first value; up to the last number that is everything, since what is next to it may be beyond what the type holds. */
const line = (low: bigint, high: bigint, literal: Axis['literal']): Axis => ({
	low,
	high,
	exact: true,
	literal,
	upTo: (name, at) => (at >= high ? '1' : `${name} < ${literal(at + 1n)}`),
});

/** Years from 1901 on right behind 0000: a number between is no year, or short for one of these, and MySQL then finds 0000 on neither side of it. */
function years(first: number, last: number): Axis {
	const number = (year: number) => BigInt(Math.max(0, year - 1900));
	return line(number(first), number(last), (at) => String(at === 0n ? 0n : at + 1900n));
}

/** A whole number of units as text with so many places after the point. */
function pointed(value: bigint, places: number): string {
	const digits = String(value < 0n ? -value : value).padStart(places + 1, '0');
	const whole = digits.slice(0, digits.length - places);
	return `${value < 0n ? '-' : ''}${whole}${places === 0 ? '' : `.${digits.slice(-places)}`}`;
}

function decimals(first: string, last: string, places: number): Axis {
	const number = (text: string) => BigInt(text.replace('.', ''));
	return line(number(first), number(last), (at) => pointed(at, places));
}

type Width = { readonly bits: number; pack(value: number): bigint; unpack(bits: bigint): number };
const DOUBLE: Width = {
	bits: 64,
	pack: (value) => new BigUint64Array(new Float64Array([value]).buffer)[0] ?? 0n,
	unpack: (bits) => new Float64Array(new BigUint64Array([bits]).buffer)[0] ?? 0,
};
const SINGLE: Width = {
	bits: 32,
	pack: (value) => BigInt(new Uint32Array(new Float32Array([value]).buffer)[0] ?? 0),
	unpack: (bits) => new Float32Array(new Uint32Array([Number(bits)]).buffer)[0] ?? 0,
};

/** Every value that the type has, one after the other: their bits are in their order, on either side of zero. */
function floats(first: number, last: number, { bits, pack, unpack }: Width): Axis {
	const sign = 1n << BigInt(bits - 1);
	const number = (value: number) => (value < 0 ? -(pack(value) - sign) : pack(Math.abs(value)));
	return line(number(first), number(last), (at) => unpack(at < 0n ? sign - at : at).toExponential());
}

const DAY_MS = 86_400_000;
/** Number 1; before it, as 0, come zero dates and the rest of the year 0, of which the server has another idea, or what TIMESTAMP does not hold. */
const BEGIN = { date: '0001-01-01T00:00:00Z', datetime: '0001-01-01T00:00:00Z', timestamp: '1970-01-01T00:00:01Z' };

/**
 * Days, or moments of so many places. Only days of the calendar are literals, whatever the server says to others: those without a day or a month
 * (`2024-00-00`), and those that a month doesn't have, count with the last moment before them.
 */
function moments(first: string, last: string, type: string, places: number): Axis {
	const begin = BigInt(Date.parse(BEGIN[type as keyof typeof BEGIN]));
	const days = type === 'date';
	const fine = 10n ** BigInt(places);
	/** Milliseconds to units, and back. */
	const units = (ms: bigint) => (days ? ms / BigInt(DAY_MS) : (ms * fine) / 1000n);
	const zero = days ? "'0000-00-00'" : "'0000-00-00 00:00:00'";
	const number = (text: string) => {
		const [, year = '', month = 0, day = 0, clock = '', fraction = ''] =
			/^(\d{4})-(\d\d)-(\d\d)(?: ([\d:]{8})(?:\.(\d+))?)?$/.exec(text) ?? [];
		if (Number(year) === 0) return 0n;
		const from = Date.parse(`${year}-01-01T00:00:00Z`);
		const date = new Date(from);
		// The last day of a month is the one before the next month's first.
		const most = new Date(date).setUTCMonth(Number(month), 0);
		const whole = Number(month) > 0 && Number(day) > 0;
		const at = whole
			? Math.min(date.setUTCMonth(Number(month) - 1, Number(day)), most)
			: date.setUTCMonth(Math.max(0, Number(month) - 1), 1);
		const seconds = BigInt(whole && clock !== '' ? Date.parse(`1970-01-01T${clock}Z`) : 0);
		const found = units(BigInt(at) + seconds - begin) + BigInt(fraction.padEnd(places, '0').slice(0, places) || 0) + (whole ? 1n : 0n);
		return found > 0n ? found : 0n;
	};
	const literal = (at: bigint) => {
		if (at === 0n) return zero;
		const since = at - 1n;
		const ms = days ? since * BigInt(DAY_MS) : (since / fine) * 1000n;
		const iso = new Date(Number(begin + ms)).toISOString();
		if (days) return `'${iso.slice(0, 10)}'`;
		const fraction = places === 0 ? '' : `.${String(since % fine).padStart(places, '0')}`;
		return `'${iso.slice(0, 10)} ${iso.slice(11, 19)}${fraction}'`;
	};
	return line(number(first), number(last), literal);
}

/** `-838:59:59` to `838:59:59`. */
function times(first: string, last: string, places: number): Axis {
	const fine = 10n ** BigInt(places);
	const number = (text: string) => {
		const [, sign, hours = 0, minutes = 0, seconds = 0, fraction = ''] = /^(-?)(\d+):(\d+):(\d+)(?:\.(\d+))?$/.exec(text) ?? [];
		const whole = BigInt(Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds)) * fine;
		const value = whole + BigInt(fraction.padEnd(places, '0').slice(0, places) || 0);
		return sign === '-' ? -value : value;
	};
	const two = (value: bigint) => String(value).padStart(2, '0');
	return line(number(first), number(last), (at) => {
		const value = at < 0n ? -at : at;
		const seconds = value / fine;
		const fraction = places === 0 ? '' : `.${String(value % fine).padStart(places, '0')}`;
		return `'${at < 0n ? '-' : ''}${two(seconds / 3600n)}:${two((seconds / 60n) % 60n)}:${two(seconds % 60n)}${fraction}'`;
	});
}

const prefix = (hex: string): bigint => BigInt(`0x${hex.slice(0, 2 * BYTES).padEnd(2 * BYTES, '0')}`);

function bytes(low: bigint, high: bigint): Axis {
	const most = 2n ** 64n - 1n;
	const literal = (at: bigint) => `X'${at.toString(16).padStart(2 * BYTES, '0')}'`;
	return { low, high, exact: false, literal, upTo: (name, at) => (at >= most ? '1' : `${name} < ${literal(at + 1n)}`) };
}

const WORDS = '0123456789abcdefghijklmnopqrstuvwxyz';
const CODES = Array.from({ length: 95 }, (_, at) => String.fromCharCode(32 + at)).join('');
/** As many places as distinguish enough. */
const PLACES = 12;

/**
 * Text behind what its ends have in common, as digits of an alphabet. How a collation orders text is its own affair: this is near enough to cut
 * evenly, and which bounds are in order is asked of the server before they are used.
 */
function letters(first: string, last: string, collation: string): Axis {
	const alphabet = collation.endsWith('_bin') ? CODES : WORDS;
	const base = BigInt(alphabet.length);
	let same = 0;
	while (same < first.length && first[same] === last[same]) same++;
	// Not half a character.
	const common = first.slice(0, same).replace(/[\ud800-\udbff]$/, '');
	const place = (character: string | undefined): number => {
		if (character === undefined) return 0;
		const at = alphabet.indexOf(alphabet === WORDS ? character.toLowerCase() : character);
		if (at >= 0) return at;
		return character < '0' ? 0 : alphabet.length - 1;
	};
	const number = (text: string) => {
		let value = 0n;
		for (let at = 0; at < PLACES; at++) value = value * base + BigInt(place(text[common.length + at]));
		return value;
	};
	const literal = (value: bigint) => {
		let text = '';
		for (let at = 0, rest = value; at < PLACES; at++, rest /= base) text = alphabet.charAt(Number(rest % base)) + text;
		return list([common + text]).fragment.join('');
	};
	const high = base ** BigInt(PLACES) - 1n;
	const [one, other] = [number(first), number(last)];
	const low = one < other ? one : other;
	const most = one < other ? other : one;
	return { low, high: most, exact: false, literal, upTo: (name, at) => (at >= high ? '1' : `${name} < ${literal(at + 1n)}`) };
}
