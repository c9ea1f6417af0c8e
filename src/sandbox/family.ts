import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ToolError } from '../core/errors.ts';
import type { Vendor } from '../core/vendors.ts';

/** Where a server's programs and files are. */
export interface Programs {
	/** Path of the server's program. */
	readonly server: string;
	/** As the server says it: `11.8.6-MariaDB-0+deb13u1`, `9.7.4-2`. */
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
	/** The one folder, empty and its user's alone, that SQL can read files from and write them to. */
	readonly filesDir: string;
	readonly serverId: number;
	readonly tls: { readonly ca: string; readonly cert: string; readonly key: string };
	/** Options of the server's own, after all others. */
	readonly extra: readonly string[];
}

/** How servers of one vendor are found, made and started. */
export interface ServerFamily {
	readonly vendor: Vendor;
	/** Names of the server's program, the best first, and of the folders beside the PATH where it may be. */
	readonly programs: readonly string[];
	readonly folders: readonly string[];
	/** Tools for a plain path of their own in the sandbox's `bin`. */
	readonly isTool: RegExp;
	/** Whether a version, as the program says it, is this vendor's. */
	isOurs(version: string): boolean;
	/**
	 * The command line that makes an empty server, and what it reads. root has no password, over the socket and 127.0.0.1: a server that
	 * listens on the network must be started with one for the latter (`rootPassword` of `startServer`).
	 */
	initialise(programs: Programs, dataDir: string, tempDir: string): Promise<{ readonly argv: readonly string[]; readonly input: string }>;
	/** The command line of a running server. */
	options(programs: Programs, plan: ServerPlan): readonly string[];
}

/** The folder of a server's own texts and tables. */
export function share(programs: Programs): string {
	for (const name of ['share/mariadb', 'share/mysql', 'share']) {
		const folder = join(programs.prefix, name);
		if (existsSync(join(folder, 'english', 'errmsg.sys'))) return folder;
	}
	throw new ToolError({
		message: `The files of the server ${programs.server} are not where they are expected.`,
		reason: `Neither share/mariadb nor share/mysql is in ${programs.prefix}.`,
	});
}

/** Options of every start, of whatever vendor: who runs it, and the paths, as those that are compiled in may not exist. */
export function wherever(programs: Programs): string[] {
	const folder = share(programs);
	const plugins = ['lib/mysql/plugin', 'lib/mariadb/plugin', 'lib64/mysql/plugin', 'lib64/mariadb/plugin', 'lib/plugin'];
	const pluginDir = plugins.map((name) => join(programs.prefix, name)).find((path) => existsSync(path));
	return [
		`--character-sets-dir=${join(folder, 'charsets')}`,
		`--lc-messages-dir=${folder}`,
		...(pluginDir === undefined ? [] : [`--plugin-dir=${pluginDir}`]),
		...(process.getuid?.() === 0 ? ['--user=root'] : []),
	];
}

/** Options of a running server that both vendors know by the same words. */
export const common = (programs: Programs, plan: ServerPlan): string[] => [
	'--no-defaults',
	`--datadir=${plan.dataDir}`,
	// A server that starts removes every #sql file of its folder for temporary tables: those of another as well.
	`--tmpdir=${plan.tempDir}`,
	`--socket=${plan.socket}`,
	`--port=${plan.port}`,
	'--bind-address=127.0.0.1',
	'--skip-name-resolve',
	`--pid-file=${plan.pidFile}`,
	// Without it any SQL of root's reads and writes every file of this user.
	`--secure-file-priv=${plan.filesDir}`,
	`--log-error=${plan.errorLog}`,
	...wherever(programs),
	`--server-id=${plan.serverId}`,
	'--log-bin=binlog',
	'--relay-log=relay',
	// A sandbox that is left up for days must not fill the disk.
	'--max-binlog-size=64M',
	'--binlog-expire-logs-seconds=86400',
	`--ssl-ca=${plan.tls.ca}`,
	`--ssl-cert=${plan.tls.cert}`,
	`--ssl-key=${plan.tls.key}`,
	'--innodb-buffer-pool-size=64M',
	'--innodb-flush-log-at-trx-commit=2',
	'--sync-binlog=0',
	'--key-buffer-size=8M',
];
