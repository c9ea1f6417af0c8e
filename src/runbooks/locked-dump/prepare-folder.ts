import { must } from '../../core/check.ts';
import type { Step } from '../../core/step.ts';
import type { BackupEnv } from './env.ts';

type Facts = { readonly exists: boolean };

export const prepareFolder: Step<BackupEnv, Facts, null> = {
	id: 'prepare-folder',
	title: 'Make the folder',
	why: 'Everything is written into a folder that ends in .partial and never counts as a backup. Only when all is proven does it get its name. If this run fails, it stays behind for you to look at.',
	inspect: async ({ paths, folderFacts }) => ({ exists: (await folderFacts(paths.partial)).exists }),
	plan: ({ paths, facts }) =>
		facts.exists ? [] : [{ kind: 'file', id: 'make', why: 'for its owner only', op: 'folder', path: paths.partial }],
	verify: async ({ paths, folderFacts }) => [must('FOLDER-MADE', 'The folder is there', (await folderFacts(paths.partial)).exists)],
};
