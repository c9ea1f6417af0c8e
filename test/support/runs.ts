// Runs as a person starts them, with a home of their own, and looks at servers that owe nothing to the program's own.
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { PassThrough } from 'node:stream';
import { runsFolder } from '../../src/app/built-run.ts';
import { runInProcess, undoRun } from '../../src/app/run-in-process.ts';
import { openServer } from '../../src/app/servers.ts';
import { type Context, makeContext } from '../../src/commands/context.ts';
import { runHeadless } from '../../src/commands/run.ts';
import { ServerError } from '../../src/core/errors.ts';
import type { Recorded } from '../../src/core/events.ts';
import type { Executor } from '../../src/core/executor.ts';
import { newest } from '../../src/core/run-record.ts';
import type { RunEnd } from '../../src/core/runner.ts';
import { flagDirector } from '../../src/headless/director-flags.ts';
import type { GlobalFlags } from '../../src/requests/global-options.ts';
import type { RunRequest } from '../../src/requests/index.ts';
import type { ProvisionRequest } from '../../src/requests/provision.ts';
import type { ProvisionEnv } from '../../src/runbooks/provision-replica/env.ts';
import { serversFolder } from '../../src/sandbox/places.ts';
import { urlOf } from '../../src/sandbox/server.ts';
import { Secret } from '../../src/sql/secret.ts';
import { rootSession, type Sandbox, type SandboxServer, value } from './servers.ts';
import { wordsAt } from './words.ts';

export interface Ran {
	readonly end: RunEnd;
	readonly events: readonly Recorded[];
}

export interface RunOptions {
	readonly confirm?: readonly string[];
	readonly signal?: AbortSignal;
	readonly on?: (event: Recorded) => void;
}

/** Somebody who runs lockstep, with an empty home that is gone at the end of the scope. */
export interface Client extends AsyncDisposable {
	readonly home: string;
	context(flags?: GlobalFlags, signal?: AbortSignal): Context;
	/** As `lockstep … --yes`. */
	run(request: RunRequest, options?: RunOptions): Promise<Ran>;
	/** As `lockstep … --dry-run`: what was printed, besides. */
	dryRun(request: RunRequest): Promise<Ran & { readonly printed: string }>;
	/** As `lockstep undo --yes`, of the newest run, or of the newest whose request is of this kind. */
	undo(kind?: RunRequest['kind']): Promise<Ran>;
	/** Names of the journals in its state folder. */
	journals(): Promise<string[]>;
}

export async function openClient(): Promise<Client> {
	const home = await mkdtemp(join(tmpdir(), 'lockstep-client-'));
	const env: NodeJS.ProcessEnv = {
		...{ PATH: process.env.PATH, HOME: home, XDG_STATE_HOME: join(home, 'state'), XDG_CONFIG_HOME: join(home, 'config') },
		XDG_CACHE_HOME: dirname(dirname(serversFolder(process.env))),
		NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE,
	};
	const printed: string[] = [];
	const terminal = () => {
		const out = new PassThrough();
		out.on('data', (chunk) => printed.push(String(chunk)));
		return out as unknown as NodeJS.WriteStream;
	};
	let printedEvents: Recorded[] = [];
	const context = (flags: GlobalFlags = { yes: true }, signal: AbortSignal = new AbortController().signal) =>
		makeContext(
			{
				...{ env, signal, version: '0.0.0-test', now: () => new Date() },
				...{ stdin: new PassThrough() as unknown as NodeJS.ReadStream, stdout: terminal(), stderr: terminal() },
				print: (event) => printedEvents.push(event),
			},
			flags,
		);
	return {
		home,
		context,
		async run(request, options = {}) {
			const events: Recorded[] = [];
			const signal = options.signal ?? new AbortController().signal;
			const director = flagDirector({ yes: true, dryRun: false, confirm: options.confirm ?? [] });
			const on = (event: Recorded) => {
				events.push(event);
				options.on?.(event);
			};
			return { end: await runInProcess(context({ yes: true }, signal), request, {}, { director, signal, on }), events };
		},
		async dryRun(request) {
			printed.length = 0;
			printedEvents = [];
			const { end } = await runHeadless(context({ dryRun: true }), request, {});
			if (end === null) throw new Error('a dry run without an end');
			return { end, events: printedEvents, printed: printed.join('') };
		},
		async undo(kind) {
			const at = context();
			const past = newest(runsFolder(at), ({ request }) => kind === undefined || (request as RunRequest).kind === kind);
			if (past === undefined) throw new Error('there is no run to take back');
			const events: Recorded[] = [];
			const director = flagDirector({ yes: true, dryRun: false });
			const watcher = { director, signal: at.signal, run: past.run, on: (event: Recorded) => void events.push(event) };
			return { end: await undoRun(at, { request: past.request as RunRequest, connections: {} }, watcher), events };
		},
		journals: () => readdir(runsFolder(context())).catch(() => []),
		[Symbol.asyncDispose]: () => rm(home, { recursive: true, force: true }),
	};
}

