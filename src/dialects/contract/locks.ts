import type { Query, Statement } from '../../sql/sql.ts';
import type { Need, ObjectName } from './objects.ts';

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

/** What holds writes up, who is at work, and the moment of a snapshot. */
export interface Locks {
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
	acquireRunLock(name: string): Query<boolean>;
	runLockHolder(name: string): Query<number | null>;
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
}
