import type { ServerProgram, StartedServer } from '../../core/action.ts';
import { pick } from '../../core/action.ts';
import { must, note } from '../../core/check.ts';
import { bytes } from '../../core/format.ts';
import { shellWord } from '../../core/shell.ts';
import type { ServerLeft, Step } from '../../core/step.ts';
import { detect } from '../../dialects/index.ts';
import type { StartEnv } from './env.ts';

type Facts = ServerLeft & {
	/** Where it is, and is to be stopped: written down before it starts. */
	readonly path: string;
	readonly vendor: ServerProgram['vendor'];
	/** Null where it is only looked at what is left. */
	readonly program: ServerProgram | null;
	/** Where its folder is made. */
	readonly freeBytes: number;
};

/** Data and indexes are rarely more than this many times the text. */
const ROOM = 2;

export const startServer: Step<StartEnv, Facts, StartedServer | null> = {
	id: 'start-server',
	title: 'Start a throwaway server',
	why: 'First start an empty server of the backup’s kind, not older, on this machine. Only a socket in a folder of its own leads to it: it has no network. Whatever becomes of the run, the server is stopped and its folder removed.',
	async inspect({ throwaway: { folder, parent, vendor, series }, serverLeft, serverProgram, folderFacts, undoing }) {
		return {
			...(await serverLeft(folder)),
			...{ path: folder, vendor },
			program: undoing ? null : await serverProgram(vendor, series),
			freeBytes: undoing ? 0 : (await folderFacts(parent)).freeBytes,
		};
	},
	checks({ facts: { program, freeBytes }, throwaway: { parent, series }, folder, rawBytes }) {
		if (program === null) return [];
		return [
			note('DRILL-PROGRAM', `${program.path ?? 'A server that is unpacked first'} is ${program.version}`, `for a backup of ${series}`),
			must(
				'DRILL-ROOM',
				{ pass: 'There is room for the restored data', fail: 'There is too little room for the restored data' },
				freeBytes >= rawBytes * ROOM,
				{
					expected: `about ${bytes(rawBytes * ROOM)} in ${parent}`,
					found: `${bytes(freeBytes)} free`,
					hints: [`lockstep drill ${shellWord(folder)} --dir FOLDER`],
				},
			),
		];
	},
	plan: ({ throwaway: { parent: _parent, detected: _detected, ...server }, facts }) => [
		{
			kind: 'server-start',
			id: 'start',
			why: 'empty, reached by its socket only',
			on: 'server',
			...server,
			program: facts.program?.path ?? null,
		},
	],
	async run({ plan, perform, note: say, runQuery, throwaway }) {
		const action = pick(plan, 'server-start', 'start');
		if (action === undefined) throw new TypeError('no server to start in the plan');
		const started = await perform(action, { say });
		throwaway.detected(await detect((query) => runQuery('server', query), 'the throwaway server'));
		return started;
	},
	undo: ({ facts, throwaway: { folder } }) => (facts.folder || facts.running ? [stopAction(folder)] : []),
	previewOutput: null,
};

export const stopAction = (folder: string) =>
	({ kind: 'server-stop', id: 'stop', why: 'only this run uses it', on: 'server', folder }) as const;
