import { type AppContext, makeAppContext } from '../app/context.ts';
import type { Recorded } from '../core/events.ts';
import { wantsAscii } from '../core/format.ts';
import type { Json } from '../core/json.ts';
import type { RunEnd } from '../core/runner.ts';
import type { RunState } from '../core/state.ts';
import { askHidden } from '../headless/ask.ts';
import { wantsColor } from '../render/color.ts';
import { Secret } from '../sql/secret.ts';

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

/** Everything of the outside that a command uses: given once, so that tests can give others. */
export interface Context extends AppContext {
	readonly stdin: NodeJS.ReadStream;
	readonly stdout: NodeJS.WriteStream;
	readonly stderr: NodeJS.WriteStream;
	readonly flags: GlobalFlags;
	/** How the person is spoken to: the wizard, numbered questions, or nobody is there. */
	readonly mode: 'wizard' | 'plain' | 'headless';
	readonly color: boolean;
	readonly ascii: boolean;
	readonly width: number;
	/** Prints an event of a headless run, as text or JSON. */
	readonly print: (event: Recorded) => void;
}

/** What a command came to; `cli.ts` turns it into words and an exit code. */
export interface CommandResult {
	readonly end: RunEnd | null;
	/** Fields for the last JSON line. */
	readonly extra?: { readonly [key: string]: Json };
	/** Lines for people, after the summary. */
	readonly next?: readonly string[];
	/** In place of the one that follows from its end: of a check that failed without an error, or a watch that was ended. */
	readonly exitCode?: number;
	/** One document was printed: no last line follows. */
	readonly document?: boolean;
	/** What the run came to, where its events were not printed. */
	readonly state?: RunState | null;
	/** Already said on the screen. */
	readonly said?: string | null;
}

function modeOf(flags: GlobalFlags, env: NodeJS.ProcessEnv, terminal: boolean, stdin: NodeJS.ReadStream): Context['mode'] {
	if (flags.input === false || env.LOCKSTEP_NO_INPUT || flags.json || flags.yes || flags.dryRun) return 'headless';
	const plain = flags.plain || env.ACCESSIBLE || env.TERM === 'dumb' || env.INK_SCREEN_READER === 'true';
	if (!stdin.isTTY) return 'headless';
	return plain || !terminal ? 'plain' : 'wizard';
}

export function makeContext(
	outside: Pick<Context, 'env' | 'stdin' | 'stdout' | 'stderr' | 'now' | 'version' | 'signal' | 'print'>,
	flags: GlobalFlags,
	isLenient = false,
): Context {
	const { env, stdin, stdout } = outside;
	const mode = modeOf(flags, env, Boolean(stdout.isTTY), stdin);
	const passwordPrompt = prompts({ ...outside, flags, mode });
	return {
		...outside,
		...makeAppContext({ ...outside, configFile: flags.config ?? null, passwordPrompt }, isLenient),
		flags,
		mode,
		color: wantsColor(flags.color, stdout, env),
		ascii: wantsAscii(env),
		width: Math.max(60, Math.min(stdout.columns ?? 100, 140)),
	};
}

/** Where a person sits at a terminal a password is asked for there, although no wizard is opened. */
export function askingInTerminal(context: Context): Context {
	if (context.mode !== 'wizard') return context;
	return { ...context, mode: 'plain', passwordPrompt: prompts({ ...context, mode: 'plain' }) };
}

/**
 * Asks for a password on the terminal without showing it; undefined where nobody is there. In the wizard the screen asks.
 * `-p` asks even where everything else is decided by flags.
 */
function prompts({ stdin, stderr, mode, flags }: Pick<Context, 'stdin' | 'stderr' | 'mode' | 'flags'>): Context['passwordPrompt'] {
	return (explicit) => {
		if (!stdin.isTTY || flags.input === false || (mode !== 'plain' && !explicit)) return undefined;
		return async (question) => new Secret(await askHidden(question, stdin, stderr));
	};
}
