import { lstat, realpath, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { readFolderName } from '../archive/layout.ts';
import { listBackups } from '../archive/list.ts';
import { fileProblem } from '../archive/problem.ts';
import { bytesIn } from '../archive/records.ts';
import type { BackupCard, PartialStatus } from '../core/backups.ts';
import { Busy, UserError } from '../core/errors.ts';
import { shellWord } from '../core/shell.ts';
import { fold, NOTHING_YET } from '../core/state.ts';
import type { RunRequest } from '../requests/index.ts';
import type { AppContext } from './context.ts';
import { allRuns, type KnownRun } from './run-history.ts';
import type { PartialBackup } from './wizard-backend.ts';

/** Links followed, so that one folder has one name; unchanged where the folder does not exist. */
const real = (path: string): Promise<string> => realpath(path).catch(() => path);

const folderOf = (request: RunRequest): string | null => (request.kind === 'backup' ? request.to : null);

/** The folders that are known to hold backups: of profiles, and of runs of this machine. */
async function backupFolders(context: AppContext, runs: readonly KnownRun[]): Promise<ReadonlySet<string>> {
	const named = [
		...context.profiles.list().map(({ output }) => output),
		...runs.map(({ record }) => folderOf(record.request as RunRequest)),
	];
	return new Set(await Promise.all(named.filter((each) => each != null).map(real)));
}

/** Whether it wrote to a folder of that name. One that it found taken by another run it did not. */
const hasWritten = ({ events }: KnownRun, name: string): boolean =>
	events.reduce(fold, NOTHING_YET).transcript.some(({ action, status }) => status !== 'failed' && action.text.includes(name));

async function describe(path: string, runs: readonly KnownRun[]): Promise<PartialBackup> {
	let run: string | null = null;
	let status: PartialStatus = 'unknown';
	let isInUse = false;
	for (const known of runs) {
		const { entry, record } = known;
		const folder = folderOf(record.request as RunRequest);
		if (folder === null || (await real(folder)) !== dirname(path)) continue;
		// Which folder a run at work takes may not be in its journal yet.
		if (entry.state === 'running') isInUse = true;
		if (!hasWritten(known, basename(path))) continue;
		run = entry.run;
		status = entry.state === 'running' ? 'running' : 'interrupted';
	}
	return { path, bytes: await bytesIn(path), run, status, isInUse };
}

/** The same cards; those of partial backups with what the journals of this machine tell of them. */
export async function withPartialStatus(context: AppContext, cards: readonly BackupCard[]): Promise<readonly BackupCard[]> {
	if (!cards.some(({ state }) => state === 'partial')) return cards;
	// Backups are listed where journals cannot be read, too.
	const runs = await allRuns(context).catch(() => []);
	const known = cards.map(async (card) => {
		if (card.state !== 'partial') return card;
		const { status, run } = await describe(join(await real(dirname(card.path)), basename(card.path)), runs);
		return { ...card, partial: status, run };
	});
	return Promise.all(known);
}

/** The backups that were not completed, in every folder that is known to hold backups, oldest first. `known`: all runs, where they were read already. */
export async function partialBackups(context: AppContext, known?: readonly KnownRun[]): Promise<readonly PartialBackup[]> {
	const runs = known ?? (await allRuns(context));
	const found: PartialBackup[] = [];
	for (const folder of await backupFolders(context, runs)) {
		const all = await listBackups(folder).catch(() => []);
		for (const { state, path } of all) if (state === 'partial') found.push(await describe(path, runs));
	}
	return found;
}

/**
 * The folder of a backup that was not completed, ready to be removed.
 * Throws UserError where it is none, or no journal of this machine names the run that wrote it; Busy while a backup runs in its folder.
 */
export async function removablePartial(context: AppContext, given: string): Promise<PartialBackup> {
	const path = join(await real(dirname(given)), basename(given));
	const stat = await lstat(path).catch(() => null);
	if (stat === null) throw new UserError({ message: `There is no folder ${path}`, hints: ['lockstep runs'] });
	if (!stat.isDirectory() || readFolderName(basename(path))?.partial !== true)
		throw new UserError({
			message: `${path} is not the folder of an incomplete backup.`,
			reason: 'Such a folder is named after the time it began, with .partial at the end.',
			hints: ['All incomplete backups:  lockstep runs'],
		});
	const partial = await describe(path, await allRuns(context));
	if (partial.isInUse)
		throw new Busy({ message: `A backup is at work in ${dirname(path)}.`, hints: ['Watch it, or stop it safely:  lockstep attach'] });
	if (partial.run === null)
		throw new UserError({
			message: `No run of this machine made ${path}.`,
			reason: 'It may be written from another machine, or by another user, at this moment.',
			hints: [`If nothing writes to it any more:  rm -r ${shellWord(path)}`],
		});
	return partial;
}

/** Nobody agreed to its removal. `what`: the folder, as it was asked about. */
export const keptPartial = ({ path }: PartialBackup, what: string): UserError =>
	new UserError({ message: `Nothing was removed: ${what}`, hints: [`lockstep runs --remove-partial ${shellWord(path)} --yes`] });

/** Removes it and all that is in it. */
export async function removePartial({ path }: PartialBackup): Promise<void> {
	await rm(path, { recursive: true }).catch((cause) => {
		throw fileProblem('The folder cannot be removed', path, cause);
	});
}
