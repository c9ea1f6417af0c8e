import { type Check, failed, warningWords } from './check.ts';
import { CheckFailed, VerifyFailed } from './errors.ts';
import { failureOf } from './failure.ts';
import type { Json } from './json.ts';
import type { Failure } from './model.ts';
import type { RunSession } from './run-session.ts';
import { show } from './shown-action.ts';
import type { AnyStep, Outputs } from './step.ts';

/** A step that failed, and what is to become of what the run did. */
export class StepFailure extends Error {
	readonly step: string;
	readonly recovery: 'keep' | 'undo';

	constructor(step: string, recovery: 'keep' | 'undo', cause: unknown) {
		super(step, { cause });
		this.step = step;
		this.recovery = recovery;
	}
}

/** Does a step, again as often as the director retries it. Throws StepFailure. */
export async function performStep<Env extends Outputs>(session: RunSession<Env>, step: AnyStep<Env>): Promise<void> {
	for (;;) {
		try {
			return await attemptStep(session, step);
		} catch (error) {
			const failure = failureOf(error, step.id);
			session.emit({ type: 'step-failed', step: step.id, failure });
			// A retry is offered only where what was done is kept, and nobody asked to stop.
			if (session.options.runbook.afterFailure === 'put-back' || session.options.signal.aborted)
				throw new StepFailure(step.id, 'keep', error);
			const choice = await session.options.director.recover(failure);
			session.emit({ type: 'recovery', step: step.id, choice });
			if (choice !== 'retry') throw new StepFailure(step.id, choice, error);
		}
	}
}

async function attemptStep<Env extends Outputs>(
	session: RunSession<Env>,
	step: AnyStep<Env>,
	failure: Failure | null = null,
): Promise<void> {
	const { env, now, signal } = session.options;
	signal.throwIfAborted();
	const began = now().getTime();
	const before = session.record?.outputs[step.id];
	// What was proven and captured then may not be so any more.
	if (session.hasChanged && step.proves?.(env)) delete env.outputs[step.id];
	const again = before !== undefined && env.outputs[step.id] === before;
	session.emit({ type: 'looking', step: step.id });
	const facts = await step.inspect({ ...env, ...session.readContext });
	if (again) {
		if (await holdsStill(session, step, facts, before)) {
			session.emit({ type: 'step-done', step: step.id, output: before, ms: now().getTime() - began, again: true, acted: false });
			return;
		}
		delete env.outputs[step.id];
	}
	session.emit({ type: 'step-started', step: step.id });
	session.origins[step.id] ??= facts;
	const origin = session.origins[step.id];
	session.emit({ type: 'facts', step: step.id, facts, origin: origin ?? null });
	const at = { ...env, facts, origin };
	const checks = step.checks?.(at) ?? [];
	if (checks.length > 0) session.emit({ type: 'checks', step: step.id, checks });
	if (failed(checks).length > 0) throw new CheckFailed(failed(checks));
	keepWarnings(
		session,
		checks.filter(({ id }) => !session.agreedWarnings.has(id)),
	);
	const plan = step.plan(at);
	session.hasActed = false;
	const working = session.runContext(step.id);
	let output: Json = null;
	if (step.run !== undefined) output = await step.run({ ...at, ...working, plan, failure });
	else for (const action of plan) await working.perform(action);
	const proofs = (await step.verify?.({ ...at, ...session.readContext, output })) ?? [];
	judgeProofs(session, step, proofs);
	env.outputs[step.id] = output;
	session.hasChanged ||= session.hasActed && plan.some((action) => show(action).changes);
	session.emit({ type: 'step-done', step: step.id, output, ms: now().getTime() - began, again: false, acted: session.hasActed });
}

/** Whether what an earlier run did in this step, with that output, is still so. */
async function holdsStill<Env extends Outputs>(session: RunSession<Env>, step: AnyStep<Env>, facts: Json, output: Json): Promise<boolean> {
	const { env } = session.options;
	const origin = session.origins[step.id] ?? facts;
	const checks = (await step.verify?.({ ...env, ...session.readContext, facts, origin, output })) ?? [];
	return failed(checks).length === 0;
}

/** Tells what proves a step's work, and keeps the warnings among it. Throws VerifyFailed where something is not proven. */
function judgeProofs<Env extends Outputs>(session: RunSession<Env>, step: AnyStep<Env>, proofs: readonly Check[]): void {
	if (proofs.length > 0) session.emit({ type: 'checks', step: step.id, checks: proofs });
	if (failed(proofs).length > 0) throw new VerifyFailed(failed(proofs), `“${step.title}” could not be proven.`);
	keepWarnings(session, proofs);
}

/** Keeps the warnings among them: the run ends with them. */
function keepWarnings<Env extends Outputs>({ warnings }: RunSession<Env>, checks: readonly Check[]): void {
	for (const check of checks) if (check.status === 'warning') warnings.push(warningWords(check));
}

/** Performs the steps that say what the run came to. Gives the failure that the run ends with. */
export async function concludeRun<Env extends Outputs>(session: RunSession<Env>, failure: Failure): Promise<Failure> {
	const { runbook, env, signal } = session.options;
	let last = failure;
	if (failure.step === null) return last;
	for (const step of runbook.steps) {
		if (!step.concludes || step.id === failure.step || env.outputs[step.id] !== undefined || signal.aborted) continue;
		try {
			await attemptStep(session, step, last);
		} catch (error) {
			last = failureOf(error, step.id);
			session.emit({ type: 'step-failed', step: step.id, failure: last });
		}
	}
	return last;
}
