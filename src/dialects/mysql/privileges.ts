import { account, query, type Row, sql } from '../../sql/sql.ts';
import { grantedRoles } from '../common/grants.ts';
import { accountParts, grants, need, proxies } from '../common/pieces.ts';
import type { Privileges } from '../contract/privileges.ts';
import type { Probe } from './probe.ts';

const EVERYTHING = 'ALL PRIVILEGES';

/** Wider privileges that stand for one. */
const WIDER: Readonly<Record<string, readonly string[]>> = {
	FLUSH_TABLES: ['RELOAD'],
	'REPLICATION CLIENT': ['SUPER'],
	REPLICATION_SLAVE_ADMIN: ['SUPER'],
	SYSTEM_VARIABLES_ADMIN: ['SUPER'],
	SESSION_VARIABLES_ADMIN: ['SYSTEM_VARIABLES_ADMIN', 'SUPER'],
	CONNECTION_ADMIN: ['SUPER'],
};

// Found by taking one privilege away at a time on 9.7: .github/docs/measured.md, Privileges.
const DUMP = [
	...need('reads tables', 'SELECT'),
	...need('views are dumped', 'SHOW VIEW'),
	...need('without it triggers are missing from a dump, without a word', 'TRIGGER'),
	...need('events are dumped', 'EVENT'),
];

function readHeld(rows: readonly Row[]): readonly string[] {
	const held = new Set<string>();
	for (const row of rows) {
		const text = Object.values(row)[0] ?? '';
		const grant = /^GRANT (.+?) ON \*\.\* TO /.exec(text);
		if (grant?.[1] === undefined) continue;
		const names = grant[1].split(/, ?/).map((name) => name.trim().toUpperCase());
		for (const name of names) held.add(name);
		// Of its own for each dynamic one; what counts is whether those in no list of the server can be given on.
		if (/ WITH GRANT OPTION/.test(text) && names.some((name) => !name.includes('_'))) held.add('GRANT OPTION');
	}
	return [...held];
}

export const privileges = ({ newWords }: Probe): Privileges => ({
	held: query(sql`SHOW GRANTS FOR CURRENT_USER()`, readHeld),
	heldBy: (user, host) => query(sql`SHOW GRANTS FOR ${account(user, host)}`, readHeld),
	...proxies(sql`''@''`),
	roles: {
		grantable: query(sql`SHOW GRANTS FOR CURRENT_USER()`, (rows) => {
			const held = readHeld(rows);
			if (held.includes('ROLE_ADMIN') || held.includes('SUPER')) return null;
			return rows.map((row) => Object.values(row)[0] ?? '').flatMap((line) => (/ WITH ADMIN OPTION$/.test(line) ? grantedRoles(line) : []));
		}),
		creatorMayGrant: false,
		letGrant: (_, to) => {
			return [sql`GRANT ROLE_ADMIN ON *.* TO ${account(...accountParts(to))}`];
		},
	},
	needs: {
		provisionPrimary: [
			...DUMP,
			...need('sees who else is connected', 'PROCESS'),
			...need('makes the replication account', 'CREATE USER', 'GRANT OPTION', 'REPLICATION SLAVE'),
			...need('reads the position in the binary log', 'REPLICATION CLIENT'),
			...need('takes the short lock under which snapshot and position are one', 'FLUSH_TABLES'),
		],
		provisionReplica: [
			...DUMP,
			...need('loads the data', 'INSERT', 'UPDATE', 'DELETE', 'CREATE', 'DROP', 'ALTER', 'INDEX', 'REFERENCES', 'LOCK TABLES'),
			...need('loads views and routines', 'CREATE VIEW', 'CREATE ROUTINE', 'ALTER ROUTINE'),
			...(newWords
				? need('keeps the definers of views and routines', 'SET_ANY_DEFINER', 'ALLOW_NONEXISTENT_DEFINER')
				: need('keeps the definers of views and routines', 'SET_USER_ID')),
			...need('makes what administrators define, and accounts like theirs', 'SYSTEM_USER'),
			...need('copies the accounts', 'CREATE USER', 'GRANT OPTION'),
			// Nobody can grant what he does not hold.
			...need('copies the accounts’ own privileges', 'EXECUTE', 'CREATE TEMPORARY TABLES', 'REPLICATION SLAVE'),
			...need('keeps the load out of the binary log', 'SESSION_VARIABLES_ADMIN'),
			...need('reads positions', 'REPLICATION CLIENT'),
			...need('configures and starts replication', 'REPLICATION_SLAVE_ADMIN'),
			...need('makes it read-only, sets its position and the event scheduler', 'SYSTEM_VARIABLES_ADMIN'),
			...need('loads and works where it is read-only already', 'CONNECTION_ADMIN'),
			...need('empties its binary log', 'RELOAD'),
			...need('sees who else is connected', 'PROCESS'),
		],
		status: [
			...need('reads tables', 'SELECT'),
			...need('sees who replicates from it', 'PROCESS'),
			...need('reads positions and the replica’s state', 'REPLICATION CLIENT'),
		],
		backup: [
			...DUMP,
			...need('takes the lock', 'FLUSH_TABLES'),
			...need('sees what would block the lock', 'PROCESS'),
			...need('reads the position in the binary log and the replica’s state', 'REPLICATION CLIENT'),
			...need('sets read_only and restores it', 'SYSTEM_VARIABLES_ADMIN'),
		],
		unlogged: need('keeps the waking of MEMORY tables out of the replica’s log', 'SESSION_VARIABLES_ADMIN'),
		// What makes it read-only does that, too.
		eventScheduler: [],
		code: need('loads functions and triggers where the binary log is on', 'SUPER'),
		kill: need('ends who holds up the lock', 'CONNECTION_ADMIN'),
		stopApplier: need('stops and starts the SQL thread', 'REPLICATION_SLAVE_ADMIN'),
	},
	missing: (held, needed) =>
		needed.filter(({ privilege }) => {
			if ([privilege, ...(WIDER[privilege] ?? [])].some((name) => held.includes(name))) return false;
			return privilege === 'GRANT OPTION' || !held.includes(EVERYTHING);
		}),
	...grants,
});
