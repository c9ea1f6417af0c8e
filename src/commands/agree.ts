import { consentCheck } from '../core/consent.ts';
import { CheckFailed } from '../core/errors.ts';
import type { Consent } from '../core/model.ts';
import { askLine, askYes } from '../headless/ask.ts';
import type { Context } from './context.ts';

/** Whether the person agrees, by `--yes` or an answer; nobody does where nobody can be asked. */
export async function mayContinue(context: Context, question: string): Promise<boolean> {
	if (context.flags.yes) return true;
	return context.mode === 'headless' ? false : askYes(context, question);
}

/** The names that were typed, by `--confirm` or in the terminal. Throws CheckFailed where one is missing. */
export async function typedNames(context: Context, consents: readonly Consent[], refusal: string): Promise<readonly string[]> {
	const typed = [...(context.flags.confirm ?? [])];
	const asked = new Set(consents.map(({ name }) => name).filter((each) => !typed.includes(each)));
	if (context.mode !== 'headless') for (const name of asked) typed.push(await askLine(context, `To undo all the same, type ${name}: `));
	const untyped = consents.filter((consent) => !typed.includes(consent.name));
	if (untyped.length > 0) throw new CheckFailed(untyped.map(consentCheck), refusal);
	return typed;
}
