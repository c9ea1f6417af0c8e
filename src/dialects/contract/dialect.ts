import type { ByHand } from '../../core/by-hand.ts';
import type { Vendor } from '../../core/vendors.ts';
import type { Query } from '../../sql/sql.ts';
import type { Definitions } from '../common/definitions.ts';
import type { Fitness } from '../common/fits.ts';
import type { Loading } from '../common/load.ts';
import type { ServerObjects } from '../common/outside.ts';
import type { Accounts } from './accounts.ts';
import type { CatalogueQueries, JsonTypes, Readers } from './catalogue.ts';
import type { Cloning } from './clone.ts';
import type { Diagnostics } from './diagnostics.ts';
import type { Hints } from './hints.ts';
import type { Identity } from './identity.ts';
import type { Locks } from './locks.ts';
import type { Positions } from './positions.ts';
import type { Privileges } from './privileges.ts';
import type { Replication } from './replication.ts';
import type { Tools } from './tools.ts';

/** What the server itself calls what plans, checks and errors speak of. */
export interface Terms {
	/** The position that its manual says to start a replica from. */
	readonly position: string;
	/** What is in its own binary log. */
	readonly written: string;
	/** What its data stands for: what came from its source. */
	readonly replicated: string;
	readonly gtidStrict: string;
	readonly logsReplicaUpdates: string;
}

/**
 * What differs between servers, and nothing else. Outside `dialects/` nobody compares a version or speaks a vendor's words.
 * Statements are data; a Query carries its reader.
 */
export interface Dialect {
	readonly id: Vendor;
	readonly title: string;
	readonly features: {
		/** Positions are sets with gaps rather than one number a domain. */
		readonly gtidSets: boolean;
		/**
		 * FTWRL waits for running SELECTs (.github/docs/measured.md, Refused locks). It closes their tables first, so whoever opens one of them waits for these
		 * SELECTs as well, even after FTWRL was refused.
		 */
		readonly lockWaitsForReads: boolean;
		/** Has a second, stronger read-only switch. */
		readonly superReadOnly: boolean;
		/** Without {@link Identity.gtidStrict} it has no GTIDs at all. */
		readonly gtidOptional: boolean;
	};
	/** What the server itself calls what plans, checks and errors speak of. */
	readonly terms: Terms;
	readonly identity: Query<Identity>;
	/**
	 * When the server's own system tables were made, so that one made anew at the same address is told from the one before. Null where its
	 * identity tells that, or where we may not see it.
	 */
	readonly madeAt: null | Query<string | null>;
	/** The same at once, also where a statement about replication hangs; its uptime may be 0, and so its start unknown. */
	readonly identityWithoutUptime: Query<Identity>;
	readonly privileges: Privileges;
	readonly accounts: Accounts;
	readonly positions: Positions;
	readonly channel: Replication;
	readonly locks: Locks;
	readonly catalogue: CatalogueQueries;
	readonly definitions: Definitions;
	/** For the connections that read rows. */
	readonly readers: Readers;
	readonly tools: Tools;
	readonly load: Loading;
	readonly fits: Fitness;
	readonly outside: ServerObjects;
	/** Null where JSON is stored as text. */
	readonly jsonTypes: JsonTypes | null;
	/** Null where the server has no CLONE. */
	readonly clone: Cloning | null;
	/** What fixes what a check found, in this server's own words; each line copyable. */
	readonly hints: Hints;
	/** For the texts that a backup holds. */
	readonly byHand: ByHand;
	readonly diagnostics: Diagnostics;
}
