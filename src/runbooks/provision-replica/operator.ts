import type { Looking } from '../../core/step.ts';
import type { Need } from '../../dialects/dialect.ts';
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
