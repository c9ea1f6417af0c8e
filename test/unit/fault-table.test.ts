import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { faultTable, readFaults, withTable } from '../support/fault-table.ts';
import { type Fault, record } from '../support/faults.ts';

const faults: Fault[] = [
	{ fault: 'tool killed', kind: 'mariadb-11.8', freeMs: 0, outcome: 'exit 1' },
	{ fault: 'tool killed', kind: 'mariadb-10.11', freeMs: 130, outcome: 'exit 1' },
	{ fault: 'lock | lost', kind: 'mariadb-10.11', freeMs: null, outcome: 'exit 8' },
	{ fault: 'lock | lost', kind: 'mariadb-11.8', freeMs: 100, outcome: 'exit 8' },
	{ fault: 'lock | lost', kind: 'mariadb-11.8', freeMs: 2010, outcome: 'exit 8' },
	{ fault: 'lock | lost', kind: 'mariadb-11.8', freeMs: null, outcome: 'exit 9' },
];

test('a row a fault, a column a kind, the longest time, rounded up', () => {
	expect(faultTable(faults).split('\n')).toEqual([
		'| fault | MariaDB 10.11 | MariaDB 11.8 |',
		'| --- | --- | --- |',
		'| lock \\| lost | exit 8 | exit 8; exit 9; free after 2.1 s |',
		'| tool killed | exit 1; free after 0.2 s | exit 1; free after 0.1 s |',
	]);
});

test('what was recorded is read again, and nothing is recorded unless asked for', async () => {
	const folder = await mkdtemp(join(tmpdir(), 'lockstep-faults-'));
	const file = join(folder, 'faults.jsonl');
	for (const fault of faults) record(fault, { LOCKSTEP_FAULTS: file });
	for (const fault of faults) record(fault, {});
	expect(readFaults(await readFile(file, 'utf8'))).toEqual(faults);
	await rm(folder, { recursive: true });
});

test('the table goes between its marks and nowhere else', () => {
	const text = 'before\n<!-- faults -->\nold\n<!-- /faults -->\nafter\n';
	const once = withTable(text, '| new |');
	expect(once).toBe('before\n<!-- faults -->\n\n| new |\n\n<!-- /faults -->\nafter\n');
	expect(withTable(once, '| new |')).toBe(once);
	expect(() => withTable('without', '')).toThrow(/faults/);
});
