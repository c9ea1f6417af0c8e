import type { Query, Statement } from '../sql/sql.ts';
import type { Action, Performed, ServerProgram, TableDigest, TableToRead } from './action.ts';
import type { Check } from './check.ts';
import type { Definition } from './definition.ts';
import type { Overview } from './director.ts';
import type { Effects } from './effects.ts';
import type { Json } from './json.ts';
import type { Consent, Failure, LockState, Role, Thing } from './model.ts';
import type { Progress } from './progress.ts';
import type { RowDifferences, RowsToCompare } from './row-differences.ts';

/** What a folder, or the nearest one above it that exists, is like. */
export type FolderFacts = {
	readonly path: string;
	readonly exists: boolean;
	readonly isFolder: boolean;
	readonly writable: boolean;
	/** The nearest existing folder at or above `path`. */
	readonly nearest: string;
	readonly freeBytes: number;
	/** Of `nearest`: which other users could replace or delete what is written into it. */
	readonly exposedTo: 'everybody' | 'its owner' | null;
	readonly entries: readonly string[];
};

/** Of a server of this machine: whether its folder is there, and whether a process of it is. */
export type ServerLeft = { readonly folder: boolean; readonly running: boolean };

export type ToolFacts = { readonly path: string; readonly version: string };

/** Who was found, and who goes by the name without being fit: a sentence each. */
export type ToolSearch = { readonly tool: ToolFacts | null; readonly unfit: readonly string[] };

/** What a step may look with. Nothing here changes anything. */
export interface ReadContext {
	runQuery<T>(on: Role, query: Query<T>): Promise<T>;
	/** The same on a connection that logs in there as we do on `as`: user and password. Rejects with ConnectError where that login is refused. */
	runQueryAs<T>(as: Role, on: Role, query: Query<T>): Promise<T>;
	/**
	 * Reads every row of these tables on connections of its own: how many there are, and their digest. Tables that are missing are left out.
	 * Throws ServerError, or the signal's reason.
	 */
	digests(
		on: Role,
		tables: readonly TableToRead[],
		options: { readonly connections: number; readonly onFlow?: (flow: Flow) => void },
	): Promise<readonly TableDigest[]>;
	/**
	 * In what a table's rows differ from those in the files of a backup, without any of their values. Reads both twice. Null where the table does
	 * not have these columns. Throws VerifyFailed where a file is not what was written, ServerError, or the signal's reason.
	 */
	rowDifferences(on: Role, table: RowsToCompare): Promise<RowDifferences | null>;
	/** The definitions of all objects in these databases, read by connections of their own. */
	definitions(on: Role, databases: readonly string[], options: { readonly connections: number }): Promise<readonly Definition[]>;
	folderFacts(path: string): Promise<FolderFacts>;
	/** The tool that goes by one of these names, of the server's own vendor and not older than the server. */
	tool(on: Role, names: readonly string[]): Promise<ToolSearch>;
	/** What a server of this vendor and series, or of a newer one, would be started of here. Throws UserError where there is nothing. */
	serverProgram(vendor: ServerProgram['vendor'], series: string): Promise<ServerProgram>;
	/** What of a server that was started in that folder is there. */
	serverLeft(folder: string): Promise<ServerLeft>;
	now(): Date;
	readonly signal: AbortSignal;
}

/** A connection of its own that holds a lock: never pooled, never reconnected. */
export interface HeldLease extends AsyncDisposable {
	readonly connectionId: number;
	readonly since: Date;
	/** Aborts when the connection is gone or is another one: whatever it held is lost. */
	readonly lost: AbortSignal;
	/** Aborts, with a LockTimeout as its reason, when the time for holding it is spent; the server is free again by then. */
	readonly expired: AbortSignal;
	/**
	 * To be called as soon as the lock is had: from now on `mostMs` are counted down in a thread of their own. When they are spent, `back` is
	 * run on the connection (each statement whatever became of the one before), then the connection ends, and the lock with it.
	 */
	startDeadline(options: { readonly mostMs: number; readonly back: readonly Statement[] }): void;
	/** Throws unless the very same connection still answers. */
	verify(): Promise<void>;
}

