import { previewer } from '../core/director.ts';
import type { Finding } from '../core/finding.ts';
import { newerLockstep, type RunRecord, scopeOf } from '../core/run-record.ts';
import type { Scope } from '../core/runner.ts';
import { shellWord } from '../core/shell.ts';
import { NOTHING_YET } from '../core/state.ts';
import type { RunRequest } from '../requests/index.ts';
import { buildRun } from './build-run.ts';
import type { AppContext } from './context.ts';
import { leftFolder } from './runs.ts';
import type { ConnectionOptionsByRole } from './servers.ts';

/** What a run has left, as its servers are now, and what would put back all or what must not stay. Only looks. Rejects with the errors of connecting. */
export async function findingsOf(
	context: AppContext,
	record: RunRecord,
	connections: ConnectionOptionsByRole = {},
	scope: Scope = scopeOf(record),
): Promise<readonly Finding[]> {
	if (record.newer) throw newerLockstep(record.run);
	const prepared = await buildRun(context, record.request as RunRequest, connections, record);
	const how = {
		run: record.run,
		director: previewer,
		sink: () => undefined,
		signal: context.signal,
		transcript: () => ({ log: '', jsonl: '' }),
		state: () => NOTHING_YET,
		preview: true,
	};
	const findings = await prepared.findLeft(how, record, scope);
	const folder = leftFolder(record);
	if (folder === null) return findings;
	return [
		...findings,
		{
			...{ step: 'folder', title: 'A folder without a whole backup', actions: [], foreign: [] },
			note: `${folder} stays where it is. To remove it:  lockstep runs --remove-partial ${shellWord(folder)}`,
		},
	];
}
