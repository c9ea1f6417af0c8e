import { describe, expect, test } from 'vitest';
import type { TableFacts } from '../../src/dialects/contract/catalogue.ts';
import { columnList, loadStatement } from '../../src/dump/parallel/load-statement.ts';
import { chooseStrategy, heldBytes } from '../../src/runbooks/backup/dump-strategy.ts';
import type { BackupEnv } from '../../src/runbooks/backup/env.ts';

const GIB = 1024 ** 3;
const table = (name: string, more: Partial<TableFacts> = {}): TableFacts => ({
	...{
		database: 'shop',
		name,
		kind: 'table',
		engine: 'InnoDB',
		transactional: true,
		ownRows: true,
		inMemory: false,
		versioned: false,
		rows: 1,
		bytes: GIB,
	},
	...more,
});
const env = (more: Partial<BackupEnv> = {}): BackupEnv =>
	({ engine: null, lockFor: null, connections: 2, compress: 'zstd', maxLockSeconds: null, history: [], ...more }) as unknown as BackupEnv;

describe('engine and lock', () => {
	test.each([
		['a replica that serves nobody', {}, false, ['parallel', 'held']],
		['a server that clients write to', {}, true, ['parallel', 'snapshot']],
		['the same, asked to hold', { lockFor: 'held' }, true, ['parallel', 'held']],
		['a replica, asked for snapshots', { lockFor: 'snapshot' }, false, ['parallel', 'snapshot']],
		['less time than a dump takes', { maxLockSeconds: 5 }, false, ['parallel', 'snapshot']],
		['more time than a dump takes', { maxLockSeconds: 3600 }, false, ['parallel', 'held']],
		['the vendor’s tool', { engine: 'vendor' }, true, ['vendor', 'held']],
	] as const)('%s', (_, more, clientsWait, wanted) => {
		const way = chooseStrategy(env(more), { clientsWait, tables: [table('orders')] });
		expect([way.engine, way.lock]).toEqual(wanted);
	});

	test('what has no snapshot, or a history, holds the lock, and is named', () => {
		const tables = [table('orders'), table('words', { transactional: false, bytes: 7 }), table('prices', { versioned: true, bytes: 5 })];
		const way = chooseStrategy(env({ lockFor: 'snapshot' }), { clientsWait: false, tables });
		expect(way.why).toContain('shop.words, shop.prices');
		expect(heldBytes(way, tables)).toBe(12);
		expect(heldBytes({ ...way, lock: 'held' }, tables)).toBe(GIB + 12);
	});
});

test('a file of rows is loaded by its columns, whatever they are called', () => {
	expect(
		columnList([
			['a`b', null],
			['c', 'CONVERT(@v USING utf8mb4)'],
		]),
	).toBe('(`a``b`,@v1) SET `c` = CONVERT(@v1 USING utf8mb4)');
	expect(columnList([])).toBe('(@v)');
	const text = loadStatement({ file: 'shop.t.00000.dat', table: 't', columns: [['a', null]] });
	expect(text.split('\n').at(-2)).toBe(
		"LOAD DATA LOCAL INFILE 'shop.t.00000.dat' REPLACE INTO TABLE `t` CHARACTER SET binary FIELDS TERMINATED BY '\\t' ESCAPED BY '\\\\' LINES TERMINATED BY '\\n' (`a`);",
	);
});
