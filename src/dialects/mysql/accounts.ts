import { Secret } from '../../sql/secret.ts';
import { account, query, type Row, raw, type Statement, sql } from '../../sql/sql.ts';
import type { Dialect } from '../dialect.ts';
import { passwordPolicy } from '../passwords.ts';

const first = (rows: readonly Row[]) => rows.map((row) => Object.values(row)[0] ?? '');

/** As print_identified_with_as_hex has it. */
const HASH = /(?<= AS )0x([0-9A-Fa-f]+)/g;

/** A statement of the server's own that shows a hash: the hash becomes a secret, in the form X'…'. */
function withHashesHidden(text: string): Statement {
	const pieces: (string | Secret)[] = [];
	let from = 0;
	for (const match of text.matchAll(HASH)) {
		pieces.push(`${text.slice(from, match.index)}X`, new Secret(match[1] ?? ''));
		from = match.index + match[0].length;
	}
	pieces.push(text.slice(from));
	return { pieces };
}

/** An account of ours must not end replication when a default lifetime is over. */
const requiring = (tls: boolean) => raw(`${tls ? ' REQUIRE SSL' : ' REQUIRE NONE'} PASSWORD EXPIRE NEVER`);
/** Named, as the server's default may be a plugin that replicas of another version lack. */
const PLUGIN = raw('IDENTIFIED WITH caching_sha2_password BY');

export const accounts: Dialect['accounts'] = {
	passwordPolicy,
	// A role is an account here. Those that others have come first: an account’s default role must be there when it is made.
	list: query(
		sql`SELECT u.User AS user, u.Host AS host FROM mysql.user u
 ORDER BY NOT EXISTS (SELECT 1 FROM mysql.role_edges e WHERE e.FROM_USER = u.User AND e.FROM_HOST = u.Host), u.User, u.Host`,
		(rows) => rows.map((row) => ({ user: row.user ?? '', host: row.host ?? '', role: false })),
	),
	exists: (user, host) =>
		query(sql`SELECT COUNT(*) AS n FROM mysql.user WHERE User = ${user} AND Host = ${host}`, (rows) => rows[0]?.n !== '0'),
	create: (user, host, password, tls) => sql`CREATE USER ${account(user, host)} ${PLUGIN} ${password}${requiring(tls)}`,
	setPassword: (user, host, password, tls) => sql`ALTER USER ${account(user, host)} ${PLUGIN} ${password}${requiring(tls)}`,
	grantReplication: (user, host) => sql`GRANT REPLICATION SLAVE ON *.* TO ${account(user, host)}`,
	drop: ({ user, host }) => sql`DROP USER IF EXISTS ${account(user, host)}`,
	grants: (user, host) => query(sql`SHOW GRANTS FOR ${account(user, host)}`, first),
	recreate: ({ user, host }) => [
		// A hash holds bytes that are no text for every client.
		query(sql`SET SESSION print_identified_with_as_hex = 1`, () => []),
		query(sql`SHOW CREATE USER ${account(user, host)}`, (rows) =>
			first(rows).map((text) => withHashesHidden(text.replace(/^CREATE USER /, 'CREATE USER IF NOT EXISTS '))),
		),
		query(sql`SHOW GRANTS FOR ${account(user, host)}`, (rows) => first(rows).map((text) => ({ pieces: [text] }))),
	],
	everybody: null,
	own: (who) => /^mysql\.(sys|session|infoschema)$/.test(who.user),
	requiresTls: (user, host) =>
		query(sql`SHOW CREATE USER ${account(user, host)}`, (rows) => / REQUIRE (SSL|X509|SUBJECT|ISSUER|CIPHER)/.test(first(rows)[0] ?? '')),
};
