import { Bug, ERROR_CLASSES, type ErrorMessage, LeftChanged, LockstepError } from './errors.ts';
import { limitBehind, machineLimit } from './machine-limits.ts';
import type { Failure } from './model.ts';

/** A limit of the machine that is behind a failure is named with it, and what to do about it. */
function describeLimit({ description, cause }: LockstepError): ErrorMessage {
	const limit = limitBehind(cause)?.description;
	if (limit === undefined || description.hints !== undefined) return description;
	return {
		...description,
		reason: [description.reason, limit.message, limit.reason].filter(Boolean).join(' '),
		...(limit.hints && { hints: limit.hints }),
	};
}

/** Any error as it travels in events. What is not ours keeps its stack: it is our bug. */
export function failureOf(given: unknown, step: string | null = null): Failure {
	const error = machineLimit(given) ?? given;
	if (error instanceof LockstepError) {
		const { checks = [], signal, ...carried } = error.carried();
		return {
			class: error.name,
			step,
			description: describeLimit(error),
			checks,
			left: error instanceof LeftChanged ? (error.description.hints ?? []) : [],
			...carried,
			...(signal == null ? {} : { signal }),
		};
	}
	const known = error instanceof Error ? error : new Error(String(error));
	return {
		class: 'Bug',
		step,
		description: { message: known instanceof Bug ? known.message : `lockstep itself failed: ${known.message}` },
		checks: [],
		left: [],
		...(known.stack === undefined ? {} : { stack: known.stack }),
	};
}

/** The error again: its class and all that it carries. */
export function errorOf(failure: Failure, options?: { readonly cause?: unknown }): Error {
	const revived = ERROR_CLASSES.get(failure.class)?.revive(failure.description, failure, options);
	return (
		revived ?? Object.assign(new Bug(failure.description.message, options), failure.stack === undefined ? {} : { stack: failure.stack })
	);
}
