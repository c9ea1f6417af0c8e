import type { Action, TableToRead } from './action.ts';
import type { Director } from './director.ts';
import { type Effects, NO_EFFECTS, tally } from './effects.ts';
import { LockstepError, ServerError, Stopped } from './errors.ts';
import { FORMAT, type Recorded, type RunEvent } from './events.ts';
import type { Executor } from './executor.ts';
import { failureOf } from './failure.ts';
import type { Json } from './json.ts';
import type { Failure } from './model.ts';
import { meter } from './progress.ts';
import type { RunRecord } from './run-record.ts';
import { show } from './shown-action.ts';
import type { Flow, Outputs, ReadContext, Runbook, RunContext } from './step.ts';
import { followWorkers, trackTables } from './table-progress.ts';
import { followWaits, readContextOf, type Waits } from './waits.ts';

export interface RunOptions<Env extends Outputs> {
	readonly run: string;
	readonly runbook: Runbook<Env>;
	readonly env: Env;
	readonly executor: Executor;
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
	readonly record?: RunRecord;
	/** Names that were typed for what an undo asks for. */
	readonly typed?: readonly string[];
	/** What the person must know of this run before it is reviewed. */
	readonly notes?: readonly string[];
}

export type RunEnd = Extract<RunEvent, { type: 'run-ended' }>;

/** What a run knows as it goes, and how it acts and says so: its plan, its steps and its undo are made with one. */
export class RunSession<Env extends Outputs> {
	readonly options: RunOptions<Env>;
	/** The facts of each step as the first run of this work saw them. */
	readonly origins: Record<string, Json>;
	effects: Effects;
	/** Whether a step of this run has changed something: what an earlier run proved before counts no longer. */
	hasChanged = false;
	readonly warnings: string[] = [];
	/** By id: what the plan warned of, which was agreed to. */
	agreedWarnings: ReadonlySet<string> = new Set();
	record: RunRecord | undefined;
	/** Whether the step in hand has performed anything. */
	hasActed = false;
	/** From then on nothing that fails to be written down may hold up what is put back. */
	isUndoing = false;
	/** The step in hand: what is waited for is its. */
	step: string | null = null;
	readonly #waits: Waits;
	#seq = 0;

	constructor(options: RunOptions<Env>) {
		this.options = options;
		this.record = options.record;
		this.origins = { ...options.record?.origins };
		const { record } = options;
		// A run of an older lockstep did not record by name what it made.
		this.effects =
			record === undefined ? { ...NO_EFFECTS } : { ...record.effects, touched: record.touched, undone: 'no', left: [], drift: [] };
		Object.assign(options.env.outputs, options.record?.outputs);
		this.#waits = followWaits(options.now, (wait) => this.#tell({ type: 'waiting', step: this.step, wait }));
	}

	/** What a step may ask with before anything is changed. */
	get readContext(): ReadContext {
		return readContextOf(this.options.executor, this.#waits, (tables) => this.#rowsProgress(tables));
	}

	/** Servers that cannot be reached, by role. */
	get absent(): ReadonlySet<string> {
		return this.options.executor.absent ?? new Set();
	}

	/** Gives an event its place and hands it on; throws what the sink throws, unless things are being undone. */
	emit(event: RunEvent): void {
		if (event.type === 'looking' || event.type === 'step-started') this.step = event.step;
		const recorded: Recorded = { v: FORMAT, run: this.options.run, seq: ++this.#seq, at: this.options.now().toISOString(), ...event };
		try {
			this.options.sink(recorded);
		} catch (error) {
			if (!this.isUndoing) throw error;
		}
		this.effects = tally(this.effects, recorded);
	}

	/** Emits an event that only draws: a failure to do so is no reason to stop. */
	#tell(event: RunEvent): void {
		try {
			this.emit(event);
		} catch {
			// Whatever is in its way stops the next event that matters.
		}
	}

	/** How far reading whole tables has come, for the step in hand. */
	#rowsProgress(tables: readonly TableToRead[]): (flow: Flow) => void {
		const { step } = this;
		const clock = () => this.options.now().getTime();
		const nameOf = ({ database, name }: { readonly database: string; readonly name: string }) => `${database}.${name}`;
		const measure = meter(clock);
		const largestFirst = tables.toSorted((a, b) => b.rows - a.rows);
		const tracker = trackTables(
			clock,
			largestFirst.map((table) => ({ name: nameOf(table), total: table.rows })),
		);
		const follow = followWorkers(tracker, 'rows', nameOf);
		const total = tables.reduce((sum, table) => sum + table.rows, 0);
		return ({ rows, workers = [] }) => {
			follow(workers);
			const progress = { done: rows, total: Math.max(rows, total), estimated: true, ...measure(rows, total), ...tracker.view() };
			if (step !== null) this.#tell({ type: 'progress', step, progress: { unit: 'rows', ...progress } });
		};
	}

