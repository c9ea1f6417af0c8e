import { expect, test } from 'vitest';
import { databaseFiles, databaseOf, FILES, foldersOf, labelFor, readFolderName } from '../../src/archive/layout.ts';

const at = new Date('2026-11-21T02:00:00.999Z');

test('a label is the UTC second in which a backup began', () => {
	expect(labelFor(at)).toBe('20261121T020000Z');
});

test('labels of one second differ, and all sort by time', () => {
	const labels: string[] = [];
	for (let run = 0; run < 12; run++) labels.push(labelFor(at, labels));
	labels.push(labelFor(new Date('2026-11-21T02:00:01Z'), labels));
	expect(new Set(labels).size).toBe(13);
	expect([...labels].sort()).toEqual(labels);
	expect(labels.map((label) => readFolderName(label))).toEqual(labels.map((label) => ({ label, partial: false })));
});

test('a folder still being made takes its label too', () => {
	expect(labelFor(at, ['20261121T020000Z.partial', 'latest'])).toBe('20261121T020000Z-02');
	expect(foldersOf('/b', '20261121T020000Z')).toEqual({
		partial: '/b/20261121T020000Z.partial',
		final: '/b/20261121T020000Z',
		latest: '/b/latest',
	});
});

test.each(['latest', '20261121', '20261121T020000Z.old', 'x20261121T020000Z', '.partial', ''])('%j is no backup', (name) => {
	expect(readFolderName(name)).toBeNull();
});

const odd = [
	'shop',
	'.',
	'..',
	'a/b',
	'a\\b',
	'-rf',
	'a-b',
	'%2F',
	'two words',
	'two\nlines',
	'it\'s "quoted"',
	'`',
	'dot.sql.zst',
	'größe',
	'表',
	'accounts',
	'Accounts',
	'SHOP',
	'Shop',
	'change-source',
	'*?[x]$HOME;|&<>',
];

test.each(['zstd', 'gzip', 'none'] as const)('any database name has a safe file name that gives it back (%s)', (compression) => {
	const files = databaseFiles(odd, compression);
	expect([...files.keys()]).toEqual(odd);
	for (const [database, file] of files) {
		expect(file).toMatch(/^[\w%\u00a0-\uffff][\w%\u00a0-\uffff-]*\.sql(\.zst|\.gz)?$/);
		expect(databaseOf(file)).toBe(database);
		expect(Object.values<string>(FILES)).not.toContain(file);
	}
	const lower = [...files.values()].map((file) => file.toLowerCase());
	expect(new Set(lower).size).toBe(odd.length);
	expect(lower.some((file) => file.startsWith('accounts.'))).toBe(false);
});

test('plain names stay as they are', () => {
	expect([...databaseFiles(['shop', 'Crm_2', 'größe', 'a b'], 'zstd').values()]).toEqual([
		'shop.sql.zst',
		'Crm_2.sql.zst',
		'größe.sql.zst',
		'a%20b.sql.zst',
	]);
});

test('the longest names of a server fit into a file name', () => {
	for (const letter of ['a', '.', '表', ' ']) {
		const file = databaseFiles([letter.repeat(64)], 'zstd').get(letter.repeat(64)) ?? '';
		expect(Buffer.byteLength(file)).toBeLessThanOrEqual(255);
	}
});

test.each(['README.txt', 'accounts.sql.zst', 'change-source.sql', '.sql', 'a%.sql', 'x.tsv'])('%s is no dump of a database', (file) => {
	expect(databaseOf(file)).toBeNull();
});
