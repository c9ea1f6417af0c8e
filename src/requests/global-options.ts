/** An option of every command, as commander takes it. */
export interface GlobalOption {
	readonly flags: string;
	readonly about?: string;
	readonly choices?: readonly string[];
	readonly isRepeatable?: boolean;
}

export const DRY_RUN: GlobalOption = { flags: '-n, --dry-run', about: 'print the plan, change nothing' };

export const GLOBAL_OPTIONS: readonly GlobalOption[] = [
	{ flags: '-y, --yes', about: 'run without asking' },
	{ flags: '--confirm <name>', about: 'confirm a destructive step by the server’s name', isRepeatable: true },
	{ flags: '--json', about: 'JSON lines on stdout' },
	{ flags: '--plain', about: 'questions line by line instead of the wizard' },
	{ flags: '--no-input', about: 'never ask' },
	{ flags: '-q, --quiet', about: 'only warnings and failures' },
	{ flags: '-v, --verbose', about: 'every statement and command as it is done' },
	{ flags: '--color <when>', about: 'colours', choices: ['auto', 'always', 'never'] },
	{ flags: '--config <file>', about: 'where profiles are kept' },
];

/** The flags that every command takes. */
export interface GlobalFlags {
	readonly dryRun?: boolean;
	readonly yes?: boolean;
	readonly confirm?: readonly string[];
	readonly json?: boolean;
	readonly plain?: boolean;
	/** commander's `--no-input`. */
	readonly input?: boolean;
	readonly quiet?: boolean;
	readonly verbose?: boolean;
	readonly color?: 'auto' | 'always' | 'never';
	readonly config?: string;
}
