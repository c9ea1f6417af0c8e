import { stat } from 'node:fs/promises';
import { backupsIn } from '../app/backups.ts';
import { UserError } from '../core/errors.ts';
import { renderList } from '../render/backups.ts';
import type { CommandResult } from './command-result.ts';
import type { Context } from './context.ts';
import { printDocument } from './document.ts';

/** `lockstep list`. */
export async function list(context: Context, given: string | undefined): Promise<CommandResult> {
	const { profiles, env } = context;
	const profile = given === undefined && env.LOCKSTEP_PROFILE !== undefined ? profiles.get(env.LOCKSTEP_PROFILE) : undefined;
	// A profile's name says it, too.
	const folder =
		given === undefined ? profile?.output : ((await stat(given).catch(() => null)) === null && profiles.get(given)?.output) || given;
	if (folder === undefined) throw new UserError({ message: 'Which folder of backups?', hints: ['lockstep list DIR'] });
	const { folder: path, cards } = await backupsIn(context, folder);
	const styles = { ...context, now: context.now() };
	return printDocument(context, 'backups', { folder: path, backups: cards }, () => renderList(path, cards, styles));
}
