import type { ToolPart } from '../core/action.ts';
import type { Secret } from '../sql/secret.ts';
import type { Settings } from '../sql/settings.ts';
import type { Query, Statement } from '../sql/sql.ts';
import type { CloneWords } from './clone.ts';
import type { DefinitionWords } from './definitions.ts';
import type { FitWords } from './fits.ts';
import type { Gap } from './gaps.ts';
import type { TableId } from './guards.ts';
import type { LoadWords } from './load.ts';
import type { Need, ObjectName, RowTable } from './objects.ts';
import type { OutsideWords } from './outside.ts';
import type { PasswordPolicy } from './passwords.ts';

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

/** Where a server stands. `gtid` is what a replica that has just this data must start from. */
export type Position = {
	readonly file: string | null;
	readonly pos: number | null;
	/** All that the server has: its own and what it replicated. */
	readonly gtid: string;
	/** What is in its own binary log, and what came from its source. */
	readonly written: string;
	readonly replicated: string;
};

/** A replica's channel in plain words. */
export type Channel = {
	readonly name: string;
	readonly host: string;
	readonly port: number;
	readonly user: string;
	readonly io: 'yes' | 'no' | 'connecting';
	readonly sql: 'yes' | 'no';
	readonly lagSeconds: number | null;
	readonly ioError: string | null;
	readonly sqlError: string | null;
	readonly ioState: string;
	readonly sqlState: string;
	/** It was told to run to a position and to stop there. */
	readonly bounded: boolean;
	readonly usesGtid: boolean;
	/** Received, though not necessarily applied. */
	readonly received: string;
	/** Where its SQL thread stands in the source's own files. */
	readonly sourceFile: string | null;
	readonly sourcePos: number | null;
	/** Up to where its IO thread has read the source's own files. */
	readonly receivedFile: string | null;
	readonly receivedPos: number | null;
	readonly relayBytes: number;
	readonly tlsAsked: boolean;
	readonly tlsVerified: boolean;
	readonly delaySeconds: number;
	/** What it leaves out of what its source writes. */
	readonly gaps: readonly Gap[];
};

export type TableFacts = {
	readonly database: string;
	readonly name: string;
	readonly kind: 'table' | 'view' | 'sequence';
	/** The engine's name; null for a view. */
	readonly engine: string | null;
	/** Whether the engine has snapshots, so that a reader sees one moment without a lock. */
	readonly transactional: boolean;
	/** False where its engine shows rows of other tables, of another server or of no place: they are never dumped, counted, compared, emptied or loaded. */
	readonly ownRows: boolean;
	/** Kept in memory only: empty after a restart, never equal. */
	readonly inMemory: boolean;
	readonly versioned: boolean;
	/** Estimates of the server. */
	readonly rows: number;
	readonly bytes: number;
};

/** The names of everything that a dump must hold, by database. */
export type Catalogue = {
	readonly databases: readonly string[];
	readonly tables: readonly TableFacts[];
	readonly triggers: readonly ObjectName[];
	readonly procedures: readonly ObjectName[];
	readonly functions: readonly ObjectName[];
	readonly events: readonly ObjectName[];
	readonly packages: readonly ObjectName[];
};

export type ColumnFacts = {
	readonly database: string;
	readonly table: string;
	readonly name: string;
	readonly type: string;
	/** Its values are compared as their text gives them once it is loaded. */
	readonly asLoaded?: true;
};

export type ColumnName = { readonly database: string; readonly table: string; readonly column: string };

/** Types of values inside JSON that text cannot carry. Each list has a statement a column, whose rows say by `nth` which. */
export interface JsonTypes {
	/** All stored JSON columns. */
	readonly columns: Query<readonly ColumnName[]>;
	/** Rows of `nth` and `type`, one a type that a column holds and that text changes. Each reads the whole column. */
	types(columns: readonly ColumnName[]): readonly Statement[];
	/** A row of `nth` and `n`: how many rows hold such values. Each reads the whole column. */
	rows(columns: readonly ColumnName[]): readonly Statement[];
}

export type AccountName = { readonly user: string; readonly host: string; readonly role: boolean };