/** What a step's own `run` may work with. */
export interface RunContext extends ReadContext {
	/**
	 * Performs one action of the plan: said and on disk before, timed after.
	 * `shielded`: goes on although the run is being stopped (putting back).
	 * `until`: a further reason to give up: the lock's loss.
	 */
	perform<A extends Action>(action: A, options?: PerformOptions): Promise<Performed<A>>;
	/** Opens the leased connection on which actions with `session: 'lock'` run. `lockWaitSeconds` bounds its waits on the server. */
	lease(on: Role, options: { lockWaitSeconds: number }): Promise<HeldLease>;
	/** Opens the connections on which rows are read and actions with `session: 'readers'` run. */
	readers(on: Role, options: { count: number }): Promise<AsyncDisposable>;
	progress(progress: Progress): void;
	note(text: string, level?: 'note' | 'warning'): void;
	lock(state: LockState): void;
}

export interface PerformOptions {
	readonly shielded?: boolean;
	readonly until?: AbortSignal;
	/** Of a restart: called once where the server is down and nothing of ours starts it. */
	readonly onDown?: () => void;
	/** Of a pipe: nothing that its first tool writes goes on before this is so. */
	readonly begin?: Promise<void>;
	/** Of a server that is started: what is done for it, a sentence each. */
	readonly say?: (text: string) => void;
	/** Called as bytes pass through a pipe. */
	readonly onFlow?: (flow: Flow) => void;
}

/** How far a pipe has come. */
export type Flow = {
	readonly rawBytes: number;
	readonly bytes: number;
	readonly rows: number;
	readonly table: string | null;
	/** Tables that began since the last word, each with the bytes and rows before it. */
	readonly began: readonly { readonly database: string; readonly table: string; readonly rawBytes: number; readonly rows: number }[];
	/** Where several connections work side by side: what each did since the last word, in order. */
	readonly workers?: readonly WorkerFlow[];
};

/** Something of a table that one of several connections began, and how much of it has been read. */
export type WorkerFlow = {
	/** From 1. */
	readonly worker: number;
	readonly database: string;
	readonly table: string;
	/** The which part of the table, from 1, of how many. */
	readonly part: { readonly at: number; readonly of: number };
	readonly rawBytes: number;
	readonly rows: number;
	readonly isDone: boolean;
};

/** What was seen: `facts` as it is now, `origin` as it was when this run first looked. */
export interface Observed<Facts> {
	readonly facts: Facts;
	readonly origin: Facts;
}

/**
 * One step of a runbook. `inspect` must see everything that `plan` may change, and `plan` and `undo` are pure:
 * an empty plan means "already as wanted", an empty undo "already as before".
 */
