import type { Query } from '../../sql/sql.ts';

/** What decides, besides the identity's own settings, what a crash loses or repeats on a replica. */
export type CrashSettings = {
	readonly relayLogRecovery: boolean;
	/** Whether the applied position is in a table that a transaction changes together with the rows. */
	readonly transactionalPosition: boolean;
	/** Whether an option names the relay log; else its name follows the host’s or the pid file’s. */
	readonly isRelayLogNamed: boolean;
};

/** The largest packet, bytes: that clients may send, and that the applier takes. */
export type PacketSizes = { readonly clients: number; readonly applier: number };

/** A folder that fills. */
export type ServerFolder = { readonly use: 'data' | 'relay' | 'log' | 'temporary'; readonly path: string };

/** What ends the logins of an account, or keeps it from one. */
export type AccountLimits = {
	/** `user@host` */
	readonly account: string;
	readonly locked: boolean;
	readonly expired: boolean;
	/** Days until its password expires; null: never. */
	readonly expiresInDays: number | null;
	/** `max_user_connections = 1`; 0 is no limit and is not among them. */
	readonly limits: readonly string[];
};

/** How long an IO thread tries to connect before it gives up. */
export type ConnectRetries = { readonly channel: string; readonly times: number; readonly seconds: number };

/** Questions that only `lockstep doctor` asks; each is answered at once. */
export interface Diagnostics {
	readonly crash: Query<CrashSettings>;
	readonly packets: Query<PacketSizes>;
	readonly folders: Query<readonly ServerFolder[]>;
	/** By the server's own clock, seconds since 1970, with fractions. */
	readonly clock: Query<number>;
	/** Accounts, as the server writes them, that write although it is read-only. */
	readonly bypass: Query<readonly string[]>;
	/** Of the accounts with this user name, whatever their host. */
	accountLimits(user: string): Query<readonly AccountLimits[]>;
	/** Bytes of all its binary logs; 0 without any. */
	readonly logBytes: Query<number>;
	/** Null where it never gives up within a year. */
	readonly retries: Query<readonly ConnectRetries[]> | null;
	/** Lines that fix something: statements, and lines for the option file, each copyable. */
	readonly fixes: {
		readonly relayLogRecovery: readonly string[];
		readonly transactionalPosition: readonly string[];
		readonly relayLog: readonly string[];
		readonly syncBinlog: readonly string[];
		readonly flushLog: readonly string[];
		readonly logReplicaUpdates: readonly string[];
		readonly readOnly: readonly string[];
		readonly events: readonly string[];
		readonly expiry: readonly string[];
		/** `channel`: its name, empty for the default one. */
		gtidPositioning(channel: string): readonly string[];
		retries(channel: string): readonly string[];
		startChannel(channel: string): readonly string[];
		packets(bytes: number): readonly string[];
		/** `account` as {@link AccountLimits} gives it. */
		unlimited(account: string): readonly string[];
	};
}
