import type { Check } from './check.ts';

/** What an error says to a person: rendered by `render/failure.ts`. */
export interface ErrorMessage {
	/** What failed, one sentence. */
	readonly message: string;
	/** Why, where it is known. */
	readonly reason?: string;
	/** What to do next: sentences, commands or statements, each its own line. */
	readonly hints?: readonly string[];
	/** What the server or tool itself said last. */
	readonly details?: string;
}

/** The certificate of a server that nothing proves to be the right one. Dates: RFC 3339. */
export interface UnverifiedCertificate {
	/** SHA-256, as `AB:CD:…`. */
	readonly fingerprint: string;
	readonly subject: string;
	readonly validFrom: string;
	readonly validTo: string;
}

/** A server that was not given the password, because nothing proves which server it is: what a person would have to trust. */
export interface UnverifiedServer {
	readonly host: string;
	readonly port: number;
	/** Null where the connection is not encrypted. */
	readonly certificate: UnverifiedCertificate | null;
}

/** An account whose password has to be asked for. */
export interface PasswordRequest {
	/** `USER@HOST:PORT`, or `USER@/path/to/socket`. */
	readonly account: string;
	/** An account of the same user whose password was given before, and may be the same; null where there is none. */
	readonly sameAs: string | null;
}

/** What an error carries beside its message, all of it JSON: how it crosses threads, sockets and the journal. */
export interface Carried {
	readonly checks?: readonly Check[];
	readonly code?: number;
	readonly connectionLost?: boolean;
	readonly signal?: NodeJS.Signals | null;
	readonly unverified?: UnverifiedServer;
	readonly needsPassword?: PasswordRequest;
}

/**
 * Every failure that lockstep expects. The class says what it means, and so the exit code. A new class belongs into {@link ERROR_CLASSES};
 * one with fields of its own has `carried` and a static `revive`, each other's inverse.
 */
export abstract class LockstepError extends Error {
	/** The exit code of a command that ends with it: a promise to scripts (src/manual/exit-codes.md). */
	static readonly exitCode: number = 1;
	readonly description: ErrorMessage;

	constructor(description: ErrorMessage | string, options?: { cause?: unknown }) {
		const full = typeof description === 'string' ? { message: description } : description;
		super(full.message, options);
		this.name = new.target.name;
		this.description = full;
	}

	carried(): Carried {
		return {};
	}
}

/** The person can fix it: usage, configuration, an answer that is missing. */
export class UserError extends LockstepError {
	static override readonly exitCode = 2;
}
/** Cannot connect, log in, or agree on TLS. */
export class ConnectError extends LockstepError {
	static override readonly exitCode = 5;
	/** Where the person may decide to trust the server all the same. */
	readonly unverified: UnverifiedServer | null;
	/** Where the person has to give the account's password. */
	readonly needsPassword: PasswordRequest | null;

	constructor(
		description: ErrorMessage | string,
		options: { cause?: unknown; unverified?: UnverifiedServer | null; needsPassword?: PasswordRequest | null } = {},
	) {
		super(description, options);
		this.unverified = options.unverified ?? null;
		this.needsPassword = options.needsPassword ?? null;
	}

	override carried(): Carried {
		return {
			...(this.unverified === null ? {} : { unverified: this.unverified }),
			...(this.needsPassword === null ? {} : { needsPassword: this.needsPassword }),
		};
	}

	static revive(description: ErrorMessage, { unverified, needsPassword }: Carried, options?: { cause?: unknown }): ConnectError {
		return new ConnectError(description, { ...options, unverified: unverified ?? null, needsPassword: needsPassword ?? null });
	}
}
/** The lock could not be acquired in time. */
export class LockTimeout extends LockstepError {
	static override readonly exitCode = 7;
}
/** Another run is at work on that server. */
export class Busy extends LockstepError {
	static override readonly exitCode = 10;
}
/** A tool refused or died. */
export class ToolError extends LockstepError {}
/** The machine lockstep runs on has no more of something: file descriptors, processes, memory, disk. */
export class MachineLimit extends LockstepError {}
/** Bytes of rows that are not what the server's protocol says. */
export class RowsBroken extends LockstepError {}
/** A server refused a statement. `code` is the server's own number. */
export class ServerError extends LockstepError {
	readonly code: number | null;
	/** True where the connection is gone, so that whatever it held is gone too. */
	readonly connectionLost: boolean;

