import type { Review } from '../core/director.ts';
import { thingsWords } from '../core/effects.ts';
import { dayAndTime, type Symbols } from '../core/format.ts';
import type { Consent } from '../core/model.ts';
import type { ShownAction } from '../core/shown-action.ts';
import { indented, type Line, line, type Span, span, type Tone } from './page.ts';
import { isDestructive } from './sql-colors.ts';
import { pad } from './width.ts';

type DecisionOptions = {
	readonly width: number;
	readonly signs: Symbols;
	/** Names by role. */
	readonly servers: { readonly [role: string]: string };
	/** How a consent is given, in the row below it. */
	readonly howToConfirm?: (name: string) => readonly Span[];
};

const LABEL = 11;

/** The name of a row of the plan; blanks where the row continues the one above. */
export const labelled = (label: string, tone: Tone): Span => span(pad(label, LABEL), tone);

/**
 * What decides whether a plan is started: from, to, size and lock, what it destroys, what must be confirmed by name. The same lines above the
 * plan, in the dry run, and where the name is typed; wrapped, never cut.
 */
export function decisionLines(review: Review, options: DecisionOptions): Line[] {
	const { width, signs } = options;
	const lines: Line[] = [];
	if (review.resumes !== null) lines.push(line(span(`${signs.at} Resumes the run of ${dayAndTime(review.resumes)}`, 'warn')));
	for (const { label, text } of review.overview?.lines ?? []) lines.push(...indented(labelled(label, 'bold'), text, width));
	const actions = review.steps.flatMap((step) => step.actions);
	lines.push(...dangerLines({ actions, consents: review.consents }, options));
	return lines;
}

type Danger = { readonly actions: readonly ShownAction[]; readonly consents: readonly Consent[] };

/** The statements of an undo that drop or reset what a run made, and what may be in it by now. */
export function undoneLines(actions: readonly ShownAction[], { width, servers }: Pick<DecisionOptions, 'width' | 'servers'>): Line[] {
	const sent = actions.filter((action) => isDestructive(action) && action.destroys === undefined);
	const texts = new Set(sent.map(({ text, on }) => `${text} on ${servers[on] ?? on}`));
	return [...texts].flatMap((text, index) => indented(labelled(index === 0 ? 'Sends' : '', 'bad'), text, width, 'bad'));
}

/** What these actions destroy, and what must be confirmed by name: of a plan, and of an undo. Wrapped, never cut. */
export function dangerLines({ actions, consents }: Danger, { width, servers, howToConfirm }: Omit<DecisionOptions, 'signs'>): Line[] {
	const lines: Line[] = [];
	const destroyed = actions.flatMap((action) => action.destroys ?? []);
	for (const [index, text] of thingsWords(destroyed, servers).entries())
		lines.push(...indented(labelled(index === 0 ? 'Destroys' : '', 'bad'), text, width, 'bad'));
	for (const consent of consents) {
		lines.push(...indented(labelled('Confirm', 'bad'), consent.reason, width, 'bad'));
		if (consent.affected.length > 0) lines.push(...indented(labelled('', 'plain'), consent.affected.join(', '), width));
		if (howToConfirm !== undefined) lines.push(line(labelled('', 'plain'), ...howToConfirm(consent.name)));
	}
	return lines;
}
