import { runsToUndo } from '../app/run-history.ts';
import { undoInBackground } from '../app/run-in-background.ts';
import { inspectUndo, notUndone, runToUndo } from '../app/run-to-undo.ts';
import { UserError } from '../core/errors.ts';
import type { Json } from '../core/json.ts';
import { renderUndo } from '../render/findings.ts';
import { mayContinue, typedNames } from './agree.ts';
import type { CommandResult } from './command-result.ts';
import type { Context } from './context.ts';
import { askingInTerminal } from './password-prompt.ts';
import { watchHeadless } from './run.ts';
import { openWizard } from './wizard.ts';

/** Undoes a run by its journal: what the run made, by name, and nothing else. The statements are shown first. */
export async function undo(context: Context, name: string | undefined): Promise<CommandResult> {
	const { flags, mode, stdout, color, ascii, width } = context;
	if (name === undefined && mode === 'wizard' && flags.confirm === undefined && (await runsToUndo(context)).length > 0)
		return openWizard(context, { screen: 'undo' });
	const record = runToUndo(context, name);
	if (mode === 'headless' && !flags.yes && !flags.dryRun) throw notUndone(record);
	const plan = await inspectUndo(askingInTerminal(context), record);
	const { findings, lost, connections, isBusy } = plan;
	const shown = renderUndo(plan, { width, ascii, color, isPreview: flags.dryRun ?? false });
	if (flags.dryRun)
		return { end: null, extra: { dry_run: true, run: record.run, findings: findings as unknown as Json, lost }, next: shown };
	if (!isBusy && !(flags.json || flags.quiet)) stdout.write(`${shown.join('\n')}\n`);
	const consents = findings.flatMap((finding) => finding.consents ?? []);
	const typed = await typedNames(context, consents, 'Confirmation required: nothing was undone.');
	if (!(await mayContinue(context, 'Undo this? [y/N] '))) throw new UserError({ message: 'Nothing was undone.' });
	const ending = await watchHeadless({ ...context, flags: { ...flags, yes: true } }, (watcher) =>
		undoInBackground(context, { record, connections, work: 'undo' }, { ...watcher, typed }),
	);
	return { ...ending, extra: { ...ending.extra, lost } };
}