	constructor(description: ErrorMessage | string, options: { cause?: unknown; code?: number | null; connectionLost?: boolean } = {}) {
		super(description, options);
		this.code = options.code ?? null;
		this.connectionLost = options.connectionLost ?? false;
	}

	override carried(): Carried {
		return { ...(this.code === null ? {} : { code: this.code }), ...(this.connectionLost ? { connectionLost: true } : {}) };
	}

	static revive(description: ErrorMessage, { code, connectionLost }: Carried, options?: { cause?: unknown }): ServerError {
		return new ServerError(description, { ...options, code: code ?? null, connectionLost: connectionLost ?? false });
	}
}

/** A preflight check says no: carries all that failed, not the first. */
export class CheckFailed extends LockstepError {
	static override readonly exitCode = 6;
	readonly checks: readonly Check[];

	constructor(
		checks: readonly Check[],
		description: ErrorMessage | string = checks.length === 1 ? 'A check forbids it.' : `${checks.length} checks forbid it.`,
		options?: { cause?: unknown },
	) {
		super(description, options);
		this.checks = checks;
	}

	override carried(): Carried {
		return { checks: this.checks };
	}

	static revive(description: ErrorMessage, { checks = [] }: Carried, options?: { cause?: unknown }): CheckFailed {
		return new CheckFailed(checks, description, options);
	}
}

/** A proof failed: a backup or a replica is not what it should be. */
export class VerifyFailed extends LockstepError {
	static override readonly exitCode = 8;
	readonly checks: readonly Check[];

	constructor(checks: readonly Check[], description: ErrorMessage | string = 'A proof failed.', options?: { cause?: unknown }) {
		super(description, options);
		this.checks = checks;
	}

	override carried(): Carried {
		return { checks: this.checks };
	}

	static revive(description: ErrorMessage, { checks = [] }: Carried, options?: { cause?: unknown }): VerifyFailed {
		return new VerifyFailed(checks, description, options);
	}
}

/** A server is not as it was: what, and the statements that fix it. */
export class LeftChanged extends LockstepError {
	static override readonly exitCode = 9;
}

/** By a person or a signal: `cli.ts` ends with the signal's own code. */
export class Stopped extends LockstepError {
	static override readonly exitCode: number = 130;
	readonly signal: 'SIGINT' | 'SIGTERM' | 'SIGHUP' | null;

	constructor(description: ErrorMessage | string, signal: 'SIGINT' | 'SIGTERM' | 'SIGHUP' | null = null, options?: { cause?: unknown }) {
		super(description, options);
		this.signal = signal;
	}

	override carried(): Carried {
		return this.signal === null ? {} : { signal: this.signal };
	}

	static revive(description: ErrorMessage, { signal }: Carried, options?: { cause?: unknown }): Stopped {
		return new Stopped(description, signal === 'SIGINT' || signal === 'SIGTERM' || signal === 'SIGHUP' ? signal : null, options);
	}
}

/** Not expected, and so a bug of ours, after it has crossed a thread or a socket. */
export class Bug extends Error {
	static readonly exitCode = 70;
	override readonly name = 'Bug';
}

type ErrorClass = {
	readonly name: string;
	readonly exitCode: number;
	revive(description: ErrorMessage, carried: Carried, options?: { cause?: unknown }): LockstepError;
};

/** A class that has nothing but its message. */
const plain = (each: {
	readonly exitCode: number;
	new (description: ErrorMessage, options?: { cause?: unknown }): LockstepError;
}): ErrorClass => ({
	name: each.name,
	exitCode: each.exitCode,
	revive: (description, _carried, options) => new each(description, options),
});

const CLASSES: readonly ErrorClass[] = [
	...[UserError, ConnectError, LockTimeout, Busy, ToolError, MachineLimit, RowsBroken, LeftChanged].map(plain),
	...[ServerError, CheckFailed, VerifyFailed, Stopped],
];

/** Every class, by the name that a failure has in events, in JSON and on a socket. One that is missing here fails a test. */
export const ERROR_CLASSES: ReadonlyMap<string, ErrorClass> = new Map(CLASSES.map((each) => [each.name, each]));

export const exitCodeOf = (name: string): number => ERROR_CLASSES.get(name)?.exitCode ?? Bug.exitCode;
