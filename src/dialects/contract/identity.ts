/** A server as it describes itself. Everything here can be read without a privilege. */
export type Identity = {
	readonly version: string;
	/** `10.11`, `11.8`, `9.7`: what is compared when a replica must not be older than its primary. */
	readonly series: string;
	readonly comment: string;
	readonly hostname: string;
	readonly port: number;
	readonly serverId: number;
	readonly serverUuid: string | null;
	readonly dataDir: string;
	readonly binaryLog: boolean;
	readonly binlogFormat: string;
	readonly logsReplicaUpdates: boolean;
	readonly gtidStrict: boolean;
	/** Null where the server has no such variable. */
	readonly readOnly: string;
	readonly superReadOnly: string | null;
	readonly eventScheduler: string;
	readonly tls: boolean;
	readonly syncBinlog: number;
	readonly flushLogAtCommit: number;
	readonly sqlMode: string;
	readonly characterSet: string;
	readonly timeZone: string;
	readonly lowerCaseTableNames: number;
	readonly uptimeSeconds: number;
	/** By the server's own clock, seconds since 1970; exact to a few seconds. Another value means that it was restarted. */
	readonly startedAt: number;
	/** 0: binary logs are never purged by age. */
	readonly binlogExpireSeconds: number;
	/** Part of a Galera cluster: FTWRL and read_only mean something else there. */
	readonly cluster: boolean;
	/** The account that the server sees us as. */
	readonly account: string;
};
