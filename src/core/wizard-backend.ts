import type { BackupList, BackupReport, Drilled, Verified } from './backups.ts';
import type { Director } from './director.ts';
import type { UnverifiedServer } from './errors.ts';
import type { Recorded } from './events.ts';
import type { Json } from './json.ts';
import type { Consent } from './model.ts';
import type { Progress } from './progress.ts';
import type { ShownAction } from './shown-action.ts';

/** A server as the wizard lists it. */
export type ServerCard = {
	/** A profile's name, or HOST:PORT. */
	readonly name: string;
	/** What the commands take: a profile's name or mysql://USER@HOST:PORT?… */
	readonly server: string;
	readonly badge: 'prod' | 'test' | 'sandbox' | null;
	readonly output: string | null;
};

/** How a server is, in plain words and figures; the same document that `lockstep status --json` prints. */
export type StatusReport = {
	readonly name: string;
	readonly title: string;
	readonly version: string;
	readonly address: string;
	readonly badge: ServerCard['badge'];
	readonly readOnly: boolean;
	readonly tls: string | null;
	readonly uptimeSeconds: number | null;
	readonly databases: number;
	readonly bytes: number;
	readonly replicas: readonly string[];
	readonly replication: null | {
		readonly source: string;
		readonly io: 'yes' | 'no' | 'connecting';
		readonly sql: 'yes' | 'no';
		/** Null where it is not known. */
		readonly lagSeconds: number | null;
		readonly waiting: number | null;
		readonly gtid: string;
		readonly encrypted: boolean;
		readonly error: string | null;
	};
	readonly lastBackup: null | {
		readonly path: string;
		readonly finished: string;
		readonly bytes: number;
		readonly rawBytes: number;
		readonly heldMs: number;
	};
	readonly disk: null | { readonly path: string; readonly freeBytes: number };
	readonly healthy: boolean;
	/** What fixes it, each line copyable; none where that is not known. */
	readonly hints: readonly string[];
	/** Why it is not, each a sentence. */
	readonly troubles: readonly string[];
};

/** How each role's server is reached, where its name does not say it all: the letters of the MySQL clients; never a password. */
export type ReachRequest = { readonly [role: string]: { readonly [field: string]: Json } };

export type ProvisionRequest = {
	readonly kind: 'provision';
	readonly reach?: ReachRequest;
	readonly primary: string;
	readonly replica: string;
	/** NAME@HOST of the replication account. */
	readonly account?: string;
	/** NAME or NAME@HOST of an account for whoever looks after the replica; one is made where it is asked for. */
	readonly operator?: string;
	/** Where its password is put. */
	readonly operatorPasswordFile?: string;
	/** HOST:PORT by which the replica reaches the primary, where that is another than ours. */
	readonly source?: string;
	/** Certificate authority of the channel, a path on the replica’s host. */
	readonly channelCa?: string;
	readonly tls: boolean;
	readonly delaySeconds?: number;
	/** How the data come: by a dump's stream (unless said otherwise), by MySQL's CLONE, or from a backup. */
	readonly seed?: 'dump' | 'clone' | 'backup';
	/** That backup's folder, or `latest`'s path. */
	readonly backup?: string;
	/** By CLONE: how long the replica's restart is waited for; ten minutes unless said otherwise. */
	readonly restartWaitSeconds?: number;
};

export type BackupRequest = {
	readonly kind: 'backup';
	readonly reach?: ReachRequest;
	readonly server: string;
	readonly to: string;
	readonly databases?: readonly string[];
	readonly ignoreTables?: readonly string[];
	readonly compress: 'zstd' | 'gzip' | 'none';
	/** zstd 1–19, gzip 1–9. */
	readonly level?: number;
	/** Left out: what serves the server best. */
	readonly engine?: 'vendor' | 'parallel';
	readonly lock?: 'held' | 'snapshot';
	/** How many connections read at once. */
	readonly workers?: number;
	readonly lockWaitSeconds: number;
	readonly longQueries: 'wait' | 'abort' | 'kill';
	/** How long the lock may be held. Left out: chosen from the prediction; 0, and null in older requests: as long as the dump takes. */
	readonly maxLockSeconds?: number | null;
	readonly stopApplier: boolean;
};

export type RestoreRequest = {
	readonly kind: 'restore';
	readonly reach?: ReachRequest;
	readonly server: string;
	/** A backup's folder, or `latest`'s path. */
	readonly backup: string;
	readonly databases?: readonly string[];
	/** `database.table` each. */
	readonly tables?: readonly string[];
	/** How many loads at a time. */
	readonly workers?: number;
	readonly accounts: boolean;
	/** Whether the load goes into the server's binary log. */
	readonly writeBinlog: boolean;
};

/** `lockstep status`, as its command line says it. */
export type StatusRequest = { readonly kind: 'status'; readonly reach?: ReachRequest; readonly server: string };

export type RunRequest = ProvisionRequest | BackupRequest | RestoreRequest;

