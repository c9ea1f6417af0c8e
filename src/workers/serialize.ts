import { LockstepError } from '../core/errors.ts';
import { FAILURE } from '../core/event-schema.ts';
import { errorOf, failureOf } from '../core/failure.ts';
import type { Failure } from '../core/model.ts';
import { matches, object } from '../core/schema.ts';
import { Secret } from '../sql/secret.ts';
import type { Statement } from '../sql/sql.ts';

/** A statement on its way to another thread: a secret goes as what it hides, and is one again on the other side. In memory only. */
export type WireStatement = readonly (string | { readonly secret: string })[];

export const packStatement = ({ pieces }: Statement): WireStatement =>
	pieces.map((piece) => (typeof piece === 'string' ? piece : { secret: piece.reveal() }));

export const unpackStatement = (wire: WireStatement): Statement => ({
	pieces: wire.map((piece) => (typeof piece === 'string' ? piece : new Secret(piece.secret))),
});

/** An error on its way to another thread or process, as JSON: ours with all that it carries, any other with what a runtime's error has. */
export type WireError = { readonly cause?: WireError } & (
	| { readonly failure: Failure }
	| {
			readonly name: string;
			readonly message: string;
			readonly stack?: string;
			/** Of the system, of the driver and of the server, where it has them. */
			readonly fields: { readonly [field: string]: string | number };
	  }
);

const FIELDS = ['code', 'errno', 'sqlState', 'syscall', 'path'] as const;
/** A chain of causes that is longer is told no further. */
const DEEPEST = 5;

export function packError(error: unknown, depth = 0): WireError {
	const cause = error instanceof Error && error.cause !== undefined && depth < DEEPEST ? { cause: packError(error.cause, depth + 1) } : {};
	if (error instanceof LockstepError) return { failure: failureOf(error), ...cause };
	const known = error instanceof Error ? error : new Error(String(error));
	const fields = FIELDS.flatMap((field) => {
		const value = (known as Error & { [field in (typeof FIELDS)[number]]?: unknown })[field];
		return typeof value === 'string' || typeof value === 'number' ? [[field, value] as const] : [];
	});
	const { name, message, stack } = known;
	return { name, message, ...(stack === undefined ? {} : { stack }), fields: Object.fromEntries(fields), ...cause };
}

export function unpackError(wire: WireError): Error {
	const options = wire.cause === undefined ? {} : { cause: unpackError(wire.cause) };
	if ('failure' in wire) return errorOf(wire.failure, options);
	const { name, message, stack, fields } = wire;
	return Object.assign(new Error(message, options), { name, ...(stack === undefined ? {} : { stack }), ...fields });
}

const isText = (value: unknown): boolean => value === undefined || typeof value === 'string';

/** Whether a value can be made an error again: of another process it may be anything. */
export function isWireError(value: unknown, depth = 0): value is WireError {
	if (typeof value !== 'object' || value === null || depth > DEEPEST) return false;
	const { cause, failure, name, message, stack, fields } = value as { readonly [field: string]: unknown };
	if (cause !== undefined && !isWireError(cause, depth + 1)) return false;
	if (failure !== undefined) return matches(FAILURE, failure);
	return typeof name === 'string' && typeof message === 'string' && isText(stack) && matches(object, fields);
}
