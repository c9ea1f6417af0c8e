import { askedPasswords } from '../app/wizard-passwords.ts';
import { Stopped, UserError } from '../core/errors.ts';
import type { Language } from '../core/languages.ts';
import { noWizardWords } from '../headless/mode.ts';
import type { RunRequest } from '../requests/index.ts';
import type { Sandbox } from '../sandbox/sandbox.ts';
import type { CommandResult } from './command-result.ts';
import type { Context } from './context.ts';

export type Opening =
	| { readonly screen: 'home' | 'provision' | 'backup' | 'backups' | 'status' | 'demo' | 'recover' | 'undo' }
	| { readonly screen: 'practice'; readonly language: Language | undefined }
	| { readonly screen: 'review'; readonly request: RunRequest }
	| { readonly screen: 'run'; readonly run: string; readonly title: string };

/** Opens the wizard at a screen; what it leaves to be said goes to the normal screen. */
export async function openWizard(context: Context, open: Opening, pair: Sandbox | null = null): Promise<CommandResult> {
	if (context.mode !== 'wizard') {
		throw new UserError({
			message: noWizardWords(context),
			hints: ['lockstep provision …, lockstep backup … and lockstep status … work without one: see lockstep --help'],
		});
	}
	const passwords = open.screen === 'review' ? await askedPasswords(context, open.request) : new Map();
	// What is said of connections its screens say.
	const onScreen = { ...context, onConnecting: undefined };
	// Only here: a command that opens no screen starts without them.
	const [{ startWizard }, { makeWizardBackend }] = await Promise.all([import('../ui/start.tsx'), import('../app/make-wizard-backend.ts')]);
	const { summary, end, state, signal } = await startWizard({
		backend: makeWizardBackend(onScreen, { pair, passwords, language: open.screen === 'practice' ? open.language : undefined }),
		stdin: context.stdin,
		stdout: context.stdout,
		ascii: context.ascii,
		color: context.color,
		mouse: !context.env.LOCKSTEP_NO_MOUSE,
		open,
	});
	if (signal !== null && end === null) throw new Stopped(`Stopped by ${signal}.`, signal);
	return { end, state, said: summary };
}
