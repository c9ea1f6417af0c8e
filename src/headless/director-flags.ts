import { type Director, previewer } from '../core/director.ts';
import { UserError } from '../core/errors.ts';

export type FlagOptions = {
	readonly yes: boolean;
	/** What `--confirm` gave; the runner judges whether it is what must be typed. */
	readonly confirm?: string | readonly string[] | undefined;
	readonly dryRun: boolean;
	readonly interactive?: false;
};

/** Decides by flags alone: nobody is asked. What was done is kept after a failure, to be resumed. */
export function flagDirector({ yes, confirm = [], dryRun }: FlagOptions): Director {
	if (dryRun) return previewer;
	return {
		review: async () => {
			if (!yes) {
				throw new UserError({
					message: 'Not a terminal, and --yes is not given.',
					reason: 'This run changes servers or writes files. Its plan was checked; nothing was changed.',
					hints: ['Add --yes to have it done, or --dry-run to read its plan.'],
				});
			}
			return { go: true, typed: typeof confirm === 'string' ? [confirm] : confirm };
		},
		recover: async () => 'keep',
	};
}
