import { Secret } from '../../sql/secret.ts';
import { account, id, query, type Row, raw, type Statement, sql } from '../../sql/sql.ts';
import { passwordPolicy } from '../common/passwords.ts';
import { quotedRequire } from '../common/pieces.ts';
import type { AccountName, Accounts } from '../contract/accounts.ts';

const name = (who: AccountName) => (who.role ? id(who.user) : account(who.user, who.host));
const first = (rows: readonly Readonly<Record<string, string | null>>[]) => rows.map((row) => Object.values(row)[0] ?? '');

/** A statement of the server's own that shows a hash: the hash becomes a secret. */
function withHashesHidden(text: string): Statement {
	const pieces: (string | Secret)[] = [];
	let from = 0;
	for (const match of text.matchAll(/(?:BY PASSWORD|USING|AS) '((?:[^'\\]|\\.|'')*)'/g)) {
		const start = match.index + match[0].length - (match[1]?.length ?? 0) - 2;
		pieces.push(text.slice(from, start), new Secret((match[1] ?? '').replaceAll("''", "'").replace(/\\(.)/g, '$1')));
		from = match.index + match[0].length;
	}
	pieces.push(text.slice(from));
	return { pieces };
}

/** An account of ours must not end replication when a default lifetime is over. */
const requiring = (tls: boolean) => raw(`${tls ? ' REQUIRE SSL' : ' REQUIRE NONE'} PASSWORD EXPIRE NEVER`);

export const accounts: Accounts = {
	passwordPolicy,
	list: query(sql`SELECT User AS user, Host AS host, is_role FROM mysql.user ORDER BY is_role DESC, User, Host`, (rows) =>
		rows.map((row) => ({ user: row.user ?? '', host: row.host ?? '', role: row.is_role === 'Y' })),
	),
	exists: (user, host) =>
		query(
			sql`SELECT COUNT(*) AS n FROM mysql.user WHERE User = ${user} AND Host = ${host} AND is_role = 'N'`,
			(rows) => rows[0]?.n !== '0',
		),
	create: (user, host, password, tls) => sql`CREATE USER ${account(user, host)} IDENTIFIED BY ${password}${requiring(tls)}`,
	setPassword: (user, host, password, tls) => sql`ALTER USER ${account(user, host)} IDENTIFIED BY ${password}${requiring(tls)}`,
	grantReplication: (user, host) => sql`GRANT REPLICATION SLAVE ON *.* TO ${account(user, host)}`,
	drop: (who) => (who.role ? sql`DROP ROLE IF EXISTS ${id(who.user)}` : sql`DROP USER IF EXISTS ${name(who)}`),
	grants: (user, host) =>
		query(sql`SHOW GRANTS FOR ${account(user, host)}`, (rows) => first(rows).map((text) => text.replace(/ IDENTIFIED .*?'[^']*'/, ''))),
	recreate: (who) => {
		let known: Row = {};
		const readable = (text: string) => quotedRequire(text, known, ['issuer', 'subject', 'cipher']);
		return [
			query(
				sql`SELECT x509_issuer AS issuer, x509_subject AS subject, ssl_cipher AS cipher FROM mysql.user WHERE User = ${who.user} AND Host = ${who.host}`,
				([found = {}]) => {
					known = found;
					return [];
				},
			),
			...(who.role
				? [query(sql`SELECT 1`, () => [sql`CREATE ROLE IF NOT EXISTS ${id(who.user)}`])]
				: [
						query(sql`SHOW CREATE USER ${name(who)}`, (rows) =>
							first(rows).map((text) => withHashesHidden(readable(text.replace(/^CREATE USER /, 'CREATE USER IF NOT EXISTS ')))),
						),
					]),
			// PUBLIC is no name that may be quoted.
			query(sql`SHOW GRANTS FOR ${who.user === 'PUBLIC' && who.role ? raw('PUBLIC') : name(who)}`, (rows) =>
				first(rows).map((text) => withHashesHidden(readable(text))),
			),
		];
	},
	everybody: { user: 'PUBLIC', host: '', role: true },
	isOwn: (who) => who.user === 'mariadb.sys' || (who.user === 'PUBLIC' && who.role),
	requiresTls: (user, host) =>
		query(sql`SHOW CREATE USER ${account(user, host)}`, (rows) => / REQUIRE (SSL|X509|SUBJECT|ISSUER|CIPHER)/.test(first(rows)[0] ?? '')),
};
