import { closeSync, existsSync, fstatSync, openSync, readSync } from 'node:fs';
import { basename } from 'node:path';
import * as z from 'zod/mini';
import { foldersOf } from '../archive/layout.ts';
import { FORMAT } from '../core/events.ts';
import { journals, readJournal } from '../core/journal.ts';
import type { OpenRunStatus } from '../core/run-entry.ts';
import { type RunRecord, runRecordOf } from '../core/run-record.ts';
import { parseJson } from '../core/schema.ts';
import type { Runbook } from '../core/step.ts';
import type { RunRequest } from '../requests/index.ts';
import { lockedDump } from '../runbooks/backup/index.ts';
import { provisionReplica } from '../runbooks/provision-replica/index.ts';
import { restoreBackup } from '../runbooks/restore/index.ts';
import { labelOf, runsFolder } from './built-run.ts';
import type { AppContext } from './context.ts';
import { isRunning } from './run-in-background.ts';
import type { RunCard } from './wizard-backend.ts';

export type FoundRun = RunCard & { readonly record: RunRecord };

const TAIL = 16 * 1024;
/** Of this version or an older one. */
const LAST = z.object({ v: z.int().check(z.gte(1), z.lte(FORMAT)), type: z.literal('run-ended'), open: z.boolean() });

/** Whether the journal's last line says that the run is over and leaves nothing: most do, and are read no further. */
function closed(path: string): boolean {
	const fd = openSync(path, 'r');
	try {
		const { size } = fstatSync(fd);
		const tail = Buffer.alloc(Math.min(TAIL, size));
		readSync(fd, tail, 0, tail.length, size - tail.length);
		const last = parseJson(LAST, tail.toString().trimEnd().split('\n').at(-1) ?? '');
		return last !== null && !last.open;
	} catch {
		return false;
	} finally {
		closeSync(fd);
	}
}

// A drill keeps nothing.
const RUNBOOKS: readonly Pick<Runbook<never>, 'id' | 'steps'>[] = [provisionReplica, lockedDump, restoreBackup];

function passing(record: RunRecord): boolean {
	const steps = RUNBOOKS.find((each) => each.id === record.runbook)?.steps ?? [];
	return steps.some((step) => step.isTransient && record.touched.includes(step.id) && record.outputs[step.id] === undefined);
}

/** What is to be done with it, whatever came after it; null where it is over. */
async function ownStatus(record: RunRecord): Promise<OpenRunStatus | null> {
	if (record.end === null && (await isRunning(record))) return 'running';
	if (record.touched.length === 0 || (record.end !== null && !record.end.open)) return null;
	if (record.afterFailure === 'put-back') return 'interrupted';
	return record.end === null && passing(record) ? 'interrupted' : 'unfinished';
}

/**
 * What is to be done with a run; null where it is over. `next`: the run of the same work that came after it. The same command resumes only the
 * newest; but what must not stay is there until a run that took it over, or a recover, rolls it back.
 */
export async function openStatusOf(record: RunRecord, next: Pick<RunRecord, 'resumes'> | undefined): Promise<OpenRunStatus | null> {
	const status = await ownStatus(record);
	if (next === undefined || status === 'running' || (status === 'interrupted' && !next.resumes)) return status;
	return null;
}

/** The oldest of these journals that is of this work. */
function oldestOf(paths: readonly string[], key: string): RunRecord | undefined {
	for (const path of paths.toReversed()) {
		const record = runRecordOf(readJournal(path));
		if (record?.key === key) return record;
	}
	return undefined;
}

/** Runs of this machine that are not over, newest first; of those that resumed one another only the newest. */
export async function runsOf(context: AppContext): Promise<FoundRun[]> {
	const paths = journals(runsFolder(context));
	const found: FoundRun[] = [];
	for (const [index, path] of paths.entries()) {
		if (closed(path)) continue;
		const record = runRecordOf(readJournal(path));
		if (record === undefined) continue;
		// Most are over by themselves: newer journals are read only for those that are not.
		if ((await openStatusOf(record, undefined)) === null) continue;
		const state = await openStatusOf(record, oldestOf(paths.slice(0, index), record.key));
		if (state === null) continue;
		const { run, title, servers, started } = record;
		found.push({ run, title, servers, started, state, request: record.request as RunRequest, record });
	}
	return found;
}

/** Runs of which a newer lockstep wrote all: whether they are over, this one cannot tell. */
export function newerRuns(context: AppContext): readonly string[] {
	return journals(runsFolder(context)).flatMap((path) => {
		if (closed(path)) return [];
		const journal = readJournal(path);
		return journal.newer && journal.events.length === 0 ? [basename(path, '.jsonl')] : [];
	});
}

/** The folder that an interrupted backup has left on disk. */
export function leftFolder(record: RunRecord): string | null {
	const request = record.request as RunRequest;
	if (request.kind !== 'backup') return null;
	const folder = foldersOf(request.to, labelOf(record)).partial;
	return existsSync(folder) ? folder : null;
}
