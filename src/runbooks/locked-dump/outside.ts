import { type Check, should } from '../../core/check.ts';
import type { OutsideObject } from '../../core/outside.ts';
import type { Looking } from '../../core/step.ts';
import { shown } from '../../sql/sql.ts';
import { type Server, some } from '../server.ts';

/** What a server keeps outside its databases. */
export async function readOutside({ dialect }: Server, look: Looking['look']): Promise<readonly OutsideObject[]> {
	const found: OutsideObject[] = [];
	for (const each of Object.values(dialect.outside.objects)) found.push(...(await look('server', each)));
	return found;
}

/** `tablespace ts1`. */
export const describeOutside = ({ kind, name }: Pick<OutsideObject, 'kind' | 'name'>): string => `${kind} ${name}`;

export function outsideChecks({ dialect }: Server, outside: readonly OutsideObject[]): Check[] {
	if (outside.length === 0) return [];
	return [
		should('OUTSIDE', 'Some objects are outside databases', false, {
			wrong: `a restore does not create them, and is refused where a table needs a missing one: ${some(outside.map(describeOutside))}`,
			mend: ['Before a restore on another server:', ...outside.slice(0, 12).map((each) => `${shown(dialect.outside.create(each))};`)],
		}),
	];
}
