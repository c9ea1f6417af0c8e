import { stat } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { listBackups } from '../archive/list.ts';
import { type Manifest, readManifest } from '../archive/manifest.ts';
import { backupFolder } from '../archive/read.ts';
import { cardOf, reportOf } from '../archive/records.ts';
import type { BackupCard, BackupList, BackupReport } from '../core/backups.ts';
import { UserError } from '../core/errors.ts';
import type { AppContext } from './context.ts';
import { withPartialStatus } from './partial-backups.ts';

/** The backups of a folder, newest first. Throws UserError where there is no such folder. */
export async function backupsIn(context: AppContext, folder: string): Promise<BackupList> {
	const path = resolve(folder);
	if ((await stat(path).catch(() => null)) === null)
		throw new UserError({ message: `There is no folder ${path}`, hints: ['Name the folder that was given to lockstep backup --to.'] });
	const cards: BackupCard[] = [];
	for (const found of (await listBackups(path)).toReversed()) cards.push(await cardOf(found));
	return { folder: path, cards: await withPartialStatus(context, cards) };
}

/** All there is to say of one backup. Throws UserError where it is none, or cannot be read. */
export async function backupAt(given: string): Promise<{ readonly report: BackupReport; readonly manifest: Manifest }> {
	const path = await backupFolder(given);
	const manifest = await readManifest(path);
	return { report: await reportOf({ state: 'complete', label: basename(path), path, manifest }), manifest };
}
