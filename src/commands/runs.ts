import { keptPartial, partialBackups, removablePartial, removePartial } from '../app/partial-backups.ts';
import { allRuns, runDetails } from '../app/run-history.ts';
import { newerRuns } from '../app/runs.ts';
import { partialWords, renderRun, renderRuns } from '../render/runs.ts';
import type { FieldsOf } from '../requests/option.ts';
import type { RUNS } from '../requests/other-commands.ts';
import { mayContinue } from './agree.ts';
import type { CommandResult } from './command-result.ts';
import type { Context } from './context.ts';
import { printDocument } from './document.ts';

/** `lockstep runs`: what ran on this machine, one run in full, or the removal of what one has left on disk. */
export async function runs(context: Context, name: string | undefined, given: FieldsOf<typeof RUNS.options>): Promise<CommandResult> {
	if (given.removePartial !== undefined) return remove(context, given.removePartial);
	if (name !== undefined) {
		const details = await runDetails(context, name);
		const { entry, state, next, partial } = details;
		const fields = { ...entry, statements: state.transcript, next, partial };
		return printDocument(context, 'run', fields, () => renderRun(details, context));
	}
	const all = await allRuns(context);
	const entries = all.map(({ entry }) => entry);
	const partials = await partialBackups(context, all);
	const newer = newerRuns(context);
	const fields = { runs: entries, partial_backups: partials, newer };
	return printDocument(context, 'runs', fields, () => renderRuns({ entries, partials, newer }, context));
}

async function remove(context: Context, folder: string): Promise<CommandResult> {
	const partial = await removablePartial(context, folder);
	const what = partialWords(partial);
	if (context.flags.dryRun) return { end: null, extra: { dry_run: true, partial: { ...partial } }, next: [`Would remove ${what}`] };
	if (!(await mayContinue(context, `Remove ${what}? [y/N] `))) throw keptPartial(partial, what);
	await removePartial(partial);
	return { end: null, extra: { removed: { ...partial } }, next: [`Removed ${what}`] };
}
