import { must } from '../../core/check.ts';
import type { Step } from '../../core/step.ts';
import type { BackupEnv } from './env.ts';

type Facts = { readonly exists: boolean };

const isTaken = (error: unknown): boolean => ((error as Error).cause as NodeJS.ErrnoException | undefined)?.code === 'EEXIST';

export const prepareFolder: Step<BackupEnv, Facts, null> = {
	id: 'prepare-folder',
	title: 'Create the folder',
	why: 'Everything is written into a folder that ends in .partial and never counts as a backup. Only when all is proven does it get its name. If this run fails, it stays behind for you to inspect.',
	inspect: async ({ paths, folderFacts }) => ({ exists: (await folderFacts(paths.partial)).exists }),
	plan: ({ paths, facts, origin }) =>
		// One that was there before this run belongs to another.
		facts.exists && !origin.exists ? [] : [{ kind: 'file', id: 'make', why: 'for its owner only', op: 'folder', path: paths.partial }],
	async run({ plan, perform, paths, folderFacts, note }) {
		for (const action of plan) {
			if (action.kind !== 'file') continue;
			for (;;) {
				const taken = (await folderFacts(paths.partial)).exists || (await folderFacts(paths.final)).exists;
				// Only the system knows which of two that look at the same moment comes first.
				const made = taken
					? false
					: await perform({ ...action, path: paths.partial }).then(
							() => true,
							(error: unknown) => unlessTaken(error, paths),
						);
				if (made) break;
				if (paths.takeNext === undefined) return await perform(action).then(() => null);
				paths.takeNext((await folderFacts(paths.to)).entries);
				note(`Another backup began here in the same second: this one is ${paths.label}.`);
			}
		}
		return null;
	},
	verify: async ({ paths, folderFacts }) => [
		must('FOLDER-MADE', { pass: 'The folder exists', fail: 'The folder does not exist' }, (await folderFacts(paths.partial)).exists),
	],
};

function unlessTaken(error: unknown, { takeNext }: BackupEnv['paths']): false {
	if (takeNext === undefined || !isTaken(error)) throw error;
	return false;
}
