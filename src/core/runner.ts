import { setTimeout as pause } from 'node:timers/promises';
import type { Action } from './action.ts';
import { type Check, failed } from './check.ts';
import { consentCheck, different } from './consent.ts';
import { type Deeds, lostWords, NO_DEEDS, tally, withMade } from './deeds.ts';
import type { Director, PlannedStep } from './director.ts';
import { CheckFailed, ConnectError, LeftChanged, LockstepError, ServerError, Stopped, VerifyFailed } from './errors.ts';
import { FORMAT, type Recorded, type RunEvent } from './events.ts';
import type { Executor } from './executor.ts';
import { failureOf } from './failure.ts';
import type { Finding } from './finding.ts';
import type { Json } from './json.ts';
import type { Consent, Failure } from './model.ts';
import type { RunRecord } from './run-record.ts';
import { show } from './shown-action.ts';
import type { AnyStep, Outputs, ReadContext, Runbook, RunContext, SinceRun } from './step.ts';

export interface RunOptions<Env extends Outputs> {
	readonly run: string;
	readonly runbook: Runbook<Env>;
	readonly env: Env;
	readonly world: Executor;
	readonly director: Director;
	/** Gets every event, in order; returns only when the durable ones are on disk. Throwing here stops the run before the act. */
	readonly sink: (event: Recorded) => void;
	readonly now: () => Date;
	/** Aborted, with a `Stopped` as its reason, to stop safely. */
	readonly signal: AbortSignal;
	/** Names the work, for going on with it. */
	readonly key: string;
	readonly servers: { readonly [role: string]: string };
	/** What tells each server from another one at the same address. */
	readonly identities: { readonly [role: string]: Json };
	/** What was asked for, without secrets; told in the journal. */
	readonly request: Json;
	readonly past?: RunRecord;
	/** Names that were typed for what an undo asks for. */
	readonly typed?: readonly string[];
	/** What the person must know of this run before it is reviewed. */
	readonly notes?: readonly string[];
}

export type RunEnd = Extract<RunEvent, { type: 'run-ended' }>;

/** Performs a runbook: looks, asks, does, proves; puts back what it must. Never rejects: what went wrong is in the end. */
export async function run<Env extends Outputs>(options: RunOptions<Env>): Promise<RunEnd> {
	return new Runner(options).run();
}

/** `all` that a run did, or only what it would have put back `passing` through. */
export type Scope = 'all' | 'passing';

/**
 * Takes back what a run did, from its journal: the same undo as after a failure. `why`: what cut that run off. Rejects only before it has
 * changed anything, with CheckFailed where a name must be typed first.
 */
export async function takeBack<Env extends Outputs>(
	options: RunOptions<Env> & { readonly past: RunRecord },
	scope: Scope = 'all',
	why: Failure | null = null,
): Promise<RunEnd> {
	return new Runner(options).takeBack(scope, why);
}

/** What {@link takeBack} would do now, and what it would leave. Only looks. */
export async function findLeft<Env extends Outputs>(
	options: RunOptions<Env> & { readonly past: RunRecord },
	scope: Scope = 'all',
): Promise<readonly Finding[]> {
	return new Runner(options).findLeft(scope);
}

class Runner<Env extends Outputs> {
	readonly #o: RunOptions<Env>;
	readonly #origins: Record<string, Json>;
	#deeds: Deeds;
	/** Whether a step of this run has changed something: what an earlier run proved before counts no longer. */
	#changed = false;
	readonly #warnings: string[] = [];
	#past: RunRecord | undefined;
	#seq = 0;
	/** Whether the step in hand has performed anything. */
	#acted = false;
	/** From then on nothing that fails to be written down may hold up what is put back. */
	#puttingBack = false;

	constructor(options: RunOptions<Env>) {
		this.#o = options;
		this.#past = options.past;
		this.#origins = { ...options.past?.origins };
		const { past } = options;
		// Of an older lockstep's run it is not known by name what it made.
		this.#deeds = past === undefined ? { ...NO_DEEDS } : { ...past.deeds, touched: past.touched, undone: 'no', left: [], drift: [] };
		Object.assign(options.env.outputs, options.past?.outputs);
	}

