import { duration } from '../core/format.ts';

type Server = { readonly host: string; readonly port: number; readonly socket: string; readonly url: string };

/** A throwaway pair, as it is told. */
export interface SandboxPair {
	readonly kind: string;
	readonly version: string;
	readonly dir: string;
	readonly primary: Server;
	readonly replica: Server;
	readonly writerPid: number | null;
}

export const sandboxLines = ({ kind, version, dir, primary, replica, writerPid }: SandboxPair): readonly string[] => [
	`${kind} (${version}) in ${dir}`,
	`  primary  ${primary.url}   socket ${primary.socket}`,
	`  replica  ${replica.url}   socket ${replica.socket}`,
	`  writer   ${writerPid === null ? 'not running' : `keeps changing the primary (process ${writerPid})`}`,
];

/** After it has come up. `down`: the command that takes it down. */
export const upWords = (pair: SandboxPair, ms: number, down: string): readonly string[] => [
	...sandboxLines(pair),
	`  up in ${duration(ms)}`,
	'',
	'Next:',
	`  lockstep provision --primary ${pair.primary.url} --replica ${pair.replica.url}`,
	`  ${down}`,
];

/** What bringing it up or down would do. `pair`: null where none is up. */
export function previewWords(verb: 'up' | 'down', pair: SandboxPair | null): readonly string[] {
	if (verb === 'up')
		return pair === null ? ['Would start a throwaway primary and a replica.'] : ['The sandbox is up already:', ...sandboxLines(pair)];
	return pair === null ? ['There is no sandbox.'] : ['Would stop and remove the sandbox and its data:', ...sandboxLines(pair)];
}
