import { UserError } from '../core/errors.ts';
import type { CommandResult } from './command-result.ts';
import type { Context } from './context.ts';
import { openWizard } from './wizard.ts';

/** A command without its backup: a terminal lists them, from there each can be shown, verified, drilled and restored; elsewhere UserError. */
export async function chooseBackup(context: Context, command: string): Promise<CommandResult> {
	if (context.mode === 'wizard') return openWizard(context, { screen: 'backups' });
	throw new UserError({
		message: 'The backup is missing: which one?',
		hints: [`lockstep ${command} BACKUP`, 'To see them:  lockstep list FOLDER'],
	});
}
