import type { Query, Statement } from '../../sql/sql.ts';

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

/** Where a server stands, and how positions compare. */
export interface Positions {
	readonly current: Query<Position>;
	/** The position of the snapshot that the session of `look` has open; where {@link settled} is not null, that of this moment. */
	snapshot(runQuery: <T>(query: Query<T>) => Promise<T>): Promise<string>;
	/**
	 * Null where a snapshot knows its own position. Else the position of this moment, and null in its place while a transaction is in the
	 * binary log and not yet in it. What it gives after a snapshot was opened, if it is what `snapshot` gave before, is the snapshot's.
	 */
	readonly settled: null | ((runQuery: <T>(query: Query<T>) => Promise<T>) => Promise<string | null>);
	/** What was written and what was replicated are one: who forgets the log has forgotten the position as well. */
	readonly logHoldsPosition: boolean;
	/** One after another; the empty one forgets it. Where {@link logHoldsPosition}, the own log is emptied. */
	setReplicated(gtid: string): readonly Statement[];
	/** Whether `have` holds all of `want`. Pure. */
	contains(have: string, want: string): boolean;
	/** All that any of them holds. Pure. */
	union(gtids: readonly string[]): string;
	/** How many transactions `have` lacks of `want`. Pure. */
	countMissing(have: string, want: string): number;
	/** Waits until the replica has applied it; the reader says whether it did. */
	wait(gtid: string, seconds: number): Query<boolean>;
	readonly forgetLog: Statement;
	/** What the server itself has written, as far as its own log or record tells; empty: nothing. */
	readonly own: Query<string>;
	/** What is no longer in the server's own binary logs: a replica that lacks any of it cannot be given it. */
	purged(runQuery: <T>(query: Query<T>) => Promise<T>): Promise<string>;
	/** What of it the server has never written itself; empty: nothing. */
	unknown(gtid: string): Query<string>;
	/** The position at a place in the server's own binary logs, null where there is no such place. Null where positions tell by themselves whose they are. */
	readonly at: null | ((file: string, pos: number) => Query<string | null>);
}
