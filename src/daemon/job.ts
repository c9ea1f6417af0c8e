import type { Json } from '../core/json.ts';
import type { RunRequest } from '../requests/index.ts';

/** What an engine is asked to do. It goes through a pipe: passwords are in it, and nobody else reads it. */
export type Job = {
	/** The run's name, chosen by who starts it: journal, log and socket are called so. */
	readonly run: string;
	/** `undo`: takes back all that this very run did; `recover`: only what must not stay where it was cut off. */
	readonly work: 'perform' | 'undo' | 'recover';
	readonly request: RunRequest;
	/** How each role's server is reached, where that is more than the request says; passwords as they are. */
	readonly wishes: { readonly [role: string]: { readonly [field: string]: Json } };
	/** Names typed for what an undo asks for. */
	readonly typed: readonly string[];
	/** `--config` */
	readonly config: string | null;
	/** The environment of who starts it, passwords included: the engine's own has none. */
	readonly env: { readonly [name: string]: string };
	readonly socket: string;
	/** Where its stderr goes; the engine takes it away at its end where nothing is in it. */
	readonly log: string;
	readonly version: string;
	/** Who watches: for a test that ends both at once. */
	readonly watcher: number;
};
