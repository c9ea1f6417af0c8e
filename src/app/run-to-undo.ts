import { lostWords } from '../core/effects.ts';
import { ConnectError, LeftChanged, UserError } from '../core/errors.ts';
import type { Finding } from '../core/finding.ts';
import { dayAndTime } from '../core/format.ts';
import { newest, type RunRecord } from '../core/run-record.ts';
import { runWords } from '../render/background.ts';
import type { RunRequest } from '../requests/index.ts';
import { runsFolder } from './built-run.ts';
import type { AppContext } from './context.ts';
import { findingsOf } from './findings.ts';
import { isRunning } from './run-in-background.ts';
import { type ConnectionOptionsByRole, withPasswords } from './servers.ts';

/** Where they came to their end there is nothing of theirs on a server to be undone. */
const LEAVE_NOTHING: ReadonlySet<string> = new Set(['locked-dump', 'drill']);

/** Whether there is something on a server that an undo of this run alone would undo. */
export const canUndo = (record: RunRecord): boolean =>
	record.touched.length > 0 && (!LEAVE_NOTHING.has(record.runbook) || record.open) && !record.newer;

/** The run that is meant: the one that is named, else the newest that set something up or restored, or was cut off before it put things back. */
export function runToUndo(context: AppContext, name: string | undefined): RunRecord {
	// One that was refused has changed nothing and hides none; one that was taken back must not make an older one the next.
	const wanted = (each: RunRecord) => {
		if (name !== undefined) return each.run === name;
		const changed = each.touched.length > 0;
		return LEAVE_NOTHING.has(each.runbook) ? changed && each.open : changed || each.end?.outcome === 'undone';
	};
	const record = newest(runsFolder(context), wanted);
	if (record === undefined) {
		throw new UserError({
			message: name === undefined ? 'There is no run to undo.' : `There is no run ${name}.`,
			hints: [`Runs are kept in ${runsFolder(context)}`],
		});
	}
	if (record.touched.length === 0) throw new UserError({ message: `The run ${record.run} changed nothing, or was undone already.` });
	return record;
}

/** Nobody agreed to its undo, and nobody can be asked. */
export const notUndone = ({ run, title, servers, started }: RunRecord): UserError =>
	new UserError({
		message: `Nothing was undone: undoing the run ${run} (${runWords(title, servers)}, ${dayAndTime(started)}) needs --yes.`,
		hints: [`To see the statements:  lockstep undo ${run} --dry-run`, `To run them:  lockstep undo ${run} --yes`],
	});

/** What an undo would do. */
export interface UndoPlan {
	readonly record: RunRecord;
	/** It is at work: an undo stops it first, and nothing could be looked at yet. */
	readonly isBusy: boolean;
	readonly connections: ConnectionOptionsByRole;
	readonly findings: readonly Finding[];
	/** What no undo brings back; a sentence each. */
	readonly lost: readonly string[];
}

/** Looks at its servers as they are now; changes nothing. Throws LeftChanged where one of them cannot be reached: what the run changed is still there. */
export async function inspectUndo(context: AppContext, record: RunRecord): Promise<UndoPlan> {
	const lost = lostWords(record.effects.lost, record.servers);
	if (await isRunning(record)) return { record, isBusy: true, connections: {}, findings: [], lost };
	const connections = await withPasswords(context, record.request as RunRequest, {});
	try {
		return {
			record,
			isBusy: false,
			connections,
			findings: await findingsOf(context, record, connections, 'all'),
			lost,
		};
	} catch (error) {
		if (!(error instanceof ConnectError)) throw error;
		throw stillThere(record, error);
	}
}

/** Nothing of a run could be undone, because one of its servers cannot be reached. */
const stillThere = (record: RunRecord, error: ConnectError): LeftChanged =>
	new LeftChanged(
		{
			message: `Nothing was undone. What the run ${record.run} changed is still there.`,
			reason: error.description.message,
			hints: [...(error.description.hints ?? []), `When the server can be reached:  lockstep undo ${record.run} --yes`],
			...(error.description.details === undefined ? {} : { details: error.description.details }),
		},
		{ cause: error },
	);