/** Who is at work on the server. */
export type Activity = {
	readonly id: number;
	readonly user: string;
	readonly host: string;
	readonly database: string | null;
	readonly command: string;
	readonly seconds: number;
	/** The same to the millisecond, as far as the server measures it. */
	readonly milliseconds: number;
	/** False only where the server shows that its statement uses no table. */
	readonly usesTables: boolean;
	readonly state: string;
	/** Without what may be a password. */
	readonly text: string;
	/** How long it has held a transaction open; null where it has none. */
	readonly transactionSeconds: number | null;
	/** Of a session at rest the tables that it has locked so that the global lock waits for it. Empty where the server cannot tell. */
	readonly locked: readonly string[];
	/** It waits for rows that another transaction has locked. */
	readonly waitsForRows: boolean;
	/** How many others wait for rows that it has locked. */
	readonly blocks: number;
};

export type Connection = { readonly id: number; readonly user: string; readonly host: string; readonly cipher: string | null };

export type ChannelWish = {
	readonly host: string;
	readonly port: number;
	readonly user: string;
	readonly password: Secret;
	/** False only where the person said so in words. */
	readonly tls: boolean;
	/** Certificate authority, a path on the replica's host. */
	readonly ca: string | null;
	/** Whether the certificate must also name the host; left out: yes, where there is an authority. */
	readonly verifyName?: boolean;
	readonly delaySeconds: number;
};

/**
 * What differs between servers, and nothing else. Outside `dialects/` nobody compares a version or speaks a vendor's words.
 * Statements are data; a Query carries its reader.
 */
