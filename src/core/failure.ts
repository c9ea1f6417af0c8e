import { Bug, ERROR_CLASSES, LeftChanged, LockstepError, type Told } from './errors.ts';
import { limitBehind, machineLimit } from './machine-limits.ts';
import type { Failure } from './model.ts';

/** A limit of the machine that is behind a failure is named with it, and what to do about it. */
function tellLimit({ told, cause }: LockstepError): Told {
	const limit = limitBehind(cause)?.told;
	if (limit === undefined || told.mend !== undefined) return told;
	return { ...told, why: [told.why, limit.what, limit.why].filter(Boolean).join(' '), ...(limit.mend && { mend: limit.mend }) };
}

/** Any error as it travels in events. What is not ours keeps its stack: it is our bug. */
export function failureOf(given: unknown, step: string | null = null): Failure {
	const error = machineLimit(given) ?? given;
	if (error instanceof LockstepError) {
		const { checks = [], signal, ...carried } = error.carried();
		return {
			class: error.name,
			step,
			told: tellLimit(error),
			checks,
			left: error instanceof LeftChanged ? (error.told.mend ?? []) : [],
			...carried,
			...(signal == null ? {} : { signal }),
		};
	}
	const known = error instanceof Error ? error : new Error(String(error));
	return {
		class: 'Bug',
		step,
		told: { what: known instanceof Bug ? known.message : `lockstep itself failed: ${known.message}` },
		checks: [],
		left: [],
		...(known.stack === undefined ? {} : { stack: known.stack }),
	};
}

/** The error again: its class and all that it carries. */
export function errorOf(failure: Failure, options?: { readonly cause?: unknown }): Error {
	const revived = ERROR_CLASSES.get(failure.class)?.revive(failure.told, failure, options);
	return revived ?? Object.assign(new Bug(failure.told.what, options), failure.stack === undefined ? {} : { stack: failure.stack });
}
