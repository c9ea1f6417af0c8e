import { bytes, clock, count, duration, plural, rate, type Symbols, timeOfDay } from '../core/format.ts';
import { fraction, type Progress } from '../core/progress.ts';
import type { RunState, StepState } from '../core/state.ts';
import { lockWords } from '../render/lock.ts';
import { type Line, line, span, type Tone } from '../render/page.ts';
import { amount } from '../render/progress-line.ts';
import { columns, padLeft, widthOf } from '../render/width.ts';
import type { History } from './history.ts';

const SIGNS: { readonly [status in StepState['status']]: readonly [keyof Symbols, Tone] } = {
	waiting: ['waiting', 'dim'],
	looking: ['busy', 'key'],
	running: ['at', 'key'],
	done: ['ok', 'good'],
	failed: ['bad', 'bad'],
	undone: ['undone', 'warn'],
};

/** The steps, each with its sign and time; where they do not all fit, the ones far from the current are told as a number. */
export function stepRows(state: RunState, now: Date, height: number, width: number, signs: Symbols): Line[] {
	const titles = columns(
		state.steps.map((step) => [step.title]),
		[{ least: 20, most: Math.max(20, width - 32) }],
		signs.more,
	).flat();
	const row = (step: StepState, title: string): Line => {
		const [sign, tone] = SIGNS[step.status];
		const running = step.status === 'running' && step.startedAt !== null ? clock(now.getTime() - Date.parse(step.startedAt)) : null;
		const idle = step.status === 'done' && !step.acted && !step.again && step.checks.length === 0;
		const time = idle ? '' : step.ms !== null ? duration(step.ms) : (running ?? '');
		const detail = step.again
			? 'done before'
			: step.status === 'running' && step.progress !== null
				? [
						step.progress.tables && step.progress.current,
						step.progress.tables && `table ${step.progress.tables.done} of ${step.progress.tables.total}`,
					]
						.filter(Boolean)
						.join(', ')
				: step.checks.length > 0
					? plural(step.checks.length, 'check')
					: idle
						? 'nothing to do'
						: '';
		return line(
			span(`${signs[sign] as string} `, tone),
			span(title, step.status === 'running' ? 'bold' : step.status === 'waiting' ? 'dim' : 'plain'),
			span(`${padLeft(time, 8)}   `),
			span(detail, 'dim'),
		);
	};
	const { steps } = state;
	const all = steps.map((step, at) => row(step, titles[at] ?? ''));
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
	if (average !== null) parts.push(`${rate(average, unit)} average`);
	parts.push(`elapsed ${clock(elapsedMs)}`);
	parts.push(
		leftMs === null
			? 'left: estimating'
			: `left ~${clock(leftMs)}, until about ${timeOfDay(new Date(now.getTime() + leftMs).toISOString())}`,
	);
	if (rows !== undefined) parts.push(`${count(rows)} rows`);
	if (onDisk !== undefined && onDisk > 0)
		parts.push(`on disk ${bytes(onDisk)}${unit === 'bytes' && done > onDisk ? `, ${(done / onDisk).toFixed(1)} : 1` : ''}`);
	if (freeBytes !== undefined) parts.push(`${bytes(freeBytes)} free`);
	if (lagSeconds !== undefined && lagSeconds !== null) parts.push(`lag ${lagSeconds} s`);
	if (waiting !== undefined && waiting !== null) parts.push(`${count(waiting)} transactions wait`);
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

/** The tables that went by, newest last, and the one in hand. */
export function tableRows(history: History, progress: Progress, height: number, signs: Symbols): Line[] {
	// Only a step that goes through tables has any to show: a wait tells what the server is at, which is no table.
	if (history.current === null || !progress.tables || height < 1) return [];
	const size = (value: number) => (progress.unit === 'bytes' ? bytes(value) : `${count(value)} ${progress.unit}`);
	const past = history.tables.slice(Math.max(0, history.tables.length - height + 1));
	const { name, done, elapsedMs } = history.current;
	const all = [...past, { name, done: progress.done - done, ms: progress.elapsedMs - elapsedMs }];
	const rows = columns(
		all.map((table) => [table.name, size(Math.max(0, table.done)), clock(table.ms)]),
		[
			{ least: 34, most: 40 },
			{ least: 12, most: 20, isRight: true },
			{ least: 6, most: 12, isRight: true },
		],
		signs.more,
	);
	return rows.map(([name = '', size, ms], at) =>
		line(at < past.length ? span(`${signs.ok} `, 'good') : span(`${signs.at} `, 'key'), name, span(` ${size}   ${ms}`, 'dim')),
	);
}

/** Statements and commands as they were done. */
export function transcriptRows(state: RunState, signs: Symbols): Line[] {
	return state.transcript.flatMap(({ action, at, ms, status, undoing }) => {
		const [sign, tone]: readonly [string, Tone] =
			status === 'done'
				? [signs.ok, 'good']
				: status === 'failed'
					? [signs.bad, 'bad']
					: status === 'discarded'
						? [signs.undone, 'dim']
						: [signs.at, 'key'];
		return action.text
			.split('\n')
			.map((text, index) =>
				index === 0
					? line(
							span(`${timeOfDay(at)} `, 'dim'),
							span(`${sign} `, tone),
							span(`${undoing ? 'rolls back, ' : ''}${state.servers[action.on] ?? action.on}  `, 'dim'),
							text,
							span(`${ms === null ? '' : `  ${duration(ms)}`}${status === 'discarded' ? '  discarded, and tried again' : ''}`, 'dim'),
						)
					: line(`             ${text}`),
			);
	});
}

/** What the red line says while it matters. */
export function stateLine(
	state: RunState,
	now: Date,
	dot: string,
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
	return {
		text: `READ LOCK HELD ${clock(now.getTime() - Date.parse(lock.since))}${left} ${dot} ${effect}`,
		tone: 'bad',
	};
}
