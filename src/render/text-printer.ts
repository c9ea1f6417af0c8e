import { aftermath, NO_DEEDS, tally } from '../core/deeds.ts';
import type { Recorded } from '../core/events.ts';
import { dayAndTime, duration, symbols, timeOfDay, type Zone } from '../core/format.ts';
import { fraction, type Progress } from '../core/progress.ts';
import { checkLines } from './failure.ts';
import { lockWords } from './lock.ts';
import { indented, type Line, line, paint, span } from './page.ts';
import { progressLine } from './progress-line.ts';

export type TextOptions = {
	readonly out: { write(text: string): unknown };
	readonly color: boolean;
	/** Only warnings, failures and what is put back. */
	readonly quiet: boolean;
	/** Every statement and command as well. */
	readonly verbose: boolean;
	readonly ascii: boolean;
	readonly width?: number;
	readonly zone?: Zone;
};

const TENTH = 0.1;
const QUIET_MS = 30_000;

/** Prints one line a happening; progress as one line per 10 % or 30 s. */
export function textPrinter(options: TextOptions): (event: Recorded) => void {
	const { out, color, quiet, verbose, ascii, width = 100, zone = 'local' } = options;
	const signs = symbols(ascii);
	const titles = new Map<string, string>();
	/** Checks that the plan told of, and steps that had any. */
	const planned = new Set<string>();
	let open: string | null = null;
	const checked = new Set<string>();
	let servers: { readonly [role: string]: string } = {};
	let resumes = false;
	let deeds = NO_DEEDS;
	const told = new Map<string, { tenth: number; at: number }>();
	const say = (at: string, ...lines: readonly Line[]) =>
		out.write(
			`${paint(
				lines.map((each) => [span(`${timeOfDay(at, zone)} `, 'dim'), ...each]),
				color,
			)}\n`,
		);
	const title = (step: string) => titles.get(step) ?? step;

	const isDue = (step: string, progress: Progress, at: string): boolean => {
		const before = told.get(step);
		const tenth = Math.floor((fraction(progress) ?? 0) / TENTH);
		const now = Date.parse(at);
		if (before !== undefined && tenth <= before.tenth && now - before.at < QUIET_MS) return false;
		told.set(step, { tenth, at: now });
		return before !== undefined || tenth > 0;
	};

	/** A step is named before its first news, so that a short one takes one line. */
	const begin = (at: string, step: string | null) => {
		if (quiet || step === null || open !== step) return;
		open = null;
		say(at, line(span(`${signs.at} `, 'key'), title(step)));
	};

	return (event) => {
		const { at } = event;
		deeds = tally(deeds, event);
		if (event.type === 'lock' || event.type === 'note') begin(at, event.step);
		switch (event.type) {
			case 'run-started': {
				for (const step of event.steps) titles.set(step.id, step.title);
				servers = event.servers;
				resumes = event.resumes !== null;
				if (quiet) return;
				const where = Object.entries(event.servers).map(([role, name]) => `${role} ${name}`);
				say(at, line(span(event.title, 'bold'), span(`  ${where.join(', ')}`, 'dim')));
				if (event.resumes !== null) say(at, line(`Resumes the run of ${dayAndTime(event.resumes, zone)}`));
				return;
			}
			case 'looking':
				// A resumed run proves again what was done before: that may take long, and says what it is at.
				if (verbose || (resumes && !quiet)) say(at, line(span(`${signs.waiting} Checking: ${title(event.step)}`, 'dim')));
				return;
			case 'review': {
				for (const check of event.review.checks) planned.add(check.id);
				const odd = event.review.checks.filter((check) => check.status === 'warning' || (check.status === 'note' && !quiet));
				for (const check of odd) say(at, ...checkLines(check, width, signs));
				return;
			}
			case 'checks':
				checked.add(event.step);
				// What the plan said already is not said again.
				for (const check of event.checks)
					if (!planned.has(check.id) && check.status !== 'ok' && (check.status !== 'note' || !quiet))
						say(at, ...checkLines(check, width, signs));
				return;
			case 'step-started':
				open = event.step;
				if (verbose) begin(at, event.step);
				return;
			case 'step-done':
				if (!quiet)
					say(
						at,
						line(
							span(`${signs.ok} `, 'good'),
							title(event.step),
							span(
								`  ${event.again ? 'still as it was done before' : event.acted || checked.has(event.step) ? duration(event.ms) : 'nothing to do'}`,
								'dim',
							),
						),
					);
				return;
			case 'step-failed':
				say(at, line(span(`${signs.bad} `, 'bad'), `${title(event.step)}: ${event.failure.description.message}`));
				return;
			case 'action-started':
				if (verbose || event.undoing)
					for (const text of event.action.text.split('\n'))
						say(at, line(span(`    ${event.undoing ? 'rolls back, ' : ''}${event.action.on}  `, 'dim'), text));
				return;
			case 'action-done':
				if (verbose && event.ms >= 1000) say(at, line(span(`    ${duration(event.ms)}`, 'dim')));
				return;
			case 'action-failed':
				if (verbose)
					say(
						at,
						...indented(
							'    ',
							event.discarded ? `${event.description.message} It is discarded, and tried again.` : event.description.message,
							width,
							event.discarded ? 'dim' : 'bad',
						),
					);
				return;
			case 'progress':
				if (!quiet && isDue(event.step, event.progress, at)) {
					begin(at, event.step);
					say(at, line('  ', progressLine(event.progress)));
				}
				return;
			case 'lock': {
				const tone = event.lock.state === 'held' || event.lock.state === 'lost' ? 'bad' : 'plain';
				if (!quiet || event.lock.state === 'lost')
					say(
						at,
						line(
							span(
								`  ${tone === 'bad' ? signs.warn : signs.note} ${lockWords({ ...event.lock, on: servers[event.lock.on] ?? event.lock.on }, zone)}`,
								tone,
							),
						),
					);
				return;
			}
			case 'note':
				if (event.level === 'warning') say(at, ...indented(`  ${signs.warn} `, event.text, width, 'plain', 'warn'));
				else if (!quiet) say(at, ...indented(`  ${signs.note} `, event.text, width, 'plain', 'dim'));
				return;
			case 'recovery':
				say(at, line(`  chosen: ${event.choice}`));
				return;
			case 'undo-started':
				say(at, line(span(`${signs.undone} Rolling back: `, 'warn'), event.steps.map(title).join(', ') || 'nothing to roll back'));
				return;
			case 'undo-done':
				if (event.left.length === 0)
					say(
						at,
						line(
							span(`${signs.ok} `, 'good'),
							event.kept
								? 'Rolled back what must not stay; what was done before is kept'
								: aftermath(deeds, null).state === 'rolled-back-except'
									? 'Rolled back, except for what was said'
									: 'Rolled back: everything is as it was',
						),
					);
				else say(at, line(span(`${signs.bad} Not rolled back: ${event.left.join('; ')}`, 'bad')));
				return;
			case 'reviewed':
			case 'facts':
			case 'run-ended':
				return;
		}
	};
}
