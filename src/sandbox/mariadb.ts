import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ToolError } from '../core/errors.ts';

/** Where a server's programs and files are. */
export interface Programs {
	/** Path of the server's program. */
	readonly server: string;
	/** As the server says it: `11.8.6-MariaDB-0+deb13u1`. */
	readonly version: string;
	/** The folder that `usr/share` and `usr/lib` are in (`<root>/usr`, `/usr`, Homebrew's). */
	readonly prefix: string;
}

/** What a server of one's own needs to be told. */
export interface ServerPlan {
	readonly dataDir: string;
	readonly tempDir: string;
	readonly socket: string;
	readonly port: number;
	readonly pidFile: string;
	readonly errorLog: string;
	readonly serverId: number;
	readonly tls: { readonly ca: string; readonly cert: string; readonly key: string };
	/** Options of the server's own, after all others. */
	readonly extra: readonly string[];
}

/** How servers of one vendor are found, made and started. */
export interface Family {
	/** Names of the server's program, the best first, and of the folders beside the PATH where it may be. */
	readonly programs: readonly string[];
	readonly folders: readonly string[];
	/** Tools for a plain path of their own in the sandbox's `bin`. */
	readonly isTool: RegExp;
	/** Whether a version, as the program says it, is this vendor's. */
	isOurs(version: string): boolean;
	/** The command line that makes an empty server, and what it reads; root may log in without a password, over the socket and 127.0.0.1. */
	initialise(programs: Programs, dataDir: string, tempDir: string): Promise<{ readonly argv: readonly string[]; readonly input: string }>;
	options(programs: Programs, plan: ServerPlan): Promise<readonly string[]>;
}

const asRoot = (): string[] => (process.getuid?.() === 0 ? ['--user=root'] : []);

async function share(programs: Programs): Promise<string> {
	for (const name of ['share/mariadb', 'share/mysql', 'share']) {
		const folder = join(programs.prefix, name);
		if (existsSync(join(folder, 'english', 'errmsg.sys'))) return folder;
	}
	throw new ToolError({
		what: `The files of the server ${programs.server} are not where they are expected.`,
		why: `Neither share/mariadb nor share/mysql is in ${programs.prefix}.`,
	});
}

/** The paths that are compiled in may not exist. */
async function paths(programs: Programs): Promise<string[]> {
	const folder = await share(programs);
	const plugins = ['lib/mysql/plugin', 'lib/mariadb/plugin', 'lib64/mysql/plugin', 'lib64/mariadb/plugin', 'lib/plugin'];
	const pluginDir = plugins.map((name) => join(programs.prefix, name)).find((path) => existsSync(path));
	return [
		`--character-sets-dir=${join(folder, 'charsets')}`,
		`--lc-messages-dir=${folder}`,
		...(pluginDir === undefined ? [] : [`--plugin-dir=${pluginDir}`]),
	];
}

// In this order; each under its name of before and since MariaDB 11.
const SYSTEM_TABLES = ['system_tables', 'performance_tables', 'system_tables_data', 'sys_schema'];

// The packages' data makes root for localhost, 127.0.0.1, ::1 and the host's own name, and on some versions accounts without a name.
const ACCOUNTS = `
DELETE FROM mysql.global_priv WHERE NOT (User = 'root' AND Host IN ('localhost', '127.0.0.1')) AND User <> 'mariadb.sys';
DELETE FROM mysql.proxies_priv WHERE Host NOT IN ('localhost', '127.0.0.1');
`;

export const mariadb: Family = {
	programs: ['mariadbd', 'mysqld'],
	folders: ['/usr/sbin', '/usr/local/sbin', '/usr/libexec', '/opt/homebrew/opt/mariadb/bin', '/usr/local/opt/mariadb/bin'],
	isTool: /^(mariadb($|d$|-)|mbstream$)/,
	isOurs: (version) => /mariadb/i.test(version),

	async initialise(programs, dataDir, tempDir) {
		const folder = await share(programs);
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
			...(await paths(programs)),
			'--log-warnings=0',
			'--max-allowed-packet=8M',
			'--net-buffer-length=16K',
			...asRoot(),
		];
		return { argv, input: `${parts.join('\n')}\nUSE mysql;\n${ACCOUNTS}` };
	},

	async options(programs, plan) {
		return [
			'--no-defaults',
			`--datadir=${plan.dataDir}`,
			// A server that starts removes every #sql file of its folder for temporary tables: those of another as well.
			`--tmpdir=${plan.tempDir}`,
			`--socket=${plan.socket}`,
			`--port=${plan.port}`,
			'--bind-address=127.0.0.1',
			'--skip-name-resolve',
			`--pid-file=${plan.pidFile}`,
			`--log-error=${plan.errorLog}`,
			...(await paths(programs)),
			...asRoot(),
			`--server-id=${plan.serverId}`,
			'--log-bin=binlog',
			'--relay-log=relay',
			'--log-slave-updates',
			'--gtid-strict-mode=1',
			// A sandbox that is left up for days must not fill the disk.
			'--max-binlog-size=64M',
			'--binlog-expire-logs-seconds=86400',
			// As Debian's own option files have it.
			'--character-set-server=utf8mb4',
			`--ssl-ca=${plan.tls.ca}`,
			`--ssl-cert=${plan.tls.cert}`,
			`--ssl-key=${plan.tls.key}`,
			'--innodb-buffer-pool-size=64M',
			'--innodb-log-file-size=48M',
			'--innodb-flush-log-at-trx-commit=2',
			'--sync-binlog=0',
			'--key-buffer-size=8M',
			'--aria-pagecache-buffer-size=16M',
			...plan.extra,
		];
	},
};
