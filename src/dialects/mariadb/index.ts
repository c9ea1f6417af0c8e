import { mariadbFits } from '../common/fits.ts';
import { mariadbOutside } from '../common/outside.ts';
import type { Dialect } from '../contract/dialect.ts';
import { accounts } from './accounts.ts';
import { byHand } from './by-hand.ts';
import { catalogue } from './catalogue.ts';
import { channelStatements } from './channel.ts';
import { definitions } from './definitions.ts';
import { diagnostics } from './diagnostics.ts';
import { hints } from './hints.ts';
import { identity, identityWithoutUptime, madeAt } from './identity.ts';
import { load } from './load.ts';
import { locks } from './locks.ts';
import { positions } from './positions.ts';
import { privileges } from './privileges.ts';
import { readers } from './rows.ts';
import { tools } from './tools.ts';

export const mariadb: Dialect = {
	id: 'mariadb',
	title: 'MariaDB',
	features: { gtidSets: false, lockWaitsForReads: false, superReadOnly: false, gtidOptional: false },
	terms: {
		position: 'gtid_current_pos',
		written: 'gtid_binlog_pos',
		replicated: 'gtid_slave_pos',
		gtidStrict: 'gtid_strict_mode',
		logsReplicaUpdates: 'log_slave_updates',
	},
	identity,
	madeAt,
	identityWithoutUptime,
	privileges,
	accounts,
	positions,
	channel: channelStatements,
	locks,
	catalogue,
	definitions,
	readers,
	tools,
	load,
	fits: mariadbFits,
	outside: mariadbOutside,
	jsonTypes: null,
	clone: null,
	hints,
	byHand,
	diagnostics,
};
