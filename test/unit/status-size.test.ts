import { expect, test, vi } from 'vitest';
import { type SizeMemory, sizeOf } from '../../src/app/status-report.ts';

test('a watch asks for the sizes of all tables once in ten minutes, of each server', async () => {
	const sizes: SizeMemory = new Map();
	const tables = vi.fn(async () => [{ bytes: 3 }, { bytes: 4 }]);
	const at = (minutes: number) => new Date(minutes * 60_000);
	for (const minutes of [0, 1, 9.9]) expect(await sizeOf('db1', sizes, at(minutes), tables)).toBe(7);
	expect(tables).toHaveBeenCalledTimes(1);
	await sizeOf('db2', sizes, at(1), tables);
	await sizeOf('db1', sizes, at(10), tables);
	expect(tables).toHaveBeenCalledTimes(3);
});
