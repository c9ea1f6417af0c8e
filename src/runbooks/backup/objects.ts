import { type Check, fail } from '../../core/check.ts';
import type { ReadContext } from '../../core/step.ts';
import type { DumpedDatabase } from '../../dump/sql/scan.ts';
import type { Query } from '../../sql/sql.ts';
import { qualified, some } from '../shared/server.ts';
import { type BackupEnv, type DumpedFile, LIST_MS } from './env.ts';

type Kind = 'tables' | 'views' | 'sequences' | 'triggers' | 'procedures' | 'functions' | 'events' | 'packages';
/** Qualified names, by kind. */
export type Objects = Readonly<Record<Kind, readonly string[]>>;

/** What the catalogue says the dump must hold; read under the lock. */
export async function objectsOf({ server, runQuery: ask }: BackupEnv & ReadContext, databases: readonly string[]): Promise<Objects> {
	const runQuery = <T>(role: 'server', query: Query<T>) => ask(role, { ...query, mostMs: LIST_MS });
	const { catalogue } = server.dialect;
	const ours = <T extends { database: string; name: string }>(all: readonly T[]) => all.filter((each) => databases.includes(each.database));
	const tables = ours(await runQuery('server', catalogue.tables));
	const routines = ours(await runQuery('server', catalogue.routines));
	const of = (kind: string) => tables.filter((table) => table.kind === kind).map(qualified);
	const routine = (kind: string) => routines.filter((each) => each.kind === kind).map(qualified);
	return {
		tables: of('table'),
		views: of('view'),
		sequences: of('sequence'),
		triggers: ours(await runQuery('server', catalogue.triggers)).map(qualified),
		procedures: routine('procedure'),
		functions: routine('function'),
		events: ours(await runQuery('server', catalogue.events)).map(qualified),
		packages: [...new Set(routine('package'))],
	};
}

/** `database.table` as it is compared: where names have dots of their own, every way to read it. */
const readings = (table: string): readonly string[] =>
	[...table.matchAll(/\./g)].map(({ index }) => qualified({ database: table.slice(0, index), name: table.slice(index + 1) }));

/** What is in the catalogue and not in the dump: the vendors' tools leave out what they may not see, and still end well. */
export function compareObjects(wanted: Objects, files: readonly DumpedFile[], ignored: readonly string[]): Check[] {
	const databases = files.filter((file) => file.kind !== 'accounts');
	const checks: Check[] = [];
	for (const kind of Object.keys(wanted) as Kind[]) {
		const found = new Set(
			databases.flatMap((file) =>
				file.found.databases.flatMap((database: DumpedDatabase) =>
					database[kind].map((each) =>
						qualified({ database: file.database ?? database.name, name: typeof each === 'string' ? each : each.name }),
					),
				),
			),
		);
		const left = new Set(ignored.flatMap(readings));
		// A trigger goes with its table: those of tables that were left out on purpose cannot be told apart here.
		const lacking = wanted[kind].filter((name) => !found.has(name) && !left.has(name));
		if (lacking.length === 0 || (kind === 'triggers' && left.size > 0)) continue;
		checks.push(
			fail(`DUMPED-${kind.toUpperCase()}`, `Some ${kind} are missing in the dump`, {
				expected: `${wanted[kind].length} ${kind}`,
				wrong: `missing ${some(lacking)}`,
				hints: [
					'The account may lack a privilege, without which the vendor’s tool leaves them out and still ends well: see lockstep backup --dry-run.',
				],
			}),
		);
	}
	return checks;
}

/** Tables of the parallel engine's definitions whose rows were not read, or the other way round: somebody made or dropped them meanwhile. */
export function compareRows(files: readonly DumpedFile[], read: readonly { readonly database: string; readonly name: string }[]): Check[] {
	const schemas = files.filter((file) => file.kind === 'schema');
	if (schemas.length === 0) return [];
	const defined = new Set(
		schemas.flatMap((file) =>
			file.found.databases.flatMap((database) => database.tables.map(({ name }) => qualified({ database: file.database ?? '', name }))),
		),
	);
	const names = new Set(read.map(qualified));
	const odd = [...[...defined].filter((name) => !names.has(name)), ...[...names].filter((name) => !defined.has(name))];
	if (odd.length === 0) return [];
	return [
		fail('DUMPED-ROWS', 'The rows of some tables were not read', {
			expected: `${defined.size} tables`,
			wrong: `made or dropped meanwhile: ${some(odd)}`,
			hints: ['Try again, or hold the lock for the whole dump:  --lock held'],
		}),
	];
}
