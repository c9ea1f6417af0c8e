import type { Dialect } from '../dialect.ts';
import { accounts } from './accounts.ts';
import { catalogue } from './catalogue.ts';
import { channelStatements } from './channel.ts';
import { identity } from './identity.ts';
import { locks } from './locks.ts';
import { mends } from './mends.ts';
import { positions } from './positions.ts';
import { privileges } from './privileges.ts';
import { tools } from './tools.ts';

export const mariadb: Dialect = {
	id: 'mariadb',
	title: 'MariaDB',
	features: { gtidSets: false, lockWaitsForReads: false, superReadOnly: false },
	identity,
	privileges,
	accounts,
	positions,
	channel: channelStatements,
	locks,
	catalogue,
	tools,
	mends,
};
