import { answerPractice, type PracticeFlags } from '../app/practice-answers.ts';
import type { CommandResult } from './command-result.ts';
import type { Context } from './context.ts';
import { printDocument } from './document.ts';
import { openWizard } from './wizard.ts';

/** A proof failed. */
const RED = 8;

/** `lockstep practice`: lessons on a throwaway pair; the screen where nothing more is asked for in a terminal. */
export async function practice(
	context: Context,
	asked: { readonly verb: string | undefined; readonly lesson: string | undefined },
	flags: PracticeFlags,
): Promise<CommandResult> {
	const isPlain = asked.verb !== undefined || flags.report || flags.exam !== undefined || flags.server !== undefined;
	if (context.mode === 'wizard' && !isPlain) return openWizard(context, { screen: 'practice', language: flags.lang });
	// What is printed is the answer alone: how it is made goes to stderr.
	const say = (text: string) => void (context.flags.quiet || context.stderr.write(`${text}\n`));
	const {
		fields,
		text,
		isRed = false,
	} = await answerPractice(context, asked, flags, { style: context, say, dryRun: context.flags.dryRun ?? false });
	return { ...printDocument(context, 'practice', fields, () => text), ...(isRed && { exitCode: RED }) };
}
