import { CheckFailed, LeftChanged, LockstepError, VerifyFailed } from './errors.ts';
import type { Failure } from './events.ts';

/** Any error as it travels in events. What is not ours keeps its stack: it is our bug. */
export function failureOf(error: unknown, step: string | null = null): Failure {
	if (error instanceof LockstepError) {
		return {
			class: error.name,
			step,
			told: error.told,
			checks: error instanceof CheckFailed || error instanceof VerifyFailed ? error.checks : [],
			left: error instanceof LeftChanged ? (error.told.mend ?? []) : [],
		};
	}
	const known = error instanceof Error ? error : new Error(String(error));
	return {
		class: 'Bug',
		step,
		told: { what: `lockstep itself failed: ${known.message}` },
		checks: [],
		left: [],
		...(known.stack === undefined ? {} : { stack: known.stack }),
	};
}
