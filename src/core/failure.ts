import {
	Busy,
	CheckFailed,
	ConnectError,
	LeftChanged,
	LockstepError,
	LockTimeout,
	ServerError,
	Stopped,
	ToolError,
	UserError,
	VerifyFailed,
} from './errors.ts';
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
			...(error instanceof Stopped && error.signal !== null ? { signal: error.signal } : {}),
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

/** The error again, in another process: its class and all that it tells; its cause stayed where it happened. */
export function errorOf({ class: name, told, checks, stack, signal }: Failure): Error {
	switch (name) {
		case 'UserError':
			return new UserError(told);
		case 'ConnectError':
			return new ConnectError(told);
		case 'CheckFailed':
			return new CheckFailed(checks, told.what);
		case 'LockTimeout':
			return new LockTimeout(told);
		case 'VerifyFailed':
			return new VerifyFailed(checks, told.what);
		case 'LeftChanged':
			return new LeftChanged(told);
		case 'Busy':
			return new Busy(told);
		case 'ToolError':
			return new ToolError(told);
		case 'ServerError':
			return new ServerError(told);
		case 'Stopped':
			return new Stopped(told, signal === 'SIGINT' || signal === 'SIGTERM' || signal === 'SIGHUP' ? signal : null);
		default:
			return Object.assign(new Error(told.what), stack === undefined ? {} : { stack });
	}
}
