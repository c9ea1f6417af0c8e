import { LeftChanged } from '../core/errors.ts';
import type { Finding } from '../core/finding.ts';
import type { RunRecord } from '../core/run-record.ts';
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
