import { previewer } from '../core/director.ts';
import type { Finding } from '../core/finding.ts';
import { newerLockstep, type RunRecord, scopeOf } from '../core/run-record.ts';
import type { Scope } from '../core/runner.ts';
import { NOTHING_YET } from '../core/state.ts';
import type { RunRequest } from '../requests/index.ts';
import { buildRun } from './build-run.ts';
import type { AppContext } from './context.ts';
import { leftFolder } from './runs.ts';
import type { ConnectionOptionsByRole } from './servers.ts';

/** What a run has left, as its servers are now, and what would put back all or what must not stay. Only looks. Rejects with the errors of connecting. */
export async function findingsOf(
	context: AppContext,
	past: RunRecord,
	wishes: ConnectionOptionsByRole = {},
	scope: Scope = scopeOf(past),
): Promise<readonly Finding[]> {
	if (past.newer) throw newerLockstep(past.run);
	const prepared = await buildRun(context, past.request as RunRequest, wishes, past);
	const how = {
		run: past.run,
		director: previewer,
		sink: () => undefined,
		signal: context.signal,
		transcript: () => ({ log: '', jsonl: '' }),
		state: () => NOTHING_YET,
		preview: true,
	};
	const findings = await prepared.findLeft(how, past, scope);
	const folder = leftFolder(past);
	if (folder === null) return findings;
	return [
		...findings,
		{
			...{ step: 'folder', title: 'A folder without a whole backup', actions: [], foreign: [] },
			note: `${folder} stays where it is: delete it when you like.`,
		},
	];
}
