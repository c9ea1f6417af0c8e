import { Secret } from '../../sql/secret.ts';
import { account, type Fragment, query, type Row, raw, type Statement, sql } from '../../sql/sql.ts';
import { passwordPolicy } from '../common/passwords.ts';
import { quotedRequire } from '../common/pieces.ts';
import type { Accounts } from '../contract/accounts.ts';

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

const ROLE = '`(?:[^`]|``)*`@`(?:[^`]|``)*`';
const DEFAULT_ROLES = new RegExp(` DEFAULT ROLE (${ROLE}(?:,${ROLE})*)(?= REQUIRE )`);
const FIRST_FACTOR = / IDENTIFIED WITH '(\w+)' AS 0x([0-9A-Fa-f]+)/;

/**
 * The statements by which an account is created: what the server prints of it does not always load. Names in its REQUIRE clause are printed as
 * they are, quotes and all; a default role must be granted first; a second password (RETAIN CURRENT PASSWORD) is not printed.
 */
function created(printed: string, who: Fragment, known: Row): readonly Statement[] {
	const { second } = known;
	const roles = DEFAULT_ROLES.exec(printed)?.[1];
	const plain = printed.replace(/^CREATE USER /, 'CREATE USER IF NOT EXISTS ').replace(DEFAULT_ROLES, '');
	const text = quotedRequire(plain, known, ['subject', 'issuer', 'cipher']);
	const factor = FIRST_FACTOR.exec(text);
	const old = (second ?? '') === '' || factor === null ? null : (second ?? '');
	const [, plugin = '', hash = ''] = factor ?? [];
	return [
		withHashesHidden(old === null ? text : text.replace(FIRST_FACTOR, ` IDENTIFIED WITH '${plugin}' AS 0x${old}`)),
		...(old === null ? [] : [sql`ALTER USER ${who} IDENTIFIED WITH ${raw(`'${plugin}'`)} AS X${new Secret(hash)} RETAIN CURRENT PASSWORD`]),
		...(roles === undefined ? [] : [sql`ALTER USER ${who} DEFAULT ROLE ${raw(roles)}`]),
	];
}

/** An account of ours must not end replication when a default lifetime is over. */
const requiring = (tls: boolean) => raw(`${tls ? ' REQUIRE SSL' : ' REQUIRE NONE'} PASSWORD EXPIRE NEVER`);
/** Named, as the server's default may be a plugin that replicas of another version lack. */
const PLUGIN = raw('IDENTIFIED WITH caching_sha2_password BY');

export const accounts: Accounts = {
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
	recreate: ({ user, host }) => {
		let row: Row = {};
		return [
			// A hash holds bytes that are no text for every client.
			query(sql`SET SESSION print_identified_with_as_hex = 1`, () => []),
			query(
				sql`SELECT x509_subject AS subject, x509_issuer AS issuer, ssl_cipher AS cipher, HEX(JSON_UNQUOTE(JSON_EXTRACT(User_attributes, '$.additional_password'))) AS second
 FROM mysql.user WHERE User = ${user} AND Host = ${host}`,
				([found = {}]) => {
					row = found;
					return [];
				},
			),
			query(sql`SHOW CREATE USER ${account(user, host)}`, ([found]) =>
				created(Object.values(found ?? {})[0] ?? '', account(user, host), row),
			),
			query(sql`SHOW GRANTS FOR ${account(user, host)}`, (rows) => first(rows).map((text) => ({ pieces: [text] }))),
		];
	},
	everybody: null,
	isOwn: (who) => /^mysql\.(sys|session|infoschema)$/.test(who.user),
	requiresTls: (user, host) =>
		query(sql`SHOW CREATE USER ${account(user, host)}`, (rows) => / REQUIRE (SSL|X509|SUBJECT|ISSUER|CIPHER)/.test(first(rows)[0] ?? '')),
};
