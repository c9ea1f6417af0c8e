import { query, sql } from '../../sql/sql.ts';
import { CODE, lastStatement, leaving, quoted } from '../common/pieces.ts';
import type { Tools } from '../contract/tools.ts';
import { LOAD_SETTINGS } from './load.ts';
import { SEED_GATE } from './locks.ts';

// Names of the server come after the mark that ends options (--), or behind a `=`: one may look like an option.
// Only this one file is read: a `lock-all-tables` in somebody's ~/.my.cnf would hang under the lock.
const DEFAULTS = '--defaults-file=/dev/fd/3';
const DUMP = ['mysqldump'];

/** Limits of the server on other people's statements, lifted for a tool's session; tools before 8.0.32 cannot be told. */
const LIFTED =
	'SESSION max_execution_time=0, SESSION wait_timeout=31536000, SESSION sql_select_limit=18446744073709551615, SESSION sql_big_selects=1, SESSION sql_safe_updates=0';
const init = (more = '') => `--loose-init-command=SET ${LIFTED}${more}`;

// The allow-list of .github/docs/measured.md, Dump tools under the lock: with --set-gtid-purged=OFF nothing here takes a lock of its own (seen in 9.7's general log).
const COMMON = [
	'--single-transaction',
	'--quick',
	'--hex-blob',
	'--max-allowed-packet=1G',
	'--default-character-set=utf8mb4',
	// Needs PROCESS otherwise, and says so with exit code 0.
	'--no-tablespaces',
];
const WHOLE = [...COMMON, ...CODE];

/** Seconds in which a seed's tool is let through to its snapshot. */
const SEED_GATE_WAIT = 600;

/** All that the tools say of themselves and not of what they dump; whatever else they say with exit code 0 is of something left out. */
const HARMLESS = [
	/^Warning: A partial dump from a server that has GTIDs will by default include the GTIDs of all transactions, even those that changed suppressed parts of the database\. If you don't want to restore GTIDs, pass --set-gtid-purged=OFF\. To make a complete dump, pass --all-databases --triggers --routines --events\.\s*$/,
	/: \[Warning\] unknown option '--loose-init-command(=.*)?'\.?$/,
];

export const tools: Tools = {
	dumpDatabase: (on, database, ignore) => ({
		on,
		names: DUMP,
		argv: [DEFAULTS, ...WHOLE, init(), '--set-gtid-purged=OFF', ...leaving(database, ignore), '--databases', '--', database],
	}),
	dumpRows: (on, database, table) => ({
		on,
		names: DUMP,
		argv: [DEFAULTS, ...COMMON, init(), '--set-gtid-purged=OFF', '--skip-triggers', '--no-create-info', '--', database, table],
	}),
	dumpForSeed: (on, databases) => ({
		on,
		names: DUMP,
		argv: [
			DEFAULTS,
			...WHOLE,
			// With a position in its text it would take FLUSH TABLES WITH READ LOCK for itself, beside whatever runs.
			init(`, @lockstep_gate=GET_LOCK('${SEED_GATE}', ${SEED_GATE_WAIT})`),
			'--set-gtid-purged=OFF',
			'--databases',
			'--',
			...databases,
		],
	}),
	load: (on, logged = false) => ({
		on,
		names: ['mysql'],
		argv: [
			DEFAULTS,
			`--init-command=SET ${logged ? '' : 'SESSION sql_log_bin=0, '}SESSION foreign_key_checks=0, SESSION unique_checks=0, ${LIFTED}, SESSION ${LOAD_SETTINGS}, SESSION net_read_timeout=3600`,
			'--max-allowed-packet=1G',
			'--default-character-set=utf8mb4',
			'--batch',
			// Without them the client strips the comments, and the carriage returns, out of routines and triggers.
			'--comments',
			'--binary-mode',
		],
	}),
	options: ({ host, port, socket, user, tls, serverKey }) => [
		'[client]',
		`user=${quoted(user)}`,
		...(socket === null ? [`host=${quoted(host)}`, `port=${port}`, 'protocol=tcp'] : [`socket=${quoted(socket)}`]),
		...(tls === null
			? [
					'ssl-mode=DISABLED',
					...(socket !== null || serverKey === null
						? []
						: [serverKey === true ? 'get-server-public-key' : `server-public-key-path=${quoted(serverKey)}`]),
				]
			: [
					`ssl-mode=${{ nothing: 'REQUIRED', ca: 'VERIFY_CA', identity: 'VERIFY_IDENTITY' }[tls.verify]}`,
					...(tls.ca === null ? [] : [`ssl-ca=${quoted(tls.ca)}`]),
					...(tls.cert === null ? [] : [`ssl-cert=${quoted(tls.cert)}`]),
					...(tls.key === null ? [] : [`ssl-key=${quoted(tls.key)}`]),
				]),
	],
	misledBy: query(sql`SELECT 1`, () => []),
	lastStatement,
	exposesPassword: true,
	isOurs: (banner) => !/mariadb/i.test(banner),
	cannotSelect: () => false,
	isHarmless: (line) => HARMLESS.some((known) => known.test(line)),
};
