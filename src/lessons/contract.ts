import type { Language } from '../core/languages.ts';
import type { Vendor } from '../core/vendors.ts';
import type { Pair } from './pair.ts';

/** What a lesson says; besides these, the title of each check of its own by the check's id. */
export type LessonTexts = {
	readonly title: string;
	/** Two sentences of a DBA's night. */
	readonly story: string;
	readonly goal: string;
	/** From an observation over a direction to nearly the solution. */
	readonly hints: readonly string[];
	/** The remedy that suggests itself, and its price. */
	readonly tempting: string;
	/** What a check says once the data show that the price was paid. */
	readonly price: string;
	readonly debrief: string;
	readonly [check: string]: string | readonly string[];
};

/** What the servers say of one condition. Evidence is data, the same in every language: numbers, names, the text of an error. */
export interface CheckResult {
	readonly ok: boolean;
	readonly evidence: string;
}

/** Something noted on the servers before the fault was made, for a check to compare with. Never a password. */
export type Notes = { readonly [name: string]: string };

export interface LessonCheck {
	/** The name of its title in the lesson's texts, or in those of `common-checks.ts`. */
	readonly id: string;
	/** Only reads; red before the fault is repaired and green after. Throws where the server cannot be asked, which counts as red. */
	readonly run: (pair: Pair, notes: Notes) => Promise<CheckResult>;
}

/** How all checks came out, by id. */
export type Results = ReadonlyMap<string, CheckResult>;

/** Adding a lesson is one file and a line in `index.ts`. */
export interface Lesson {
	readonly id: string;
	readonly number: number;
	readonly vendors: readonly Vendor[];
	/** As `Translated`, with names that a lesson adds. */
	readonly texts: { readonly [language in Language]: LessonTexts } & { readonly compared: string };
	/** Checks of `lockstep doctor` that show this fault in production. */
	readonly findings: readonly string[];
	/** What the evidence of a red check holds after {@link Lesson.make}, by vendor. */
	readonly seen: { readonly [vendor in Vendor]?: RegExp };
	readonly checks: readonly LessonCheck[];
	/** Makes the fault and waits until it shows. */
	readonly make: (pair: Pair) => Promise<Notes>;
	/** Whether the data show that the tempting remedy was applied. Pure. */
	readonly isPricePaid: (results: Results) => boolean;
	/** What somebody in a hurry does; for tests. */
	readonly tempting: (pair: Pair, notes: Notes) => Promise<void>;
	/** What repairs it; for tests. */
	readonly right: (pair: Pair, notes: Notes) => Promise<void>;
}
