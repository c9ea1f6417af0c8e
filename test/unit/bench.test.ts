import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { sizeOf } from '../bench/dataset.ts';
import { bytesIn, readTimes } from '../bench/measure.ts';
import { benchTable, median, orderOf, page, type Row } from '../bench/table.ts';
import { versionIn } from '../bench/tools.ts';

const sample = (wallMs: number) => ({ wallMs, clientMs: wallMs / 2, serverMs: 400, memoryBytes: 20e6, bytes: 3e6 });
const rows: Row[] = [
	{ title: 'tool, plain file', samples: [2000, 9000, 3000].map(sample), stallsMs: [5, 7], heldMs: [] },
	{ title: 'tool | zstd -1', samples: [4000, 6000].map(sample), stallsMs: [], heldMs: [] },
	{ title: 'lockstep', samples: [], stallsMs: [], heldMs: [2.4], trouble: 'failed' },
];

test('the middle one; of an even number the mean of both; nothing of nothing', () => {
	expect(median([10, 9, 2])).toBe(9);
	expect(median([4, 1, 3, 2])).toBe(2.5);
	expect(median([])).toBeNaN();
});

test('each contestant takes part in every round, and the order changes', () => {
	const rounds = [0, 1, 2, 3].map((round) => orderOf(round, 3));
	expect(rounds).toEqual([
		[0, 1, 2],
		[0, 2, 1],
		[1, 2, 0],
		[1, 0, 2],
	]);
});

test('a row each, medians, ratios against one of them, nothing where nothing was measured', () => {
	expect(benchTable(rows, 'tool | zstd -1', { dump: true }).split('\n')).toEqual([
		'| how | wall s | wall × | client CPU s | server CPU s | memory MB | on disk MB | a client waited ms | lock held ms |',
		'| --- | --: | --: | --: | --: | --: | --: | --: | --: |',
		'| tool, plain file | 3.0 | 0.60 | 1.5 | 0.4 | 20 | 3 | 6 |  |',
		'| tool \\| zstd -1 | 5.0 | 1.00 | 2.5 | 0.4 | 20 | 3 |  |  |',
		'| lockstep (failed) |  |  |  |  |  |  |  | 2 |',
	]);
});

test('the page names the machine, the versions and the day', () => {
	const facts = { server: 'mariadb-11.8', title: 'MariaDB 11.8', version: '11.8.6', mydumper: '0.10.1-2', bytes: 1e9, rounds: 3 };
	const machine = { at: '2026-11-21T10:00:00.000Z', cpu: 'A CPU ', cores: 2, memoryBytes: 24 * 2 ** 30 };
	const text = page({ ...facts, ...machine, dumps: rows, restores: [], screens: [{ share: 0.011, wallMs: 1 }] });
	expect(text).toContain('MariaDB 11.8 (11.8.6), mydumper 0.10.1-2, 2026-11-21; 2 cores (A CPU), 24 GiB; about 1000 MB');
	expect(text).toContain('1.1 % of one processor');
	expect(text).toContain('| tool \\| zstd -1 | 5.0 | 1.00 |');
	expect(text).not.toContain('Restored');
});

test('what the shell says of its children', () => {
	expect(readTimes('0m0.003s 0m0.001s\n1m2.500s 0m0.250s\n')).toBe(62_750);
	expect(readTimes('')).toBe(0);
});

test('bytes of a folder without what a link leads to', async () => {
	const folder = await mkdtemp(join(tmpdir(), 'lockstep-bytes-'));
	await mkdir(join(folder, 'one'));
	await writeFile(join(folder, 'one', 'file'), 'abc');
	await writeFile(join(folder, 'other'), 'de');
	await symlink('one', join(folder, 'latest'));
	expect(await bytesIn(folder)).toBe(5);
	await rm(folder, { recursive: true });
});

test('sizes and versions as they are written', () => {
	expect([sizeOf('small'), sizeOf('20M'), sizeOf('2g')]).toEqual([1e9, 20e6, 2e9]);
	expect(() => sizeOf('huge')).toThrow('huge');
	expect(versionIn('mydumper v1.0.1-1, built against MySQL 8')).toEqual([1, 0]);
	expect(versionIn('mydumper 0.10.0, built against MySQL 11.8.3')).toEqual([0, 10]);
});
