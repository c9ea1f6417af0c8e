import { describe, expect, it } from 'vitest';
import type { DumpedDatabase } from '../../src/dump/sql/scan.ts';
import type { DumpedFile } from '../../src/runbooks/backup/env.ts';
import { compareObjects, type Objects } from '../../src/runbooks/backup/objects.ts';

const NONE = { tables: [], views: [], sequences: [], triggers: [], procedures: [], functions: [], events: [], packages: [] };
const wanted = (some: Partial<Objects>): Objects => ({ ...NONE, ...some });
const file = (database: string | null, some: Partial<DumpedDatabase> = {}): DumpedFile => ({
	...{ path: `${database}.sql`, kind: database === null ? 'accounts' : 'database', database, bytes: 1, rawBytes: 1, sha256: '' },
	found: {
		databases: [{ name: database ?? '', ...NONE, packageBodies: [], ...some }],
		...{ rows: 0, inserts: 0, footer: true, rawBytes: 1, position: null },
	},
});
const ids = (checks: ReturnType<typeof compareObjects>) => checks.map((check) => check.id);

describe('what the catalogue has and the dump does not', () => {
	it('is nothing where the dump is complete', () => {
		const shop = file('shop', { tables: [{ name: 'orders', rows: 3 }], views: ['open'], triggers: ['t'], events: ['e'], functions: ['f'] });
		const all = { tables: ['shop.orders'], views: ['shop.open'], triggers: ['shop.t'], events: ['shop.e'], functions: ['shop.f'] };
		expect(compareObjects(wanted(all), [shop, file(null)], [])).toEqual([]);
	});

	it.each(['tables', 'views', 'sequences', 'triggers', 'procedures', 'functions', 'events', 'packages'] as const)(
		'names missing %s',
		(kind) => {
			const checks = compareObjects(wanted({ [kind]: ['shop.a', 'shop.b'] }), [file('shop')], []);
			expect(checks).toMatchObject([{ id: `DUMPED-${kind.toUpperCase()}`, status: 'fail', found: 'missing shop.a, shop.b' }]);
		},
	);

	it('does not take one database’s for another’s, nor a table for a view', () => {
		const files = [file('crm', { tables: [{ name: 'orders', rows: 1 }] }), file('shop', { views: ['orders'] })];
		expect(ids(compareObjects(wanted({ tables: ['crm.orders', 'shop.orders'] }), files, []))).toEqual(['DUMPED-TABLES']);
	});

	it('knows odd names', () => {
		const odd = file('a b', { tables: [{ name: 'c`d', rows: 0 }] });
		expect(compareObjects(wanted({ tables: ['`a b`.`c``d`'] }), [odd], [])).toEqual([]);
	});

	it('misses nothing that was to be left out, but all else', () => {
		const files = [file('shop', { tables: [{ name: 'items', rows: 1 }] })];
		const objects = wanted({ tables: ['shop.items', 'shop.orders', 'shop.`od d`'] });
		expect(compareObjects(objects, files, ['shop.orders', 'shop.od d'])).toEqual([]);
		expect(ids(compareObjects(objects, files, ['shop.orders']))).toEqual(['DUMPED-TABLES']);
	});
});
