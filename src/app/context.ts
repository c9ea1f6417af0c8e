import { openProfiles, type Profiles } from '../profiles/profiles.ts';
import type { Secret } from '../sql/secret.ts';

/** Asks a person for a password. */
export type PasswordPrompt = (question: string) => Promise<Secret>;

/** Everything of the outside that work on servers needs, whoever asks for it: the command line, the wizard, a daemon or a test. */
export interface AppContext {
	readonly env: NodeJS.ProcessEnv;
	readonly now: () => Date;
	readonly version: string;
	/** Aborted to stop safely, with a Stopped as its reason. */
	readonly signal: AbortSignal;
	/** `--config`: where the profiles are, if not in their usual place. */
	readonly configFile: string | null;
	readonly profiles: Profiles;
	/** What was wrong with the configuration. */
	readonly warnings: readonly string[];
	/** Journals, passwords of operators and what else outlives a run: `~/.local/state/lockstep`. */
	readonly stateFolder: string;
	/** How a password is asked for now; undefined where nobody can be asked. `explicit`: `-p` stood alone. */
	readonly passwordPrompt: (explicit: boolean) => PasswordPrompt | undefined;
	/** Called with a server's name when it is connected to, and disposed of when it has answered, or does not. */
	readonly onConnecting?: ((server: string) => Disposable) | undefined;
}

/** Throws UserError for a configuration that cannot be read; `isLenient`: that is a warning, and there are no profiles. */
export function makeAppContext(
	outside: Pick<AppContext, 'env' | 'now' | 'version' | 'signal' | 'configFile' | 'passwordPrompt' | 'onConnecting'>,
	isLenient = false,
): AppContext {
	const { env, configFile } = outside;
	const { profiles, warnings } = openProfiles({ env, isLenient, ...(configFile === null ? {} : { file: configFile }) });
	const state = env.XDG_STATE_HOME?.startsWith('/') ? env.XDG_STATE_HOME : `${env.HOME ?? '/tmp'}/.local/state`;
	return { ...outside, profiles, warnings, stateFolder: `${state}/lockstep` };
}
