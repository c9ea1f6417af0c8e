import { inspectInterrupted, interruptedRuns, isLeft, leftAsItIs, notRolledBack, type Recoverable } from '../app/interrupted-runs.ts';
import { undoInBackground } from '../app/run-in-background.ts';
import { failureOf } from '../core/failure.ts';
import type { Json } from '../core/json.ts';
import { newerLockstep } from '../core/run-record.ts';
import type { RunEnd } from '../core/runner.ts';
import { renderFailure } from '../render/failure.ts';
import { interruptedWords, notOverWords, renderFindings } from '../render/findings.ts';
import { mayContinue } from './agree.ts';
import { askingInTerminal, type CommandResult, type Context } from './context.ts';
import { watchHeadless } from './run.ts';

const NOTHING = 'Nothing to roll back: no run of this machine was interrupted.';

/** Rolls back what interrupted runs of this machine have left on servers; each finding is told first, with its statement. */
export async function recover(context: Context, name: string | undefined): Promise<CommandResult> {
	const { flags, mode, stdout, stderr, color, ascii, width } = context;
	const { open, interrupted, newer } = await interruptedRuns(context, name);
	if (interrupted.length === 0 && newer.length === 0)
		return { end: null, said: NOTHING, next: notOverWords(open), extra: { recovered: [], left: [] } };
	const isSilent = flags.quiet && mode === 'headless';
	const say = (text: string) => void (isSilent || (flags.json ? stderr : stdout).write(`${text}\n`));
	const found: Recoverable[] = [];
	const failed: { readonly run: string; readonly why: string }[] = [];
	const refuse = (run: string, error: unknown) => {
		const failure = failureOf(error);
		const state = 'Nothing was rolled back: what this run changed is still there.';
		(flags.json || flags.quiet ? stderr : stdout).write(`${renderFailure(failure, { width, color, ascii, state })}\n`);
		failed.push({ run, why: failure.description.message });
	};
	for (const run of newer) refuse(run, newerLockstep(run));
	for (const record of interrupted) {
		try {
			say(interruptedWords(record));
			const recoverable = await inspectInterrupted(askingInTerminal(context), record);
			say(renderFindings(recoverable.findings, record, { width, ascii, color }));
			found.push(recoverable);
		} catch (error) {
			refuse(record.run, error);
		}
	}
	const findings = Object.fromEntries(found.map((each) => [each.record.run, each.findings as unknown as Json]));
	const left = (recovered: readonly string[]) => interrupted.map(({ run }) => run).filter((run) => !recovered.includes(run));
	if (flags.dryRun) return { end: null, said: null, extra: { findings, recovered: [], left: left([]) } };
	if (found.some(isLeft) && !(await mayContinue(context, 'Roll this back? [y/N] '))) throw leftAsItIs(found.length, name);
	const { worst, recovered } = await rollBack(context, found);
	if (failed.length > 0 && worst?.failure == null) throw notRolledBack(failed);
	const said = recovered.length > 0 ? `Rolled back: ${recovered.join(', ')}` : null;
	return { end: worst, extra: { findings, recovered, left: left(recovered) }, said };
}

/** Rolls these back, one after another. `worst`: the last end that failed, else the first. */
async function rollBack(context: Context, runs: readonly Recoverable[]) {
	let worst: RunEnd | null = null;
	const recovered: string[] = [];
	for (const { record, connections } of runs) {
		const { end } = await watchHeadless({ ...context, flags: { ...context.flags, yes: true } }, (watcher) =>
			undoInBackground(context, { record, connections, work: 'recover' }, watcher),
		);
		if (end !== null && (worst === null || end.failure !== null)) worst = end;
		if (end?.failure === null) recovered.push(record.run);
	}
	return { worst, recovered };
}
