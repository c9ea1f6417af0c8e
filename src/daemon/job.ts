import * as z from 'zod/mini';
import type { Json } from '../core/json.ts';
import { matches, object, texts } from '../core/schema.ts';
import type { RunRequest } from '../requests/index.ts';

const text = z.string();
// One that is missing is an error of the compiler.
const KINDS: { readonly [kind in RunRequest['kind']]: true } = { provision: true, backup: true, restore: true, drill: true };
const request = z.custom<RunRequest>((value) => {
	const kind = matches(object, value) && (value as { readonly kind?: unknown }).kind;
	return typeof kind === 'string' && Object.hasOwn(KINDS, kind);
});

/** What an engine is asked to do. It goes through a pipe: passwords are in it, and nobody else reads it. */
export const JOB = z.object({
	/** The run's name, chosen by who starts it: journal, log and socket are called so. */
	run: text,
	/** `undo`: takes back all that this very run did; `recover`: only what must not stay where it was cut off. */
	work: z.enum(['perform', 'undo', 'recover']),
	request,
	/** How each role's server is reached, where that is more than the request says; passwords as they are. */
	connections: z.record(text, z.record(text, z.custom<Json>())),
	/** Names typed for what an undo asks for. */
	typed: texts,
	/** `--config` */
	config: z.nullable(text),
	/** The environment of who starts it, passwords included: the engine's own has none. */
	env: z.record(text, text),
	socket: text,
	/** Where its stderr goes; the engine takes it away at its end where nothing is in it. */
	log: text,
	version: text,
	/** Who watches: for a test that ends both at once. */
	watcher: z.int(),
});
export type Job = Readonly<z.output<typeof JOB>>;