export interface Dialect {
	readonly id: 'mariadb' | 'mysql';
	readonly title: string;
	readonly features: {
		/** Positions are sets with gaps rather than one number a domain. */
		readonly gtidSets: boolean;
		/**
		 * FTWRL waits for running SELECTs (.github/docs/measured.md, Refused locks). It closes their tables first, so whoever opens one of them waits for these
		 * SELECTs as well, even after FTWRL was refused.
		 */
		readonly lockWaitsForReads: boolean;
		/** Has a second, stronger read-only switch. */
		readonly superReadOnly: boolean;
		/** Without {@link Identity.gtidStrict} it has no GTIDs at all. */
		readonly gtidOptional: boolean;
	};
	/** What the server itself calls what plans, checks and errors speak of. */
	readonly words: {
		/** The position that its manual says to start a replica from. */
		readonly position: string;
		/** What is in its own binary log. */
		readonly written: string;
		/** What its data stands for: what came from its source. */
		readonly replicated: string;
		readonly gtidStrict: string;
		readonly logsReplicaUpdates: string;
	};
	readonly identity: Query<Identity>;
	/**
	 * When the server's own system tables were made, so that one made anew at the same address is told from the one before. Null where its
	 * identity tells that, or where we may not see it.
	 */
	readonly madeAt: null | Query<string | null>;
	/** The same at once, also where a statement about replication hangs; its uptime may be 0, and so its start unknown. */
	readonly identityWithoutUptime: Query<Identity>;
	readonly privileges: {
		/** Held everywhere (`*.*`), in this dialect's own names; `ALL` stands as all of them. */
		readonly held: Query<readonly string[]>;
		/** The same of another account, which must be there. */
		heldBy(user: string, host: string): Query<readonly string[]>;
		/** Those that the server knows, in capitals: static ones, and those of its plugins and components. */
		readonly known: Query<readonly string[]>;
		/** Whether we may let an account act for any other. */
		readonly grantsProxies: Query<boolean>;
		grantProxies(account: string): Statement;
		readonly roles: {
			/** The roles that we may grant; null: all. */
			readonly grantable: Query<readonly AccountName[] | null>;
			/** Whether an account may grant the roles that it creates. */
			readonly creatorMayGrant: boolean;
			/** What lets `account` grant these roles, for an account that may grant them. */
			letGrant(roles: readonly AccountName[], account: string): readonly Statement[];
		};
		readonly needs: {
			readonly provisionPrimary: readonly Need[];
			readonly provisionReplica: readonly Need[];
			/** A look at it, and nothing more: `lockstep status`. */
			readonly status: readonly Need[];
			readonly backup: readonly Need[];
			/** Besides, where the SQL thread is to be stopped, and where read-only must be set. */
			readonly stopApplier: readonly Need[];
			/** Besides, where the event scheduler is on and is to be off. */
			readonly eventScheduler: readonly Need[];
			/** Besides, where functions and triggers come to a server that has a binary log and does not trust those who create them. */
			readonly code: readonly Need[];
			/** Besides, where others' sessions may be ended. */
			readonly kill: readonly Need[];
			/** Besides, where tables in memory must be woken out of sight of a replica's own log. */
			readonly unlogged: readonly Need[];
		};
		/** What of the needed is not held. Pure. */
		missing(held: readonly string[], needed: readonly Need[]): readonly Need[];
		/** `account` as CURRENT_USER() gives it: user@host. */
		grant(privileges: readonly string[], account: string): Statement;
		revoke(privileges: readonly string[], account: string): Statement;
	};
	readonly accounts: {
		readonly list: Query<readonly AccountName[]>;
		exists(user: string, host: string): Query<boolean>;
		/** What a new password must have. */
		readonly passwordPolicy: Query<PasswordPolicy>;
		/** An account whose password never expires. */
		create(user: string, host: string, password: Secret, tls: boolean): Statement;
		setPassword(user: string, host: string, password: Secret, tls: boolean): Statement;
		grantReplication(user: string, host: string): Statement;
		drop(account: AccountName): Statement;
		/** Grants as people may see them, without hashes. */
		grants(user: string, host: string): Query<readonly string[]>;
		/** The statements that make the same account elsewhere; hashes are secrets. */
		recreate(account: AccountName): readonly Query<readonly Statement[]>[];
		/** What stands for everybody: its grants are copied, it is never created or dropped. Null where there is no such thing. */
		readonly everybody: AccountName | null;
		/** Accounts of the server itself, never copied. */
		own(account: AccountName): boolean;
		requiresTls(user: string, host: string): Query<boolean>;
	};
	readonly positions: {
		readonly current: Query<Position>;
		/** The position of the snapshot that the session of `look` has open; where {@link settled} is not null, that of this moment. */
		snapshot(look: <T>(query: Query<T>) => Promise<T>): Promise<string>;
		/**
		 * Null where a snapshot knows its own position. Else the position of this moment, and null in its place while a transaction is in the
		 * binary log and not yet in it. What it gives after a snapshot was opened, if it is what `snapshot` gave before, is the snapshot's.
		 */
		readonly settled: null | ((look: <T>(query: Query<T>) => Promise<T>) => Promise<string | null>);
		/** What was written and what was replicated are one: who forgets the log has forgotten the position as well. */
		readonly logHoldsPosition: boolean;
		/** One after another; the empty one forgets it. Where {@link logHoldsPosition}, the own log is emptied. */
		setReplicated(gtid: string): readonly Statement[];
		/** Whether `have` holds all of `want`. Pure. */
		includes(have: string, want: string): boolean;
		/** All that any of them holds. Pure. */
		union(gtids: readonly string[]): string;
		/** How many transactions `have` lacks of `want`. Pure. */
		lacking(have: string, want: string): number;
		/** Waits until the replica has applied it; the reader says whether it did. */
		wait(gtid: string, seconds: number): Query<boolean>;
		readonly forgetLog: Statement;
		/** What the server itself has written, as far as its own log or record tells; empty: nothing. */
		readonly own: Query<string>;
		/** What is no longer in the server's own binary logs: a replica that lacks any of it cannot be given it. */
		purged(look: <T>(query: Query<T>) => Promise<T>): Promise<string>;
		/** What of it the server has never written itself; empty: nothing. */
		unknown(gtid: string): Query<string>;
		/** The position at a place in the server's own binary logs, null where there is no such place. Null where positions tell by themselves whose they are. */
		readonly at: null | ((file: string, pos: number) => Query<string | null>);
	};
	readonly channel: {
		readonly status: Query<readonly Channel[]>;
		/** Null where each channel names what stopped it; else the query that gives the same channels with that error. Pure. */
		rootErrors(channels: readonly Channel[]): Query<readonly Channel[]> | null;
		configure(wish: ChannelWish): Statement;
		readonly start: Statement;
		readonly stop: Statement;
		/** Of one channel, by its name; the default one's is empty. */
		startApplier(channel: string): Statement;
		stopApplier(channel: string): Statement;
		readonly forget: Statement;
		/** What must be stopped before {@link startUntil}: the applier, and the receiver only where the server insists. */
		readonly pause: Statement;
		/** The applier stops by itself just there. */
		startUntil(gtid: string): Statement;
		/** Replicas connected to this server now, with the cipher where the server can tell. */
		readonly connected: Query<readonly Connection[]>;
		/** Whether somebody's stop waits for a thread to end: it still counts as running, and will not run. A start waits for that. */
		readonly stopping: Query<boolean>;
		/** Whether a thread's error, as {@link Channel} gives it, means that only another copy of the data fixes it. Pure. */
		wantsCopy(error: string): boolean;
		/** Settings of the server by which any channel of it leaves out changes, or passes over what it cannot apply. */
		readonly applierGaps: Query<readonly Gap[]>;
		/** What its own binary log leaves out of what is written on it; one after the other. */
		readonly logGaps: readonly Query<readonly Gap[]>[];
		/** Temporary tables that the applier holds open. */
		readonly openTemporaryTables: Query<number>;
		/** A line for the option file each. */
		safeOptions(identity: Identity): readonly string[];
	};
	readonly locks: {
		/** What bounds the waits of its session, right before the lock; null where the lock's own statement does. */
		boundWait(seconds: number): Statement | null;
		/** A wait bounded by the server itself, whatever it waits for: by this or by {@link boundWait}. */
		flushTablesWithReadLock(waitSeconds: number): Statement;
		readonly unlock: Statement;
		setReadOnly(value: string): Statement;
		/** Gives it back the value of before, unless super_read_only was set since: that would end with it. */
		restoreReadOnly(before: string): Statement;
		/** Only where `features.superReadOnly`: ON sets read_only as well, OFF leaves it; read_only OFF ends both. */
		setSuperReadOnly(value: string): Statement;
		setEventScheduler(value: string): Statement;
		/** Everybody but the session that asks. */
		readonly activity: Query<readonly Activity[]>;
		/** Tables that somebody works with or has locked, whoever it is. */
		readonly tablesInUse: Query<readonly ObjectName[]>;
		/** Ends a session by its number, and what it runs. */
		kill(id: number): Statement;
		/** Before any statement that must not reach the binary log. */
		readonly unlogged: Statement;
		readonly logged: Statement;
		/** Held by the one run that is at work there. */
		claim(name: string): Query<boolean>;
		claimant(name: string): Query<number | null>;
		/**
		 * One statement that keeps all definitions of the server as they are until its session ends, and the privilege for it. Null where there is
		 * none that leaves every client's writes alone.
		 */
		readonly definitionsGuard: { readonly statement: Statement; readonly privilege: string } | null;
		/** Prepared XA transactions, each as XA COMMIT takes it: no dump has them, and no replica made of one can be given their end. */
		readonly prepared: { readonly query: Query<readonly string[]>; readonly needs: readonly Need[] };
		/** Begins a transaction that sees this moment, in tables whose engine has snapshots. */
		readonly snapshot: Statement;
		/** A lock of milliseconds, for the position of a snapshot that does not know its own. Each may be refused (1205): then `settleMoment`. */
		readonly lockMoment: readonly Statement[];
		/** As soon as the position is known, and after whatever went wrong before: nobody else waits any longer. */
		readonly settleMoment: readonly Statement[];
		/** Where the tool of {@link Dialect.tools.dumpForSeed} waits before its snapshot; null where its text names its position. */
		readonly seedGate: null | {
			/** Of the named lock that it is. */
			readonly name: string;
			/** Gives 1, or 0 where another session has the gate. */
			readonly shut: Statement;
			readonly open: Statement;
			/** The sessions of tools that wait there. */
			readonly waiting: Query<readonly number[]>;
			/** The session that has the gate; null where none does. */
			readonly holder: Query<number | null>;
			/** Whether that session has its snapshot, or had it and is gone. */
			hasSnapshot(id: number): Query<boolean>;
		};
		readonly closeSnapshot: Statement;
	};
	readonly catalogue: {
		/** Databases of users: the server's own are never dumped. */
		readonly databases: Query<readonly string[]>;
		readonly tables: Query<readonly TableFacts[]>;
		/** What these tables are known by in the engine with snapshots; those of other engines are missing. */
		tableIds(tables: readonly ObjectName[]): Query<readonly TableId[]>;
		/** {@link TableFacts.ownRows} of an engine by its name. */
		ownRows(engine: string | null): boolean;
		/** Tables in memory only, found without opening any (`tables` opens them all). */
		readonly inMemory: Query<readonly ObjectName[]>;
		readonly triggers: Query<readonly ObjectName[]>;
		readonly routines: Query<readonly (ObjectName & { readonly kind: 'procedure' | 'function' | 'package' })[]>;
		readonly events: Query<readonly ObjectName[]>;
		drop(database: string): Statement;
		/** All stored columns: generated ones follow from them. */
		readonly columns: Query<readonly ColumnFacts[]>;
		/** How to dump and load every table's rows: all stored columns in their order, invisible ones too. */
		readonly rowColumns: Query<readonly RowTable[]>;
		/** The same for the same rows, in whatever order and on whatever version they are; null where the table cannot be read. */
		checksum(table: ObjectName, columns: readonly ColumnFacts[]): Query<string | null>;
		/** The same of each column alone, in their order: which of them differ. */
		columnSums(table: ObjectName, columns: readonly ColumnFacts[]): Query<readonly string[]>;
		count(table: ObjectName): Query<number>;
		touch(table: ObjectName): Statement;
		readonly variables: Query<readonly (readonly [string, string])[]>;
	};
	readonly definitions: DefinitionWords;
	/** For the connections that read rows. */
	readonly readers: {
		/** Variables of their sessions: values come as they are stored, nothing can be written, and a reader may take its time. */
		readonly settings: Settings;
		/** How many rows a SELECT would look at: an estimate from the index, found without reading them. */
		estimate(select: Statement): Query<number>;
	};
	readonly tools: {
		dumpDatabase(on: string, database: string, ignore: readonly string[], facts: { versioned: boolean }): ToolPart;
		/** One table's rows alone, as statements; what its history was as well. */
		dumpRows(on: string, database: string, table: string): ToolPart;
		/** All databases at one moment, without a lock: with the position in its text, or waiting at `locks.seedGate` before that moment. */
		dumpForSeed(on: string, databases: readonly string[], facts: { versioned: boolean }): ToolPart;
		/** Loads SQL; nothing of it reaches the binary log, unless `logged`. */
		load(on: string, logged?: boolean): ToolPart;
		/** Global settings that make the dump tool fail or, worse, leave something out and end well, because it cannot be told otherwise. */
		readonly misledBy: Query<readonly { readonly setting: string; readonly hint: string }[]>;
		/** What the session of a tool of this process id asked for last; null where the server does not keep it. */
		lastStatement(pid: number): Query<string | null>;
		/** Whether a tool whose `--version` says this is this vendor's: both have a mysqldump. */
		ours(banner: string): boolean;
		/** Lines of an option file for these tools, without the password. `tls`: what our own session has. */
		options(place: ToolPlace): readonly string[];
		/** Whether the dump tool cannot select a database of this name. */
		cannotSelect(database: string): boolean;
		/** Whether a dump is whole although its tool, which ended well, said this on stderr. */
		harmless(line: string): boolean;
	};
	readonly load: LoadWords;
	readonly fits: FitWords;
	readonly outside: OutsideWords;
	/** Null where JSON is stored as text. */
	readonly jsonTypes: JsonTypes | null;
	/** Null where the server has no CLONE. */
	readonly clone: CloneWords | null;
	/** What fixes what a check found, in this server's own words; each line copyable. */
	readonly hints: {
		/** Which package brings the tools. */
		readonly tools: readonly string[];
		readonly binaryLog: readonly string[];
		readonly primaryId: readonly string[];
		replicaId(free: number): readonly string[];
		readonly tls: readonly string[];
		readonly retention: readonly string[];
		readonly strict: readonly string[];
		/** The position names transactions that are in no binary log of this server. */
		readonly strayPosition: readonly string[];
		namedChannel(name: string): string;
		/**
		 * For a thread that does not run. `error` as {@link Channel} gives it: number, colon, text; null where it stopped without one. What is
		 * one statement stands in a line of its own after where it is run: `On the replica:  START SLAVE;`. (.github/docs/measured.md, Replication errors)
		 */
		channelError(error: string | null, at: ReplicaPlace): readonly string[];
	};
}

/** A replica as its fixes name it. */
export type ReplicaPlace = {
	readonly channel: Channel;
	/** As it is typed to confirm: its profile's name, else HOST:PORT. */
	readonly name: string;
};

/** How a tool reaches a server. */
export type ToolPlace = {
	readonly host: string;
	readonly port: number;
	readonly socket: string | null;
	readonly user: string;
	readonly tls: null | {
		readonly ca: string | null;
		readonly cert: string | null;
		readonly key: string | null;
		/** What of the certificate is checked. */
		readonly verify: 'nothing' | 'ca' | 'identity';
	};
	/** Without TLS: the server's RSA key (a file; true: the one that the server sends) by which the password may be encrypted. */
	readonly serverKey: string | true | null;
};
