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

const sandboxLines = ({ kind, version, dir, primary, replica, writerPid }: SandboxPair): readonly string[] => [
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

export const statusWords = (pair: SandboxPair | null): readonly string[] =>
	pair === null ? ['No sandbox is up.', 'Next:  lockstep sandbox up'] : sandboxLines(pair);

/** After it was taken down. `was`: whether there was one. */
export const downWords = (was: boolean): string => (was ? 'The sandbox is stopped and removed.' : 'There was no sandbox.');

/** What bringing it up or down would do. `pair`: null where none is up. */
export function previewWords(verb: 'up' | 'down', pair: SandboxPair | null): readonly string[] {
	if (verb === 'up')
		return pair === null ? ['Would start a throwaway primary and a replica.'] : ['The sandbox is up already:', ...sandboxLines(pair)];
	return pair === null ? ['There is no sandbox.'] : ['Would stop and remove the sandbox and its data:', ...sandboxLines(pair)];
}

/** What the demo would do. */
export const DEMO_PREVIEW: readonly string[] = [
	'Would start a throwaway primary and a replica on this machine, or use those that run.',
	'Would set up the replica, replace its data, and take a backup of it.',
];

/** After the demo, whose servers keep running. `replica`: its URL; `down`: the command that takes them down. */
export const demoWords = (replica: string, down: string): readonly string[] => [
	'',
	'The pair keeps running. Inspect it:',
	`  lockstep status --server ${replica}`,
	`  ${down}`,
];
