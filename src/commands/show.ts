import { realpath } from 'node:fs/promises';
import { basename } from 'node:path';
import { readManifest } from '../archive/manifest.ts';
import { reportOf } from '../archive/records.ts';
import { UserError } from '../core/errors.ts';
import { renderShow } from '../telling/backups.ts';
import type { Context, Ending } from './context.ts';

/** The folder that was named, links followed. @throws UserError where there is none */
export async function backupFolder(given: string, command: string): Promise<string> {
	return realpath(given).catch((cause) => {
		throw new UserError(
			{
				what: `There is no backup ${given}`,
				...(cause instanceof Error ? { why: cause.message } : {}),
				mend: [`lockstep ${command} BACKUP`, 'BACKUP is the folder of one backup, or the link `latest` beside it:  lockstep list DIR'],
			},
			{ cause },
		);
	});
}

/** All there is to say of one backup. */
export async function show(context: Context, given: string): Promise<Ending> {
	const { stdout, color, ascii, width, now, flags } = context;
	const path = await backupFolder(given, 'show');
	const manifest = await readManifest(path);
	const report = await reportOf({ state: 'complete', label: basename(path), path, manifest });
	stdout.write(
		flags.json
			? `${JSON.stringify({ v: 1, type: 'backup', ...report, manifest })}\n`
			: `${renderShow(report, { color, ascii, width, now: now() })}\n`,
	);
	return { end: null, document: true };
}
