import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { common, type ServerFamily, wherever } from './family.ts';

// Initialising makes root for localhost only, and without a look-up of names 127.0.0.1 is another host.
// ALL does not reach a privilege whose owner is not loaded yet; whoever lacks one cannot grant it on.
const ACCOUNTS = `
CREATE USER 'root'@'127.0.0.1';
GRANT ALL ON *.* TO 'root'@'127.0.0.1' WITH GRANT OPTION;
INSERT IGNORE INTO mysql.global_grants SELECT USER, '127.0.0.1', PRIV, WITH_GRANT_OPTION FROM mysql.global_grants WHERE USER = 'root' AND HOST = 'localhost';
GRANT PROXY ON ''@'' TO 'root'@'127.0.0.1' WITH GRANT OPTION;
`;

/** The X protocol would open a port of its own. */
const WITHOUT = ['--mysqlx=0'];
/** From the first moment: a log that was made larger is made anew. */
const REDO = '--innodb-redo-log-capacity=48M';

export const mysql: ServerFamily = {
	vendor: 'mysql',
	programs: ['mysqld'],
	folders: [
		'/usr/sbin',
		'/usr/local/sbin',
		'/usr/libexec',
		'/usr/local/mysql/bin',
		'/opt/homebrew/opt/mysql/bin',
		'/usr/local/opt/mysql/bin',
	],
	isTool: /^mysql(d$|$|admin$|binlog$|check$|dump$|import$|show$|slap$|_\w+$)/,
	isOurs: (version) => !/mariadb/i.test(version),

	async initialise(programs, dataDir, tempDir) {
		const accounts = join(tempDir, 'accounts.sql');
		await writeFile(accounts, ACCOUNTS);
		const argv = [
			'--no-defaults',
			'--initialize-insecure',
			`--datadir=${dataDir}`,
			`--tmpdir=${tempDir}`,
			...wherever(programs),
			...WITHOUT,
			// The compiled-in folder does not exist.
			'--secure-file-priv=NULL',
			// The sandbox has certificates of its own.
			'--auto-generate-certs=OFF',
			`--init-file=${accounts}`,
			REDO,
		];
		return { argv, input: '' };
	},

	options: (programs, plan) => [
		...common(programs, plan),
		...WITHOUT,
		'--gtid-mode=ON',
		'--enforce-gtid-consistency=ON',
		'--auto-generate-certs=OFF',
		REDO,
		// Its defaults are for a machine of its own: these spare a quarter of the memory, as what the performance schema keeps goes by them.
		'--innodb-log-buffer-size=4M',
		'--table-open-cache=400',
		'--table-definition-cache=400',
		...plan.extra,
	],
};
