import type { BackupList, BackupReport, PartialStatus, Verified } from '../core/backups.ts';
import type { Director } from '../core/director.ts';
import type { DoctorReport } from '../core/doctor-report.ts';
import type { UnverifiedServer } from '../core/errors.ts';
import type { Recorded } from '../core/events.ts';
import type { Finding } from '../core/finding.ts';
import type { Language } from '../core/languages.ts';
import type { CheckReport, LessonView, PracticeList, PracticeLogin, SqlAnswer } from '../core/practice.ts';
import type { Progress } from '../core/progress.ts';
import type { OpenRunStatus, RunEntry } from '../core/run-entry.ts';
import type { RunEnd } from '../core/runner.ts';
import type { RunState } from '../core/state.ts';
import type { ServerCard, ServerSeen, StatusReport } from '../core/status-report.ts';
import type { ReachRequest, Role } from '../requests/connection.ts';
import type { RunRequest } from '../requests/index.ts';
import type { FieldsOf } from '../requests/option.ts';
import type { PROFILE, StatusRequest } from '../requests/other-commands.ts';

/** What the screens of practice ask for. Everything rejects with one of the errors of `core/errors.ts`. */
export interface PracticeBackend {
	list(): Promise<PracticeList>;
	/** The lesson that is open. */
	current(): Promise<LessonView>;
	start(lesson: string, say: (line: string) => void): Promise<LessonView>;
	/** `counts`: it was asked for, and not by the screen's own clock. */
	check(counts: boolean): Promise<CheckReport>;
	hint(): Promise<LessonView>;
	reset(say: (line: string) => void): Promise<LessonView>;
	/** Starts the servers that do not run. */
	boot(say: (line: string) => void): Promise<LessonView>;
	/** What the replica's error means; nothing where it has none. */
	explain(): Promise<readonly string[]>;
	sql(server: 'primary' | 'replica', text: string): Promise<SqlAnswer>;
	logins(): Promise<readonly PracticeLogin[]>;
}

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
	readonly state: OpenRunStatus;
	readonly request: RunRequest;
};

/** Something that can be done with a run, and the command that does it. */
export interface NextStep {
	readonly goal: 'watch' | 'resume' | 'recover' | 'undo';
	readonly command: string;
}

/** All there is to say of one run. */
export interface RunDetails {
	readonly entry: RunEntry;
	readonly request: RunRequest;
	/** Its events, folded. */
	readonly state: RunState;
	readonly end: RunEnd | null;
	readonly next: readonly NextStep[];
	/** The folder of a backup that it did not complete, where that is still there. */
	readonly partial: string | null;
}

/** What ran on this machine. */
export interface RunHistory {
	/** The newest: at work, interrupted, unfinished, finished. */
	readonly runs: readonly RunEntry[];
	/** See {@link WizardBackend.partialBackups}. */
	readonly partials: readonly PartialBackup[];
}

/** A folder of a backup that was not completed. */
export interface PartialBackup {
	readonly path: string;
	/** On disk. */
	readonly bytes: number;
	/** The run that wrote it; null where no journal of this machine tells. */
	readonly run: string | null;
	readonly status: PartialStatus;
	/** Whether a run at work may write to it, if it is another one: nothing removes it then. */
	readonly isInUse: boolean;
}

/** A folder where the backups of servers known here go. */
export type BackupFolder = {
	readonly path: string;
	/** Names of the servers. */
	readonly of: readonly string[];
	/** How many complete backups are in it; none where it is not there, or cannot be read. */
	readonly backups: number;
	/** What in it is none. */
	readonly incomplete: number;
	readonly damaged: number;
};

/** Who is told how work without a run goes. */
export type ProgressListener = {
	/** What is being done now, or could not be; a sentence. */
	readonly say: (text: string) => void;
	readonly progress: (progress: Progress) => void;
};

/** A server that a person may mean, where one is asked for. */
export type ServerSuggestion = {
	/** What stands in the field then, and what commands take. */
	readonly value: string;
	readonly label: string;
	/** Where it is, and what knows it. */
	readonly about: string;
	readonly kind: 'profile' | 'recent' | 'sandbox' | 'option file' | 'login path' | 'socket';
	readonly badge: ServerCard['badge'];
};

/** What is known of a server before anything is asked of it. */
export type ServerCheck = {
	/** `USER@HOST:PORT`, or `USER@/path/to/socket`. */
	readonly account: string;
	readonly badge: ServerCard['badge'];
	/** Nothing on this machine says its password: there was no login yet. */
	readonly needsPassword: boolean;
	/** What it is: `MariaDB 11.8 replica of db1`, or without a login its version. */
	readonly title: string;
};

/** What is changed of a profile. */
export type ProfileEdit = {
	/** What it is called until now. */
	readonly was: string;
	readonly name: string;
	/** Its address, in any form of `server-text.ts`; null leaves how it is reached. */
	readonly server: string | null;
	/** The mode of TLS, where the address stays; '' for the usual one, null leaves it. */
	readonly tls: string | null;
	readonly fields: Omit<FieldsOf<typeof PROFILE.options>, 'server'>;
};

/** How a server is reached, and as which of a pair: passwords of the environment depend on it. */
export type Reach = { readonly reach?: ReachRequest[string] | undefined; readonly role?: Role | undefined };

