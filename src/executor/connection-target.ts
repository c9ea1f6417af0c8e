import type { Dialect } from '../dialects/contract/dialect.ts';
import type { ServerAddress } from '../server/address.ts';
import type { Secret } from '../sql/secret.ts';

/** How a role's server is reached. */
export interface ConnectionTarget {
	readonly address: ServerAddress;
	readonly password: Secret | null;
	readonly dialect: Dialect;
}
