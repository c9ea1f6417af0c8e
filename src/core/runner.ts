import { failureOf } from './failure.ts';
import type { Finding } from './finding.ts';
import type { Failure } from './model.ts';
import { concludeRun, performStep, StepFailure } from './perform-step.ts';
import { dropStale, reviewRun } from './review-run.ts';
import type { RunRecord } from './run-record.ts';
import { type RunEnd, type RunOptions, RunSession } from './run-session.ts';
import type { Outputs } from './step.ts';
import { endFailed, findUndo, type Scope, undoRun } from './undo-run.ts';

export type { RunEnd, RunOptions } from './run-session.ts';
export type { Scope } from './undo-run.ts';

/** Performs a runbook: inspects, asks, does, proves; rolls back what it must. Never rejects: what went wrong is in the end. */
export async function run<Env extends Outputs>(options: RunOptions<Env>): Promise<RunEnd> {
	const session = new RunSession(options);
	const { runbook } = session.options;
	try {
		await dropStale(session);
		await session.start(session.record?.started ?? null);
		for (const text of session.options.notes ?? []) session.emit({ type: 'note', step: null, level: 'warning', text });
		const go = await reviewRun(session);
		if (go !== 'go') return session.end(go, null, session.record !== undefined);
		for (const step of runbook.steps) await performStep(session, step);
		return session.end('done', null, false);
	} catch (error) {
		const failure = failureOf(error instanceof StepFailure ? error.cause : error, error instanceof StepFailure ? error.step : null);
		return await endFailed(session, await concludeRun(session, failure), error instanceof StepFailure ? error.recovery : 'keep');
	}
}

/**
 * Undoes what a run did, from its journal: the same undo as after a failure. `why`: what cut that run off. Rejects only before it has
 * changed anything, with CheckFailed where a name must be typed first.
 */
export const undo = <Env extends Outputs>(
	options: RunOptions<Env> & { readonly record: RunRecord },
	scope: Scope = 'all',
	why: Failure | null = null,
): Promise<RunEnd> => undoRun(new RunSession(options), scope, why);

/** What {@link undo} would do now, and what it would leave. Read-only. */
export const findLeft = <Env extends Outputs>(
	options: RunOptions<Env> & { readonly record: RunRecord },
	scope: Scope = 'all',
): Promise<readonly Finding[]> => findUndo(new RunSession(options), scope);
