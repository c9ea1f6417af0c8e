import { LockstepError, ServerError } from '../core/errors.ts';

/** A failure in a line: of a statement what the server itself said, for it is what a trainee is to read. */
export function serverText(error: unknown): string {
	if (error instanceof ServerError) return error.description.details ?? error.message;
	return error instanceof LockstepError || error instanceof Error ? error.message : String(error);
}
