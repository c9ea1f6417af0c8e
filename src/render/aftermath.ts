import { type Aftermath, aftermath, type Effects, lostWords } from '../core/effects.ts';
import type { RunEnd } from '../core/runner.ts';

export type AfterOptions = {
	/** Names by role. */
	readonly servers: { readonly [role: string]: string };
	/** The run's name, where a command can be given for it. */
	readonly run?: string | null;
	/** How many of its steps are complete, where that is known. */
	readonly steps?: { readonly done: number; readonly of: number };
};

/** What was destroyed or changed by others, and so is not as it was. */
export const exceptions = ({ lost, drift }: Pick<Aftermath, 'lost' | 'drift'>, servers: AfterOptions['servers']): readonly string[] => [
	...lostWords(lost, servers),
	...drift,
];

/** THE words for what is different on the servers after a run, what was rolled back, what is gone for good, and what to do; null where all is well. */
export function afterWords(effects: Effects, end: Pick<RunEnd, 'outcome' | 'open'> | null, options: AfterOptions): string | null {
	const { servers, run, steps } = options;
	const after = aftermath(effects, end);
	const except = exceptions(after, servers).join('; ');
	const name = run == null || run === '' ? '' : ` ${run}`;
	switch (after.state) {
		case 'untouched':
			return 'Untouched: nothing was changed.';
		case 'as-before':
			return 'As before: what the run changed was rolled back.';
		case 'rolled-back-except':
			return `Rolled back, except: ${except}.`;
		case 'left-changed':
			return `CHANGED: see what is left to be rolled back.${except === '' ? '' : ` Cannot be restored: ${except}.`}`;
		case 'kept': {
			const done = steps === undefined ? '' : ` ${steps.done} of ${steps.of} steps are complete.`;
			const gone = except === '' ? '' : ` Cannot be restored: ${except}.`;
			return `What was done so far is kept.${done} The same command resumes it; lockstep undo${name} --yes undoes it.${gone}`;
		}
		case 'complete':
			return null;
	}
}
