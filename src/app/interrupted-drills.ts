import { previewer } from '../core/director.ts';
import type { AppContext } from './context.ts';
import { undoInBackground } from './run-in-background.ts';
import { runsOf } from './runs.ts';

/**
 * Rolls back what drills whose process died have left: throwaway servers with production's data, and accounts on a primary. They are of no use
 * to anybody, so that nobody is asked. Never throws for a primary that cannot be reached: `say` gets what is left.
 */
export async function clearInterruptedDrills(context: AppContext, say: (text: string) => void): Promise<void> {
	for (const { state, record } of await runsOf(context)) {
		if (state !== 'interrupted' || record.runbook !== 'drill') continue;
		const watcher = { director: previewer, signal: context.signal, on: () => undefined };
		const end = await undoInBackground(context, { record, connections: {}, work: 'recover' }, watcher);
		const failure = end?.failure ?? null;
		say(
			failure === null
				? `Cleared up after a drill that was interrupted: ${record.run}`
				: [`Not all that the interrupted drill ${record.run} left could be cleared up.`, failure.description.reason, ...failure.left]
						.filter(Boolean)
						.join('\n  '),
		);
	}
}
