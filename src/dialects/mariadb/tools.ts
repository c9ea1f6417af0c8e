import { query, sql } from '../../sql/sql.ts';
import { CODE, lastStatement, leaving, quoted } from '../common/pieces.ts';
import type { Tools } from '../contract/tools.ts';
import { LOAD_SETTINGS } from './load.ts';

// Names of the server come after the mark that ends options (--), or behind a `=`: one may look like an option.
// Only this one file is read: a `lock-all-tables` in somebody's ~/.my.cnf would hang under the lock.
const DEFAULTS = '--defaults-file=/dev/fd/3';
const DUMP = ['mariadb-dump', 'mysqldump'];

/** Limits of the server on other people's statements, lifted for the client's session. The dump tool itself lifts max_statement_time, and cannot be told of the others. */
const LIFTED = [
	...['max_statement_time=0', 'idle_transaction_timeout=0', 'idle_write_transaction_timeout=0', 'wait_timeout=31536000'],
	...['net_read_timeout=3600', 'sql_select_limit=18446744073709551615', 'sql_big_selects=1', 'sql_safe_updates=0'],
]
	.map((setting) => `SESSION ${setting}`)
	.join(', ');

// The allow-list of .github/docs/measured.md, Dump tools under the lock: nothing here takes a lock of its own, whatever the applier does meanwhile.
const COMMON = ['--single-transaction', '--quick', '--hex-blob', '--max-allowed-packet=1G', '--default-character-set=utf8mb4'];
const WHOLE = [...COMMON, ...CODE];

const history = ({ versioned }: { versioned: boolean }) => (versioned ? ['--dump-history'] : []);

/** All that the tools say of themselves and not of what they dump; whatever else they say with exit code 0 is of something left out. */
const HARMLESS = [
	/: Deprecated program name\. It will be removed in a future release, use '.*' instead$/,
	/^WARNING: option --ssl-verify-server-cert is disabled, because of an insecure passwordless login\.$/,
];

export const tools: Tools = {
	dumpDatabase: (on, database, ignore, facts) => ({
		on,
		names: DUMP,
		argv: [DEFAULTS, ...WHOLE, ...history(facts), ...leaving(database, ignore), '--databases', '--', database],
	}),
	dumpRows: (on, database, table) => ({
		on,
		names: DUMP,
		argv: [DEFAULTS, ...COMMON, '--skip-triggers', '--no-create-info', '--dump-history', '--', database, table],
	}),
	dumpForSeed: (on, databases, facts) => ({
		on,
		names: DUMP,
		argv: [DEFAULTS, ...WHOLE, ...history(facts), '--master-data=2', '--gtid', '--databases', '--', ...databases],
	}),
	load: (on, logged = false) => ({
		on,
		names: ['mariadb', 'mysql'],
		argv: [
			DEFAULTS,
			`--init-command=SET ${logged ? '' : 'SESSION sql_log_bin=0, '}SESSION foreign_key_checks=0, SESSION unique_checks=0, SESSION check_constraint_checks=0, ${LIFTED}, SESSION ${LOAD_SETTINGS}`,
			'--max-allowed-packet=1G',
			'--default-character-set=utf8mb4',
			'--batch',
			// Without them the client strips the comments, and the carriage returns, out of routines and triggers, and takes commands of its own.
			'--comments',
			'--binary-mode',
			// Since 10.11.8: no commands that reach files or programs.
			'--loose-sandbox',
		],
	}),
	options: ({ host, port, socket, user, tls }) => [
		'[client]',
		`user=${quoted(user)}`,
		...(socket === null ? [`host=${quoted(host)}`, `port=${port}`, 'protocol=tcp'] : [`socket=${quoted(socket)}`]),
		...(tls === null
			? ['skip-ssl']
			: [
					'ssl',
					tls.verify === 'nothing' ? 'skip-ssl-verify-server-cert' : 'ssl-verify-server-cert',
					...(tls.ca === null ? [] : [`ssl-ca=${quoted(tls.ca)}`]),
					...(tls.cert === null ? [] : [`ssl-cert=${quoted(tls.cert)}`]),
					...(tls.key === null ? [] : [`ssl-key=${quoted(tls.key)}`]),
				]),
		// The methods that give the password itself to a server are plugins in files; without them only the answer to a challenge is left.
		...(socket !== null || (tls !== null && tls.verify !== 'nothing') ? [] : ['plugin-dir=/dev/null']),
	],
	// With a limit of 1 it even writes tables with their first column only, and says nothing (seen on 10.11 and 11.8).
	misledBy: query(sql`SELECT @@global.sql_select_limit AS most, @@global.sql_select_limit < 18446744073709551615 AS limited`, ([row]) => [
		...(row?.limited === '1'
			? [{ setting: `sql_select_limit = ${row.most}`, hint: 'SET GLOBAL sql_select_limit = 18446744073709551615;' }]
			: []),
	]),
	lastStatement,
	exposesPassword: false,
	isOurs: (banner) => /mariadb/i.test(banner),
	// It escapes these as in a text and then selects a database of that name, which there is none of (seen with 10.11 and 11.8).
	cannotSelect: (database) => /['"\\\n\r\x1a]/.test(database),
	isHarmless: (line) => HARMLESS.some((known) => known.test(line)),
};