export interface Step<Env, Facts extends Json, Output extends Json> {
	readonly id: string;
	readonly title: string;
	/** What a trainee reads beside the plan. */
	readonly why: string;
	inspect(at: Env & ReadContext): Promise<Facts>;
	/** What forbids or qualifies it, known before anything changes. Pure. */
	checks?(at: Env & Observed<Facts>): readonly Check[];
	consents?(at: Env & Observed<Facts>): readonly Consent[];
	plan(at: Env & Observed<Facts>): readonly Action[];
	/** Without it the plan is performed, one action after the other, and the output is null. */
	run?(at: Env & RunContext & Observed<Facts> & { plan: readonly Action[]; readonly failure: Failure | null }): Promise<Output>;
	/**
	 * It says what the run came to: done also after an earlier step has failed, before anything is rolled back, with that `failure`. What it
	 * throws takes the failure's place. Not where the run was stopped.
	 */
	readonly concludes?: true;
	/** Proof that it took effect. */
	verify?(at: Env & ReadContext & Observed<Facts> & { output: Output }): Promise<readonly Check[]>;
	/**
	 * Whether what an earlier run left of it is there and yet of no use, `failure` being how that run ended: then it and all after it are
	 * done again from the beginning.
	 */
	isStale?(at: Env & ReadContext & { readonly failure: Failure | null }): Promise<boolean>;
	/**
	 * `scope`: whether all is taken back, or only what it would have put back itself ({@link isTransient}), and the rest stays.
	 * `made`: what this run made, by name; nothing else is dropped, whatever was not there in the beginning.
	 */
	undo?(at: Env & Observed<Facts> & { readonly scope?: 'all' | 'passing'; readonly made: Effects['made'] }): readonly Action[];
	/**
	 * What `undo` needs to know while the servers in `absent` cannot be reached: of the others what is there now, of those what the run has left
	 * there. Without it {@link inspect} is asked.
	 */
	inspectReachable?(
		at: Env & ReadContext & { readonly origin: Facts; readonly made: Effects['made']; readonly absent: ReadonlySet<Role> },
	): Promise<Facts>;
	/**
	 * What somebody else has changed since, so that `undo` leaves it alone: a sentence each, for a person to judge. Pure.
	 * A server that was restarted has its settings from its option file, and its threads as it started them.
	 */
	drift?(at: Env & Observed<Facts>): readonly string[];
	/** What it changes is put back by itself before its end, so it is also put back after a failure of a runbook that keeps what was done. */
	readonly isTransient?: true;
	/**
	 * A proof, or a fact captured at one moment: once a step before it has acted, what an earlier run proved or captured counts no longer, and it
	 * is done again.
	 */
	proves?(env: Env): boolean;
	/** Lets a preview plan the later steps. */
	readonly previewOutput?: Output;
}

// biome-ignore lint/suspicious/noExplicitAny: a list of steps holds different facts and outputs; each step is checked where it is written.
export type AnyStep<Env> = Step<Env, any, any>;

export interface Runbook<Env> {
	readonly id: string;
	readonly title: string;
	readonly steps: readonly AnyStep<Env>[];
	/** What its plan comes to, by what the steps found: `facts` by step; undefined where it has not the steps to tell. Pure. */
	overview?(env: Env, facts: { readonly [step: string]: Json }): Overview | undefined;
	/** `put-back`: everything is undone at once; `keep`: it stays, to be resumed. */
	readonly afterFailure: 'put-back' | 'keep';
	/** Where each server stands, so that a later look sees whether others wrote there; empty where that cannot be known. Only looks. */
	marks?(at: Env & ReadContext): Promise<{ readonly [role: string]: string }>;
	/**
	 * What has happened on the servers since the run, so that an undo of all could hit what is not the run's own: the names to type for it.
	 * Only looks.
	 */
	entangled?(at: Env & ReadContext & SinceRun): Promise<readonly Consent[]>;
	/**
	 * What no action made, and yet is there only by this run: what came through the replication that it set up. Asked where nothing is entangled;
	 * undone with the rest. Only looks.
	 */
	brought?(at: Env & ReadContext & SinceRun): Promise<readonly Thing[]>;
	/** What a run that was not completed leaves on this machine: the fields of its summary. `touched`: steps that changed something. Only looks. */
	leftover?(at: Env & ReadContext & { readonly touched: readonly string[] }): Promise<{ readonly [key: string]: Json }>;
	/** What ends up in the summary. */
	summary(env: Env): { readonly [key: string]: Json };
}

/** What the journal knows of a run that is to be undone. */
export type SinceRun = {
	readonly effects: Effects;
	readonly marks: { readonly [role: string]: string };
	/** Steps that were completed. */
	readonly done: readonly string[];
	/** Steps that an undo which was interrupted began to roll back: what is different by that is the run's own. */
	readonly undoing: readonly string[];
	/** Servers that cannot be reached. */
	readonly absent: ReadonlySet<Role>;
};

/** Every runbook's env carries what the earlier steps gave, by step id. */
export interface Outputs {
	readonly outputs: { [step: string]: Json };
}
