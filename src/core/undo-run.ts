import { setTimeout as pause } from 'node:timers/promises';
import type { Action } from './action.ts';
import { consentCheck, different } from './consent.ts';
import { lostWords, withMade } from './effects.ts';
import { CheckFailed, ConnectError, LeftChanged } from './errors.ts';
import { failureOf } from './failure.ts';
import type { Finding } from './finding.ts';
import type { Json } from './json.ts';
import type { Consent, Failure } from './model.ts';
import type { RunEnd, RunSession } from './run-session.ts';
import { show } from './shown-action.ts';
import type { AnyStep, Outputs, ReadContext, SinceRun } from './step.ts';

/** `all` that a run did, or only what it would have put back `passing` through. */
export type Scope = 'all' | 'passing';

/** How often what could not be rolled back is tried, and the pause between two tries. */
const UNDO_PASSES = 3;
const UNDO_PAUSE_MS = 1_000;

const NOT_ITS_OWN = 'Other changes were made there since the run: an undo may destroy them.';

/** See `undo` of `runner.ts`. `why`: what cut the run off; null where it came to its end. */
export async function undoRun<Env extends Outputs>(session: RunSession<Env>, scope: Scope, why: Failure | null): Promise<RunEnd> {
	const kept = scope === 'passing' && session.effects.touched.length > 0;
	const typed = session.options.typed ?? [];
	const consents = await findForeign(session, scope);
	const untyped = consents.filter(({ name }) => !typed.includes(name));
	if (untyped.length > 0) throw new CheckFailed(untyped.map(consentCheck), NOT_ITS_OWN);
	try {
		session.isUndoing = true;
		// Who watched the run that was cut off has seen its beginning.
		if (why === null) await session.start(null);
		const left = await undoAll(session, scope, kept, consents.flatMap(agreedWords));
		if (left.length > 0) return session.endIncomplete('failed', leftChanged(session, left, null), true);
		return session.endIncomplete(why === null ? 'undone' : 'failed', why, kept);
	} catch (error) {
		return session.endIncomplete('failed', failureOf(error), true);
	}
}

/** Ends a run that failed: rolls back what must not stay, or all of it. */
export async function endFailed<Env extends Outputs>(
	session: RunSession<Env>,
	failure: Failure,
	connection: 'keep' | 'undo',
): Promise<RunEnd> {
	const { runbook } = session.options;
	const all = runbook.afterFailure === 'put-back' || connection === 'undo';
	const outcome = outcomeAfter(failure, connection);
	const kept = !all && session.effects.touched.length > 0;
	const scope = all ? 'all' : 'passing';
	if (connection === 'undo') {
		const consents = await findForeign(session, scope).catch(() => []);
		if (consents.length > 0)
			return session.endIncomplete('failed', failureOf(new CheckFailed(consents.map(consentCheck), NOT_ITS_OWN)), true);
	}
	if (session.effects.touched.length === 0 || (undoable(session, scope).length === 0 && !all)) {
		return session.endIncomplete(outcome === 'undone' ? 'failed' : outcome, failure, kept);
	}
	const left = await undoAll(session, scope, kept);
	if (left.length === 0) return session.endIncomplete(outcome, failure, kept);
	const changed = leftChanged(session, left, failure.step);
	return session.endIncomplete(
		'failed',
		{ ...changed, description: { ...changed.description, reason: failure.description.message } },
		true,
	);
}

/** See `findLeft` of `runner.ts`. */
export async function findUndo<Env extends Outputs>(session: RunSession<Env>, scope: Scope): Promise<Finding[]> {
	const { env } = session.options;
	const findings: Finding[] = [];
	const consents = await findForeign(session, scope);
	if (consents.length > 0) {
		const foreign = consents.flatMap(({ reason, affected }) => [reason, ...affected]);
		findings.push({ step: 'entangled', title: NOT_ITS_OWN, actions: [], foreign, consents });
	}
	for (const role of session.absent) {
		const name = session.options.servers[role] ?? role;
		const text = 'It cannot be reached: what is named for it below is not done now. The same undo does it when the server answers again.';
		findings.push({ step: `absent-${role}`, title: name, actions: [], foreign: [], note: text });
	}
	for (const step of undoable(session, scope).toReversed()) {
		const facts = await inspectForUndo(session, step, { ...env, ...session.readContext }).catch((error: unknown) => {
			// Of a server that cannot be reached its step tells no more than its title.
			session.step = step.id;
			if (session.absent.size === 0 || !(error instanceof ConnectError)) throw error;
			findings.push({ step: step.id, title: step.title, actions: [], foreign: [], note: error.description.message });
		});
		if (facts === undefined) continue;
		const at = { ...env, facts, origin: session.origins[step.id], scope, made: session.effects.made };
		const actions = (step.undo?.(at) ?? []).map(show);
		const foreign = step.drift?.(at) ?? [];
		if (actions.length + foreign.length > 0) findings.push({ step: step.id, title: step.title, actions, foreign });
	}
	return findings;
}

/** What the person must know, and type names for, before all is taken back; where there is nothing, what came by replication is the run's own. */
async function findForeign<Env extends Outputs>(session: RunSession<Env>, scope: Scope): Promise<readonly Consent[]> {
	const { runbook, env } = session.options;
	const record = session.record;
	if (scope !== 'all' || session.effects.touched.length === 0 || runbook.entangled === undefined) return [];
	const since: SinceRun = {
		effects: session.effects,
		marks: record?.marks ?? {},
		done: Object.keys(env.outputs),
		undoing: record?.undoing ?? [],
		absent: session.absent,
	};
	const consents = different(await runbook.entangled({ ...env, ...session.readContext, ...since }));
	// Where others were at work, what came by replication cannot be told from what they made.
	if (consents.length === 0 && runbook.brought !== undefined)
		session.effects = withMade(session.effects, await runbook.brought({ ...env, ...session.readContext, ...since }));
	return consents;
}

