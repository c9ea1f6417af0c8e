import type { Query, Statement } from '../../sql/sql.ts';
import type { AccountName } from './accounts.ts';
import type { Need } from './objects.ts';

/** What our account, or another, may do. */
export interface Privileges {
	/** Held everywhere (`*.*`), in this dialect's own names; `ALL` stands as all of them. */
	readonly held: Query<readonly string[]>;
	/** The same of another account, which must be there. */
	heldBy(user: string, host: string): Query<readonly string[]>;
	/** Those that the server knows, in capitals: static ones, and those of its plugins and components. */
	readonly known: Query<readonly string[]>;
	/** Whether we may let an account act for any other. */
	readonly grantsProxies: Query<boolean>;
	grantProxies(account: string): Statement;
	readonly roles: {
		/** The roles that we may grant; null: all. */
		readonly grantable: Query<readonly AccountName[] | null>;
		/** Whether an account may grant the roles that it creates. */
		readonly creatorMayGrant: boolean;
		/** What lets `account` grant these roles, for an account that may grant them. */
		letGrant(roles: readonly AccountName[], account: string): readonly Statement[];
	};
	readonly needs: {
		readonly provisionPrimary: readonly Need[];
		readonly provisionReplica: readonly Need[];
		/** A look at it, and nothing more: `lockstep status`. */
		readonly status: readonly Need[];
		readonly backup: readonly Need[];
		/** Besides, where the SQL thread is to be stopped, and where read-only must be set. */
		readonly stopApplier: readonly Need[];
		/** Besides, where the event scheduler is on and is to be off. */
		readonly eventScheduler: readonly Need[];
		/** Besides, where functions and triggers come to a server that has a binary log and does not trust those who create them. */
		readonly code: readonly Need[];
		/** Besides, where others' sessions may be ended. */
		readonly kill: readonly Need[];
		/** Besides, where tables in memory must be woken out of sight of a replica's own log. */
		readonly unlogged: readonly Need[];
	};
	/** What of the needed is not held. Pure. */
	missing(held: readonly string[], needed: readonly Need[]): readonly Need[];
	/** `account` as CURRENT_USER() gives it: user@host. */
	grant(privileges: readonly string[], account: string): Statement;
	revoke(privileges: readonly string[], account: string): Statement;
}
