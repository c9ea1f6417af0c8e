// What tests do to servers by hand, in each vendor's words.
import { ServerError } from '../../src/core/errors.ts';
import { ask, rootSession, type SandboxKind, type SandboxServer, value } from './servers.ts';

type At = Pick<SandboxServer, 'socket'>;

/** A replica's channel, as tests ask for it. */
export type SeenChannel = {
	readonly name: string;
	readonly host: string;
	readonly port: number;
	readonly user: string;
	readonly tls: boolean;
	readonly usesGtid: boolean;
	readonly io: string;
	readonly sql: string;
	/** `None` where its SQL thread runs on without an end. */
	readonly until: string;
	readonly error: string;
};

export interface Words {
	readonly start: string;
	readonly stop: string;
	/** Before a channel is let run to a position. */
	readonly pause: string;
	readonly startSql: string;
	readonly stopSql: string;
	/** How a backup gives read_only back that was OFF. */
	readonly restoreReadOnly: string;
	/** Forgets the channel. */
	readonly forget: string;
	/** Forgets the binary log, and in MySQL the position with it. */
	readonly forgetLog: string;
	/** Forgets what was replicated; nothing where forgetting the log does. */
	readonly forgetPosition: readonly string[];
	/** Of one row and column: all that is in the server's own binary log. */
	readonly written: string;
	/** Of one row and column: all that it replicated. */
	readonly replicated: string;
	/** Makes it begin there; the server must be fresh, or forgotten. */
	setReplicated(gtid: string): string;
	/** Of one row and column, `0` where it was reached in time. */
	wait(gtid: string, seconds: number): string;
	/** Its source is at another port now, and nothing else changes. */
	moveTo(port: number): string;
	configure(source: { port: number; user: string; password: string; tls?: boolean }): string;
	/** Names of the dump tool and the client, as the sandbox has them. */
	readonly dump: string;
	readonly client: string;
	/** A row a channel. */
	readonly status: string;
	channel(row: Readonly<Record<string, string | null>>): SeenChannel;
	/** All accounts with their rights and roles, in an order that stays. */
	readonly accounts: readonly string[];
	/** What stands after FROM for the numbers from 1 to `count`, in its column `seq`. */
	numbers(count: number): string;
}

const MARIADB: Words = {
	start: 'START SLAVE',
	stop: 'STOP SLAVE',
	pause: 'STOP SLAVE',
	startSql: 'START SLAVE SQL_THREAD',
	stopSql: 'STOP SLAVE SQL_THREAD',
	restoreReadOnly: 'SET GLOBAL read_only = OFF',
	forget: 'RESET SLAVE ALL',
	forgetLog: 'RESET MASTER',
	forgetPosition: ["SET GLOBAL gtid_slave_pos = ''"],
	written: 'SELECT @@global.gtid_binlog_pos',
	replicated: 'SELECT @@global.gtid_slave_pos',
	setReplicated: (gtid) => `SET GLOBAL gtid_slave_pos = '${gtid}'`,
	wait: (gtid, seconds) => `SELECT MASTER_GTID_WAIT('${gtid}', ${seconds})`,
	moveTo: (port) => `CHANGE MASTER TO MASTER_PORT = ${port}`,
	configure: ({ port, user, password, tls = false }) =>
		`CHANGE MASTER TO MASTER_HOST = '127.0.0.1', MASTER_PORT = ${port}, MASTER_USER = '${user}', MASTER_PASSWORD = '${password}', ` +
		`MASTER_SSL = ${tls ? 1 : 0}, MASTER_SSL_VERIFY_SERVER_CERT = 0, MASTER_USE_GTID = slave_pos`,
	dump: 'mariadb-dump',
	client: 'mariadb',
	status: 'SHOW ALL SLAVES STATUS',
	channel: (row) => ({
		...{ name: row.Connection_name ?? '', host: row.Master_Host ?? '', port: Number(row.Master_Port), user: row.Master_User ?? '' },
		...{ tls: row.Master_SSL_Allowed === 'Yes', usesGtid: row.Using_Gtid === 'Slave_Pos' },
		...{ io: row.Slave_IO_Running ?? '', sql: row.Slave_SQL_Running ?? '', until: row.Until_Condition ?? '' },
		error: row.Last_IO_Error || row.Last_SQL_Error || '',
	}),
	accounts: [
		'SELECT * FROM mysql.global_priv ORDER BY User, Host',
		'SELECT * FROM mysql.db ORDER BY User, Host, Db',
		'SELECT * FROM mysql.roles_mapping ORDER BY User, Host, Role',
	],
	numbers: (count) => `seq_1_to_${count}`,
};

