import { type Check, warning } from '../../core/check.ts';
import type { OutsideObject } from '../../core/outside.ts';
import type { ReadContext } from '../../core/step.ts';
import { isPrivilegeMissing } from '../../dialects/common/errors.ts';
import { type Query, shown } from '../../sql/sql.ts';
import { type Server, some } from './server.ts';

/** What a server keeps outside its databases, as far as this account may read it: what a backup needs includes that. */
export async function readOutside({ dialect }: Server, runQuery: ReadContext['runQuery']): Promise<readonly OutsideObject[]> {
	const found: OutsideObject[] = [];
	for (const each of Object.values(dialect.outside.objects)) found.push(...((await readable(runQuery, each)) ?? []));
	return found;
}

/** Null where this account may not read it. */
export async function readable<T>(runQuery: ReadContext['runQuery'], query: Query<T>): Promise<T | null> {
	try {
		return await runQuery('server', query);
	} catch (error) {
		if (isPrivilegeMissing(error) && !error.connectionLost) return null;
		throw error;
	}
}

/** `tablespace ts1`. */
export const describeOutside = ({ kind, name }: Pick<OutsideObject, 'kind' | 'name'>): string => `${kind} ${name}`;

export function outsideChecks({ dialect }: Server, outside: readonly OutsideObject[]): Check[] {
	if (outside.length === 0) return [];
	return [
		warning('OUTSIDE', 'Some objects are outside databases', {
			wrong: `a restore does not create them, and is refused where a table needs a missing one: ${some(outside.map(describeOutside))}`,
			hints: ['Before a restore on another server:', ...outside.slice(0, 12).map((each) => `${shown(dialect.outside.create(each))};`)],
		}),
	];
}
