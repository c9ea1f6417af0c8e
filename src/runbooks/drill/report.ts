import { basename } from 'node:path';
import { fingerprintOf } from '../../archive/records.ts';
import type { FileAction, StartedServer } from '../../core/action.ts';
import { pick } from '../../core/action.ts';
import type { DrillRecord } from '../../core/backups.ts';
import { failed, problemWords } from '../../core/check.ts';
import { drillMarkdown } from '../../core/drill-report.ts';
import { CheckFailed, LockstepError, VerifyFailed } from '../../core/errors.ts';
import type { Failure } from '../../core/model.ts';
import type { RunContext, Step } from '../../core/step.ts';
import { type CaughtUpOutput, type DrillEnv, type PositionOutput, type PreparedOutput, type ReportOutput, startedServer } from './env.ts';
import { drillChecks, drillPhases, drillWarnings, isFinding, machineCheck, recoveryMs, serverOf } from './result.ts';

type Facts = PreparedOutput & { readonly isAlive: boolean; readonly freeBytes: number };
type At = DrillEnv & RunContext & { readonly facts: Facts; readonly plan: readonly FileAction[] };

export const report: Step<DrillEnv, Facts, ReportOutput | null> = {
	id: 'report',
	title: 'Report the result',
	why: 'What the drill came to is written beside the backup, never into it: a record for lockstep list and show, and a report for people. A drill that fails is recorded as well; what this machine or the primary was at fault for is not, because it says nothing of the backup.',
	concludes: true,
	async inspect({ folder, throwaway, serverLeft, folderFacts }) {
		return {
			...(await fingerprintOf(folder)),
			isAlive: (await serverLeft(throwaway.folder)).running,
			freeBytes: (await folderFacts(throwaway.folder)).freeBytes,
		};
	},
	plan: ({ results }) => [
		{ kind: 'file', id: 'record', why: 'for lockstep list and show', op: 'write', path: results.record },
		{ kind: 'file', id: 'report', why: 'for people', op: 'write', path: results.report },
	],
	async run({ failure, plan, ...env }) {
		const started = startedServer(env);
		if (started === null || (failure !== null && !isFinding(failure))) return null;
		if (failure !== null) throwMachine(env, failure);
		const at = { ...env, plan: plan.filter((action) => action.kind === 'file') };
		const checks = drillChecks(env.state(), failure, env.replication?.primary.name ?? null);
		const record = recordOf(at, { started, failure, checks });
		const isWritten = await write(at, record, drillMarkdown(record, checks, env.manifest.server));
		const { results, folder } = env;
		const wrong = failed(checks);
		if (wrong.length > 0)
			throw new VerifyFailed(wrong, `${folder} did not pass its drill.${isWritten ? ` The report: ${results.report}` : ''}`);
		return { record, checks, written: isWritten ? results.record : null, report: isWritten ? results.report : null };
	},
	previewOutput: null,
};

/** Throws CheckFailed where the machine, not the backup, made the drill fail: no record is written of that. */
function throwMachine({ facts, throwaway, folder }: DrillEnv & { readonly facts: Facts }, failure: Failure): void {
	const check = machineCheck({ ...facts, folder: throwaway.folder }, failure, folder);
	if (check !== null)
		throw new CheckFailed([check], 'The drill could not be done on this machine. It says nothing about the backup: no result is recorded.');
}

type Counted = Pick<DrillRecord, 'tables' | 'rows'> & { readonly digests: number };

function recordOf(
	at: At,
	result: { readonly started: StartedServer; readonly failure: Failure | null; readonly checks: ReportOutput['checks'] },
): DrillRecord {
	const { folder, program, manifest, outputs, facts, databases } = at;
	const { manifest_sha256, sums_sha256 } = (outputs['prepare-server'] as PreparedOutput | undefined) ?? facts;
	const state = at.state();
	const phases = drillPhases(state, at.now());
	const counted = outputs.prove as Counted | undefined;
	const problems = failed(result.checks).map(problemWords);
	return {
		...{ format: 1, type: 'drill', backup: basename(folder), at: at.now().toISOString(), tool: program },
		...{ ok: problems.length === 0, manifest_sha256, sums_sha256 },
		server: serverOf(result.started),
		...{ recovery_ms: recoveryMs(state, phases), phases },
		databases: counted === undefined ? 0 : databases.length,
		...{ tables: counted?.tables ?? 0, rows: counted?.rows ?? 0, digests: counted?.digests || null },
		bytes: manifest.totals.raw_bytes,
		position: (outputs['set-position'] as PositionOutput | undefined)?.gtid ?? null,
		replication: replicationOf(at, phases),
		...{ problems, warnings: drillWarnings(state) },
	};
}

function replicationOf({ replication, outputs }: DrillEnv, phases: DrillRecord['phases']): DrillRecord['replication'] {
	const begun = phases.find(({ name }) => name === 'replication');
	if (replication === null || begun === undefined) return null;
	const { primary, account } = replication;
	const done = outputs['catch-up'] as CaughtUpOutput | undefined;
	return {
		primary: primary.name,
		account: account.ours ? `${account.user}@${account.host}, created and dropped` : account.user,
		caught_up_ms: done === undefined ? null : begun.ms,
		transactions: done === undefined ? null : String(done.transactions),
	};
}

/** Whether both could be written: the proof holds all the same. */
async function write({ plan, perform, note }: At, record: DrillRecord, markdown: string): Promise<boolean> {
	const texts = { record: `${JSON.stringify(record, null, 2)}\n`, report: markdown };
	try {
		for (const id of ['record', 'report'] as const) {
			const action = pick(plan, 'file', id);
			if (action !== undefined) await perform({ ...action, text: texts[id] });
		}
		return true;
	} catch (error) {
		if (!(error instanceof LockstepError)) throw error;
		note(`The report cannot be written beside the backup. ${error.description.message}`, 'warning');
		return false;
	}
}
