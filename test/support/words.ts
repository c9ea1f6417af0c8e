// What tests do to servers by hand, in each vendor's words.
import { ask, type SandboxKind, type SandboxServer, value } from './servers.ts';

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
	readonly startSql: string;
	readonly stopSql: string;
	readonly startIo: string;
	readonly stopIo: string;
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
	configure(source: { port: number; user: string; password: string; tls?: boolean }): string;
	/** Names of the dump tool and the client, as the sandbox has them. */
	readonly dump: string;
	readonly client: string;
	/** A row a channel. */
	readonly status: string;
	channel(row: Readonly<Record<string, string | null>>): SeenChannel;
	/** What stands after FROM for the numbers from 1 to `count`, in its column `seq`. */
	numbers(count: number): string;
}

const MARIADB: Words = {
	start: 'START SLAVE',
	stop: 'STOP SLAVE',
	startSql: 'START SLAVE SQL_THREAD',
	stopSql: 'STOP SLAVE SQL_THREAD',
	startIo: 'START SLAVE IO_THREAD',
	stopIo: 'STOP SLAVE IO_THREAD',
	forget: 'RESET SLAVE ALL',
	forgetLog: 'RESET MASTER',
	forgetPosition: ["SET GLOBAL gtid_slave_pos = ''"],
	written: 'SELECT @@global.gtid_binlog_pos',
	replicated: 'SELECT @@global.gtid_slave_pos',
	setReplicated: (gtid) => `SET GLOBAL gtid_slave_pos = '${gtid}'`,
	wait: (gtid, seconds) => `SELECT MASTER_GTID_WAIT('${gtid}', ${seconds})`,
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
	numbers: (count) => `seq_1_to_${count}`,
};

const MYSQL: Words = {
	start: 'START REPLICA',
	stop: 'STOP REPLICA',
	startSql: 'START REPLICA SQL_THREAD',
	stopSql: 'STOP REPLICA SQL_THREAD',
	startIo: 'START REPLICA IO_THREAD',
	stopIo: 'STOP REPLICA IO_THREAD',
	forget: 'RESET REPLICA ALL',
	forgetLog: 'RESET BINARY LOGS AND GTIDS',
	forgetPosition: [],
	written: 'SELECT @@global.gtid_executed',
	replicated: 'SELECT @@global.gtid_executed',
	setReplicated: (gtid) => `SET GLOBAL gtid_purged = '${gtid}'`,
	wait: (gtid, seconds) => `SELECT WAIT_FOR_EXECUTED_GTID_SET('${gtid}', ${seconds})`,
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
	numbers: (count) =>
		`(WITH RECURSIVE n (seq) AS (SELECT 1 UNION ALL SELECT seq + 1 FROM n WHERE seq < ${count}) SELECT seq FROM n) AS numbers`,
};

export const isMysql = (kind: SandboxKind): boolean => kind.startsWith('mysql');

export const wordsOf = (kind: SandboxKind): Words => (isMysql(kind) ? MYSQL : MARIADB);

/** All channels of a server. */
export async function channelsOf(kind: SandboxKind, server: At): Promise<SeenChannel[]> {
	const words = wordsOf(kind);
	return (await ask(server, words.status)).map(words.channel);
}

/** Waits until the replica has applied all that the primary has written by now. */
export async function caughtUp(kind: SandboxKind, { primary, replica }: { readonly primary: At; readonly replica: At }): Promise<void> {
	const words = wordsOf(kind);
	const target = ((await value(primary, words.written)) ?? '').replaceAll('\n', '');
	if ((await value(replica, words.wait(target, 30))) !== '0') throw new Error(`the replica does not reach ${target}`);
}
