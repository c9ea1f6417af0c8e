import {
	inspectEach,
	interruptedRuns,
	isLeft,
	leftAsItIs,
	notRolledBack,
	type Recoverable,
	recoverFields,
	rollBackEach,
} from '../app/interrupted-runs.ts';
import { undoInBackground } from '../app/run-in-background.ts';
import { recoverPrinter } from '../headless/recover-printer.ts';
import { NOTHING_LEFT, notOverWords, recoveredWords } from '../render/findings.ts';
import { mayContinue } from './agree.ts';
import type { CommandResult } from './command-result.ts';
import type { Context } from './context.ts';
import { askingInTerminal } from './password-prompt.ts';
import { watchHeadless } from './run.ts';
import { openWizard } from './wizard.ts';

/** Rolls back what interrupted runs of this machine have left on servers; each finding is shown first, with its statement. */
export async function recover(context: Context, name: string | undefined): Promise<CommandResult> {
	const runs = await interruptedRuns(context, name);
	if (runs.interrupted.length === 0 && runs.newer.length === 0)
		return { end: null, said: NOTHING_LEFT, next: notOverWords(runs.open), extra: { recovered: [], left: [] } };
	if (name === undefined && context.mode === 'wizard' && runs.interrupted.length > 0) return openWizard(context, { screen: 'recover' });
	const { found, failed } = await inspectEach(askingInTerminal(context), runs, recoverPrinter(context));
	if (context.flags.dryRun) return { end: null, said: null, extra: recoverFields(runs, found, []) };
	if (found.some(isLeft) && !(await mayContinue(context, 'Roll this back? [y/N] '))) throw leftAsItIs(found.length, name);
	const { worst, recovered } = await rollBackEach(found, (run) => rollBack(context, run));
	if (failed.length > 0 && worst?.failure == null) throw notRolledBack(failed);
	return { end: worst, extra: recoverFields(runs, found, recovered), said: recoveredWords(recovered) };
}

const rollBack = async (context: Context, { record, connections }: Recoverable) => {
	const { end } = await watchHeadless({ ...context, flags: { ...context.flags, yes: true } }, (watcher) =>
		undoInBackground(context, { record, connections, work: 'recover' }, watcher),
	);
	return end;
};
