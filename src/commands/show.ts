import { backupAt } from '../app/backups.ts';
import { renderShow } from '../render/backups.ts';
import { chooseBackup } from './choose-backup.ts';
import type { CommandResult } from './command-result.ts';
import type { Context } from './context.ts';
import { printDocument } from './document.ts';

/** `lockstep show`. */
export async function show(context: Context, given: string | undefined): Promise<CommandResult> {
	if (given === undefined) return chooseBackup(context, 'show');
	const { report, manifest } = await backupAt(given);
	return printDocument(context, 'backup', { ...report, manifest }, () => renderShow(report, { ...context, now: context.now() }));
}
