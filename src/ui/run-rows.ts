import { bytes, clock, count, duration, plural, rate, type Symbols, timeOfDay } from '../core/format.ts';
import { fraction, type Progress } from '../core/progress.ts';
import type { RunState, StepState, TranscriptLine } from '../core/state.ts';
import { lockWords } from '../render/lock.ts';
import { type Line, line, span, type Tone } from '../render/page.ts';
import { amount, tablesText } from '../render/progress-line.ts';
import { columns, padLeft, widthOf } from '../render/width.ts';

const SIGNS: { readonly [status in StepState['status']]: readonly [keyof Symbols, Tone] } = {
	waiting: ['waiting', 'dim'],
	looking: ['busy', 'key'],
	running: ['at', 'key'],
	done: ['ok', 'good'],
	failed: ['bad', 'bad'],
	undone: ['undone', 'warn'],
};

const TITLES: { readonly [status in StepState['status']]: Tone } = {
	waiting: 'dim',
	looking: 'plain',
	running: 'bold',
	done: 'plain',
	failed: 'plain',
	undone: 'plain',
};

type StepShown = { readonly title: string; readonly now: Date; readonly isCurrent: boolean };

function stepRow(step: StepState, { title, now, isCurrent }: StepShown, signs: Symbols): Line {
	const [sign, tone] = SIGNS[step.status];
	return line(
		span(`${signs[sign] as string} `, tone),
		span(title, TITLES[step.status]),
		span(`${padLeft(stepTime(step, now, isCurrent), 8)}   `),
		span(stepDetail(step), 'dim'),
	);
}

/** Whether there was nothing to do in it. */
const isIdle = ({ status, acted, again, checks }: StepState): boolean => status === 'done' && !acted && !again && checks.length === 0;

/** How long it took, or has taken so far. */
function stepTime(step: StepState, now: Date, isCurrent: boolean): string {
	if (isIdle(step)) return '';
	if (step.ms !== null) return duration(step.ms);
	const isAtWork = step.status === 'running' || (step.status === 'looking' && isCurrent);
	return isAtWork && step.startedAt !== null ? clock(now.getTime() - Date.parse(step.startedAt)) : '';
}

function stepDetail(step: StepState): string {
	if (step.again) return 'done before';
	if ((step.status === 'running' || step.status === 'looking') && step.progress !== null) return inHand(step.progress);
	if (step.checks.length > 0) return plural(step.checks.length, 'check');
	return isIdle(step) ? 'nothing to do' : '';
}

/** Which of how many tables; what is in hand where no list names it. */
const inHand = (progress: Progress): string =>
	[progress.workers?.length ? null : progress.current, tablesText(progress)].filter((part) => part !== null).join(', ');

const SIGN_AND_TIME = 13;
/** A longer detail is cut, rather than every title. */
const MOST_DETAIL = 19;

/** The steps, each with its sign and time; where they do not all fit, the ones far from the current are told as a number. */
export function stepRows(
	state: RunState,
	now: Date,
	{ height, width }: { readonly height: number; readonly width: number },
	signs: Symbols,
): Line[] {
	const { steps } = state;
	const details = Math.max(0, ...steps.map((step) => widthOf(stepDetail(step))));
	const titles = columns(
		steps.map((step) => [step.title]),
		[{ least: 20, most: Math.max(20, width - SIGN_AND_TIME - Math.min(details, MOST_DETAIL)) }],
		signs.more,
	).flat();
	const all = steps.map((step, at) => stepRow(step, { title: titles[at] ?? '', now, isCurrent: step.id === state.current }, signs));
	if (steps.length <= height) return all;
	const found = steps.findIndex((step) => step.id === state.current);
	const current = found < 0 ? steps.length - 1 : found;
	const room = Math.max(1, height - 2);
	const from = Math.max(0, Math.min(current - Math.floor(room / 2), steps.length - room));
	const to = from + room;
	const rows = all.slice(from, to);
	if (from > 0) rows.unshift(line(span(`${signs.ok} `, 'good'), span(`${plural(from, 'step')} before`, 'dim')));
	if (steps.length > to) rows.push(line(span(`${signs.waiting} ${plural(steps.length - to, 'step')} to come`, 'dim')));
	return rows;
}

