import { UserError } from '../core/errors.ts';
import { BACKUP, type BackupRequest, checkBackup } from '../requests/backup.ts';
import { type GivenOptions, hasOwnOptions, missingOptions, readOptions, readServers } from '../requests/command.ts';
import { SERVER_FORMS } from '../server/server-text.ts';
import type { CommandResult } from './command-result.ts';
import type { Context } from './context.ts';
import { runRequest } from './run-request.ts';
import { openWizard } from './wizard.ts';

/**
 * The request of a command line; else the option that is missing. Throws UserError.
 * @param outside the environment, and the profiles that may say where a server's backups go
 */
export function backupRequest({ env, profiles }: Pick<Context, 'env' | 'profiles'>, given: GivenOptions): BackupRequest | string {
	const { named, reach, missing } = readServers(BACKUP, given, env.LOCKSTEP_PROFILE);
	const all = { ...given, to: given.to ?? (named.server && profiles.get(named.server)?.output) };
	const fields = readOptions(BACKUP, all);
	checkBackup(fields);
	if (missing !== undefined) return '--server';
	const [option] = missingOptions(BACKUP, all);
	return option ?? { kind: 'backup', ...(reach && { reach }), server: named.server ?? '', ...fields };
}

export async function backup(context: Context, given: GivenOptions): Promise<CommandResult> {
	const request = backupRequest(context, given);
	if (typeof request !== 'string') return runRequest(context, request);
	if (context.mode === 'wizard' && !hasOwnOptions(BACKUP, given)) return openWizard(context, { screen: 'backup' });
	throw new UserError({
		message: request === '--to' ? '--to is missing: where should the backup go?' : `${request} is missing.`,
		hints: ['lockstep backup --server SERVER --to DIR', `SERVER is ${SERVER_FORMS}`],
	});
}
