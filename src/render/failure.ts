import type { Check } from '../core/check.ts';
import { type Symbols, symbols } from '../core/format.ts';
import type { Failure } from '../core/model.ts';
import { indented, type Line, line, paint, span, type Tone } from './page.ts';
import { pad, widthOf } from './width.ts';

export type FailureOptions = {
	readonly width: number;
	readonly ascii?: boolean;
	/** What state the servers are in now: after a run always given, from its journal; null where that is in no doubt, and not said. */
	readonly state?: string | null;
	/** What else is to be known of the run: below its state, each with its label. */
	readonly facts?: readonly (readonly [label: string, text: string])[];
	/** What can be done beside the failure's own hints. */
	readonly more?: readonly string[];
	/** Where to read more: journal or report. */
	readonly log?: string;
};

const TONES: { readonly [status in Check['status']]: Tone } = { ok: 'good', note: 'dim', warning: 'warn', fail: 'bad' };

export const checkSign = (status: Check['status'], signs: Symbols): string =>
	({ ok: signs.ok, note: signs.note, warning: signs.warn, fail: signs.bad })[status];

/** A check with what was expected and found, and each line of its fix. */
export function checkLines(check: Check, width: number, signs: Symbols): Line[] {
	const lines = [
		...indented(
			span(`  ${checkSign(check.status, signs)} `, TONES[check.status]),
			check.title,
			width,
			check.status === 'fail' ? 'bold' : 'plain',
		),
	];
	const last = lines[lines.length - 1];
	const short = check.found !== undefined && check.expected === undefined && widthOf(check.found) < 40;
	if (last !== undefined && short) lines[lines.length - 1] = [...last, span(`  ${check.found}`, 'dim')];
	if (check.expected !== undefined) lines.push(...indented(span('      expected  ', 'dim'), check.expected, width));
	if (check.found !== undefined && !short) lines.push(...indented(span('      found     ', 'dim'), check.found, width));
	// Whole, however long: it is there to be copied.
	if (check.status !== 'ok') for (const hint of check.hints ?? []) lines.push(line(span('      hint       ', 'dim'), span(hint, 'key')));
	return lines;
}

/**
 * What the servers are like after a failure outside any run: nothing but what it says itself was changed. A run's state is {@link afterWords}.
 * Null after a mistake in what was asked: no server was in question.
 */
function stateAfter(failure: Pick<Failure, 'class' | 'step' | 'left'>): string | null {
	if (failure.left.length > 0 || failure.class === 'LeftChanged') return 'CHANGED: see what is left to be rolled back.';
	if (failure.step === null && failure.class === 'UserError') return null;
	return failure.step === null ? 'Untouched: nothing was changed.' : 'Its steps and its journal show what the run changed.';
}

/** What is left changed, with the statements that restore it, or the failure's own hints; then what else can be done. */
function hintLines({ left, description }: Failure, more: readonly string[]): Line[] {
	const commands = (texts: readonly string[]) => texts.map((text) => line('    ', span(text, 'key')));
	const restore = left.length === 0 ? [] : [[], line(span('  Left changed; these statements restore it:', 'bad')), ...commands(left)];
	const hints = [...(left.length > 0 ? [] : (description.hints ?? [])), ...more];
	return hints.length === 0 ? restore : [...restore, [], line(span('  What to do', 'bold')), ...commands(hints)];
}

/** THE place that words a failure: what, why, the state now, what to do, the server's own words, failed checks, what is left. */
export function failureLines(failure: Failure, { width, ascii = false, state, facts = [], more = [], log }: FailureOptions): Line[] {
	const signs = symbols(ascii);
	const { description } = failure;
	const lines: Line[] = [...indented(span(`${signs.bad} `, 'bad'), description.message, width, 'bold')];
	if (description.reason) lines.push(...indented(span('  why    ', 'dim'), description.reason, width));
	const after = state === undefined ? stateAfter(failure) : state;
	if (after !== null) lines.push(...indented(span('  state  ', 'dim'), after, width, failure.left.length > 0 ? 'bad' : 'plain'));
	for (const [label, text] of facts) lines.push(...indented(span(`  ${pad(label, 6)} `, 'dim'), text, width));
	if (failure.checks.length > 0) {
		lines.push([]);
		for (const check of failure.checks) lines.push(...checkLines(check, width, signs));
	}
	lines.push(...hintLines(failure, more));
	if (description.details) {
		lines.push([]);
		lines.push(...indented('    ', description.details.trim(), width, 'dim'));
	}
	if (failure.stack !== undefined) {
		lines.push([], line(span('  This is a bug in lockstep, not in your servers. Where it happened:', 'plain')));
		for (const at of failure.stack.split('\n').slice(1, 7)) lines.push(line(span(`  ${at}`, 'dim')));
	}
	if (log !== undefined) lines.push([], line(span('  log    ', 'dim'), log));
	return lines;
}

export function renderFailure(failure: Failure, options: FailureOptions & { readonly color: boolean }): string {
	return paint(failureLines(failure, options), options.color);
}
