import type { Looking } from '../../core/step.ts';
import type { Need } from '../../dialects/dialect.ts';
import type { Server } from '../server.ts';

type Who = { readonly user: string; readonly host: string };

export const nameOf = ({ user, host }: Who): string => `${user}@${host}`;

/** What the operator needs on the replica: backups with every flag, and to look at it. */
export function replicaNeeds({ dialect }: Server): readonly Need[] {
	const { status, backup, unlogged, stopApplier, kill } = dialect.privileges.needs;
	const all = [...backup, ...unlogged, ...stopApplier, ...kill, ...status];
	return all.filter(({ privilege }, index) => all.findIndex((other) => other.privilege === privilege) === index);
}

export const exists = ({ dialect }: Server, role: 'primary' | 'replica', who: Who, look: Looking['look']): Promise<boolean> =>
	look(role, dialect.accounts.exists(who.user, who.host));

/** Of an account that is there. */
export const heldThere = ({ dialect }: Server, role: 'primary' | 'replica', who: Who, look: Looking['look']): Promise<readonly string[]> =>
	look(role, dialect.privileges.heldBy(who.user, who.host));
