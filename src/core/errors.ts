import type { Check } from './check.ts';

/** What a failure tells the person: rendered in one place (`headless/text.ts` and the failure panel read these fields). */
export interface Told {
	/** What happened, one sentence. */
	readonly what: string;
	/** Why, where it is known. */
	readonly why?: string;
	/** What to do next: sentences, commands or statements, each its own line. */
	readonly mend?: readonly string[];
	/** The last words of the server or tool itself. */
	readonly words?: string;
}

/** Every failure that lockstep expects. The class says what it means, and so the exit code (`cli.ts`). */
export abstract class LockstepError extends Error {
	readonly told: Told;

	constructor(told: Told | string, options?: { cause?: unknown }) {
		const full = typeof told === 'string' ? { what: told } : told;
		super(full.what, options);
		this.name = new.target.name;
		this.told = full;
	}
}

/** The person can mend it: usage, configuration, an answer that is missing. */
export class UserError extends LockstepError {}
/** Cannot connect, log in, or agree on TLS. */
export class ConnectError extends LockstepError {}
/** The lock was not had in time. */
export class LockTimeout extends LockstepError {}
/** Another run is at work on that server. */
export class Busy extends LockstepError {}
/** A tool refused or died. */
export class ToolError extends LockstepError {}
/** A server refused a statement. `code` is the server's own number. */
export class ServerError extends LockstepError {
	readonly code: number | null;
	/** True where the connection is gone, so that whatever it held is gone too. */
	readonly connectionLost: boolean;

	constructor(told: Told | string, options: { cause?: unknown; code?: number | null; connectionLost?: boolean } = {}) {
		super(told, options);
		this.code = options.code ?? null;
		this.connectionLost = options.connectionLost ?? false;
	}
}

/** A preflight check says no: carries all that failed, not the first. */
export class CheckFailed extends LockstepError {
	readonly checks: readonly Check[];

	constructor(checks: readonly Check[], what = checks.length === 1 ? 'A check forbids it.' : `${checks.length} checks forbid it.`) {
		super({ what });
		this.checks = checks;
	}
}

/** A proof failed: a backup or a replica is not what it should be. */
export class VerifyFailed extends LockstepError {
	readonly checks: readonly Check[];

	constructor(checks: readonly Check[], what = 'A proof failed.', options?: { cause?: unknown }) {
		super({ what }, options);
		this.checks = checks;
	}
}

/** A server is not as it was: what, and the statements that mend it. */
export class LeftChanged extends LockstepError {}

/** By a person or a signal. */
export class Stopped extends LockstepError {
	readonly signal: 'SIGINT' | 'SIGTERM' | 'SIGHUP' | null;

	constructor(told: Told | string, signal: 'SIGINT' | 'SIGTERM' | 'SIGHUP' | null = null) {
		super(told);
		this.signal = signal;
	}
}