const MYSQL: Words = {
	start: 'START REPLICA',
	stop: 'STOP REPLICA',
	pause: 'STOP REPLICA SQL_THREAD',
	startSql: 'START REPLICA SQL_THREAD',
	stopSql: 'STOP REPLICA SQL_THREAD',
	restoreReadOnly: 'SET GLOBAL read_only = IF(@@GLOBAL.super_read_only, 1, 0)',
	forget: 'RESET REPLICA ALL',
	forgetLog: 'RESET BINARY LOGS AND GTIDS',
	forgetPosition: [],
	written: 'SELECT @@global.gtid_executed',
	replicated: 'SELECT @@global.gtid_executed',
	setReplicated: (gtid) => `SET GLOBAL gtid_purged = '${gtid}'`,
	wait: (gtid, seconds) => `SELECT WAIT_FOR_EXECUTED_GTID_SET('${gtid}', ${seconds})`,
	moveTo: (port) => `CHANGE REPLICATION SOURCE TO SOURCE_PORT = ${port}`,
	configure: ({ port, user, password, tls = false }) =>
		`CHANGE REPLICATION SOURCE TO SOURCE_HOST = '127.0.0.1', SOURCE_PORT = ${port}, SOURCE_USER = '${user}', SOURCE_PASSWORD = '${password}', ` +
		`SOURCE_SSL = ${tls ? 1 : 0}, GET_SOURCE_PUBLIC_KEY = ${tls ? 0 : 1}, SOURCE_AUTO_POSITION = 1`,
	dump: 'mysqldump',
	client: 'mysql',
	status: 'SHOW REPLICA STATUS',
	channel: (row) => ({
		...{ name: row.Channel_Name ?? '', host: row.Source_Host ?? '', port: Number(row.Source_Port), user: row.Source_User ?? '' },
		...{ tls: row.Source_SSL_Allowed === 'Yes', usesGtid: row.Auto_Position === '1' },
		...{ io: row.Replica_IO_Running ?? '', sql: row.Replica_SQL_Running ?? '', until: row.Until_Condition ?? '' },
		error: row.Last_IO_Error || row.Last_SQL_Error || '',
	}),
	accounts: [
		'SELECT * FROM mysql.user ORDER BY User, Host',
		'SELECT * FROM mysql.global_grants ORDER BY USER, HOST, PRIV',
		'SELECT * FROM mysql.db ORDER BY User, Host, Db',
		'SELECT * FROM mysql.role_edges ORDER BY TO_USER, TO_HOST, FROM_USER, FROM_HOST',
		'SELECT * FROM mysql.default_roles ORDER BY USER, HOST, DEFAULT_ROLE_USER, DEFAULT_ROLE_HOST',
	],
	numbers: (count) =>
		`(WITH RECURSIVE n (seq) AS (SELECT 1 UNION ALL SELECT seq + 1 FROM n WHERE seq < ${count}) SELECT seq FROM n) AS numbers`,
};

export const isMysql = (kind: SandboxKind): boolean => kind.startsWith('mysql');

export const wordsOf = (kind: SandboxKind): Words => (isMysql(kind) ? MYSQL : MARIADB);

/** The words of whoever answers there, where nobody says which kind it is. */
export const wordsAt = async (server: At): Promise<Words> =>
	/mariadb/i.test((await value(server, 'SELECT VERSION()')) ?? '') ? MARIADB : MYSQL;

/** ON or OFF; null where the server has no such switch. */
export const superReadOnlyOf = async (server: At): Promise<string | null> =>
	(await ask(server, "SHOW GLOBAL VARIABLES LIKE 'super_read_only'"))[0]?.Value ?? null;

/** Makes a server read-only as a replica should be, for administrators too where that can be had, or ends it. */
export async function setReadOnly(server: At, to: '0' | '1'): Promise<void> {
	const known = to === '1' && (await superReadOnlyOf(server)) !== null;
	await ask(server, `SET GLOBAL ${known ? 'super_read_only' : 'read_only'} = ${to}`);
}

/** What root writes past the binary log, on a server that lets nobody write as well. */
export async function aside(server: At, statements: readonly string[], options: { timeoutMs?: number } = {}): Promise<void> {
	const refuses = (await superReadOnlyOf(server)) === 'ON';
	await using session = await rootSession(server);
	const each = (text: string) => session.query({ pieces: [text] }, options);
	await each('SET sql_log_bin = 0');
	if (refuses) await each('SET GLOBAL super_read_only = OFF');
	try {
		for (const text of statements) await each(text);
	} finally {
		if (refuses) await each('SET GLOBAL super_read_only = ON');
	}
}

/** `super_read_only` refuses all of them, whoever holds a lock. */
const REFUSED = 1290;
const HOLDERS =
	"SELECT COUNT(*) AS n FROM performance_schema.metadata_locks WHERE OBJECT_TYPE IN ('GLOBAL', 'COMMIT') AND LOCK_TYPE = 'SHARED'";

/** Whether a privileged client's write, which is not for the log, goes through within a second; where none would, whether nobody has the lock. */
export async function writable(server: At, write: string): Promise<boolean> {
	try {
		await using session = await rootSession(server);
		await session.query({ pieces: ['SET SESSION sql_log_bin = 0, lock_wait_timeout = 1'] });
		const refused = await session.query({ pieces: [write] }).then(
			() => false,
			(error) => {
				if (error instanceof ServerError && error.code === REFUSED) return true;
				throw error;
			},
		);
		return !refused || (await session.query({ pieces: [HOLDERS] }))[0]?.n === '0';
	} catch {
		return false;
	}
}

/** All channels of a server. */
export async function channelsOf(kind: SandboxKind, server: At): Promise<SeenChannel[]> {
	const words = wordsOf(kind);
	return (await ask(server, words.status)).map(words.channel);
}

/** Waits until the replica has applied all that the primary has written by now. */
export async function caughtUp(
	kind: SandboxKind,
	{ primary, replica }: { readonly primary: At; readonly replica: At },
	seconds = 30,
): Promise<void> {
	const words = wordsOf(kind);
	const target = ((await value(primary, words.written)) ?? '').replaceAll('\n', '');
	if ((await value(replica, words.wait(target, seconds))) !== '0') throw new Error(`the replica does not reach ${target}`);
}
