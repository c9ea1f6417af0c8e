import { type Check, fail } from '../../core/check.ts';
import { ServerError } from '../../core/errors.ts';
import { namesOption } from '../../core/names.ts';
import type { ReadContext } from '../../core/step.ts';
import type { Dialect } from '../../dialects/contract/dialect.ts';
import type { ObjectName } from '../../dialects/contract/objects.ts';
import { withoutBase } from '../../dump/definitions/order.ts';
import { qualified, some } from './server.ts';

/** A view that the vendor's dump tool stops at, or writes so that no server can create it. */
export type ViewFault = ObjectName & { readonly why: string };

type Asking = { readonly dialect: Dialect; readonly runQuery: ReadContext['runQuery']; readonly role: string };

/** Those of these views that are not valid: what they need is gone, or their definer is. */
export async function invalidViews({ dialect, runQuery, role }: Asking, views: readonly ObjectName[]): Promise<ViewFault[]> {
	const found: ViewFault[] = [];
	for (const { database, name } of views) {
		try {
			await runQuery(role, dialect.fits.view({ database, name }));
		} catch (error) {
			if (!(error instanceof ServerError) || error.connectionLost) throw error;
			found.push({ database, name, why: error.description.details ?? error.description.message });
		}
	}
	return found;
}

/** Those of these views that are not valid, and those that need a table or view that is left out. */
export async function viewFaults(
	asking: Asking,
	views: readonly ObjectName[],
	isLeftOut: (name: ObjectName) => boolean,
): Promise<readonly ViewFault[]> {
	const invalid = await invalidViews(asking, views);
	const known = new Set(invalid.map(qualified));
	const definitions = [];
	for (const { database, name } of views) {
		if (known.has(qualified({ database, name }))) continue;
		const view = { kind: 'view', database, name } as const;
		definitions.push({ ...view, ...(await asking.runQuery(asking.role, asking.dialect.definitions.read(view))) });
	}
	const without = withoutBase(definitions, isLeftOut).filter((view) => view.invalid !== undefined);
	return [...invalid, ...without.map(({ database, name, invalid: why = '' }) => ({ database, name, why }))];
}

/** What the vendor's tool would stop at under the lock, or write in vain. */
export function viewsCheck(faults: readonly ViewFault[]): Check[] {
	if (faults.length === 0) return [];
	const names = faults.map(({ database, name }) => `${database}.${name}`);
	return [
		fail('VIEWS', 'Some views of the dump cannot be created again', {
			wrong: some(faults.map((view) => `${qualified(view)} (${view.why})`)),
			hints: [
				'Keep such views as comments in the backup:  --engine parallel',
				`Or leave them out too:  ${namesOption('--ignore-table', names)}`,
				...faults.slice(0, 6).map((view) => `Or correct it:  SHOW CREATE VIEW ${qualified(view)};  or  DROP VIEW ${qualified(view)};`),
			],
		}),
	];
}