/** A run that somebody watches. It is at work in a process of its own. */
export interface RunHandle {
	/** Its name, as `lockstep attach` and `lockstep recover` take it. */
	readonly run: string;
	/** Resolves at the end of the run, whatever it was, or when it was left; never rejects. */
	readonly ended: Promise<void>;
	/** Asks it to stop safely. */
	stop(): void;
	/** Looks away: it goes on by itself, and `lockstep attach` finds it again. */
	leave(): void;
}

/** A run of this machine that is not over. */
export type RunCard = {
	readonly run: string;
	readonly title: string;
	readonly servers: { readonly [role: string]: string };
	/** RFC 3339 */
	readonly started: string;
	/** `working`: its process lives. `cut off`: its process is gone and nobody has put back yet what it changed. `unfinished`: kept, to be gone on with. */
	readonly state: 'working' | 'cut off' | 'unfinished';
	readonly request: RunRequest;
};

/** Something that a run which was cut off has left on a server, and what puts it back. */
export type Finding = {
	readonly step: string;
	readonly title: string;
	/** The statements that put it back; empty where it is as before, or is left alone. */
	readonly actions: readonly ShownAction[];
	/** What somebody else has changed since: shown, and left. */
	readonly foreign: readonly string[];
	/** Names that must be typed before it is rolled back. */
	readonly consents?: readonly Consent[];
	/** What else is to be known about it. */
	readonly note?: string;
};

/** A password that a person is asked for. */
export type PasswordQuestion = { readonly server: string; readonly user: string; readonly why: string };

/** A folder where the backups of servers known here go. */
export type BackupFolder = {
	readonly path: string;
	/** Names of the servers. */
	readonly of: readonly string[];
	/** How many backups are in it, whatever their state; none where it is not there, or cannot be read. */
	readonly backups: number;
};

/** Who is told how work without a run goes. */
export type ProgressListener = {
	/** What is being done now, or could not be; a sentence. */
	readonly say: (text: string) => void;
	readonly progress: (progress: Progress) => void;
};

/** All that the wizard can have done: wired in `commands/`, so that `ui` knows no server. */
export interface WizardBackend {
	readonly version: string;
	servers(): readonly ServerCard[];
	/** What was wrong with the configuration, said once on the first screen. */
	readonly warnings: readonly string[];
	/** Rejects with one of the errors of `core/errors.ts`. `reach`: how the request says to reach it. */
	status(server: string, reach?: ReachRequest[string]): Promise<StatusReport>;
	/** Keeps a password in memory for as long as the program runs. `reach`: how the request says to reach that server. */
	remember(server: string, password: string, reach?: ReachRequest[string]): void;
	/**
	 * The person lets the password go to this server: a certificate is kept and no other taken from then on, a connection without one for as long as
	 * the program runs.
	 */
	trust(server: string, unverified: UnverifiedServer, reach?: ReachRequest[string]): void;
	save(card: { readonly name: string; readonly server: string; readonly badge: ServerCard['badge']; readonly output: string | null }): void;
	/** The same work as a command line. */
	commandLine(request: RunRequest | StatusRequest): string;
	start(request: RunRequest, director: Director, on: (event: Recorded) => void): RunHandle;
	/** Runs of this machine that are not over, newest first. */
	runs(): Promise<readonly RunCard[]>;
	/** Watches a run at work, from its first event on. */
	attach(run: string, director: Director, on: (event: Recorded) => void): RunHandle;
	/** Looks at what a run that was cut off has left; changes nothing. Rejects with one of the errors of `core/errors.ts`. */
	findings(run: string): Promise<readonly Finding[]>;
	/** Puts it back; tells it as a run's events that end with `run-ended`. */
	recover(run: string, on: (event: Recorded) => void): RunHandle;
	/** Where backups are to be looked for, those with backups first. */
	backupFolders(): Promise<readonly BackupFolder[]>;
	/** What `lockstep list` tells. Rejects with one of the errors of `core/errors.ts`. */
	backups(folder: string): Promise<BackupList>;
	/** What `lockstep show` tells of a complete one; rejects as {@link WizardBackend.backups}. */
	showBackup(path: string): Promise<BackupReport>;
	/**
	 * `lockstep verify`: reads all of it, and leaves a record beside it. Rejects with VerifyFailed naming all that is wrong, or, as soon as
	 * nothing is being done any more, with the reason of `signal`.
	 */
	verify(path: string, onlooker: ProgressListener, signal: AbortSignal): Promise<Verified>;
	/** `lockstep drill`, without a primary; rejects as {@link WizardBackend.verify}: its server and its folder are gone by then. */
	drill(path: string, onlooker: ProgressListener, signal: AbortSignal): Promise<Drilled>;
	/** A proposal for where the backups of a server go. */
	proposeOutput(server: string): string;
	/** Starts or finds the throwaway pair; lines tell how it goes. */
	sandbox(say: (line: string) => void): Promise<{ readonly primary: ServerCard; readonly replica: ServerCard }>;
}
