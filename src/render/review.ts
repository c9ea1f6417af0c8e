import type { PlannedStep, Review } from '../core/director.ts';
import { plural, symbols } from '../core/format.ts';
import { shellWord } from '../core/shell.ts';
import type { ShownAction } from '../core/shown-action.ts';
import { decisionLines } from './decision.ts';
import { checkLines } from './failure.ts';
import { indented, type Line, line, paint, span } from './page.ts';
import { actionText } from './sql-colors.ts';
import { pad, padLeft } from './width.ts';

export type ReviewOptions = {
	readonly width: number;
	readonly ascii?: boolean;
	/** The servers' names by role. */
	readonly servers?: { readonly [role: string]: string };
};

/** Where something is done, in words. */
export function place(on: string, servers: { readonly [role: string]: string } = {}): string {
	if (on === 'files') return 'files';
	if (on === 'you') return 'you';
	const name = servers[on];
	return name === undefined || name === on ? on : `${on} ${name}`;
}

function actions(step: PlannedStep, options: ReviewOptions): Line[] {
	const lines: Line[] = [];
	let last: ShownAction['on'] | null = null;
	for (const action of step.actions) {
		if (action.on !== last)
			lines.push(line('     ', span(action.on === 'you' ? 'by hand, by you' : `on ${place(action.on, options.servers)}`, 'dim')));
		last = action.on;
		lines.push(...indented(`       ${options.ascii ? '-' : '·'} `, action.why, options.width, 'dim'));
		// Whole and unbroken: what is shown is what is done, and can be copied.
		for (const text of actionText(action)) lines.push(line('         ', ...text));
	}
	return lines;
}

/** The whole plan: every statement in order, grouped by step and place; the checks. */
export function reviewLines(review: Review, options: ReviewOptions): Line[] {
	const signs = symbols(options.ascii ?? false);
	const lines: Line[] = [line(span(review.title, 'bold'))];
	for (const [role, name] of Object.entries(options.servers ?? {})) lines.push(line(span(`  ${pad(role, 8)} `, 'dim'), name));
	const howToConfirm = (name: string) => [span('type '), span(name, 'bold'), span(`, or --confirm ${shellWord(name)}`, 'dim')];
	const decision = decisionLines(review, { width: options.width - 2, signs, servers: options.servers ?? {}, howToConfirm });
	if (decision.length > 0) lines.push([], ...decision.map((each) => line('  ', ...each)));
	review.steps.forEach((step, index) => {
		lines.push(
			[],
			line(
				span(`${padLeft(String(index + 1), 3)}  ${step.title}`, 'bold'),
				...(step.done ? [span(`  ${signs.ok} done before`, 'good')] : []),
			),
		);
		lines.push(...indented('     ', step.why, options.width, 'dim'));
		if (step.actions.length === 0 && !step.done)
			lines.push(line('     ', span('read-only, or already as wanted: nothing to change', 'dim')));
		lines.push(...actions(step, options));
	});
	if (review.checks.length > 0) {
		const bad = review.checks.filter((check) => check.status === 'fail').length;
		const warnings = review.checks.filter((check) => check.status === 'warning').length;
		const ok = review.checks.filter((check) => check.status === 'ok').length;
		lines.push(
			[],
			line(
				span('Checks', 'bold'),
				`   ${ok} passed`,
				...(warnings > 0 ? [span(`, ${plural(warnings, 'warning')}`, 'warn')] : []),
				...(bad > 0 ? [span(`, ${bad} failed`, 'bad')] : []),
			),
		);
		for (const check of review.checks) lines.push(...checkLines(check, options.width, signs));
	}
	return lines;
}

export function renderReview(review: Review, options: ReviewOptions & { readonly color: boolean }): string {
	return paint(reviewLines(review, options), options.color);
}
