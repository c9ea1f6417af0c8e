import { createContext, useContext } from 'react';
import type { RunCard, RunDetails, WizardBackend } from '../app/wizard-backend.ts';
import type { BackupCard, BackupReport, Verified } from '../core/backups.ts';
import type { RunEnd } from '../core/runner.ts';
import type { ServerCard, ServerSeen } from '../core/status-report.ts';
import type { RunRequest } from '../requests/index.ts';
import type { Watched } from './hooks/use-run.ts';
import type { Task } from './hooks/use-task.ts';
import type { Session } from './session.ts';
import type { HelpTopic } from './words.ts';

/** Where the person is. */
export type Place =
	| { readonly at: 'home' }
	| { readonly at: 'pick'; readonly flow: 'backup' | 'status' }
	| { readonly at: 'pick'; readonly flow: 'restore'; readonly backup: BackupReport }
	/** A server that is to be a profile, or the profile that is to be changed. */
	| { readonly at: 'connect'; readonly edit?: string }
	| { readonly at: 'backup'; readonly card: ServerCard }
	| { readonly at: 'provision'; readonly primary?: string; readonly replica?: string }
	| { readonly at: 'status'; readonly card: ServerCard }
	| { readonly at: 'doctor'; readonly card: ServerCard }
	/** What can be done with a server. */
	| { readonly at: 'server'; readonly card: ServerCard }
	/** Which folder of backups; its backups; one of them, and what can be done with it. */
	| { readonly at: 'folders' }
	| { readonly at: 'backups'; readonly folder: string }
	| { readonly at: 'archive'; readonly card: BackupCard }
	/** `done`: it was read, and is come back to. */
	| { readonly at: 'verify'; readonly card: BackupCard; readonly done?: Task<Verified> }
	| { readonly at: 'restore'; readonly card: ServerCard; readonly backup: BackupReport }
	| { readonly at: 'profiles' }
	/** The list of lessons; one of them, the open one where none is named; the four flows on a throwaway pair. */
	| { readonly at: 'practice' }
	| { readonly at: 'lesson'; readonly lesson: string | null }
	| { readonly at: 'whole-way' }
	| { readonly at: 'run'; readonly request: RunRequest; readonly title: string }
	/** A run that was not started here: watched at work, or put back. */
	| {
			readonly at: 'watch';
			readonly how: 'attach' | 'recover';
			readonly run: string;
			readonly title: string;
			readonly request: RunRequest | null;
			readonly undo?: { readonly typed: readonly string[] };
	  }
	/** A run that is over, and is come back to: its screen would begin it anew. */
	| { readonly at: 'ended'; readonly watched: Watched; readonly title: string; readonly end: RunEnd }
	/** Which of several runs. */
	| { readonly at: 'runs'; readonly goal: 'watch' | 'recover' | 'resume'; readonly cards: readonly RunCard[] }
	/** The same of those that can be recovered or undone, which are not read yet. */
	| { readonly at: 'choose-run'; readonly goal: 'recover' | 'undo' }
	/** All runs of this machine; one of them, and what can be done with it. */
	| { readonly at: 'all-runs' }
	| { readonly at: 'run-details'; readonly run: string }
	| { readonly at: 'recover'; readonly card: RunCard }
	| { readonly at: 'undo'; readonly details: RunDetails };

/** What help says of the very step and run, in the place of what it says of all. */
export type HelpAbout = {
	readonly why?: string | undefined;
	/** What comes of stopping it. */
	readonly stop?: string | undefined;
};

export type Size = { readonly columns: number; readonly rows: number };

export type App = {
	readonly backend: WizardBackend;
	readonly session: Session;
	readonly size: Size;
	readonly now: () => Date;
	/** `instead`: what is come back to, in the place of this screen. */
	readonly go: (place: Place, instead?: Place) => void;
	readonly back: () => void;
	readonly home: () => void;
	readonly quit: () => void;
	/** Ends the wizard; the run at work goes on by itself. */
	readonly background: () => void;
	/** Opened for one run alone: there is no home beneath it. */
	readonly alone: boolean;
	readonly help: (topic: HelpTopic, about?: HelpAbout) => void;
	/** What is said in the place of the hints just now. */
	readonly note: string | null;
	/** Says something for a few seconds in the place of the hints. */
	readonly flash: (text: string) => void;
	/** Puts text on the clipboard by OSC 52, and says so: `what` it is, in a few words, for the text itself would be cut. */
	readonly copy: (text: string, what: string) => void;
	/** What was seen last of each server, by its name for commands: there at once where one comes back. */
	readonly seen: Map<string, ServerSeen>;
	/** Answers of half-filled forms, kept while the program runs. Passwords are never among them. */
	readonly drafts: Map<string, { readonly [field: string]: string }>;
	/** What Ctrl+C does on this screen; unset, it leaves on the second press. */
	readonly onInterrupt: { current: (() => void) | null };
};

export const AppContext = createContext<App | null>(null);

export function useApp(): App {
	const app = useContext(AppContext);
	if (app === null) throw new Error('a screen is drawn outside of the application');
	return app;
}
