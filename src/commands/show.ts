import { backupAt } from '../app/backups.ts';
import { FORMAT } from '../core/events.ts';
import { jsonLine } from '../core/json.ts';
import { renderShow } from '../render/backups.ts';
import { chooseBackup } from './choose-backup.ts';
import type { CommandResult, Context } from './context.ts';

/** `lockstep show`. */
export async function show(context: Context, given: string | undefined): Promise<CommandResult> {
	if (given === undefined) return chooseBackup(context, 'show');
	const { stdout, color, ascii, width, now, flags } = context;
	const { report, manifest } = await backupAt(given);
	stdout.write(
		flags.json
			? jsonLine({ v: FORMAT, type: 'backup', ...report, manifest })
			: `${renderShow(report, { color, ascii, width, now: now() })}\n`,
	);
	return { end: null, document: true };
}
