import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { listBackups } from '../archive/list.ts';
import { cardOf } from '../archive/records.ts';
import type { BackupCard, BackupList } from '../core/backups.ts';
import { UserError } from '../core/errors.ts';
import { FORMAT } from '../core/events.ts';
import { jsonLine } from '../core/json.ts';
import { renderList } from '../render/backups.ts';
import type { CommandResult, Context } from './context.ts';

/** The backups of a folder, newest first. Throws UserError where there is no such folder. */
export async function backupsIn(folder: string): Promise<BackupList> {
	const path = resolve(folder);
	if ((await stat(path).catch(() => null)) === null)
		throw new UserError({ message: `There is no folder ${path}`, hints: ['Name the folder that was given to lockstep backup --to.'] });
	const cards: BackupCard[] = [];
	for (const found of (await listBackups(path)).toReversed()) cards.push(await cardOf(found));
	return { folder: path, cards };
}

/** `lockstep list`. */
export async function list(context: Context, given: string | undefined): Promise<CommandResult> {
	const { stdout, color, ascii, width, now, flags, profiles, env } = context;
	const profile = given === undefined && env.LOCKSTEP_PROFILE !== undefined ? profiles.get(env.LOCKSTEP_PROFILE) : undefined;
	// A profile's name says it, too.
	const folder =
		given === undefined ? profile?.output : ((await stat(given).catch(() => null)) === null && profiles.get(given)?.output) || given;
	if (folder === undefined) throw new UserError({ message: 'Which folder of backups?', hints: ['lockstep list DIR'] });
	const { folder: path, cards } = await backupsIn(folder);
	stdout.write(
		flags.json
			? jsonLine({ v: FORMAT, type: 'backups', folder: path, backups: cards })
			: `${renderList(path, cards, { color, ascii, width, now: now() })}\n`,
	);
	return { end: null, document: true };
}
