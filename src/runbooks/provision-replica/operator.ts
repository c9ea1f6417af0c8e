import type { Action } from '../../core/action.ts';
import type { ReadContext } from '../../core/step.ts';
import type { Need } from '../../dialects/contract/objects.ts';
import type { Statement } from '../../sql/sql.ts';
import { change } from '../shared/change.ts';
import type { Server } from '../shared/server.ts';

type Who = { readonly user: string; readonly host: string };

export const nameOf = ({ user, host }: Who): string => `${user}@${host}`;

/** What the operator needs on the replica, for backups with every flag and to look at it; nothing that another of them brings along. */
export function replicaNeeds({ dialect }: Server): readonly Need[] {
	const { needs, missing } = dialect.privileges;
	const all = [...needs.backup, ...needs.unlogged, ...needs.stopApplier, ...needs.kill, ...needs.status];
	const once = all.filter(({ privilege }, index) => all.findIndex((other) => other.privilege === privilege) === index);
	const others = (need: Need) => once.filter((other) => other !== need).map((other) => other.privilege);
	return once.filter((need) => missing(others(need), [need]).length > 0);
}

export const exists = ({ dialect }: Server, role: 'primary' | 'replica', who: Who, runQuery: ReadContext['runQuery']): Promise<boolean> =>
	runQuery(role, dialect.accounts.exists(who.user, who.host));

/** Of an account that is there. */
export const heldThere = (
	{ dialect }: Server,
	role: 'primary' | 'replica',
	who: Who,
	runQuery: ReadContext['runQuery'],
): Promise<readonly string[]> => runQuery(role, dialect.privileges.heldBy(who.user, who.host));

/** Out of the replica's binary log, and past the switch that refuses administrators as well. */
export const onReplicaAlone = (
	server: Server,
	facts: { readonly superReadOnly: string | null },
	{ id, why, statement }: { readonly id: string; readonly why: string; readonly statement: Statement },
): Action[] => alone('replica', server, facts.superReadOnly === 'ON', [change('replica', id, why, statement)]);

function alone(role: 'primary' | 'replica', { dialect: { locks } }: Server, closed: boolean, actions: readonly Action[]): Action[] {
	const act = (id: string, why: string, statement: Statement) => change(role, id, why, statement);
	return [
		...(closed ? [act('super-read-only-off', 'it refuses this', locks.setSuperReadOnly('OFF'))] : []),
		act('unlogged', 'not for the binary log', locks.unlogged),
		...actions,
		// A primary that is a replica itself is not written to otherwise: its session stays as it is.
		...(role === 'replica' ? [act('logged', 'as before', locks.logged)] : []),
		...(closed ? [act('super-read-only-on', 'as before', locks.setSuperReadOnly('ON'))] : []),
	];
}

/** Whether a primary is a replica itself, and lets not even administrators write. */
export type Chain = { readonly follows: boolean; readonly superReadOnly: string | null };

export async function chainOf({ dialect }: Server, runQuery: ReadContext['runQuery']): Promise<Chain> {
	const { superReadOnly } = await runQuery('primary', dialect.identity);
	return { follows: (await runQuery('primary', dialect.channel.status)).length > 0, superReadOnly };
}

/**
 * Actions on the primary. Where that is a replica itself they are kept out of its binary log: logged they would take the next number of its
 * source's domain (MariaDB), or be transactions that its source does not have (MySQL).
 */
export function onPrimary(
	primary: Server,
	at: { readonly facts: Chain; readonly origin: Chain },
	actions: readonly Action[],
): readonly Action[] {
	const wanted = at.origin.superReadOnly === 'ON';
	if (actions.length === 0) {
		const open = at.facts.follows && wanted && at.facts.superReadOnly === 'OFF';
		return open ? [change('primary', 'super-read-only-on', 'as before', primary.dialect.locks.setSuperReadOnly('ON'))] : [];
	}
	// Its channel may be gone since: what was not logged then is not logged now.
	return at.facts.follows || at.origin.follows ? alone('primary', primary, wanted, actions) : actions;
}
