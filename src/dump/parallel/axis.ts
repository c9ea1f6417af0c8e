import type { KeyPart } from '../../dialects/dialect.ts';
import { id, query, raw, type Statement, sql } from '../../sql/sql.ts';
import type { Ask } from './ranges.ts';

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

const INTEGER = /^(tiny|small|medium|big)?int\b|^year\b/i;
const BINARY = /^(var)?binary\b/i;
/** As many leading bytes as a number of 64 bits holds. */
const BYTES = 8;

/** Null where there are no rows, or where the type has no such line. `from`: the table, with what the columns before are equal to. */
export async function axisOf(part: KeyPart, from: Statement, ask: Ask): Promise<Axis | null> {
	const integer = INTEGER.test(part.type);
	if (!integer && !BINARY.test(part.type)) return null;
	const name = id(part.name);
	const shown = (end: string) => raw(integer ? `${end}(${name.fragment[0]})` : `HEX(${end}(${name.fragment[0]}))`);
	const ends = await ask(
		query(sql`SELECT ${shown('MIN')} AS low, ${shown('MAX')} AS high FROM ${from}`, (rows) => ({ low: rows[0]?.low, high: rows[0]?.high })),
	);
	if (ends.low == null || ends.high == null) return null;
	return integer ? numbers(BigInt(ends.low), BigInt(ends.high)) : bytes(prefix(ends.low), prefix(ends.high));
}

const numbers = (low: bigint, high: bigint): Axis => ({
	low,
	high,
	exact: true,
	literal: String,
	upTo: (name, at) => `${name} <= ${at}`,
});

const prefix = (hex: string): bigint => BigInt(`0x${hex.slice(0, 2 * BYTES).padEnd(2 * BYTES, '0')}`);

function bytes(low: bigint, high: bigint): Axis {
	const most = 2n ** 64n - 1n;
	const literal = (at: bigint) => `X'${at.toString(16).padStart(2 * BYTES, '0')}'`;
	return { low, high, exact: false, literal, upTo: (name, at) => (at >= most ? '1' : `${name} < ${literal(at + 1n)}`) };
}
