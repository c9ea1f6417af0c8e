import type { Action } from '../../core/action.ts';
import type { Looking } from '../../core/step.ts';
import type { Need } from '../../dialects/dialect.ts';
import type { Statement } from '../../sql/sql.ts';
import { change } from '../change.ts';
import type { Server } from '../server.ts';

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

export const exists = ({ dialect }: Server, role: 'primary' | 'replica', who: Who, look: Looking['look']): Promise<boolean> =>
	look(role, dialect.accounts.exists(who.user, who.host));

/** Of an account that is there. */
export const heldThere = ({ dialect }: Server, role: 'primary' | 'replica', who: Who, look: Looking['look']): Promise<readonly string[]> =>
	look(role, dialect.privileges.heldBy(who.user, who.host));

/** Out of the replica's binary log, and past the switch that refuses administrators as well. */
export function onReplicaAlone(
	{ dialect }: Server,
	{ superReadOnly }: { readonly superReadOnly: string | null },
	id: string,
	why: string,
	statement: Statement,
): Action[] {
	const { locks } = dialect;
	const act = (id: string, why: string, statement: Statement) => change('replica', id, why, statement);
	const closed = superReadOnly === 'ON';
	return [
		...(closed ? [act('super-read-only-off', 'it refuses this', locks.setSuperReadOnly('OFF'))] : []),
		act('unlogged', 'not for the binary log', locks.unlogged),
		act(id, why, statement),
		act('logged', 'as before', locks.logged),
		...(closed ? [act('super-read-only-on', 'as before', locks.setSuperReadOnly('ON'))] : []),
	];
}
