import type { Check } from './check.ts';
import type { Consent, Failure } from './model.ts';
import type { ShownAction } from './shown-action.ts';

/** A step as it would be done now. */
export type PlannedStep = {
	readonly id: string;
	readonly title: string;
	readonly why: string;
	readonly actions: readonly ShownAction[];
	readonly checks: readonly Check[];
	readonly consents: readonly Consent[];
	/** Done by an earlier, interrupted run of the same work. */
	readonly done: boolean;
};

/** What decides whether a plan is started, above its steps. */
export type Overview = {
	/** From where, to where, how much, how long. */
	readonly lines: readonly { readonly label: string; readonly text: string }[];
	/** What starting it does to which server, one sentence. */
	readonly effect: string;
};

/** Everything that is about to happen, before anything has. */
export type Review = {
	readonly runbook: string;
	readonly title: string;
	readonly steps: readonly PlannedStep[];
	readonly checks: readonly Check[];
	readonly consents: readonly Consent[];
	/** Missing where an older lockstep made the plan. */
	readonly overview?: Overview;
	/** Set where an interrupted run is resumed: when that began, RFC 3339. */
	readonly resumes: string | null;
};

export type Reviewed = { readonly go: true; readonly typed: readonly string[] } | { readonly go: false; readonly previewOnly: boolean };

export type Recovery = 'retry' | 'keep' | 'undo';

/** Who decides: a person's keys, flags, or "always preview". All it gets and gives can be written as JSON. */
export interface Director {
	review(review: Review): Promise<Reviewed>;
	/** After a failure of a runbook that keeps what it did. */
	recover(failure: Failure): Promise<Recovery>;
	/** Another terminal answered the question that is open here: this answer counts no more. `text` says how it was answered. */
	answered?(text: string): void;
}

/** The dry run. */
export const previewer: Director = {
	review: async () => ({ go: false, previewOnly: true }),
	recover: async () => 'keep',
};
