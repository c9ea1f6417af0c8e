import type { Consent } from './model.ts';
import type { ShownAction } from './shown-action.ts';

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
