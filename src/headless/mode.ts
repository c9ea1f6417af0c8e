/** How the person is spoken to: the wizard, numbered questions, or nobody is there. */
export type Mode = 'wizard' | 'plain' | 'headless';

export interface Terminal {
	readonly flags: {
		readonly input?: boolean;
		readonly json?: boolean;
		readonly yes?: boolean;
		readonly dryRun?: boolean;
		readonly plain?: boolean;
	};
	readonly env: NodeJS.ProcessEnv;
	readonly stdin: { readonly isTTY?: boolean };
	readonly stdout: { readonly isTTY?: boolean };
}

export function modeOf({ flags, env, stdin, stdout }: Terminal): Mode {
	if (flags.input === false || env.LOCKSTEP_NO_INPUT || flags.json || flags.yes || flags.dryRun) return 'headless';
	const plain = flags.plain || env.ACCESSIBLE || env.TERM === 'dumb' || env.INK_SCREEN_READER === 'true';
	if (!stdin.isTTY) return 'headless';
	return plain || !stdout.isTTY ? 'plain' : 'wizard';
}

/** Why no wizard can be shown. */
export function noWizardWords({ env, flags, stdin, stdout }: Terminal): string {
	if (!stdin.isTTY || !stdout.isTTY || flags.input === false) return 'The wizard needs a terminal.';
	if (env.TERM === 'dumb' && !flags.plain) return 'TERM=dumb: this terminal cannot show the wizard.';
	return 'The wizard cannot be shown line by line, as --plain or ACCESSIBLE asks.';
}