/** The lines under the bar: rate, elapsed, left, on disk, lag. */
export function progressRows(progress: Progress, now: Date, width: number, signs: Symbols): Line[] {
	const { rate: speed, average, leftMs, elapsedMs, unit, rows, onDisk, done, lagSeconds, waiting, freeBytes } = progress;
	const parts: string[] = [];
	if (speed !== null) parts.push(`${rate(speed, unit)} now`);
	parts.push(
		leftMs === null
			? 'time left: estimating'
			: `~${clock(leftMs)} left, done about ${timeOfDay(new Date(now.getTime() + leftMs).toISOString())}`,
	);
	parts.push(`elapsed ${clock(elapsedMs)}`);
	if (average !== null) parts.push(`${rate(average, unit)} average`);
	if (rows !== undefined) parts.push(`${count(rows)} rows`);
	if (onDisk !== undefined && onDisk > 0)
		parts.push(`on disk ${bytes(onDisk)}${unit === 'bytes' && done > onDisk ? `, ${(done / onDisk).toFixed(1)} : 1` : ''}`);
	if (freeBytes !== undefined) parts.push(`${bytes(freeBytes)} free`);
	if (lagSeconds !== undefined && lagSeconds !== null) parts.push(`lag ${lagSeconds} s`);
	if (waiting) parts.push(`${count(waiting)} transactions queued`);
	const between = `  ${signs.dot}  `;
	const lines: string[] = [];
	for (const part of parts) {
		const last = lines.at(-1);
		if (last === undefined || widthOf(last + between + part) > width) lines.push(part);
		else lines[lines.length - 1] = last + between + part;
	}
	return lines.map((text) => line(text));
}

export const barLabel = (progress: Progress): string => {
	const part = fraction(progress);
	return `${part === null ? 'estimating' : `${Math.floor(part * 100)} %`}   ${amount(progress)}`;
};

const TRANSCRIPT_SIGNS: { readonly [status in TranscriptLine['status']]: readonly [keyof Symbols, Tone] } = {
	running: ['at', 'key'],
	done: ['ok', 'good'],
	failed: ['bad', 'bad'],
	discarded: ['undone', 'dim'],
};

/** Statements and commands as they were done. */
export function transcriptRows(state: RunState, signs: Symbols): Line[] {
	return state.transcript.flatMap(({ action, at, ms, status, undoing }) => {
		const [sign, tone] = TRANSCRIPT_SIGNS[status];
		return action.text
			.split('\n')
			.map((text, index) =>
				index === 0
					? line(
							span(`${timeOfDay(at)} `, 'dim'),
							span(`${signs[sign] as string} `, tone),
							span(`${undoing ? 'rolls back, ' : ''}${state.servers[action.on] ?? action.on}  `, 'dim'),
							text,
							span(`${ms === null ? '' : `  ${duration(ms)}`}${status === 'discarded' ? '  discarded, and tried again' : ''}`, 'dim'),
						)
					: line(`             ${text}`),
			);
	});
}

/** What the red line says while it matters; where it is narrow, how long the lock may be held goes first. */
export function stateLine(
	state: RunState,
	now: Date,
	{ dot, width }: { readonly dot: string; readonly width: number },
): { readonly text: string; readonly tone: 'good' | 'warn' | 'bad' } | null {
	const { lock } = state;
	if (lock === null || state.phase === 'ended') return null;
	if (lock.state === 'waiting')
		return { text: `${lockWords(lock)}, ${clock(now.getTime() - Date.parse(lock.since))} so far`, tone: 'warn' };
	if (lock.state === 'lost') return { text: lockWords(lock), tone: 'bad' };
	if (lock.state === 'released') return null;
	const lag = state.steps.find((step) => step.id === state.current)?.progress?.lagSeconds;
	const effect = lock.clientsWait ? "clients' writes wait" : `replication waits${typeof lag === 'number' ? `, lag ${lag} s` : ''}`;
	const left = lock.until === null ? '' : ` ${dot} at most ${clock(Date.parse(lock.until) - now.getTime())} more`;
	const held = `READ LOCK HELD ${clock(now.getTime() - Date.parse(lock.since))}`;
	const whole = `${held}${left} ${dot} ${effect}`;
	return { text: widthOf(whole) <= width ? whole : `${held} ${dot} ${effect}`, tone: 'bad' };
}
