import { describe, expect, test } from 'vitest';
import { estimator } from '../../src/dump/estimate.ts';

const MIB = 1024 ** 2;
const table = (name: string, mib: number) => ({ database: 'shop', name, bytes: mib * MIB });

describe('the estimate of a dump', () => {
	test('begins with the size on disk and follows what finished tables really took', () => {
		const estimate = estimator([table('a', 100), table('b', 100), table('c', 200)]);
		expect(estimate.at(0).total).toBe(400 * MIB);
		estimate.began({ database: 'shop', table: 'a' }, 0);
		estimate.began({ database: 'shop', table: 'b' }, 50 * MIB);
		const { total, tables, current } = estimate.at(50 * MIB);
		expect(tables).toEqual({ done: 1, total: 3 });
		expect(current).toBe('shop.b');
		// A hundred became fifty; the prior of sixteen as large as on disk holds it back a little.
		expect(total / MIB).toBeCloseTo(50 + (300 * 66) / 116, 5);
	});

	test('is never below what has come already, and exact at the end', () => {
		const estimate = estimator([table('a', 1)]);
		estimate.began({ database: 'shop', table: 'a' }, 0);
		expect(estimate.at(9 * MIB).total).toBeGreaterThanOrEqual(9 * MIB);
		estimate.ended(9 * MIB);
		expect(estimate.at(9 * MIB)).toEqual({ total: 9 * MIB, tables: { done: 1, total: 1 }, current: null });
	});

	test('passes over tables that it does not know', () => {
		const estimate = estimator([table('a', 1)]);
		estimate.began({ database: 'shop', table: 'view_of_a' }, 0);
		estimate.began({ database: 'shop', table: 'a' }, 10);
		expect(estimate.at(10).tables).toEqual({ done: 0, total: 1 });
	});
});
