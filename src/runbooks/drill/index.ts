import type { Json } from '../../core/json.ts';
import type { AnyStep, Runbook } from '../../core/step.ts';
import { createAccount } from '../provision-replica/create-account.ts';
import type { ProvisionEnv } from '../provision-replica/env.ts';
import type { DrillEnv, ReplicatingEnv, ReportOutput, StartEnv } from './env.ts';
import { inspectPrimary } from './inspect-primary.ts';
import { drillOverview } from './overview.ts';
import { prepareServer } from './prepare-server.ts';
import { replicating } from './replicate.ts';
import { report } from './report.ts';
import { restoring } from './restore.ts';
import { setPosition } from './set-position.ts';
import { startServer } from './start-server.ts';
import { stopServer } from './stop-server.ts';

const about = { id: 'drill', title: 'Drill a backup', afterFailure: 'put-back' } as const;

/** Restores a backup into a throwaway server and proves what came. Whatever happens, the server goes; only its report stays. */
export const drill = (options: { readonly parallel: boolean }): Runbook<DrillEnv> => ({
	...about,
	steps: [startServer as AnyStep<DrillEnv>, prepareServer, ...restoring(options), setPosition, stopServer as AnyStep<DrillEnv>, report],
	overview: drillOverview,
	summary,
});

/** The same, and has the restored server follow the primary to lag zero. */
export const replicatingDrill = (options: { readonly parallel: boolean; readonly createsAccount: boolean }): Runbook<ReplicatingEnv> => ({
	...about,
	steps: [
		inspectPrimary,
		startServer as AnyStep<ReplicatingEnv>,
		prepareServer as AnyStep<ReplicatingEnv>,
		...(restoring(options) as readonly AnyStep<ReplicatingEnv>[]),
		setPosition as AnyStep<ReplicatingEnv>,
		...replicating(options),
		stopServer as AnyStep<ReplicatingEnv>,
		report as AnyStep<ReplicatingEnv>,
	],
	overview: drillOverview,
	summary,
});

const started: AnyStep<StartEnv> = startServer;

/** What of a drill can be undone, which needs nothing of the backup: that may be gone. */
export const drillUndo: Runbook<StartEnv> = { ...about, steps: [started], summary: () => ({}) };
export const replicatingDrillUndo: Runbook<StartEnv & ProvisionEnv> = {
	...about,
	steps: [started as AnyStep<StartEnv & ProvisionEnv>, createAccount as AnyStep<StartEnv & ProvisionEnv>],
	summary: () => ({}),
};

function summary({ outputs, folder }: DrillEnv): { readonly [key: string]: Json } {
	const { record, checks, written, report: path } = outputs.report as ReportOutput;
	const { format: _format, type: _type, tool: _tool, ...fields } = record;
	return { ...fields, backup: folder, record: written, report: path, checks };
}
