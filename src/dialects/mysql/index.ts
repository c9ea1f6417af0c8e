import { mysqlFits } from '../common/fits.ts';
import { mysqlOutside } from '../common/outside.ts';
import type { Dialect } from '../contract/dialect.ts';
import { accounts } from './accounts.ts';
import { byHand } from './by-hand.ts';
import { catalogue } from './catalogue.ts';
import { channelStatements } from './channel.ts';
import { clone } from './clone.ts';
import { definitions } from './definitions.ts';
import { diagnostics } from './diagnostics.ts';
import { hints } from './hints.ts';
import { identity } from './identity.ts';
import { jsonTypes } from './json-types.ts';
import { load } from './load.ts';
import { locks } from './locks.ts';
import { positions } from './positions.ts';
import { privileges } from './privileges.ts';
import type { Probe } from './probe.ts';
import { readers } from './rows.ts';
import { toolFaults } from './tool-faults.ts';
import { tools } from './tools.ts';

/** MySQL from 8.0.23 on, and what speaks like it; a server's own words by what it was found to know. */
export const mysql = (probe: Probe): Dialect => ({
	id: 'mysql',
	title: 'MySQL',
	features: { gtidSets: true, lockWaitsForReads: true, superReadOnly: true, gtidOptional: true },
	terms: {
		position: 'gtid_executed',
		written: 'gtid_executed',
		replicated: 'gtid_purged',
		gtidStrict: 'gtid_mode = ON with enforce_gtid_consistency = ON',
		logsReplicaUpdates: 'log_replica_updates',
	},
	identity,
	// Its server_uuid is new with its data.
	madeAt: null,
	identityWithoutUptime: identity,
	privileges: privileges(probe),
	accounts,
	positions: positions(probe),
	channel: channelStatements(probe),
	locks: locks(probe),
	catalogue,
	definitions: definitions(probe),
	readers,
	tools,
	load: load(probe),
	fits: { ...mysqlFits, toolFaults },
	outside: mysqlOutside,
	jsonTypes,
	clone,
	hints,
	byHand,
	diagnostics,
});
