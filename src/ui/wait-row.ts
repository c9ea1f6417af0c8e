import { clock, type Symbols } from '../core/format.ts';
import type { RunState, StepState } from '../core/state.ts';
import type { Wait } from '../core/waits.ts';
import { type Line, line, span } from '../render/page.ts';
import { waitText } from '../render/progress-line.ts';
import { cut, widthOf } from '../render/width.ts';

/** An action that has run for so long, and tells nothing, is what the run waits for. */
const SLOW_MS = 1_500;

export type WaitContext = {
	readonly state: RunState;
	readonly current: StepState | undefined;
	/** Servers that it connects to before it has begun, and since when. */
	readonly connecting: { readonly to: readonly string[]; readonly since: number };
	readonly now: Date;
};

/** The action that runs now, where no progress tells how far it is. */
function slowAction({ state, current, now }: WaitContext): Wait | null {
	const running = state.transcript.findLast(({ status }) => status === 'running');
	if (running === undefined) return null;
	const last = Math.max(Date.parse(running.at), current?.progressAt ? Date.parse(current.progressAt) : 0);
	if (now.getTime() - last < SLOW_MS) return null;
	return { on: running.action.on, text: running.action.text.replaceAll(/\s+/g, ' '), since: running.at };
}

/** One line that says what a run waits for, and for how long; null where it does not wait. */
export function waitRow(context: WaitContext, width: number, signs: Symbols): Line | null {
	const { state, connecting, now } = context;
	if (state.phase === 'review' || state.phase === 'ended') return null;
	const drawn = (text: string, since: number): Line => {
		const time = `  ${clock(Math.max(0, now.getTime() - since))}`;
		const room = width - widthOf(signs.busy) - 1 - widthOf(time);
		return line(span(`${signs.busy} `, 'key'), span(cut(text, room, signs.more), 'dim'), time);
	};
	if (state.steps.length === 0 && state.transcript.length === 0)
		return drawn(`Connecting to ${connecting.to.join(' and ') || 'the run'}`, connecting.since);
	const wait = state.wait ?? slowAction(context);
	return wait === null ? null : drawn(waitText(wait, state.servers), Date.parse(wait.since));
}
