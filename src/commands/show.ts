import { basename } from 'node:path';
import { readManifest } from '../archive/manifest.ts';
import { backupFolder } from '../archive/read.ts';
import { reportOf } from '../archive/records.ts';
import { renderShow } from '../telling/backups.ts';
import type { Context, Ending } from './context.ts';

/** All there is to say of one backup. */
export async function show(context: Context, given: string): Promise<Ending> {
	const { stdout, color, ascii, width, now, flags } = context;
	const path = await backupFolder(given);
	const manifest = await readManifest(path);
	const report = await reportOf({ state: 'complete', label: basename(path), path, manifest });
	stdout.write(
		flags.json
			? `${JSON.stringify({ v: 1, type: 'backup', ...report, manifest })}\n`
			: `${renderShow(report, { color, ascii, width, now: now() })}\n`,
	);
	return { end: null, document: true };
}
