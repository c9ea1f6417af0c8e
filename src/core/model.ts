// Plain data that the parts of the engine share.
import type { Check } from './check.ts';
import type { ErrorMessage, PasswordRequest, UnverifiedServer } from './errors.ts';

/** Which of a run's servers: `primary`, `replica`, or `server` where a run has only one. */
export type Role = string;

/** Something on a server that an action makes, or destroys for good, by name. */
export type Thing = {
	/** The server's role in the run. */
	readonly on: string;
	readonly kind: 'database' | 'table' | 'account' | 'replication' | 'position' | 'binary log';
	readonly name: string;
};

/** An error as it travels: its class, what it tells, its checks. */
export type Failure = {
	readonly class: string;
	readonly step: string | null;
	readonly description: ErrorMessage;
	readonly checks: readonly Check[];
	/** Statements that would fix what is left changed; empty where nothing is. */
	readonly left: readonly string[];
	/** What stopped it, where it was a signal. */
	readonly signal?: NodeJS.Signals;
	/** The server's own number of the error. */
	readonly code?: number;
	/** The connection to the server is gone. */
	readonly connectionLost?: boolean;
	readonly stack?: string;
	/** A server that nothing proves to be the right one, and that was not given the password. */
	readonly unverified?: UnverifiedServer;
	/** The account whose password has to be given. */
	readonly needsPassword?: PasswordRequest;
};

export type LockState = {
	readonly state: 'waiting' | 'held' | 'released' | 'lost';
	readonly on: Role;
	/** RFC 3339: since when. */
	readonly since: string;
	/** Whether clients' writes wait because of it. */
	readonly clientsWait: boolean;
	/** RFC 3339: while it is held, when it will be given up at the latest. */
	readonly until: string | null;
	/** While it is held: the server's number of the connection that holds it. */
	readonly connectionId?: number;
};

/** Something that is destroyed or blocked, and so needs a name typed. */
export type Consent = {
	/** What must be typed, exactly. */
	readonly name: string;
	readonly reason: string;
	readonly affected: readonly string[];
	/** What can be done in its place; a line each. */
	readonly hints?: readonly string[];
};
