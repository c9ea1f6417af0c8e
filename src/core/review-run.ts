import { failed } from './check.ts';
import { consentCheck, different } from './consent.ts';
import type { PlannedStep } from './director.ts';
import { CheckFailed } from './errors.ts';
import type { Json } from './json.ts';
import type { RunSession } from './run-session.ts';
import { show } from './shown-action.ts';
import type { AnyStep, Outputs } from './step.ts';

/** Forgets what an earlier run did from the first step on whose work is of no use. */
export async function dropStale<Env extends Outputs>(session: RunSession<Env>): Promise<void> {
	const { runbook, env } = session.options;
	const record = session.record;
	if (record === undefined) return;
	const at = { ...env, ...session.readContext, failure: record.end?.failure ?? null };
	for (const [index, step] of runbook.steps.entries()) {
		// A server that cannot be inspected is reported by the inspection that follows.
		if (record.outputs[step.id] === undefined || !(await step.isStale?.(at).catch(() => false))) continue;
		const kept = runbook.steps.slice(0, index).map(({ id }) => id);
		session.record = { ...record, outputs: Object.fromEntries(Object.entries(record.outputs).filter(([id]) => kept.includes(id))) };
		for (const id of Object.keys(env.outputs)) if (!kept.includes(id)) delete env.outputs[id];
		return;
	}
}

/** Looks at everything, plans everything, and asks once, before anything has changed. */
export async function reviewRun<Env extends Outputs>(session: RunSession<Env>): Promise<'go' | 'previewed' | 'declined'> {
	const { runbook, env, director, signal } = session.options;
	const record = session.record;
	const steps: PlannedStep[] = [];
	const facts: { [step: string]: Json } = {};
	const outputs = { ...env.outputs };
	for (const step of runbook.steps) {
		signal.throwIfAborted();
		session.emit({ type: 'looking', step: step.id });
		const found = await inspectStep(session, step, steps);
		facts[step.id] = found;
		steps.push(await planStep(session, step, found));
		if (env.outputs[step.id] === undefined && step.previewOutput !== undefined) env.outputs[step.id] = step.previewOutput;
	}
	for (const key of Object.keys(env.outputs)) delete env.outputs[key];
	Object.assign(env.outputs, outputs);
	const checks = steps.flatMap((step) => step.checks);
	const consents = different(steps.flatMap((step) => step.consents));
	const overview = runbook.overview?.(env, facts);
	const review = {
		...{ runbook: runbook.id, title: runbook.title, steps, checks, consents },
		...(overview !== undefined && { overview }),
		resumes: record?.started ?? null,
	};
	session.emit({ type: 'review', review });
	if (failed(checks).length > 0) throw new CheckFailed(failed(checks));
	const reviewed = await director.review(review);
	if (!reviewed.go) return reviewed.previewOnly ? 'previewed' : 'declined';
	session.emit({ type: 'reviewed', go: true, typed: reviewed.typed });
	const untyped = consents.filter((consent) => !reviewed.typed.includes(consent.name));
	if (untyped.length > 0) throw new CheckFailed(untyped.map(consentCheck), 'Confirmation is required.');
	session.agreedWarnings = new Set(checks.filter(({ status }) => status === 'warning').map(({ id }) => id));
	return 'go';
}

/** Plans one step by the `facts` that it found. The output of one whose work does not hold any more is forgotten. */
async function planStep<Env extends Outputs>(session: RunSession<Env>, step: AnyStep<Env>, facts: Json): Promise<PlannedStep> {
	const { env } = session.options;
	const at = { ...env, facts, origin: session.origins[step.id] ?? facts };
	// What does not hold any more will be done again, so it is planned like the rest.
	const output = session.record?.outputs[step.id];
	const done = output !== undefined && failed((await step.verify?.({ ...env, ...session.readContext, ...at, output })) ?? []).length === 0;
	if (!done) delete env.outputs[step.id];
	const checks = done ? [] : (step.checks?.(at) ?? []);
	return {
		id: step.id,
		title: step.title,
		why: step.why,
		actions: done ? [] : step.plan(at).map(show),
		checks,
		// Also of what was done: somebody may have put something there since.
		consents: step.consents?.(at) ?? [],
		done,
	};
}

/** Where a look fails because of what an earlier check forbids anyway (a missing privilege), that check is the answer. */
async function inspectStep<Env extends Outputs>(
	session: RunSession<Env>,
	step: AnyStep<Env>,
	before: readonly PlannedStep[],
): Promise<Json> {
	const { env } = session.options;
	try {
		return await step.inspect({ ...env, ...session.readContext });
	} catch (error) {
		const forbidding = failed(before.flatMap((planned) => planned.checks));
		if (forbidding.length > 0) throw new CheckFailed(forbidding);
		throw error;
	}
}
