import type { Json } from '../core/json.ts';
import { shellWord } from '../core/shell.ts';
import { choice, type FieldsOf } from '../requests/option.ts';
import type { SANDBOX } from '../requests/other-commands.ts';
import { SANDBOX_KINDS, type Sandbox, type SandboxChoice, type SandboxServer } from '../sandbox/sandbox.ts';
import { urlOf } from '../sandbox/server.ts';
import type { AppContext } from './context.ts';

export type SandboxFlags = FieldsOf<typeof SANDBOX.options>;

/** Which sandbox the options mean. Throws UserError for a kind that is not known. */
export const sandboxChoice = ({ env }: AppContext, { server, dir }: SandboxFlags): SandboxChoice => ({
	...(server === undefined ? {} : { kind: choice(SANDBOX_KINDS).parse(server, '--server') }),
	...(dir === undefined ? {} : { dir }),
	env,
});

const place = ({ host, port, socket, user }: SandboxServer): Json => ({ host, port, socket, user });

/** The fields that a demo's and a sandbox's last JSON line carries. */
export const sandboxFields = (sandbox: Sandbox): { readonly [key: string]: Json } => ({
	kind: sandbox.kind,
	version: sandbox.version,
	dir: sandbox.dir,
	primary: place(sandbox.primary),
	replica: place(sandbox.replica),
	writer: sandbox.writerPid,
});

/** What takes it down again, as it was brought up. */
export const downCommand = (pair: Sandbox, flags: SandboxFlags): string =>
	`lockstep sandbox down ${flags.dir === undefined ? `--server ${pair.kind}` : `--dir ${shellWord(pair.dir)}`}`;

/** As it is told: with the URL of each server. */
export const describePair = (pair: Sandbox) => ({
	...pair,
	primary: { ...pair.primary, url: urlOf(pair.primary) },
	replica: { ...pair.replica, url: urlOf(pair.replica) },
});

/** The same of one that may not be there. */
export const describeKnown = (pair: Sandbox | null) => (pair === null ? null : describePair(pair));
