import { account, id, query, type Row, sql } from '../../sql/sql.ts';
import { accountParts, grants, need, proxies } from '../common/pieces.ts';
import type { Privileges } from '../contract/privileges.ts';

/** Names that MariaDB accepts for the same privilege, and the one it is known by here (its own manual's first). */
const SAME: Readonly<Record<string, string>> = {
	'REPLICATION CLIENT': 'BINLOG MONITOR',
	'REPLICA MONITOR': 'SLAVE MONITOR',
	'REPLICATION REPLICA': 'REPLICATION SLAVE',
	'REPLICATION REPLICA ADMIN': 'REPLICATION SLAVE ADMIN',
};

const EVERYTHING = 'ALL PRIVILEGES';

// Found by taking one privilege away at a time: .github/docs/measured.md, Privileges.
const SEE = need('reads tables', 'SELECT');
const DUMP = [
	...SEE,
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
		for (const name of grant[1].split(/, ?/)) held.add(SAME[name.trim().toUpperCase()] ?? name.trim().toUpperCase());
		if (/ WITH .*GRANT OPTION/.test(text)) held.add('GRANT OPTION');
	}
	return [...held];
}

export const privileges: Privileges = {
	// Without FOR it also tells what the session's role has, at any depth.
	held: query(sql`SHOW GRANTS`, readHeld),
	heldBy: (user, host) => query(sql`SHOW GRANTS FOR ${account(user, host)}`, readHeld),
	...proxies(sql`''@'%'`),
	roles: {
		// Those that the session's own account or a role of it administers, at any depth. No other privilege stands for it.
		grantable: query(sql`SELECT DISTINCT ROLE_NAME AS name FROM information_schema.APPLICABLE_ROLES WHERE IS_GRANTABLE = 'YES'`, (rows) =>
			rows.map((row) => ({ user: row.name ?? '', host: '', role: true })),
		),
		creatorMayGrant: true,
		letGrant: (roles, to) => {
			return roles.map(({ user }) => sql`GRANT ${id(user)} TO ${account(...accountParts(to))} WITH ADMIN OPTION`);
		},
	},
	needs: {
		provisionPrimary: [
			...DUMP,
			...need('sees who else is connected', 'PROCESS'),
			...need('makes the replication account', 'CREATE USER', 'GRANT OPTION', 'REPLICATION SLAVE'),
			...need('reads the position in the binary log', 'BINLOG MONITOR'),
			...need('sees whether it is itself a replica', 'SLAVE MONITOR'),
		],
		provisionReplica: [
			...DUMP,
			...need('loads the data', 'INSERT', 'UPDATE', 'DELETE', 'CREATE', 'DROP', 'ALTER', 'INDEX', 'REFERENCES', 'LOCK TABLES'),
			...need('loads views and routines', 'CREATE VIEW', 'CREATE ROUTINE', 'ALTER ROUTINE'),
			...need('keeps the definers of views and routines', 'SET USER'),
			...need('copies the accounts', 'CREATE USER', 'GRANT OPTION'),
			// Nobody can grant what he does not hold.
			...need('copies the accounts’ own privileges', 'EXECUTE', 'CREATE TEMPORARY TABLES', 'REPLICATION SLAVE'),
			...need('keeps the load out of the binary log', 'BINLOG ADMIN'),
			...need('reads positions', 'BINLOG MONITOR', 'SLAVE MONITOR'),
			...need('configures and starts replication', 'REPLICATION SLAVE ADMIN'),
			...need('makes it read-only', 'READ_ONLY ADMIN'),
			...need('empties its binary log', 'RELOAD'),
			...need('sees who else is connected', 'PROCESS'),
		],
		status: [
			...SEE,
			...need('sees who replicates from it', 'PROCESS'),
			...need('reads positions and the replica’s state', 'BINLOG MONITOR', 'SLAVE MONITOR'),
		],
		backup: [
			...DUMP,
			...need('takes the lock', 'RELOAD'),
			...need('sees what would block the lock', 'PROCESS'),
			...need('reads the position in the binary log', 'BINLOG MONITOR'),
			...need('reads the replica’s state', 'SLAVE MONITOR'),
			...need('sets read_only and restores it', 'READ_ONLY ADMIN'),
		],
		unlogged: need('keeps the waking of MEMORY tables out of the replica’s log', 'BINLOG ADMIN'),
		eventScheduler: need('sets the event scheduler', 'SUPER'),
		code: need('loads functions and triggers where the binary log is on', 'SUPER'),
		kill: need('ends who holds up the lock', 'CONNECTION ADMIN'),
		stopApplier: need('stops and starts the SQL thread', 'REPLICATION SLAVE ADMIN'),
	},
	missing: (held, needed) =>
		needed.filter(({ privilege }) => {
			if (held.includes(privilege)) return false;
			return privilege === 'GRANT OPTION' || !held.includes(EVERYTHING);
		}),
	...grants,
};
