import { type Check, must, type Titles, warning } from '../../core/check.ts';
import type { ReadContext } from '../../core/step.ts';
import type { Gap } from '../../dialects/common/gaps.ts';
import type { Channel } from '../../dialects/contract/replication.ts';
import type { Server } from './server.ts';

const EFFECTS = {
	missing: 'changes are left out',
	hidden: 'changes that cannot be applied are passed over without an error',
	unsafe: 'changes may be applied as something else',
} as const;

/** `replicate_ignore_db = shop: changes are left out`. */
export const describeGap = ({ setting, value, effect }: Gap): string => `${setting} = ${value}: ${EFFECTS[effect]}`;

/** What a replica leaves out of what its sources write; of a server that is none, what it would leave out as one. */
export async function applierGaps(
	{ dialect }: Server,
	channels: readonly Channel[],
	runQuery: ReadContext['runQuery'],
	role: string,
): Promise<Gap[]> {
	return merged([...channels.flatMap(({ gaps }) => gaps), ...(await runQuery(role, dialect.channel.applierGaps))]);
}

/** What a server's own binary log leaves out. */
export async function logGaps({ dialect }: Server, runQuery: ReadContext['runQuery'], role: string): Promise<Gap[]> {
	const gaps: Gap[] = [];
	for (const query of dialect.channel.logGaps) gaps.push(...(await runQuery(role, query)));
	return gaps;
}

/** A filter of the server is one of its channel, too. */
const merged = (gaps: readonly Gap[]): Gap[] =>
	gaps.filter((gap, index) => gaps.findIndex(({ setting, value }) => setting === gap.setting && value === gap.value) === index);

/** Forbids it where anything would be missing; warns of the rest. Of the primary's own log (`log`) or of the replica's applier. */
export function gapChecks(id: string, titles: Titles, gaps: readonly Gap[], expected: string): Check[] {
	const lost = gaps.filter(({ effect }) => effect !== 'unsafe');
	const unsafe = gaps.filter(({ effect }) => effect === 'unsafe');
	const rest = (some: readonly Gap[]) => ({
		expected,
		wrong: some.map(describeGap).join('; '),
		hints: some.flatMap(({ hints }) => hints),
	});
	return [
		must(id, titles, lost.length === 0, rest(lost)),
		...(unsafe.length === 0 ? [] : [warning(`${id}-UNSAFE`, 'Some changes may be applied as something else', rest(unsafe))]),
	];
}
