import { makeWizardBackend } from '../app/make-wizard-backend.ts';
import { withPasswords } from '../app/servers.ts';
import { keyOf } from '../app/wizard-passwords.ts';
import { Stopped, UserError } from '../core/errors.ts';
import { type RunRequest, serversNamed } from '../requests/index.ts';
import type { Sandbox } from '../sandbox/sandbox.ts';
import type { Secret } from '../sql/secret.ts';
import type { CommandResult, Context } from './context.ts';

export type Opening =
	| { readonly screen: 'home' | 'provision' | 'backup' | 'backups' | 'status' | 'demo' }
	| { readonly screen: 'review'; readonly request: RunRequest }
	| { readonly screen: 'run'; readonly run: string; readonly title: string };

/** Those that `-p` asks for: before the wizard has the terminal. */
async function askedPasswords(context: Context, request: RunRequest): Promise<Map<string, Secret>> {
	const connections = await withPasswords(context, request, {});
	return new Map(
		Object.entries(connections).flatMap(([role, { password }]) => {
			const server = serversNamed(request)[role] ?? '';
			return password === undefined ? [] : [[keyOf(server, request.reach?.[role]), password] as const];
		}),
	);
}

/** Why no wizard can be shown. */
function refusalWords({ env, flags, stdin, stdout }: Context): string {
	if (!stdin.isTTY || !stdout.isTTY || flags.input === false) return 'The wizard needs a terminal.';
	if (env.TERM === 'dumb' && !flags.plain) return 'TERM=dumb: this terminal cannot show the wizard.';
	return 'The wizard cannot be shown line by line, as --plain or ACCESSIBLE asks.';
}

/** Opens the wizard at a screen; what it leaves to be said goes to the normal screen. */
export async function openWizard(context: Context, open: Opening, pair: Sandbox | null = null): Promise<CommandResult> {
	if (context.mode !== 'wizard') {
		throw new UserError({
			message: refusalWords(context),
			hints: ['lockstep provision …, lockstep backup … and lockstep status … work without one: see lockstep --help'],
		});
	}
	const passwords = open.screen === 'review' ? await askedPasswords(context, open.request) : new Map();
	const { startWizard } = await import('../ui/start.tsx');
	const { summary, end, state, signal } = await startWizard({
		backend: makeWizardBackend(context, { pair, passwords }),
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