type Pair = Pick<Sandbox, 'primary' | 'replica'>;

export const provisionRequest = (pair: Pair, more: Partial<ProvisionRequest> = {}): ProvisionRequest => ({
	kind: 'provision',
	primary: urlOf(pair.primary),
	replica: urlOf(pair.replica),
	tls: true,
	...more,
});

let passwords = 0;

/** What `prepare` makes of such a request, for tests that put something of their own between the runner and the servers. */
export async function provisionParts(client: Client, pair: Pair) {
	const context = client.context();
	const request = provisionRequest(pair);
	const primary = await openServer(context, { role: 'primary', server: request.primary });
	const replica = await openServer(context, { role: 'replica', server: request.replica });
	const env: ProvisionEnv = {
		...{ outputs: {}, primary: primary.server, replica: replica.server, source: { host: '127.0.0.1', port: pair.primary.port } },
		account: { user: `lockstep_${pair.replica.serverId}`, host: '127.0.0.1', ours: true },
		operator: null,
		password: new Secret(`Key-${++passwords}-äß'"\\`),
		...{ tls: true, ca: null, delaySeconds: 0, memory: { passwordSet: false, accounts: new Map() } },
	};
	const names = { primary: primary.server.name, replica: replica.server.name };
	return { context, request, env, names, reach: { primary: primary.reach, replica: replica.reach } };
}

/** What must be typed for a server that no profile names. */
export const nameOf = ({ host, port }: SandboxServer): string => `${host}:${port}`;

/** Waits until the replica has applied all that the primary has written by now. */
export async function caughtUp({ primary, replica }: Pair): Promise<void> {
	const vendor = await wordsAt(primary);
	const target = ((await value(primary, vendor.written)) ?? '').replaceAll('\n', '');
	if ((await value(replica, vendor.wait(target, 30))) !== '0') throw new Error(`the replica does not reach ${target}`);
}

/** All that a run may change on a server, and much that it may not. */
export interface ServerState {
	readonly databases: readonly string[];
	readonly accounts: readonly string[];
	readonly variables: { readonly [name: string]: string };
	readonly channels: readonly string[];
}

/** `settings`: without the positions, which move on a server at work. */
export async function stateOf(server: Pick<SandboxServer, 'socket'>, only: 'all' | 'settings' = 'all'): Promise<ServerState> {
	const vendor = await wordsAt(server);
	await using session = await rootSession(server);
	const ask = (text: string) => session.query({ pieces: [text] });
	const lines = async (text: string) => (await ask(text)).map((row) => JSON.stringify(row));
	// A sandbox is started with an init_file once only: it is no setting of a run's.
	const variables = (await ask('SHOW GLOBAL VARIABLES'))
		.map((row) => [row.Variable_name ?? '', row.Value ?? ''] as const)
		.filter(([name]) => name !== 'init_file');
	const accounts: string[] = [];
	for (const text of vendor.accounts) accounts.push(...(await lines(text)));
	return {
		databases: await lines('SHOW DATABASES'),
		accounts,
		variables: Object.fromEntries(variables.filter(([name]) => only === 'all' || !name.startsWith('gtid_'))),
		channels: (await ask(vendor.status)).map((row) => {
			const { name, host, port, user, tls, usesGtid, io, sql } = vendor.channel(row);
			return [name, host, port, user, tls ? 'encrypted' : 'plain', usesGtid ? 'by GTID' : 'by place', io, sql].join(' ');
		}),
	};
}

/** Where a World breaks: at the n-th action that is performed (from 1), right before or right after it was really done. */
export interface Break {
	readonly at: number;
	readonly when: 'before' | 'after';
	/** `error`: that one action fails; `crash`: nothing is done any more, as after a SIGKILL. */
	readonly as: 'error' | 'crash';
}

/** The real World, but for one action. `performed` counts what was tried; `dead` is true once it crashed. */
export function breaking(real: Executor, wish: Break | null): Executor & { readonly performed: number; readonly dead: boolean } {
	let performed = 0;
	let dead = false;
	const fails = () => new ServerError({ message: `Broken on purpose at action ${wish?.at}.` });
	return {
		...real,
		get performed() {
			return performed;
		},
		get dead() {
			return dead;
		},
		async runQuery(on, query) {
			if (dead) throw fails();
			return real.runQuery(on, query);
		},
		async perform(action, options) {
			if (dead) throw fails();
			performed++;
			if (performed !== wish?.at) return real.perform(action, options);
			if (wish.when === 'after') await real.perform(action, options);
			dead = wish.as === 'crash';
			throw fails();
		},
	};
}