/** All that the wizard can have done: made by `make-wizard-backend.ts`, so that `ui` knows no server. */
export interface WizardBackend {
	readonly version: string;
	servers(): readonly ServerCard[];
	/** What was wrong with the configuration, said once on the first screen. */
	readonly warnings: readonly string[];
	/** Servers that may be meant, the likeliest first. Never rejects. */
	suggestServers(): Promise<readonly ServerSuggestion[]>;
	/**
	 * Whether this can be a server and answers. It is logged in to only where a password is known or none is needed.
	 * Rejects with one of the errors of `core/errors.ts`.
	 */
	inspectServer(server: string, how?: Reach): Promise<ServerCheck>;
	/** The badge of its profile, or of the profile of exactly its address. */
	badgeOf(server: string, reach?: ReachRequest[string]): ServerCard['badge'];
	/**
	 * Rejects with one of the errors of `core/errors.ts`: without any login with a ConnectError that `needsPassword`, where nothing on this machine
	 * says the password and no other way to log in is known.
	 */
	status(server: string, how?: Reach): Promise<StatusReport>;
	/** Examines a server by the catalogue of what can be wrong; the primary is the profile that its own expects. Rejects as {@link status}. */
	doctor(server: string): Promise<DoctorReport>;
	/** Of the doctor and of practice: the one that was asked for, else that of the account’s locale. */
	readonly language: Language;
	/**
	 * Tells again and again how a server is, and what its folder of backups says whether or not it answers; each has a time limit of its own. Where a
	 * person has to log in it is not asked again. `from`: what was seen of it before; `everyMs`: from an answer to the next question. Ends with
	 * `signal`.
	 */
	watchServer(
		card: ServerCard,
		watcher: {
			readonly on: (seen: ServerSeen) => void;
			readonly from?: ServerSeen | undefined;
			readonly everyMs: number;
			readonly signal: AbortSignal;
		},
	): void;
	/** Keeps a password in memory for as long as the program runs; null: the one of the account that was offered as the same. */
	remember(server: string, password: string | null, reach?: ReachRequest[string]): void;
	/** The servers of a request that no profile names yet, as {@link WizardBackend.save} takes them. */
	unsavedServers(request: RunRequest): readonly (ServerCard & { readonly role: string })[];
	/** What stood in a form when it was left, or was chosen in it last; kept from one start to the next, without secrets. */
	answers(form: string): { readonly [field: string]: string } | undefined;
	/** Null forgets them. */
	keepAnswers(form: string, answers: { readonly [field: string]: string } | null): void;
	/**
	 * The person lets the password go to this server: a certificate is kept and no other taken from then on, a connection without one for as long as
	 * the program runs.
	 */
	trust(server: string, unverified: UnverifiedServer, reach?: ReachRequest[string]): void;
	save(card: { readonly name: string; readonly server: string; readonly badge: ServerCard['badge']; readonly output: string | null }): void;
	/** A profile as its form shows it: its fields, with `server` and `tls` for how it is reached. Null where there is none of that name. */
	profileForm(name: string): { readonly [field: string]: string } | null;
	/** Writes a profile as its form says; what the form does not ask for stays. Throws UserError. */
	editProfile(edit: ProfileEdit): void;
	/** Forgets a profile; its server and its backups stay. Throws UserError. */
	removeProfile(name: string): void;
	/** The same work as a command line. */
	commandLine(request: RunRequest | StatusRequest): string;
	start(request: RunRequest, director: Director, on: (event: Recorded) => void): RunHandle;
	/** Runs of this machine that are not over, newest first. */
	runs(): Promise<readonly RunCard[]>;
	/** Watches a run at work, from its first event on. */
	attach(run: string, director: Director, on: (event: Recorded) => void): RunHandle;
	/** Looks at what a run that was cut off has left; changes nothing. Rejects with one of the errors of `core/errors.ts`. */
	findings(run: string): Promise<readonly Finding[]>;
	/** The same of a run that is over or unfinished: all of it, and not only what must not stay. Rejects where it is at work. */
	undoFindings(run: string): Promise<readonly Finding[]>;
	/** Undoes all that the run changed; tells it as {@link WizardBackend.recover} does. `typed`: the names that its findings ask for. */
	undo(run: string, typed: readonly string[], on: (event: Recorded) => void): RunHandle;
	/** Runs of this machine, and what they left. Rejects with one of the errors of `core/errors.ts`. */
	runHistory(): Promise<RunHistory>;
	/** The newest runs of which something on a server can be undone. */
	runsToUndo(): Promise<readonly RunEntry[]>;
	/** How many runs this machine has journals of. */
	countRuns(): number;
	runDetails(run: string): Promise<RunDetails>;
	/** What backups that were not completed have left on disk. */
	partialBackups(): Promise<readonly PartialBackup[]>;
	/** Removes such a folder. Rejects where its run is at work, or another machine may write to it. */
	removePartial(path: string): Promise<void>;
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
	verify(path: string, listener: ProgressListener, signal: AbortSignal): Promise<Verified>;
	/** A proposal for where the backups of a server go. */
	proposeOutput(server: string): string;
	/** Lessons on a throwaway pair of their own. */
	readonly practice: PracticeBackend;
	/** Starts or finds the throwaway pair; lines tell how it goes. */
	sandbox(say: (line: string) => void): Promise<{ readonly primary: ServerCard; readonly replica: ServerCard }>;
}