/** What others changed, and the undo does not keep: its end says so, too. */
const agreedWords = ({ affected }: Consent): readonly string[] => affected.map((each) => `Not kept, as it was agreed to by name: ${each}`);

/** The facts that a step's undo is made from. */
async function inspectForUndo<Env extends Outputs>(session: RunSession<Env>, step: AnyStep<Env>, at: Env & ReadContext): Promise<Json> {
	if (session.absent.size === 0 || step.inspectReachable === undefined) return step.inspect(at);
	return step.inspectReachable({ ...at, origin: session.origins[step.id], made: session.effects.made, absent: session.absent });
}

/** The touched steps that can be undone, in order. */
function undoable<Env extends Outputs>(session: RunSession<Env>, scope: Scope): AnyStep<Env>[] {
	const { runbook, env } = session.options;
	return runbook.steps.filter(
		(step) =>
			step.undo !== undefined &&
			session.origins[step.id] !== undefined &&
			session.effects.touched.includes(step.id) &&
			(scope === 'all' || (step.isTransient === true && env.outputs[step.id] === undefined)),
	);
}

/** Undoes these steps, last first. `agreed`: what it overwrites of others' changes, with the person's consent. Returns the statements that would fix what could not be put back. */
async function undoAll<Env extends Outputs>(
	session: RunSession<Env>,
	scope: Scope,
	kept: boolean,
	agreed: readonly string[] = [],
): Promise<string[]> {
	const { env } = session.options;
	const steps = undoable(session, scope);
	session.isUndoing = true;
	session.emit({ type: 'undo-started', steps: steps.map((step) => step.id) });
	const left: string[] = [];
	const foreign: string[] = [...agreed];
	session.warnings.push(...agreed);
	const calm = new AbortController().signal;
	for (const step of steps.toReversed()) {
		let plan: readonly Action[] = [];
		const origin = session.origins[step.id];
		try {
			const runQuery = { ...env, ...session.readContext, signal: calm };
			const { made } = session.effects;
			const at = { ...env, facts: await inspectForUndo(session, step, runQuery), origin, scope, made };
			plan = step.undo?.(at) ?? [];
			for (const text of step.drift?.(at) ?? []) {
				foreign.push(text);
				session.warnings.push(text);
				session.emit({ type: 'note', step: step.id, level: 'warning', text });
			}
			const reachable = () => plan.filter((action) => !session.absent.has(show(action).on));
			for (let pass = 1; reachable().length > 0; pass++) {
				const refused = await performUndo(session, step.id, reachable());
				plan = step.undo?.({ ...env, facts: await inspectForUndo(session, step, runQuery), origin, scope, made }) ?? [];
				if (refused === null || pass === UNDO_PASSES || plan.length === 0) break;
				// What was in its way may be on its end.
				await pause(UNDO_PAUSE_MS);
			}
			left.push(...plan.map((action) => leftLine(action)));
		} catch (error) {
			const description = failureOf(error).description;
			session.emit({ type: 'note', step: step.id, level: 'warning', text: `could not be rolled back: ${description.message}` });
			left.push(...(plan.length > 0 ? plan.map((action) => leftLine(action)) : [`${step.title}: ${description.message}`]));
		}
	}
	if (!kept) for (const text of lostWords(session.effects.lost, session.options.servers)) session.warnings.push(text);
	session.emit({ type: 'undo-done', left, foreign, kept });
	return left;
}

/** Performs these one after the other; one that fails holds up only what follows on the same server. Gives the first failure. */
async function performUndo<Env extends Outputs>(session: RunSession<Env>, step: string, plan: readonly Action[]): Promise<Failure | null> {
	const signal = new AbortController().signal;
	const stuck = new Set<string>();
	let first: Failure | null = null;
	for (const action of plan) {
		const { on } = show(action);
		if (stuck.has(on)) continue;
		try {
			await session.perform(step, action, () => session.options.executor.perform(action, { signal, shielded: true }), { undoing: true });
		} catch (error) {
			stuck.add(on);
			first ??= failureOf(error, step);
			session.emit({ type: 'note', step, level: 'warning', text: `could not be rolled back: ${failureOf(error).description.message}` });
		}
	}
	return first;
}

function leftChanged<Env extends Outputs>(session: RunSession<Env>, left: readonly string[], step: string | null): Failure {
	const { runbook, run } = session.options;
	const hints = `lockstep ${runbook.afterFailure === 'put-back' ? 'recover' : 'undo'} ${run} --yes`;
	return failureOf(
		new LeftChanged({
			message: 'A server is not as it was: these changes could not be rolled back.',
			hints: [...left, `or, when the server can be reached again:  ${hints}`],
		}),
		step,
	);
}

function leftLine(action: Action): string {
	const { on, text } = show(action);
	return `${on}: ${text}`;
}

function outcomeAfter(failure: Failure, connection: 'keep' | 'undo'): 'stopped' | 'undone' | 'failed' {
	if (failure.class === 'Stopped') return 'stopped';
	return connection === 'undo' ? 'undone' : 'failed';
}
