import { must } from '../../core/check.ts';
import type { Step } from '../../core/step.ts';
import type { StartEnv } from './env.ts';
import { stopAction } from './start-server.ts';

export const stopServer: Step<StartEnv, null, null> = {
	id: 'stop-server',
	title: 'Stop the throwaway server',
	why: 'What was restored is production’s data: the server is stopped and its folder removed, also where an earlier step fails.',
	inspect: async () => null,
	plan: ({ throwaway: { folder } }) => [stopAction(folder)],
	async verify({ throwaway: { folder }, serverLeft }) {
		const left = await serverLeft(folder);
		return [
			must(
				'DRILL-STOPPED',
				{ pass: 'The server is stopped and its folder removed', fail: 'The server, or its folder, is left' },
				!left.folder && !left.running,
				{
					wrong: [left.running ? 'a process of it runs' : '', left.folder ? `${folder} exists` : ''].filter(Boolean).join(', '),
				},
			),
		];
	},
};