	/** Announces the run; `resumes`: since when, where it resumes an earlier one. */
	async start(resumes: string | null): Promise<void> {
		const { runbook, key, servers, identities, request, env } = this.options;
		const record = this.record;
		const { made, lost } = this.effects;
		const marks = record?.marks ?? (await runbook.marks?.({ ...env, ...this.readContext })) ?? {};
		this.emit({
			type: 'run-started',
			runbook: runbook.id,
			title: runbook.title,
			key,
			servers,
			identities,
			afterFailure: runbook.afterFailure,
			steps: runbook.steps.map(({ id, title, why }) => ({ id, title, why })),
			resumes,
			carried: { touched: record?.touched ?? [], outputs: record?.outputs ?? {}, made, lost },
			request,
			marks,
		});
		// The new run's journal must be able to stand alone: it holds what the old one knew.
		for (const step of runbook.steps) {
			const origin = this.origins[step.id];
			if (origin !== undefined && record !== undefined) this.emit({ type: 'facts', step: step.id, facts: origin, origin });
		}
	}

	/** Announces the end of a run that failed or was undone, with what it leaves on this machine, and gives it. */
	async endIncomplete(outcome: RunEnd['outcome'], failure: Failure | null, open: boolean): Promise<RunEnd> {
		const { runbook, env } = this.options;
		const at = { ...env, ...this.readContext, touched: this.effects.touched };
		return this.end(outcome, failure, open, await runbook.leftover?.(at).catch(() => ({})));
	}

	/** Announces the end, and gives it. `left`: the summary of a run that was not completed. */
	end(outcome: RunEnd['outcome'], failure: Failure | null, open: boolean, left: RunEnd['summary'] = {}): RunEnd {
		const end: RunEnd = {
			type: 'run-ended',
			outcome,
			open,
			warnings: this.warnings,
			failure,
			summary: outcome === 'done' ? this.options.runbook.summary(this.options.env) : left,
		};
		this.isUndoing = true;
		this.#waits.stop();
		this.emit(end);
		return end;
	}

	/** What a step acts with. */
	runContext(step: string): RunContext {
		const { executor } = this.options;
		return {
			...this.readContext,
			perform: (action, options = {}) =>
				this.perform(
					step,
					action,
					() => executor.perform(action, { ...options, signal: options.shielded ? new AbortController().signal : this.options.signal }),
					{ isDiscarded: () => !this.options.signal.aborted && options.until?.reason instanceof Stopped },
				),
			lease: (on, options) => executor.lease(on, options),
			readers: (on, options) => executor.readers(on, options),
			progress: (progress) => this.emit({ type: 'progress', step, progress }),
			note: (text, level = 'note') => {
				if (level === 'warning') this.warnings.push(text);
				this.emit({ type: 'note', step, level, text });
			},
			lock: (lock) => this.emit({ type: 'lock', step, lock }),
		};
	}

	/** `isDiscarded`: whether it was given up because its step has no use for it. */
	async perform<T>(
		step: string,
		action: Action,
		act: () => Promise<T>,
		{ undoing = false, isDiscarded = () => false }: { readonly undoing?: boolean; readonly isDiscarded?: () => boolean },
	): Promise<T> {
		const shownAction = show(action);
		this.hasActed = true;
		this.emit({ type: 'action-started', step, action: shownAction, undoing });
		const began = this.options.now().getTime();
		const ms = () => this.options.now().getTime() - began;
		try {
			const done = await act();
			const rows =
				action.kind === 'sql' && !action.changes ? { rows: (done as readonly Record<string, string | null>[]).slice(0, 20) } : {};
			this.emit({ type: 'action-done', step, action: action.id, ms: ms(), ...rows });
			return done;
		} catch (error) {
			const { destroys } = action;
			const spared = destroys !== undefined && isRefused(error) ? { spared: destroys } : {};
			this.emit({
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
}

/** The server said no: the statement did nothing. Where the connection was lost that is not known. */
function isRefused(error: unknown): boolean {
	if (!(error instanceof LockstepError) || error instanceof Stopped) return false;
	return !(error instanceof ServerError && error.connectionLost);
}
