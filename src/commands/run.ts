import { type EngineWatcher, runInBackground } from '../app/run-in-background.ts';
import type { ConnectionOptionsByRole } from '../app/servers.ts';
import type { Director } from '../core/director.ts';
import { Stopped } from '../core/errors.ts';
import type { RunEnd } from '../core/runner.ts';
import { headlessWatcher } from '../headless/watcher.ts';
import { type RunRequest, serversNamed } from '../requests/index.ts';
import type { CommandResult } from './command-result.ts';
import type { Context } from './context.ts';

/** Watches a run without the wizard. Rejects with Stopped where the watching was ended, and the run continues. */
export async function watchHeadless(
	context: Context,
	work: (watcher: EngineWatcher) => Promise<RunEnd | null>,
	decide: Partial<Director> = {},
	connectsTo: readonly string[] = [],
): Promise<CommandResult> {
	const { watcher, name, close } = headlessWatcher(context, decide, connectsTo);
	try {
		const end = await work(watcher);
		if (end === null) throw new Stopped({ message: 'The run continues by itself.', hints: [`lockstep attach ${name()}`] }, 'SIGHUP');
		return { end };
	} finally {
		close();
	}
}

/** Does a run without the wizard. */
export const runHeadless = (context: Context, request: RunRequest, connections: ConnectionOptionsByRole): Promise<CommandResult> =>
	watchHeadless(
		context,
		(watcher) => runInBackground(context, request, connections, watcher),
		{},
		Object.values(serversNamed(request)).filter((server) => server !== ''),
	);
