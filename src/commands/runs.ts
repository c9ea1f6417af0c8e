import { partialBackups, removablePartial, removePartial } from '../app/partial-backups.ts';
import { allRuns, runDetails } from '../app/run-history.ts';
import { newerRuns } from '../app/runs.ts';
import { UserError } from '../core/errors.ts';
import { FORMAT } from '../core/events.ts';
import { bytes } from '../core/format.ts';
import { jsonLine } from '../core/json.ts';
import { shellWord } from '../core/shell.ts';
import { renderRun, renderRuns } from '../render/runs.ts';
import type { FieldsOf } from '../requests/option.ts';
import type { RUNS } from '../requests/other-commands.ts';
import { mayContinue } from './agree.ts';
import type { CommandResult, Context } from './context.ts';

/** `lockstep runs`: what ran on this machine, one run in full, or the removal of what one has left on disk. */
export async function runs(
	context: Context,
	name: string | undefined,
	{ removePartial: folder }: FieldsOf<typeof RUNS.options>,
): Promise<CommandResult> {
	const { stdout, flags, color, ascii, width } = context;
	if (folder !== undefined) return remove(context, folder);
	if (name !== undefined) {
		const details = await runDetails(context, name);
		const { entry, state, next, partial } = details;
		const { transcript } = state;
		stdout.write(
			flags.json
				? jsonLine({ v: FORMAT, type: 'run', ...entry, statements: transcript, next, partial })
				: `${renderRun(details, { color, ascii, width })}\n`,
		);
		return { end: null, document: true };
	}
	const runs = await allRuns(context);
	const entries = runs.map(({ entry }) => entry);
	const partials = await partialBackups(context, runs);
	const newer = newerRuns(context);
	stdout.write(
		flags.json
			? jsonLine({ v: FORMAT, type: 'runs', runs: entries, partial_backups: partials, newer })
			: `${renderRuns({ entries, partials, newer }, { color, ascii, width })}\n`,
	);
	return { end: null, document: true };
}

async function remove(context: Context, folder: string): Promise<CommandResult> {
	const partial = await removablePartial(context, folder);
	const what = `${partial.path} (${bytes(partial.bytes)})`;
	if (context.flags.dryRun) return { end: null, extra: { dry_run: true, partial: { ...partial } }, next: [`Would remove ${what}`] };
	if (!(await mayContinue(context, `Remove ${what}? [y/N] `)))
		throw new UserError({
			message: `Nothing was removed: ${what}`,
			hints: [`lockstep runs --remove-partial ${shellWord(partial.path)} --yes`],
		});
	await removePartial(partial);
	return { end: null, extra: { removed: { ...partial } }, next: [`Removed ${what}`] };
}
