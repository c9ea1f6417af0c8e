import type { Check } from '../core/check.ts';
import { aftermath, NO_EFFECTS, tally } from '../core/effects.ts';
import type { Recorded } from '../core/events.ts';
import { dayAndTime, duration, symbols, timeOfDay, type Zone } from '../core/format.ts';
import { fraction, type Progress } from '../core/progress.ts';
import { checkLines } from './failure.ts';
import { lockWords } from './lock.ts';
import { indented, type Line, line, paint, span } from './page.ts';
import { progressLine, waitText } from './progress-line.ts';

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

/** What prints an event, by its type; of one that is not here nothing is printed. */
type Printers = { readonly [T in Recorded['type']]?: (event: Extract<Recorded, { readonly type: T }>) => void };

const TENTH = 0.1;
const QUIET_MS = 30_000;

/** Prints one line a happening; progress as one line per 10 % or 30 s. */
export function textPrinter(options: TextOptions): (event: Recorded) => void {
	const { out, color, quiet, verbose, ascii, width = 100, zone = 'local' } = options;
	const signs = symbols(ascii);
	const titles = new Map<string, string>();
	/** What the plan said of checks, and steps that had any. */
	const planned = new Set<string>();
	const keyOf = ({ id, status }: Check) => `${status} ${id}`;
	let open: string | null = null;
	const checked = new Set<string>();
	let servers: { readonly [role: string]: string } = {};
	let resumes = false;
	let effects = NO_EFFECTS;
	const lastReports = new Map<string, { tenth: number; at: number }>();
	const say = (at: string, ...lines: readonly Line[]) =>
		out.write(
			`${paint(
				lines.map((each) => [span(`${timeOfDay(at, zone)} `, 'dim'), ...each]),
				color,
			)}\n`,
		);
	const title = (step: string) => titles.get(step) ?? step;

	const isDue = (step: string, progress: Progress, at: string): boolean => {
		const before = lastReports.get(step);
		const tenth = Math.floor((fraction(progress) ?? 0) / TENTH);
		const now = Date.parse(at);
		if (before !== undefined && tenth <= before.tenth && now - before.at < QUIET_MS) return false;
		lastReports.set(step, { tenth, at: now });
		return before !== undefined || tenth > 0;
	};

	/** A wait that comes again and again, in a loop, is told once. */
	const waits = new Set<string>();
	const isNews = (text: string): boolean => !waits.has(text) && waits.add(text) !== undefined;

	const isReported = ({ status }: Check): boolean => status === 'warning' || (status === 'note' && !quiet);
	const isReportedLater = ({ status }: Check): boolean => status !== 'ok' && (status !== 'note' || !quiet);

	const doneWords = ({ step, again, acted, ms }: Extract<Recorded, { type: 'step-done' }>): string => {
		if (again) return 'still as it was done before';
		return acted || checked.has(step) ? duration(ms) : 'nothing to do';
	};

	const undoneWords = (kept: boolean): string => {
		if (kept) return 'Rolled back what must not stay; what was done before is kept';
		return aftermath(effects, null).state === 'rolled-back-except'
			? 'Rolled back, except for what was said'
			: 'Rolled back: everything is as it was';
	};

	/** A step is named before its first news, so that a short one takes one line. */
	const begin = (at: string, step: string | null) => {
		if (quiet || step === null || open !== step) return;
		open = null;
		say(at, line(span(`${signs.at} `, 'key'), title(step)));
	};

	const print: Printers = {
		'run-started': (event) => {
			for (const step of event.steps) titles.set(step.id, step.title);
			servers = event.servers;
			resumes = event.resumes !== null;
			if (quiet) return;
			const where = Object.entries(event.servers).map(([role, name]) => `${role} ${name}`);
			say(event.at, line(span(event.title, 'bold'), span(`  ${where.join(', ')}`, 'dim')));
			if (event.resumes !== null) say(event.at, line(`Resumes the run of ${dayAndTime(event.resumes, zone)}`));
		},
		looking: ({ at, step }) => {
			// A resumed run proves again what was done before: that may take long, and says what it is at.
			if (verbose || (resumes && !quiet)) say(at, line(span(`${signs.waiting} Checking: ${title(step)}`, 'dim')));
		},
		review: ({ at, review }) => {
			for (const check of review.checks) planned.add(keyOf(check));
			for (const check of review.checks.filter(isReported)) say(at, ...checkLines(check, width, signs));
		},
		checks: ({ at, step, checks }) => {
			checked.add(step);
			// What the plan said already is not said again.
			for (const check of checks) if (!planned.has(keyOf(check)) && isReportedLater(check)) say(at, ...checkLines(check, width, signs));
		},
		'step-started': ({ at, step }) => {
			open = step;
			if (verbose) begin(at, step);
		},
		'step-done': (event) => {
			if (quiet) return;
			say(event.at, line(span(`${signs.ok} `, 'good'), title(event.step), span(`  ${doneWords(event)}`, 'dim')));
		},
		'step-failed': ({ at, step, failure }) => {
			say(at, line(span(`${signs.bad} `, 'bad'), `${title(step)}: ${failure.description.message}`));
		},
		'action-started': ({ at, action, undoing }) => {
			if (!verbose && !undoing) return;
			for (const text of action.text.split('\n')) say(at, line(span(`    ${undoing ? 'rolls back, ' : ''}${action.on}  `, 'dim'), text));
		},
		'action-done': ({ at, ms }) => {
			if (verbose && ms >= 1000) say(at, line(span(`    ${duration(ms)}`, 'dim')));
		},
		'action-failed': ({ at, description: { message }, discarded }) => {
			if (!verbose) return;
			const text = discarded ? `${message} It is discarded, and tried again.` : message;
			say(at, ...indented('    ', text, width, discarded ? 'dim' : 'bad'));
		},
		progress: ({ at, step, progress }) => {
			if (quiet || !isDue(step, progress, at)) return;
			begin(at, step);
			say(at, line('  ', progressLine(progress)));
		},
		waiting: ({ at, step, wait }) => {
			if (quiet || wait === null || (!verbose && !isNews(wait.text))) return;
			begin(at, step);
			say(at, ...indented('  ', waitText(wait, servers), width, 'dim'));
		},
		lock: ({ at, step, lock }) => {
			begin(at, step);
			if (quiet && lock.state !== 'lost') return;
			const isBad = lock.state === 'held' || lock.state === 'lost';
			const lockLine = lockWords({ ...lock, on: servers[lock.on] ?? lock.on }, zone);
			say(at, line(span(`  ${isBad ? signs.warn : signs.note} ${lockLine}`, isBad ? 'bad' : 'plain')));
		},
		note: ({ at, step, level, text }) => {
			begin(at, step);
			if (level === 'warning') say(at, ...indented(span(`  ${signs.warn} `, 'warn'), text, width));
			else if (!quiet) say(at, ...indented(span(`  ${signs.note} `, 'dim'), text, width));
		},
		recovery: ({ at, choice }) => {
			say(at, line(`  chosen: ${choice}`));
		},
		'undo-started': ({ at, steps }) => {
			say(at, line(span(`${signs.undone} Rolling back: `, 'warn'), steps.map(title).join(', ') || 'nothing to roll back'));
		},
		'undo-done': ({ at, left, kept }) => {
			if (left.length > 0) say(at, line(span(`${signs.bad} Not rolled back: ${left.join('; ')}`, 'bad')));
			else say(at, line(span(`${signs.ok} `, 'good'), undoneWords(kept)));
		},
	};

	return (event) => {
		effects = tally(effects, event);
		const printOne = print[event.type] as ((event: Recorded) => void) | undefined;
		printOne?.(event);
	};
}
