import { describe, expect, it } from 'vitest';
import { compareRows, type RowText } from '../../src/dump/parallel/compare-rows.ts';
import { kindsOf } from '../../src/dump/parallel/kinds-of-values.ts';

/** Text in pieces of a few bytes, in files of so many rows. */
const textOf =
	(rows: readonly (readonly string[])[], perFile = 1000, piece = 7): RowText =>
	async (take, beginFile) => {
		for (let from = 0; from === 0 || from < rows.length; from += perFile) {
			beginFile(`f${from / perFile}`);
			const part = rows.slice(from, from + perFile);
			const text = Buffer.from(part.map((row) => `${row.join('\t')}\n`).join(''));
			for (let at = 0; at < text.length; at += piece) take(text.subarray(at, at + piece));
		}
	};

const rows = (count: number, value = (at: number) => `v${at}`) => Array.from({ length: count }, (_, at) => [String(at), value(at), '1.10']);
const table = { columns: ['id', 'v', 'n'], key: [0] };

describe('rows that differ', () => {
	it('are none where the order alone is another', async () => {
		expect(await compareRows(table, textOf(rows(500)), textOf(rows(500).toReversed(), 1000, 1))).toEqual({
			...{ changed: 0, missing: 0, additional: 0, exact: true, firstMissing: null, columns: [] },
		});
	});

	it('are counted by their key, with their columns and the place of the first', async () => {
		const found = rows(500).filter((_, at) => at !== 7 && at !== 401);
		found.push(['900', 'new', '2'], ['-1', 'new', '2']);
		for (const row of found.slice(100, 103)) row[2] = '1.1';
		(found[200] as string[])[1] = '\\N';
		expect(await compareRows(table, textOf(rows(500), 100), textOf(found))).toEqual({
			...{ changed: 4, missing: 2, additional: 2, exact: true, firstMissing: { file: 'f0', line: 8 } },
			columns: [
				{
					name: 'n',
					rows: 3,
					place: { file: 'f1', line: 2 },
					expected: 'a number with 2 decimal places',
					found: 'a number with 1 decimal place',
				},
				{ name: 'v', rows: 1, place: { file: 'f2', line: 2 }, expected: 'a value of 4 bytes', found: 'NULL' },
			],
		});
	});

	it('without a key are paired with what is most like them, and like rows are counted', async () => {
		const same = Array.from({ length: 300 }, () => ['a', 'b', 'c']);
		const keyless = { ...table, key: null };
		expect(await compareRows(keyless, textOf([...same, ['x', 'y', 'z']]), textOf([...same.slice(2), ['x', 'y', 'zz']]))).toEqual({
			...{ changed: 1, missing: 2, additional: 0, exact: true, firstMissing: { file: 'f0', line: 1 } },
			columns: [{ name: 'n', rows: 1, place: { file: 'f0', line: 301 }, expected: 'a value of 1 byte', found: 'a value of 2 bytes' }],
		});
	});

	it('are compared up to a bound, and reported as more', async () => {
		const all = await compareRows(
			table,
			textOf(rows(20_000), 1e6, 4096),
			textOf(
				rows(20_000, (at) => `w${at}`),
				1e6,
				4096,
			),
		);
		expect(all).toMatchObject({ exact: false, missing: 0, additional: 0, columns: [{ name: 'v' }] });
		expect(all?.changed).toBeGreaterThan(1000);
		expect(all?.changed).toBeLessThan(20_000);
	});

	it('are none of a text with other columns', async () => {
		expect(await compareRows(table, textOf(rows(3)), textOf([['1', '2']]))).toBeNull();
	});
});

describe('kinds of values', () => {
	const of = (text: string) => ({ text, bytes: Buffer.byteLength(text) });
	it.each([
		['{"price": 1.10}', '{"price": 1.1}', 'a DECIMAL of 3 digits in JSON', 'a DOUBLE of 2 digits in JSON'],
		['[12345678901234567890.1234567891]', '[12345678901234567000.0]', 'a DECIMAL of 30 digits in JSON', null],
		['{"a": "secret", "b": 1}', '{"a": "other", "b": 1}', 'text of 6 bytes in JSON', 'text of 5 bytes in JSON'],
		['{"a": "secret"}', '{"a": "sccret"}', 'text of 6 bytes in JSON', 'another: text of 6 bytes in JSON'],
		['2024-01-01', '2024-01-02', 'a date', 'another value: a date'],
		['', '\\N', 'an empty value', 'NULL'],
		['1e10', '12', 'a floating-point number', 'an integer of 2 digits'],
	])('%s, %s', (expected, found, before, after) => {
		const kinds = kindsOf(of(expected), of(found));
		expect(kinds.expected).toBe(before);
		if (after !== null) expect(kinds.found).toBe(after);
	});
});
