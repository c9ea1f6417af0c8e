import type { ObjectCounts } from '../../archive/manifest.ts';
import type { ReadContext } from '../../core/step.ts';
import type { RestoreEnv } from './env.ts';

export type Contents = {
	/** Without packages: not every server tells them from routines. */
	readonly objects: Omit<ObjectCounts, 'packages' | 'package_bodies'>;
	readonly rows: number;
	/** Exact, by table. */
	readonly tables: ReadonlyMap<string, number>;
	/** Tables whose rows are stored elsewhere. */
	readonly elsewhere: ReadonlySet<string>;
};

/** Counts what a database holds; `rows`: reads every table. */
export async function whatIsThere(
	{ server, runQuery, signal }: RestoreEnv & ReadContext,
	database: string,
	{ rows = true, onTable }: { readonly rows?: boolean; readonly onTable?: (name: string) => void } = {},
): Promise<Contents> {
	const { catalogue, load } = server.dialect;
	const of = <T extends { readonly database: string }>(all: readonly T[]) => all.filter((each) => each.database === database);
	const tables = of(await runQuery('server', catalogue.tables));
	const routines = of(await runQuery('server', catalogue.routines));
	const kinds = (kind: (typeof tables)[number]['kind']) => tables.filter((table) => table.kind === kind);
	const counts = new Map<string, number>();
	for (const table of kinds('table')) {
		signal.throwIfAborted();
		if (!rows || !table.ownRows) continue;
		onTable?.(table.name);
		counts.set(table.name, await runQuery('server', load.count(table, table.versioned)));
	}
	return {
		objects: {
			tables: kinds('table').length,
			views: kinds('view').length,
			triggers: of(await runQuery('server', catalogue.triggers)).length,
			procedures: routines.filter((each) => each.kind === 'procedure').length,
			functions: routines.filter((each) => each.kind === 'function').length,
			events: of(await runQuery('server', catalogue.events)).length,
			sequences: kinds('sequence').length,
		},
		rows: [...counts.values()].reduce((sum, each) => sum + each, 0),
		tables: counts,
		elsewhere: new Set(kinds('table').flatMap((table) => (table.ownRows ? [] : [table.name]))),
	};
}

const KINDS = ['tables', 'views', 'triggers', 'procedures', 'functions', 'events', 'sequences'] as const;

/** What differs between what is there and what the manifest counted. */
export function differences(
	found: Contents['objects'],
	expected: ObjectCounts,
): readonly { readonly expected: string; readonly found: string }[] {
	return KINDS.filter((kind) => found[kind] !== expected[kind]).map((kind) => ({
		expected: `${expected[kind]} ${kind}`,
		found: `${found[kind]} ${kind}`,
	}));
}
