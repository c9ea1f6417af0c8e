import type { ServerFamily } from './family.ts';
import { mariadb } from './mariadb.ts';
import { mysql } from './mysql.ts';

export type SandboxKind = 'mariadb-10.11' | 'mariadb-11.8' | 'mysql-9.7';

/** One server that the sandbox can be made of. */
export interface Kind {
	readonly kind: SandboxKind;
	readonly title: string;
	/** `major.minor`, as `--version` begins. */
	readonly series: string;
	/** The Debian suite that has this series, and the packages to fetch from it. */
	readonly suite: string;
	readonly packages: readonly string[];
	/** How its servers are made and started. */
	readonly family: ServerFamily;
}

/** Every kind; the first is taken where nobody names another and the machine has no server. A new kind is one entry here. */
export const KINDS: readonly Kind[] = [
	{
		kind: 'mariadb-11.8',
		title: 'MariaDB 11.8',
		series: '11.8',
		suite: 'trixie',
		packages: ['mariadb-server-core', 'mariadb-client-core', 'mariadb-client', 'mariadb-backup'],
		family: mariadb,
	},
	{
		kind: 'mariadb-10.11',
		title: 'MariaDB 10.11',
		series: '10.11',
		suite: 'bookworm',
		packages: ['mariadb-server-core', 'mariadb-client-core', 'mariadb-client', 'mariadb-backup'],
		family: mariadb,
	},
	{
		kind: 'mysql-9.7',
		title: 'MySQL 9.7',
		series: '9.7',
		suite: 'sid',
		packages: ['mysql-server-core', 'mysql-client-core'],
		family: mysql,
	},
];

export const SANDBOX_KINDS: readonly SandboxKind[] = KINDS.map(({ kind }) => kind);
