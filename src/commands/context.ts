import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { UserError } from '../core/errors.ts';
import type { Recorded } from '../core/events.ts';
import { wantsAscii } from '../core/format.ts';
import type { Json } from '../core/json.ts';
import type { RunEnd } from '../core/runner.ts';
import { openProfiles, type Profiles } from '../profiles/profiles.ts';
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
export interface Context {
	readonly env: NodeJS.ProcessEnv;
	readonly stdin: NodeJS.ReadStream;
	readonly stdout: NodeJS.WriteStream;
	readonly stderr: NodeJS.WriteStream;
	readonly now: () => Date;
	readonly version: string;
	readonly flags: GlobalFlags;
	/** Aborted by SIGINT, SIGTERM and SIGHUP, with a Stopped as its reason. */
	readonly signal: AbortSignal;
	readonly profiles: Profiles;
	readonly warnings: readonly string[];
	/** How the person is spoken to: the wizard, numbered questions, or nobody is there. */
	readonly mode: 'wizard' | 'plain' | 'headless';
	readonly color: boolean;
	readonly ascii: boolean;
	readonly width: number;
	readonly stateFolder: string;
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
	/** One document was printed: no last line follows. */
	readonly document?: boolean;
	/** Already said on the screen. */
	readonly said?: string | null;
}

function modeOf(flags: GlobalFlags, env: NodeJS.ProcessEnv, terminal: boolean, stdin: NodeJS.ReadStream): Context['mode'] {
	if (flags.input === false || env.LOCKSTEP_NO_INPUT || flags.json || flags.yes || flags.dryRun) return 'headless';
	const plain = flags.plain || env.ACCESSIBLE || env.TERM === 'dumb' || env.INK_SCREEN_READER === 'true';
	if (!stdin.isTTY) return 'headless';
	return plain || !terminal ? 'plain' : 'wizard';
}

function wantsColor(flags: GlobalFlags, env: NodeJS.ProcessEnv, stdout: NodeJS.WriteStream): boolean {
	if (flags.color === 'always') return true;
	if (flags.color === 'never') return false;
	if (env.NO_COLOR) return false;
	if (env.FORCE_COLOR && env.FORCE_COLOR !== '0') return true;
	return Boolean(stdout.isTTY) && env.TERM !== 'dumb';
}

export function makeContext(
	outside: Pick<Context, 'env' | 'stdin' | 'stdout' | 'stderr' | 'now' | 'version' | 'signal' | 'print'>,
	flags: GlobalFlags,
): Context {
	const { env, stdin, stdout } = outside;
	const { profiles, warnings } = openProfiles({
		env,
		...(flags.config === undefined ? {} : { file: flags.config }),
		readOnly: flags.dryRun ?? false,
	});
	return {
		...outside,
		flags,
		profiles,
		warnings,
		mode: modeOf(flags, env, Boolean(stdout.isTTY), stdin),
		color: wantsColor(flags, env, stdout),
		ascii: wantsAscii(env),
		width: Math.max(60, Math.min(stdout.columns ?? 100, 140)),
		stateFolder: `${env.XDG_STATE_HOME?.startsWith('/') ? env.XDG_STATE_HOME : `${env.HOME ?? '/tmp'}/.local/state`}/lockstep`,
	};
}

/**
 * Asks for a password on the terminal without showing it; undefined where nobody is there. In the wizard the screen asks.
 * `explicit`: `-p` was given, which asks even where everything else is decided by flags.
 */
export function asker({ stdin, stderr, mode, flags }: Context, explicit: boolean): ((question: string) => Promise<Secret>) | undefined {
	if (!stdin.isTTY || flags.input === false || (mode !== 'plain' && !explicit)) return undefined;
	return (question) =>
		new Promise((resolve, reject) => {
			stderr.write(`${question} `);
			const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
			const reader = createInterface({ input: stdin, output: silent, terminal: true });
			reader.once('line', (line) => {
				stderr.write('\n');
				resolve(new Secret(line));
				reader.close();
			});
			reader.once('SIGINT', () => {
				stderr.write('\n');
				reader.close();
				reject(new UserError({ message: 'No password was given.' }));
			});
		});
}
