import * as z from 'zod/mini';
import type { Recorded } from '../core/events.ts';
import { parseJson } from '../core/schema.ts';

/** Where a test has the engine killed: at the n-th action (from 1) or at the first of that name (`seed copy`), when its line has been written `before` the act, or `after` it was done. */
const CRASH_POINT = z.object({
	at: z.union([z.number(), z.string()]),
	when: z.enum(['before', 'after']),
	target: z.readonly(z.array(z.enum(['engine', 'watcher']))),
});
export type CrashPoint = Readonly<z.output<typeof CRASH_POINT>>;

/** For tests only: kills as `LOCKSTEP_TEST_HALT` (JSON of a {@link CrashPoint}) says, right after a line of the journal was written. */
export function crashInjector(env: NodeJS.ProcessEnv, watcher: number): (event: Recorded) => void {
	const text = env.LOCKSTEP_TEST_HALT;
	if (text === undefined) return () => undefined;
	const point = parseJson(CRASH_POINT, text);
	if (point === null) throw new TypeError('LOCKSTEP_TEST_HALT is no crash point');
	const { at, when, target } = point;
	let begun = 0;
	/** Others may be begun before it is done. */
	let chosen: string | null = null;
	let over = false;
	const choose = (event: Extract<Recorded, { type: 'action-started' }>): boolean => {
		begun++;
		const isReached = typeof at === 'number' ? begun === at : !event.undoing && `${event.step} ${event.action.id}` === at;
		if (isReached) chosen = event.action.id;
		return isReached;
	};
	return (event) => {
		if (over) return;
		const isReached = event.type === 'action-started' && choose(event);
		if (!(when === 'before' ? isReached : event.type === 'action-done' && event.action === chosen)) return;
		over = true;
		if (target.includes('watcher')) process.kill(watcher, 'SIGKILL');
		if (target.includes('engine')) process.kill(process.pid, 'SIGKILL');
	};
}
