import { LeftChanged } from '../core/errors.ts';
import { failureOf } from '../core/failure.ts';
import type { Finding } from '../core/finding.ts';
import type { Json } from '../core/json.ts';
import type { Failure } from '../core/model.ts';
import { newerLockstep, type RunRecord } from '../core/run-record.ts';
import type { RunEnd } from '../core/runner.ts';
import type { RunRequest } from '../requests/index.ts';
import type { AppContext } from './context.ts';
import { findingsOf } from './findings.ts';
import { findRunRecord } from './run-in-process.ts';
import { type FoundRun, newerRuns, runsOf } from './runs.ts';
import { type ConnectionOptionsByRole, withPasswords } from './servers.ts';

/** What `lockstep recover` has to look at. */
export interface InterruptedRuns {
	/** Every run of this machine that is not over. */
	readonly open: readonly FoundRun[];
	/** Those that were interrupted, or the one that is named. */
	readonly interrupted: readonly RunRecord[];
	/** Their journals were written by a newer lockstep. */
	readonly newer: readonly string[];
}

/** An interrupted run, with what would roll it back. */
export interface Recoverable {
	readonly record: RunRecord;
	readonly connections: ConnectionOptionsByRole;
	readonly findings: readonly Finding[];
}

/** The interrupted runs of this machine; with `name` that one alone. Throws UserError where there is no run of that name. */
export async function interruptedRuns(context: AppContext, name: string | undefined): Promise<InterruptedRuns> {
	const open = await runsOf(context);
	const newer = newerRuns(context).filter((run) => name === undefined || run === name);
	const named = name === undefined || newer.includes(name) ? null : findRunRecord(context, name);
	const isMeant = ({ state, run }: FoundRun) => state === 'interrupted' && (name === undefined || run === named?.run);
	return { open, newer, interrupted: open.filter(isMeant).map(({ record }) => record) };
}

/** Looks at the servers of an interrupted run; changes nothing. Rejects with the errors of connecting. */
export async function inspectInterrupted(context: AppContext, record: RunRecord): Promise<Recoverable> {
	const connections = await withPasswords(context, record.request as RunRequest, {});
	return { record, connections, findings: await findingsOf(context, record, connections) };
}

/** Called as the runs are inspected, one after another. */
export interface RecoverListener {
	begin(record: RunRecord): void;
	found(recoverable: Recoverable): void;
	/** Nothing of it can be rolled back now. */
	refused(failure: Failure): void;
}

type Refused = { readonly run: string; readonly why: string };

/** Inspects the servers of each; changes nothing. A run of which nothing can be rolled back now holds up no other. */
export async function inspectEach(
	context: AppContext,
	{ interrupted, newer }: InterruptedRuns,
	on: RecoverListener,
): Promise<{ readonly found: readonly Recoverable[]; readonly failed: readonly Refused[] }> {
	const found: Recoverable[] = [];
	const failed: Refused[] = [];
	const refuse = (run: string, error: unknown) => {
		const failure = failureOf(error);
		on.refused(failure);
		failed.push({ run, why: failure.description.message });
	};
	for (const run of newer) refuse(run, newerLockstep(run));
	for (const record of interrupted) {
		try {
			on.begin(record);
			const recoverable = await inspectInterrupted(context, record);
			on.found(recoverable);
			found.push(recoverable);
		} catch (error) {
			refuse(record.run, error);
		}
	}
	return { found, failed };
}

/** Rolls these back, one after another. `worst`: the last end that failed, else the first. */
export async function rollBackEach(runs: readonly Recoverable[], rollBack: (run: Recoverable) => Promise<RunEnd | null>) {
	let worst: RunEnd | null = null;
	const recovered: string[] = [];
	for (const run of runs) {
		const end = await rollBack(run);
		if (end !== null && (worst === null || end.failure !== null)) worst = end;
		if (end?.failure === null) recovered.push(run.record.run);
	}
	return { worst, recovered };
}

/** The fields of the last JSON line of a recover. `recovered`: the runs that were rolled back. */
export function recoverFields({ interrupted }: InterruptedRuns, found: readonly Recoverable[], recovered: readonly string[]) {
	const findings = Object.fromEntries(found.map((each) => [each.record.run, each.findings as unknown as Json]));
	return { findings, recovered, left: interrupted.map(({ run }) => run).filter((run) => !recovered.includes(run)) };
}

/** Whether anything on a server is to be rolled back, or was changed by something else since. Otherwise only the journal is closed. */
export const isLeft = ({ findings }: Recoverable): boolean => findings.some(({ actions, foreign }) => actions.length + foreign.length > 0);

/** Nobody agreed to the roll back. */
export const leftAsItIs = (runs: number, name: string | undefined): LeftChanged =>
	new LeftChanged({
		message: `${runs === 1 ? 'A run was' : `${runs} runs were`} interrupted, and what is left was not rolled back.`,
		hints: [`lockstep recover ${name ?? ''}${name === undefined ? '' : ' '}--yes`],
	});

/** Some of them could not be rolled back. */
export const notRolledBack = (failed: readonly { readonly run: string; readonly why: string }[]): LeftChanged =>
	new LeftChanged({
		message: `Not rolled back: ${failed.map(({ run }) => run).join(', ')}`,
		reason: [...new Set(failed.map(({ why }) => why))].join(' '),
		hints: ['lockstep recover --yes, when that is fixed.'],
	});