	#emit(event: RunEvent): void {
		const recorded: Recorded = { v: FORMAT, run: this.#o.run, seq: ++this.#seq, at: this.#o.now().toISOString(), ...event };
		try {
			this.#o.sink(recorded);
		} catch (error) {
			if (!this.#puttingBack) throw error;
		}
		this.#deeds = tally(this.#deeds, recorded);
	}

	async #started(resumes: string | null): Promise<void> {
		const { runbook, key, servers, identities, request, env, world } = this.#o;
		const past = this.#past;
		const { made, lost } = this.#deeds;
		const marks = past?.marks ?? (await runbook.marks?.({ ...env, ...looking(world) })) ?? {};
		this.#emit({
			type: 'run-started',
			runbook: runbook.id,
			title: runbook.title,
			key,
			servers,
			identities,
			afterFailure: runbook.afterFailure,
			steps: runbook.steps.map(({ id, title, why }) => ({ id, title, why })),
			resumes,
			carried: { touched: past?.touched ?? [], outputs: past?.outputs ?? {}, made, lost },
			request,
			marks,
		});
		// The new run's journal must be able to stand alone: it holds what the old one knew.
		for (const step of runbook.steps) {
			const origin = this.#origins[step.id];
			if (origin !== undefined && past !== undefined) this.#emit({ type: 'facts', step: step.id, facts: origin, origin });
		}
	}

	#end(outcome: RunEnd['outcome'], failure: Failure | null, open: boolean): RunEnd {
		const end: RunEnd = {
			type: 'run-ended',
			outcome,
			open,
			warnings: this.#warnings,
			failure,
			summary: outcome === 'done' ? this.#o.runbook.summary(this.#o.env) : {},
		};
		this.#puttingBack = true;
		this.#emit(end);
		return end;
	}

	async run(): Promise<RunEnd> {
		const { runbook } = this.#o;
		let failure: Failure | undefined;
		try {
			await this.#dropSpoiled();
			await this.#started(this.#past?.started ?? null);
			for (const text of this.#o.notes ?? []) this.#emit({ type: 'note', step: null, level: 'warning', text });
			const go = await this.#review();
			if (go !== 'go') return this.#end(go, null, this.#past !== undefined);
			for (const step of runbook.steps) await this.#step(step);
			return this.#end('done', null, false);
		} catch (error) {
			failure = failureOf(error instanceof StepFailure ? error.cause : error, error instanceof StepFailure ? error.step : null);
			failure = await this.#conclude(failure);
			return await this.#failed(failure, error instanceof StepFailure ? error.recovery : 'keep');
		}
	}

	/** Performs the steps that say what the run came to. Gives the failure that the run ends with. */
	async #conclude(failure: Failure): Promise<Failure> {
		const { runbook, env, signal } = this.#o;
		let last = failure;
		if (failure.step === null) return last;
		for (const step of runbook.steps) {
			if (!step.concludes || step.id === failure.step || env.outputs[step.id] !== undefined || signal.aborted) continue;
			try {
				await this.#attempt(step, last);
			} catch (error) {
				last = failureOf(error, step.id);
				this.#emit({ type: 'step-failed', step: step.id, failure: last });
			}
		}
		return last;
	}

	async #failed(failure: Failure, wish: 'keep' | 'undo'): Promise<RunEnd> {
		const { runbook } = this.#o;
		const all = runbook.afterFailure === 'put-back' || wish === 'undo';
		const outcome = outcomeAfter(failure, wish);
		const kept = !all && this.#deeds.touched.length > 0;
		const scope = all ? 'all' : 'passing';
		if (wish === 'undo') {
			const consents = await this.#entangled(scope).catch(() => []);
			if (consents.length > 0) return this.#end('failed', failureOf(new CheckFailed(consents.map(consentCheck), NOT_ITS_OWN)), true);
		}
		if (this.#deeds.touched.length === 0 || (this.#undoable(scope).length === 0 && !all)) {
			return this.#end(outcome === 'undone' ? 'failed' : outcome, failure, kept);
		}
		const left = await this.#undo(scope, kept);
		if (left.length === 0) return this.#end(outcome, failure, kept);
		const changed = this.#leftChanged(left, failure.step);
		return this.#end('failed', { ...changed, description: { ...changed.description, reason: failure.description.message } }, true);
	}

	async takeBack(scope: Scope, why: Failure | null): Promise<RunEnd> {
		const kept = scope === 'passing' && this.#deeds.touched.length > 0;
		const typed = this.#o.typed ?? [];
		const untyped = (await this.#entangled(scope)).filter(({ name }) => !typed.includes(name));
		if (untyped.length > 0) throw new CheckFailed(untyped.map(consentCheck), NOT_ITS_OWN);
		try {
			this.#puttingBack = true;
			// Who watched the run that was cut off has seen its beginning.
			if (why === null) await this.#started(null);
			const left = await this.#undo(scope, kept);
			if (left.length > 0) return this.#end('failed', this.#leftChanged(left, null), true);
			return this.#end(why === null ? 'undone' : 'failed', why, kept);
		} catch (error) {
			return this.#end('failed', failureOf(error), true);
		}
	}

	async findLeft(scope: Scope): Promise<Finding[]> {
		const { env, world } = this.#o;
		const findings: Finding[] = [];
		const consents = await this.#entangled(scope);
		if (consents.length > 0) {
			const foreign = consents.flatMap(({ reason, affected }) => [reason, ...affected]);
			findings.push({ step: 'entangled', title: NOT_ITS_OWN, actions: [], foreign, consents });
		}
		for (const role of this.#absent) {
			const name = this.#o.servers[role] ?? role;
			const text = 'It cannot be reached: what is named for it below is not done now. The same undo does it when the server answers again.';
			findings.push({ step: `absent-${role}`, title: name, actions: [], foreign: [], note: text });
		}
		for (const step of this.#undoable(scope).toReversed()) {
			const facts = await this.#inspectUndo(step, { ...env, ...looking(world) }).catch((error: unknown) => {
				// Of a server that cannot be reached its step tells no more than its title.
				if (this.#absent.size === 0 || !(error instanceof ConnectError)) throw error;
				findings.push({ step: step.id, title: step.title, actions: [], foreign: [], note: error.description.message });
			});
			if (facts === undefined) continue;
			const at = { ...env, facts, origin: this.#origins[step.id], scope, made: this.#deeds.made };
			const actions = (step.undo?.(at) ?? []).map(show);
			const foreign = step.drift?.(at) ?? [];
			if (actions.length + foreign.length > 0) findings.push({ step: step.id, title: step.title, actions, foreign });
		}
		return findings;
	}

	get #absent(): ReadonlySet<string> {
		return this.#o.world.absent ?? new Set();
	}

	/** The facts that a step's undo is made from. */
	async #inspectUndo(step: AnyStep<Env>, at: Env & ReadContext): Promise<Json> {
		if (this.#absent.size === 0 || step.inspectReachable === undefined) return step.inspect(at);
		return step.inspectReachable({ ...at, origin: this.#origins[step.id], made: this.#deeds.made, absent: this.#absent });
	}

	/** What the person must know, and type names for, before all is taken back; where there is nothing, what came by replication is the run's own. */
	async #entangled(scope: Scope): Promise<readonly Consent[]> {
		const { runbook, env, world } = this.#o;
		const past = this.#past;
		if (scope !== 'all' || this.#deeds.touched.length === 0 || runbook.entangled === undefined) return [];
		const since: SinceRun = {
			deeds: this.#deeds,
			marks: past?.marks ?? {},
			done: Object.keys(env.outputs),
			undoing: past?.undoing ?? [],
			absent: this.#absent,
		};
		const consents = different(await runbook.entangled({ ...env, ...looking(world), ...since }));
		// Where others were at work, what came by replication cannot be told from what they made.
		if (consents.length === 0 && runbook.brought !== undefined)
			this.#deeds = withMade(this.#deeds, await runbook.brought({ ...env, ...looking(world), ...since }));
		return consents;
	}

	/** Forgets what an earlier run did from the first step on whose work is of no use. */
	async #dropSpoiled(): Promise<void> {
		const { runbook, env, world } = this.#o;
		const past = this.#past;
		if (past === undefined) return;
		const at = { ...env, ...looking(world), failure: past.end?.failure ?? null };
		for (const [index, step] of runbook.steps.entries()) {
			// A server that cannot be looked at is told of by the look that follows.
			if (past.outputs[step.id] === undefined || !(await step.isStale?.(at).catch(() => false))) continue;
			const kept = runbook.steps.slice(0, index).map(({ id }) => id);
			this.#past = { ...past, outputs: Object.fromEntries(Object.entries(past.outputs).filter(([id]) => kept.includes(id))) };
			for (const id of Object.keys(env.outputs)) if (!kept.includes(id)) delete env.outputs[id];
			return;
		}
	}

	/** Looks at everything, plans everything, and asks once, before anything has changed. */
	async #review(): Promise<'go' | 'previewed' | 'declined'> {
		const { runbook, env, director, signal } = this.#o;
		const past = this.#past;
		const steps: PlannedStep[] = [];
		const outputs = { ...env.outputs };
		for (const step of runbook.steps) {
			signal.throwIfAborted();
			this.#emit({ type: 'looking', step: step.id });
			steps.push(await this.#planStep(step, steps));
			if (env.outputs[step.id] === undefined && step.previewOutput !== undefined) env.outputs[step.id] = step.previewOutput;
		}
		for (const key of Object.keys(env.outputs)) delete env.outputs[key];
		Object.assign(env.outputs, outputs);
		const checks = steps.flatMap((step) => step.checks);
		const consents = different(steps.flatMap((step) => step.consents));
		const review = { runbook: runbook.id, title: runbook.title, steps, checks, consents, resumes: past?.started ?? null };
		this.#emit({ type: 'review', review });
		if (failed(checks).length > 0) throw new CheckFailed(failed(checks));
		const reviewed = await director.review(review);
		if (!reviewed.go) return reviewed.previewOnly ? 'previewed' : 'declined';
		this.#emit({ type: 'reviewed', go: true, typed: reviewed.typed });
		const untyped = consents.filter((consent) => !reviewed.typed.includes(consent.name));
		if (untyped.length > 0) throw new CheckFailed(untyped.map(consentCheck), 'Confirmation is required.');
		return 'go';
	}

	/** Looks for one step, after those `before` it. The output of one whose work does not hold any more is forgotten. */
	async #planStep(step: AnyStep<Env>, before: readonly PlannedStep[]): Promise<PlannedStep> {
		const { env, world } = this.#o;
		const facts = await this.#inspectFor(step, before);
		const at = { ...env, facts, origin: this.#origins[step.id] ?? facts };
		// What does not hold any more will be done again, so it is planned like the rest.
		const output = this.#past?.outputs[step.id];
		const done = output !== undefined && failed((await step.verify?.({ ...env, ...looking(world), ...at, output })) ?? []).length === 0;
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
	async #inspectFor(step: AnyStep<Env>, before: readonly PlannedStep[]): Promise<Json> {
		const { env, world } = this.#o;
		try {
			return await step.inspect({ ...env, ...looking(world) });
		} catch (error) {
			const forbidding = failed(before.flatMap((planned) => planned.checks));
			if (forbidding.length > 0) throw new CheckFailed(forbidding);
			throw error;
		}
	}

	async #step(step: AnyStep<Env>): Promise<void> {
		for (;;) {
			try {
				return await this.#attempt(step);
			} catch (error) {
				const failure = failureOf(error, step.id);
				this.#emit({ type: 'step-failed', step: step.id, failure });
				// A retry is offered only where what was done is kept, and nobody asked to stop.
				if (this.#o.runbook.afterFailure === 'put-back' || this.#o.signal.aborted) throw new StepFailure(step.id, 'keep', error);
				const choice = await this.#o.director.recover(failure);
				this.#emit({ type: 'recovery', step: step.id, choice });
				if (choice !== 'retry') throw new StepFailure(step.id, choice, error);
			}
		}
	}

	async #attempt(step: AnyStep<Env>, failure: Failure | null = null): Promise<void> {
		const { env, world, now, signal } = this.#o;
		signal.throwIfAborted();
		const began = now().getTime();
		const before = this.#past?.outputs[step.id];
		// What was proven and captured then may not be so any more.
		if (this.#changed && step.proves?.(env)) delete env.outputs[step.id];
		const again = before !== undefined && env.outputs[step.id] === before;
		if (again) this.#emit({ type: 'looking', step: step.id });
		const facts = await step.inspect({ ...env, ...looking(world) });
		if (again) {
			if (await this.#stillHolds(step, facts, before)) {
				this.#emit({ type: 'step-done', step: step.id, output: before, ms: now().getTime() - began, again: true, acted: false });
				return;
			}
			delete env.outputs[step.id];
		}
		this.#emit({ type: 'step-started', step: step.id });
		this.#origins[step.id] ??= facts;
		const origin = this.#origins[step.id];
		this.#emit({ type: 'facts', step: step.id, facts, origin: origin ?? null });
		const at = { ...env, facts, origin };
		const checks = step.checks?.(at) ?? [];
		if (checks.length > 0) this.#emit({ type: 'checks', step: step.id, checks });
		if (failed(checks).length > 0) throw new CheckFailed(failed(checks));
		const plan = step.plan(at);
		this.#acted = false;
		const working = this.#working(step.id);
		let output: Json = null;
		if (step.run !== undefined) output = await step.run({ ...at, ...working, plan, failure });
		else for (const action of plan) await working.perform(action);
		const proofs = (await step.verify?.({ ...at, ...looking(world), output })) ?? [];
		this.#judgeProofs(step, proofs);
		env.outputs[step.id] = output;
		this.#changed ||= this.#acted && plan.some((action) => show(action).changes);
		this.#emit({ type: 'step-done', step: step.id, output, ms: now().getTime() - began, again: false, acted: this.#acted });
	}

	/** Whether what an earlier run did in this step, with that output, is still so. */
	async #stillHolds(step: AnyStep<Env>, facts: Json, output: Json): Promise<boolean> {
		const { env, world } = this.#o;
		const origin = this.#origins[step.id] ?? facts;
		const checks = (await step.verify?.({ ...env, ...looking(world), facts, origin, output })) ?? [];
		return failed(checks).length === 0;
	}

	/** Tells what proves a step's work, and keeps the warnings among it. Throws VerifyFailed where something is not proven. */
	#judgeProofs(step: AnyStep<Env>, proofs: readonly Check[]): void {
		if (proofs.length > 0) this.#emit({ type: 'checks', step: step.id, checks: proofs });
		if (failed(proofs).length > 0) throw new VerifyFailed(failed(proofs), `“${step.title}” could not be proven.`);
		for (const check of proofs)
			if (check.status === 'warning') this.#warnings.push(`${check.title}${check.found ? `: ${check.found}` : ''}`);
	}

	#working(step: string): RunContext {
		const { world } = this.#o;
		return {
			...looking(world),
			perform: (action, options = {}) =>
				this.#perform(
					step,
					action,
					() => world.perform(action, { ...options, signal: options.shielded ? new AbortController().signal : this.#o.signal }),
					{ isDiscarded: () => !this.#o.signal.aborted && options.until?.reason instanceof Stopped },
				),
			lease: (on, options) => world.lease(on, options),
			readers: (on, options) => world.readers(on, options),
			progress: (progress) => this.#emit({ type: 'progress', step, progress }),
			note: (text, level = 'note') => {
				if (level === 'warning') this.#warnings.push(text);
				this.#emit({ type: 'note', step, level, text });
			},
			lock: (lock) => this.#emit({ type: 'lock', step, lock }),
		};
	}

	/** `isDiscarded`: whether it was given up because its step has no use for it. */
	async #perform<T>(
		step: string,
		action: Action,
		act: () => Promise<T>,
		{ undoing = false, isDiscarded = () => false }: { readonly undoing?: boolean; readonly isDiscarded?: () => boolean },
	): Promise<T> {
		const shownAction = show(action);
		this.#acted = true;
		this.#emit({ type: 'action-started', step, action: shownAction, undoing });
		const began = this.#o.now().getTime();
		const ms = () => this.#o.now().getTime() - began;
		try {
			const done = await act();
			const rows =
				action.kind === 'sql' && !action.changes ? { rows: (done as readonly Record<string, string | null>[]).slice(0, 20) } : {};
			this.#emit({ type: 'action-done', step, action: action.id, ms: ms(), ...rows });
			return done;
		} catch (error) {
			const { destroys } = action;
			const spared = destroys !== undefined && isRefused(error) ? { spared: destroys } : {};
			this.#emit({
				type: 'action-failed',
				step,
				action: action.id,
				ms: ms(),
				description: failureOf(error).description,
				...spared,
				...(isDiscarded() && { discarded: true }),
			});
			throw error;
		}
	}

	/** The touched steps that can be undone, in order. */
	#undoable(scope: Scope): AnyStep<Env>[] {
		const { runbook, env } = this.#o;
		return runbook.steps.filter(
			(step) =>
				step.undo !== undefined &&
				this.#origins[step.id] !== undefined &&
				this.#deeds.touched.includes(step.id) &&
				(scope === 'all' || (step.isTransient === true && env.outputs[step.id] === undefined)),
		);
	}

	#leftChanged(left: readonly string[], step: string | null): Failure {
		const { runbook, run } = this.#o;
		const hints = `lockstep ${runbook.afterFailure === 'put-back' ? 'recover' : 'undo'} ${run} --yes`;
		return failureOf(
			new LeftChanged({
				message: 'A server is not as it was: these changes could not be rolled back.',
				hints: [...left, `or, when the server can be reached again:  ${hints}`],
			}),
			step,
		);
	}

	/** Performs these one after the other; one that fails holds up only what follows on the same server. Gives the first failure. */
	async #takeBackAll(step: string, plan: readonly Action[]): Promise<Failure | null> {
		const signal = new AbortController().signal;
		const stuck = new Set<string>();
		let first: Failure | null = null;
		for (const action of plan) {
			const { on } = show(action);
			if (stuck.has(on)) continue;
			try {
				await this.#perform(step, action, () => this.#o.world.perform(action, { signal, shielded: true }), { undoing: true });
			} catch (error) {
				stuck.add(on);
				first ??= failureOf(error, step);
				this.#emit({ type: 'note', step, level: 'warning', text: `could not be rolled back: ${failureOf(error).description.message}` });
			}
		}
		return first;
	}

	/** Undoes these steps, last first. Returns the statements that would fix what could not be put back. */
	async #undo(scope: Scope, kept: boolean): Promise<string[]> {
		const { env, world } = this.#o;
		const steps = this.#undoable(scope);
		this.#puttingBack = true;
		this.#emit({ type: 'undo-started', steps: steps.map((step) => step.id) });
		const left: string[] = [];
		const foreign: string[] = [];
		const calm = new AbortController().signal;
		for (const step of steps.toReversed()) {
			let plan: readonly Action[] = [];
			const origin = this.#origins[step.id];
			try {
				const look = { ...env, ...looking(world), signal: calm };
				const { made } = this.#deeds;
				const at = { ...env, facts: await this.#inspectUndo(step, look), origin, scope, made };
				plan = step.undo?.(at) ?? [];
				for (const text of step.drift?.(at) ?? []) {
					foreign.push(text);
					this.#warnings.push(text);
					this.#emit({ type: 'note', step: step.id, level: 'warning', text });
				}
				const reachable = () => plan.filter((action) => !this.#absent.has(show(action).on));
				for (let pass = 1; reachable().length > 0; pass++) {
					const refused = await this.#takeBackAll(step.id, reachable());
					plan = step.undo?.({ ...env, facts: await this.#inspectUndo(step, look), origin, scope, made }) ?? [];
					if (refused === null || pass === UNDO_PASSES || plan.length === 0) break;
					// What was in its way may be on its end.
					await pause(UNDO_PAUSE_MS);
				}
				left.push(...plan.map((action) => leftLine(action)));
			} catch (error) {
				const told = failureOf(error).description;
				this.#emit({ type: 'note', step: step.id, level: 'warning', text: `could not be rolled back: ${told.message}` });
				left.push(...(plan.length > 0 ? plan.map((action) => leftLine(action)) : [`${step.title}: ${told.message}`]));
			}
		}
		if (!kept) for (const text of lostWords(this.#deeds.lost, this.#o.servers)) this.#warnings.push(text);
		this.#emit({ type: 'undo-done', left, foreign, kept });
		return left;
	}
}

function outcomeAfter(failure: Failure, wish: 'keep' | 'undo'): 'stopped' | 'undone' | 'failed' {
	if (failure.class === 'Stopped') return 'stopped';
	return wish === 'undo' ? 'undone' : 'failed';
}

/** How often what could not be rolled back is tried, and the pause between two tries. */
const UNDO_PASSES = 3;
const UNDO_PAUSE_MS = 1_000;

const NOT_ITS_OWN = 'Other changes were made there since the run: an undo may destroy them.';

/** The server said no: the statement did nothing. Where the connection was lost that is not known. */
function isRefused(error: unknown): boolean {
	if (!(error instanceof LockstepError) || error instanceof Stopped) return false;
	return !(error instanceof ServerError && error.connectionLost);
}

class StepFailure extends Error {
	readonly step: string;
	readonly recovery: 'keep' | 'undo';

	constructor(step: string, recovery: 'keep' | 'undo', cause: unknown) {
		super(step, { cause });
		this.step = step;
		this.recovery = recovery;
	}
}

function looking(world: Executor) {
	return {
		runQuery: world.runQuery.bind(world),
		runQueryAs: world.runQueryAs.bind(world),
		digests: world.digests.bind(world),
		rowDifferences: world.rowDifferences.bind(world),
		definitions: world.definitions.bind(world),
		folderFacts: world.folderFacts.bind(world),
		tool: world.tool.bind(world),
		serverProgram: world.serverProgram.bind(world),
		serverLeft: world.serverLeft.bind(world),
		now: world.now.bind(world),
		signal: world.signal,
	};
}

function leftLine(action: Action): string {
	const { on, text } = show(action);
	return `${on}: ${text}`;
}
