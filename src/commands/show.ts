import { basename } from 'node:path';
import { type Manifest, readManifest } from '../archive/manifest.ts';
import { backupFolder } from '../archive/read.ts';
import { reportOf } from '../archive/records.ts';
import type { BackupReport } from '../core/backups.ts';
import { FORMAT } from '../core/events.ts';
import { jsonLine } from '../core/json.ts';
import { renderShow } from '../render/backups.ts';
import type { CommandResult, Context } from './context.ts';

/** All there is to say of one backup. Throws UserError where it is none, or cannot be read. */
export async function backupAt(given: string): Promise<{ readonly report: BackupReport; readonly manifest: Manifest }> {
	const path = await backupFolder(given);
	const manifest = await readManifest(path);
	return { report: await reportOf({ state: 'complete', label: basename(path), path, manifest }), manifest };
}

/** `lockstep show`. */
export async function show(context: Context, given: string): Promise<CommandResult> {
	const { stdout, color, ascii, width, now, flags } = context;
	const { report, manifest } = await backupAt(given);
	stdout.write(
		flags.json
			? jsonLine({ v: FORMAT, type: 'backup', ...report, manifest })
			: `${renderShow(report, { color, ascii, width, now: now() })}\n`,
	);
	return { end: null, document: true };
}
