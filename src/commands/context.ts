import { type AppContext, makeAppContext } from '../app/context.ts';
import type { Recorded } from '../core/events.ts';
import { wantsAscii } from '../core/format.ts';
import { connectingNotice } from '../headless/connecting.ts';
import { type Mode, modeOf } from '../headless/mode.ts';
import { wantsColor } from '../render/color.ts';
import type { GlobalFlags } from '../requests/global-options.ts';
import { passwordPrompt } from './password-prompt.ts';

/** Everything of the outside that a command uses: given once, so that tests can give others. */
export interface Context extends AppContext {
	readonly stdin: NodeJS.ReadStream;
	readonly stdout: NodeJS.WriteStream;
	readonly stderr: NodeJS.WriteStream;
	readonly flags: GlobalFlags;
	readonly mode: Mode;
	readonly color: boolean;
	readonly ascii: boolean;
	readonly width: number;
	/** Prints an event of a headless run, as text or JSON. */
	readonly print: (event: Recorded) => void;
}

export function makeContext(
	outside: Pick<Context, 'env' | 'stdin' | 'stdout' | 'stderr' | 'now' | 'version' | 'signal' | 'print'>,
	flags: GlobalFlags,
	isLenient = false,
): Context {
	const { env, stdout } = outside;
	const mode = modeOf({ ...outside, flags });
	const given = { ...outside, flags, mode, configFile: flags.config ?? null };
	return {
		...given,
		...makeAppContext({ ...given, passwordPrompt: passwordPrompt(given), onConnecting: connectingNotice(given) }, isLenient),
		color: wantsColor(flags.color, stdout, env),
		ascii: wantsAscii(env),
		width: Math.max(60, Math.min(stdout.columns ?? 100, 140)),
	};
}
