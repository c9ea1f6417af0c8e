import type { ErrorMessage } from '../core/errors.ts';

/** What a server's error number means and what to do. `$1` is the first thing the pattern catches in the server's own text. */
interface Entry {
	readonly message: string;
	readonly hints?: readonly string[];
}

const LOST = 'The connection to the server is lost, and with it every lock that it held.';

/** Numbers after which the connection is no more, whatever the socket looks like. */
const GONE = new Set([1053, 1927, 2006, 2013, 2026, 3169, 4031]);
const GONE_CODES = new Set(['PROTOCOL_CONNECTION_LOST', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ECONNABORTED', 'HANDSHAKE_SSL_ERROR']);

/** Whether the connection is gone. `code` is the driver's or the system's word where the server gave no number. */
export function isConnectionLost(number: number | null, code: string | undefined, fatal: boolean): boolean {
	return number === null
		? fatal || code === undefined || GONE_CODES.has(code) || code.startsWith('ERR_SSL') || code.startsWith('PROTOCOL_')
		: GONE.has(number);
}

/** Sentences for a server's refusal. `text` is the server's own, `account` our `CURRENT_USER()`, for the GRANT to print. */
export function meaning(number: number | null, text: string, lost: boolean, account?: string): ErrorMessage {
	const entry =
		number === null ? undefined : entryOf(number, text, account === undefined || account === '' ? 'ACCOUNT' : quotedAccount(account));
	if (entry !== undefined) return { message: entry.message, ...(entry.hints === undefined ? {} : { hints: entry.hints }) };
	if (lost) {
		return {
			message: LOST,
			hints: ['Is the server up? Its error log says who ended the connection: a KILL, a timeout, a restart, or the network.'],
		};
	}
	return { message: `The server refused a statement${number === null ? '' : ` (error ${number})`}.` };
}

function lacksPrivilege(text: string, account: string): Entry {
	const names = (/\(at least one of\) the (.+?) privilege/i.exec(text)?.[1] ?? '').split(/,\s*|\s+or\s+/i).filter((name) => name !== '');
	const least = names.find((name) => name !== 'SUPER') ?? names[0] ?? 'SUPER';
	return {
		message: `The account lacks a privilege: ${names.length === 0 ? 'the server does not say which' : names.join(' or ')}.`,
		hints: [`GRANT ${least} ON *.* TO ${account};`],
	};
}

function deniedOnTable(text: string, account: string): Entry {
	const [, command = 'SELECT', table] =
		/^(.+?) command denied to user .+? for (?:table|column .+? in table) [`'](.+)[`']/i.exec(text) ?? [];
	return { message: `The account may not ${command} there.`, hints: [`GRANT ${command} ON ${grantedTable(table)} TO ${account};`] };
}

/** MySQL says the table without its database. */
function grantedTable(table: string | undefined): string {
	if (table === undefined) return 'DATABASE.TABLE';
	return table.includes('`.`') ? `\`${table}\`` : `DATABASE.\`${table}\``;
}

function deniedOnDatabase(text: string, account: string): Entry {
	const database = /to database '(.+)'/.exec(text)?.[1];
	return {
		message: `The account may not use ${database === undefined ? 'that database' : `the database ${database}`}.`,
		hints: [
			`GRANT SELECT, SHOW VIEW, TRIGGER, EVENT, LOCK TABLES ON ${database === undefined ? '*' : `\`${database.replaceAll('`', '``')}\``}.* TO ${account};`,
		],
	};
}

function forbiddenByOption(text: string): Entry {
	const option = /running with the (--\S+)/.exec(text)?.[1];
	const variable = option?.includes('read-only') ? '%read_only' : option?.slice(2).replaceAll('-', '_');
	return {
		message: option?.includes('read-only')
			? 'The server is read-only.'
			: `The server runs with ${option ?? 'an option'} that forbids this.`,
		hints: [`Look before you change it: SHOW GLOBAL VARIABLES${variable === undefined ? '' : ` LIKE '${variable}'`};`],
	};
}

function entryOf(number: number, text: string, account: string): Entry | undefined {
	switch (number) {
		case 1205:
			return {
				message: 'A lock could not be acquired in time.',
				hints: ['Who holds it: SHOW FULL PROCESSLIST;', 'Wait for that statement or end it, then try again.'],
			};
		case 1213:
			return { message: 'The server ended this statement to break a deadlock.', hints: ['Try again.'] };
		case 3024:
		case 1969:
			return {
				message: 'The statement ran into the time it was given, and was ended.',
				hints: ['What it waited for: SHOW FULL PROCESSLIST;'],
			};
		case 1317:
			return { message: 'The statement was interrupted: it was killed, or it reached a limit.' };
		case 1227:
			return lacksPrivilege(text, account);
		case 1142:
		case 1143:
			return deniedOnTable(text, account);
		case 1044:
			return deniedOnDatabase(text, account);
		case 1370:
			return { message: 'The account may not do that with a stored routine.', hints: [`What it may do: SHOW GRANTS FOR ${account};`] };
		case 1410:
			return {
				message: 'The account may not make accounts, or give what it does not have.',
				hints: [`GRANT CREATE USER ON *.* TO ${account};`],
			};
		case 1064:
			return {
				message: 'The server does not understand the statement: it is another kind or another version than was thought.',
				hints: ['SELECT VERSION();'],
			};
		case 1193:
			return {
				message: `The server has no variable ${/'(.+?)'/.exec(text)?.[1] ?? 'of that name'}: it is another kind or another version.`,
				hints: ['SELECT VERSION();'],
			};
		case 1290:
			return forbiddenByOption(text);
		// MySQL's own numbers for the same, of one thread or of both.
		case 3017:
		case 3021:
		case 3081:
		case 1198: {
			// In the server's own words: `run STOP SLAVE first`, `STOP REPLICA SQL_THREAD`.
			const stop = /\bSTOP (?:SLAVE|REPLICA)(?: (?:SQL|IO)_THREAD)?/.exec(text)?.[0] ?? (number === 1198 ? 'STOP SLAVE' : 'STOP REPLICA');
			return {
				message: 'Replication is running; this can only be done while it is stopped.',
				hints: [
					`Stop replication first:  ${stop};`,
					`See that it stands, then try again: SHOW ${stop.includes('SLAVE') ? 'SLAVE' : 'REPLICA'} STATUS;`,
				],
			};
		}
		case 3546:
		case 1840:
			return {
				message: 'The GTID position cannot be set: the server has some of it already.',
				hints: ['What it has: SELECT @@global.gtid_executed, @@global.gtid_purged;', 'To empty it, empty its own binary log, too.'],
			};
		case 1785:
			return {
				message: 'One statement or transaction would change tables with and without transactions, which has no GTID.',
				hints: ['Tables without transactions: ALTER TABLE … ENGINE = InnoDB; or change them in statements of their own.'],
			};
		case 1418:
		case 1419:
			return {
				message: 'The server takes no such function or trigger while its binary log is on.',
				hints: ['If its primary takes them: SET GLOBAL log_bin_trust_function_creators = ON; and in its option file.'],
			};
		case 3098:
		case 3100:
		case 3101:
			return {
				message: 'Group Replication refused it: the table has no primary key or another engine, or another member changed the same rows.',
				hints: ['The server’s error log says which: SELECT * FROM performance_schema.error_log ORDER BY LOGGED DESC LIMIT 5;'],
			};
		case 3707:
			return {
				message: 'The server stopped to start again, and nothing starts it again.',
				hints: ['Start it by hand, or by its service, then continue.'],
			};
		case 3857:
		case 4085:
			return {
				message: 'Another session holds LOCK INSTANCE FOR BACKUP, which forbids this.',
				hints: [
					"Who: SELECT * FROM performance_schema.metadata_locks WHERE OBJECT_TYPE = 'BACKUP LOCK';",
					'Wait until that backup is done.',
				],
			};
		case 1223:
		case 1192:
			return {
				message: 'This session itself holds a lock, or has a transaction open, that forbids the statement.',
				hints: ['UNLOCK TABLES; and COMMIT; in that session end it.'],
			};
		// Both are MariaDB's; MySQL's GTID sets have gaps.
		case 1950:
			return {
				message: 'A GTID is out of order: something was written on this server that its source does not know.',
				hints: ['Compare: SELECT @@gtid_binlog_pos, @@gtid_slave_pos;', 'Usually the replica must be seeded again.'],
			};
		case 1947:
			return {
				message: 'The GTID position asked for is older than what this server’s own binary log has already.',
				hints: ['Compare: SELECT @@gtid_binlog_pos, @@gtid_slave_pos;', 'Was something written on the replica itself?'],
			};
		case 3032:
			return {
				message: 'The server was set to offline mode, which ends all other sessions.',
				hints: ['SET GLOBAL offline_mode = OFF;  then try again.'],
			};
		case 1053:
			return { message: 'The server is shutting down.', hints: ['Wait until it is up again, then continue.'] };
		case 2026:
			return {
				message: 'The encrypted connection broke off.',
				hints: ['Is the server up? In the middle of work this means a lost connection, not wrong certificates.'],
			};
		case 1927:
		case 3169:
			return { message: `The connection was killed. ${LOST}`, hints: ['Find out who did, and why, before you continue.'] };
		case 4031:
			return { message: `The server cut the connection because it was idle too long. ${LOST}` };
		case 1040:
			return {
				message: 'The server has no free connection.',
				hints: ["SHOW GLOBAL STATUS LIKE 'Threads_connected'; and SELECT @@max_connections;", 'Or use fewer connections:  --workers 1'],
			};
		case 1203:
		case 1226:
			return {
				message: `The account has used up what it may: ${/'([^']+)' resource/.exec(text)?.[1] ?? 'its connections'}.`,
				hints: [`Its limits: SHOW CREATE USER ${account};`, 'End its other sessions, or use fewer connections:  --workers 1'],
			};
		case 1153:
			return {
				message: 'A row is larger than the server takes in one packet.',
				hints: ['SET GLOBAL max_allowed_packet = 1073741824;  on the server that refused it, then the same command again.'],
			};
		case 1356:
			return {
				message: `${/View ('.+?')/.exec(text)?.[1] ?? 'A view'} is invalid: it uses what is not there any more, or its definer may not use it.`,
				hints: ['Correct it or drop it:  SHOW CREATE VIEW …;  DROP VIEW …;'],
			};
		case 1396:
			return { message: 'An account exists already, or does not exist.', hints: ['Which there are: SELECT user, host FROM mysql.user;'] };
		case 1397:
			return {
				message: 'The server knows no XA transaction of that name.',
				hints: ['Which are prepared: XA RECOVER;'],
			};
		case 1524:
			return {
				message: `The server lacks a plugin that an account logs in with: ${/'([^']+)'/.exec(text)?.[1] ?? 'it does not say which'}.`,
				hints: ["INSTALL PLUGIN …  SONAME '….so';  or give that account another way to log in."],
			};
		case 1819:
			return {
				message: 'The password does not meet the server’s policy.',
				hints: ["The policy: SHOW GLOBAL VARIABLES LIKE '%password%';"],
			};
		case 1959:
			return {
				message: 'A role does not exist, or nothing was granted to it.',
				hints: ["Which there are: SELECT user FROM mysql.user WHERE is_role = 'Y';"],
			};
		case 3862:
			return {
				message: 'The copy by CLONE failed on its donor, the primary: it ended the copy, or cannot be reached.',
				hints: ['Check that the primary is up and that the replica can reach it; then give the same command again.'],
			};
		case 3750:
			return {
				message: 'The server takes no table without a primary key (sql_require_primary_key).',
				hints: ['SET GLOBAL sql_require_primary_key = OFF;  on the server that refused it.'],
			};
		case 1820:
		case 1862:
			return {
				message: 'The password of the account has expired.',
				hints: ["Set a new one, in the ordinary client: SET PASSWORD = PASSWORD('…'); on MySQL: ALTER USER USER() IDENTIFIED BY '…';"],
			};
		case 3:
		case 1021:
		case 1114:
			return { message: 'The server has no room left on its disk, or for that table.', hints: ['Make room there, then try again.'] };
		default:
			return undefined;
	}
}

/** `CURRENT_USER()` is `user@host` without quotes; the user may hold an @, the host not. */
function quotedAccount(account: string): string {
	const at = account.lastIndexOf('@');
	const quoted = (text: string) => `'${text.replaceAll("'", "''")}'`;
	return at < 0 ? quoted(account) : `${quoted(account.slice(0, at))}@${quoted(account.slice(at + 1))}`;
}
