import { UserError } from '../core/errors.ts';
import { type GivenOptions, hasOwnOptions, readOptions, readServers } from '../requests/command.ts';
import { RESTORE, type RestoreRequest } from '../requests/restore.ts';
import { SERVER_FORMS } from '../server/server-text.ts';
import { chooseBackup } from './choose-backup.ts';
import type { CommandResult } from './command-result.ts';
import type { Context } from './context.ts';
import { runRequest } from './run-request.ts';

/** The request of a command line; null where it does not say into which server. Throws UserError. */
export function restoreRequest({ env }: Pick<Context, 'env'>, given: GivenOptions, backup: string): RestoreRequest | null {
	const { named, reach, missing } = readServers(RESTORE, given, env.LOCKSTEP_PROFILE);
	const fields = readOptions(RESTORE, given);
	return missing === undefined ? { kind: 'restore', ...(reach && { reach }), server: named.server ?? '', backup, ...fields } : null;
}

export async function restore(context: Context, given: GivenOptions, backup: string | undefined): Promise<CommandResult> {
	if (backup === undefined) {
		if (context.mode === 'wizard' && !hasOwnOptions(RESTORE, given)) return chooseBackup(context, 'restore');
		// The next word is not repeated: it may be a password.
		const isTaken = typeof given.password === 'string';
		throw new UserError({
			message: 'The backup is missing: which one should be loaded?',
			...(isTaken && { reason: '-p takes the next word for a password, which has no place on a command line.' }),
			hints: [`lockstep restore BACKUP --server SERVER${isTaken ? ' -p' : ''}`],
		});
	}
	const request = restoreRequest(context, given, backup);
	if (request !== null) return runRequest(context, request);
	throw new UserError({
		message: '--server is missing: where should the backup be loaded?',
		hints: ['lockstep restore BACKUP --server SERVER', `SERVER is ${SERVER_FORMS}`],
	});
}
