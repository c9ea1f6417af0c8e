import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ToolError } from '../core/errors.ts';
import { common, type ServerFamily, share, wherever } from './family.ts';

// In this order; each under its name of before and since MariaDB 11.
const SYSTEM_TABLES = ['system_tables', 'performance_tables', 'system_tables_data', 'sys_schema'];

// The packages' data makes root for localhost, 127.0.0.1, ::1 and the host's own name, and on some versions accounts without a name.
const ACCOUNTS = `
DELETE FROM mysql.global_priv WHERE NOT (User = 'root' AND Host IN ('localhost', '127.0.0.1')) AND User <> 'mariadb.sys';
DELETE FROM mysql.proxies_priv WHERE Host NOT IN ('localhost', '127.0.0.1');
`;

export const mariadb: ServerFamily = {
	vendor: 'mariadb',
	programs: ['mariadbd', 'mysqld'],
	folders: ['/usr/sbin', '/usr/local/sbin', '/usr/libexec', '/opt/homebrew/opt/mariadb/bin', '/usr/local/opt/mariadb/bin'],
	isTool: /^(mariadb($|d$|-)|mbstream$)/,
	isOurs: (version) => /mariadb/i.test(version),

	async initialise(programs, dataDir, tempDir) {
		const folder = share(programs);
		const files = await readdir(folder);
		const parts = ['CREATE DATABASE IF NOT EXISTS mysql;\nUSE mysql;\n'];
		for (const name of SYSTEM_TABLES) {
			const file = files.find((each) => each === `mariadb_${name}.sql` || each === `mysql_${name}.sql`);
			if (file === undefined) throw new ToolError(`The server's file mariadb_${name}.sql is missing in ${folder}.`);
			parts.push(await readFile(join(folder, file), 'utf8'));
		}
		const argv = [
			'--no-defaults',
			'--bootstrap',
			`--datadir=${dataDir}`,
			`--tmpdir=${tempDir}`,
			...wherever(programs),
			'--log-warnings=0',
			'--max-allowed-packet=8M',
			'--net-buffer-length=16K',
		];
		return { argv, input: `${parts.join('\n')}\nUSE mysql;\n${ACCOUNTS}` };
	},

	options: (programs, plan) => [
		...common(programs, plan),
		// A table's DATA DIRECTORY would lead out of the data directory.
		'--skip-symbolic-links',
		'--log-slave-updates',
		'--gtid-strict-mode=1',
		// As Debian's own option files have it.
		'--character-set-server=utf8mb4',
		'--innodb-log-file-size=48M',
		'--aria-pagecache-buffer-size=16M',
		...plan.extra,
	],
};
