import { askHidden } from '../headless/ask.ts';
import { Secret } from '../sql/secret.ts';
import type { Context } from './context.ts';

/**
 * Asks for a password on the terminal without showing it; undefined where nobody is there. In the wizard the screen asks.
 * `-p` asks even where everything else is decided by flags.
 */
export function passwordPrompt({
	stdin,
	stderr,
	mode,
	flags,
}: Pick<Context, 'stdin' | 'stderr' | 'mode' | 'flags'>): Context['passwordPrompt'] {
	return (explicit) => {
		if (!stdin.isTTY || flags.input === false || (mode !== 'plain' && !explicit)) return undefined;
		return async (question) => new Secret(await askHidden(question, stdin, stderr));
	};
}

/** Where a person sits at a terminal a password is asked for there, although no wizard is opened. */
export function askingInTerminal(context: Context): Context {
	if (context.mode !== 'wizard') return context;
	return { ...context, mode: 'plain', passwordPrompt: passwordPrompt({ ...context, mode: 'plain' }) };
}
