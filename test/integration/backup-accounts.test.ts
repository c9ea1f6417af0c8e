import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Ended, type Home, lockstep, makeHome } from '../support/cli.ts';
import { rootSession, SANDBOX_KINDS, type SandboxKind, type SpareServer, spareServer } from '../support/servers.ts';
import { isMysql } from '../support/words.ts';

const told = ({ stdout, stderr }: Ended) => stdout.slice(-1500) + stderr;

/** Accounts and roles that need each other, and what is easily lost of them. */
const accountsOf = (kind: SandboxKind): readonly string[] => [
	'CREATE DATABASE d1',
	'CREATE TABLE d1.t (id INT, a INT)',
	'CREATE ROLE z_role',
	'CREATE ROLE a_role',
	'GRANT SELECT ON d1.* TO z_role',
	'GRANT z_role TO a_role',
	"CREATE USER app@'%' IDENTIFIED BY 'App-1'",
	"GRANT a_role TO app@'%'",
	"GRANT SELECT (a), UPDATE (id) ON d1.t TO app@'%'",
	isMysql(kind) ? "SET DEFAULT ROLE a_role TO app@'%'" : "SET DEFAULT ROLE a_role FOR app@'%'",
	"CREATE USER rs REQUIRE SUBJECT '/CN=a''b\\\\c' AND ISSUER 'i\"x'",
	"CREATE USER ''@'localhost' IDENTIFIED BY 'Anon-1'",
	'CREATE USER py',
	'CREATE USER px',
	'GRANT PROXY ON py TO px',
	...(isMysql(kind)
		? [
				'SET DEFAULT ROLE z_role TO a_role',
				"CREATE USER two IDENTIFIED BY 'One-1'",
				"ALTER USER two IDENTIFIED BY 'Two-2' RETAIN CURRENT PASSWORD",
				'CREATE USER pr',
				'GRANT SELECT, INSERT ON *.* TO pr',
				'REVOKE INSERT ON d1.* FROM pr',
			]
		: [
				"CREATE USER multi IDENTIFIED VIA mysql_native_password USING PASSWORD('a') OR unix_socket",
				'GRANT z_role TO multi WITH ADMIN OPTION',
				'GRANT SELECT ON d1.* TO PUBLIC',
			]),
];

describe.each(SANDBOX_KINDS)('accounts of %s in a backup', (kind) => {
	let home: Home;
	let server: SpareServer;
	const extra = isMysql(kind) ? ['--partial-revokes=ON'] : [];
	const run = (of: SpareServer, ...argv: string[]) =>
		lockstep([...argv, '-S', of.socket, '-u', 'root', '--ssl-mode', 'DISABLED', '--yes', '--json', '--confirm', `localhost:${of.port}`], {
			env: home.env,
		});
	/** What the server says of each account, with its hashes. */
	async function seen(of: SpareServer): Promise<Readonly<Record<string, string>>> {
		await using session = await rootSession(of);
		const ask = (text: string) => session.query({ pieces: [text] });
		const all: Record<string, string> = {};
		if (isMysql(kind)) {
			await ask('SET print_identified_with_as_hex = 1');
			for (const row of await ask(
				"SELECT User, Host, HEX(User_attributes ->> '$.additional_password') AS second FROM mysql.user WHERE User NOT LIKE 'mysql.%'",
			))
				all[`${row.User}@${row.Host} second`] = row.second ?? '';
		}
		for (const { u, h, r } of await ask(
			isMysql(kind)
				? "SELECT User AS u, Host AS h, 'N' AS r FROM mysql.user WHERE User NOT LIKE 'mysql.%'"
				: "SELECT User AS u, Host AS h, is_role AS r FROM mysql.user WHERE User <> 'mariadb.sys'",
		)) {
			const name = r === 'Y' ? (u === 'PUBLIC' ? 'PUBLIC' : `\`${u}\``) : `'${u}'@'${h}'`;
			const grants = (await ask(`SHOW GRANTS FOR ${name}`)).flatMap((row) => Object.values(row)).toSorted();
			const made = r === 'Y' ? [] : (await ask(`SHOW CREATE USER ${name}`)).flatMap((row) => Object.values(row));
			all[name] = [...made, ...grants].join('\n');
		}
		return all;
	}

	beforeAll(async () => {
		home = await makeHome();
		server = await spareServer(kind, { extra });
		await using session = await rootSession(server);
		for (const text of accountsOf(kind)) await session.query({ pieces: [text] });
	});
	afterAll(async () => {
		await server?.[Symbol.asyncDispose]();
		await home?.[Symbol.asyncDispose]();
	});

	it('come back as they were, whatever they need first, and nothing else comes', async () => {
		const to = join(home.dir, 'backups');
		const backup = await run(server, 'backup', '--to', to, '--compress', 'none');
		expect([0, 3], told(backup)).toContain(backup.code);
		const sql = await readFile(join(backup.last.backup, 'accounts'), 'utf8');
		expect(sql).not.toMatch(/mariadb_dump_import_role/);
		await using other = await spareServer(kind, { extra });
		const ended = await run(other, 'restore', backup.last.backup, '--accounts');
		expect([0, 3], told(ended)).toContain(ended.code);
		expect(await seen(other)).toEqual(await seen(server));
	});
});
