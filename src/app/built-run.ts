import { randomBytes } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { readBoundManifest } from '../archive/bound.ts';
import type { Director } from '../core/director.ts';
import { UserError } from '../core/errors.ts';
import type { Recorded } from '../core/events.ts';
import type { Finding } from '../core/finding.ts';
import type { Json } from '../core/json.ts';
import type { Failure } from '../core/model.ts';
import { changedServer, findResumable, newerLockstep, type RunRecord } from '../core/run-record.ts';
import { findLeft, type RunEnd, run, type Scope, undo } from '../core/runner.ts';
import type { RunState } from '../core/state.ts';
import type { Outputs, Runbook } from '../core/step.ts';
import type { ConnectionTarget } from '../executor/connection-target.ts';
import { openExecutor, type ServerExecutor } from '../executor/executor.ts';
import { refuseToExpose } from '../executor/pipes.ts';
import type { RunRequest } from '../requests/index.ts';
import { fullLogin } from '../server/tls.ts';
import type { AppContext } from './context.ts';
import type { OpenedServer } from './servers.ts';

/** A run that is ready: its servers answered and are known. */
export interface BuiltRun {
	readonly kind: RunRequest['kind'];
	readonly runbook: { readonly id: string; readonly title: string };
	readonly servers: { readonly [role: string]: string };
	readonly record: RunRecord | undefined;
	readonly warnings: readonly string[];
	/** Where the run's folder of journals is; the caller opens the journal of this run there. */
	perform(how: Performance): Promise<RunEnd>;
	/** Takes back what `past` did; `why`: what cut that run off. Throws UserError where it was done on another server. */
	undo(how: Performance, record: RunRecord, scope: Scope, why?: Failure): Promise<RunEnd>;
	/** What {@link undo} would do now. */
	findLeft(how: Performance, record: RunRecord, scope: Scope): Promise<readonly Finding[]>;
}

export interface Performance {
	readonly run: string;
	readonly director: Director;
	readonly sink: (event: Recorded) => void;
	readonly signal: AbortSignal;
	/** What has been said so far, as text and as JSON lines. */
	readonly transcript: () => { readonly log: string; readonly jsonl: string };
	/** What that came to so far. */
	readonly state: () => RunState;
	/** A dry run claims nothing: it holds nothing up. */
	readonly preview: boolean;
	/** Names typed for what an undo asks for. */
	readonly typed?: readonly string[];
}

export const runsFolder = (context: AppContext): string => `${context.stateFolder}/runs`;

/** The label of the backup that a run made or began: its key ends with it. */
export const labelOf = ({ key }: Pick<RunRecord, 'key'>): string => key.split(' ').at(-1) ?? '';

/** Sorts by time, to the millisecond: which run is the newest decides what is resumed. The runbook's name and some randomness follow. */
export const newRunId = (context: AppContext, kind: string): string =>
	`${context.now().toISOString().replaceAll(/[-:.]/g, '')}-${kind}-${randomBytes(2).toString('hex')}`;

/** What does not change as long as a server is the same one. */
const identityOf = ({
	identity: { serverId, serverUuid, hostname, dataDir },
	madeAt,
}: OpenedServer): { readonly [field: string]: Json } => ({
	serverId,
	serverUuid,
	hostname,
	dataDir,
	madeAt,
});

export const identitiesOf = (opened: Readonly<Record<string, OpenedServer>>) =>
	Object.fromEntries(Object.entries(opened).map(([role, each]) => [role, identityOf(each)]));

/** Never puts anything "back" on a server that it was not taken from. */
function sameServers(record: RunRecord, identities: { readonly [role: string]: Json }): void {
	if (record.newer) throw newerLockstep(record.run);
	// One that is not opened is not touched.
	const known = Object.fromEntries(Object.keys(identities).map((role) => [role, record.identities[role] ?? null]));
	const role = changedServer({ ...record, identities: known }, identities);
	if (role === undefined) return;
	throw new UserError({
		message: `${record.servers[role] ?? role} is not the server that the run ${record.run} changed.`,
		reason: `It was ${JSON.stringify(record.identities[role])}; now it is ${JSON.stringify(identities[role] ?? null)}.`,
		hints: ['Nothing was done. Its journal says what was changed, and what it was before.'],
	});
}

export async function readyRun<Env extends Outputs>(
	context: AppContext,
	o: {
		readonly runbook: Runbook<Env>;
		readonly env: (how: Performance) => Env;
		readonly opened: Readonly<Record<string, OpenedServer>>;
		/** The role whose server no other run may work on meanwhile; null: no server that was there before is one run's alone. */
		readonly lockedRole: string | null;
		/** The server that the run itself starts: what it is called, and how each role that stands for it is reached. */
		readonly own?: { readonly name: string; readonly reach: (how: Performance) => Readonly<Record<string, ConnectionTarget>> };
		readonly key: string;
		readonly request: RunRequest;
		/** Of which something is run; taking back needs less. */
		readonly backup?: string;
	},
): Promise<BuiltRun> {
	const absent = new Map(
		Object.entries(o.opened).flatMap(([role, { absent: error }]) => (error === undefined ? [] : [[role, error] as const])),
	);
	// Our own engine needs no tool; where it cannot be used after all, the tool is refused when it starts.
	const needsTools = o.request.kind === 'backup' ? o.request.engine === 'vendor' : o.request.kind !== 'drill';
	for (const { reach, tls, absent: error } of Object.values(o.opened)) {
		if (error !== undefined) continue;
		const full = await fullLogin(reach.address, tls !== null);
		if (needsTools || full.how === 'refused') refuseToExpose(reach, full);
	}
	const identities = identitiesOf(o.opened);
	const { record, refused } =
		o.runbook.afterFailure === 'keep' ? findResumable(runsFolder(context), o.key, identities) : { record: undefined, refused: null };
	const servers = {
		...Object.fromEntries(Object.entries(o.opened).map(([role, each]) => [role, each.server.name])),
		...(o.own && { server: o.own.name }),
	};
	const reach = Object.fromEntries(Object.entries(o.opened).map(([role, each]) => [role, each.reach]));
	const within = async <T>(how: Performance, work: (executor: ServerExecutor, signal: AbortSignal) => Promise<T>): Promise<T> => {
		const taken = new AbortController();
		const signal = AbortSignal.any([how.signal, taken.signal]);
		await using executor = openExecutor({ reach: { ...reach, ...o.own?.reach(how) }, absent, env: context.env, signal, now: context.now });
		if (!how.preview && o.lockedRole !== null) {
			const lost = await executor.lockRun(
				absent.has(o.lockedRole) ? (Object.keys(reach).find((role) => !absent.has(role)) ?? o.lockedRole) : o.lockedRole,
			);
			lost.addEventListener('abort', () => taken.abort(lost.reason), { once: true });
		}
		// Awaited here: otherwise the world would be disposed of before the work is done.
		return await work(executor, signal);
	};
	const common = (how: Performance, executor: ServerExecutor, signal: AbortSignal, undoing = false) => ({
		run: how.run,
		runbook: o.runbook,
		env: undoing ? Object.assign(o.env(how), { undoing }) : o.env(how),
		executor,
		director: how.director,
		sink: how.sink,
		now: context.now,
		signal,
		key: o.key,
		servers,
		identities,
		request: o.request as Json,
		typed: how.typed ?? [],
		notes: refused === null ? [] : [refused],
	});
	return {
		kind: o.request.kind,
		runbook: o.runbook,
		servers,
		record,
		warnings: Object.values(o.opened).flatMap((each) => each.warnings),
		perform: async (how) => {
			if (o.backup !== undefined) await readBoundManifest(o.backup);
			return within(how, (executor, signal) => run({ ...common(how, executor, signal), ...(record === undefined ? {} : { record }) }));
		},
		undo(how, before, scope, why) {
			sameServers(before, identities);
			return within(how, (executor, signal) => undo({ ...common(how, executor, signal, true), record: before }, scope, why ?? null));
		},
		findLeft(how, before, scope) {
			sameServers(before, identities);
			return within(how, (executor, signal) => findLeft({ ...common(how, executor, signal, true), record: before }, scope));
		},
	};
}

/** As many as this machine has processors to unpack with, and no more than a server has use for. */
const MOST_WORKERS = 8;
export const workersHere = (): number => Math.min(MOST_WORKERS, Math.max(2, availableParallelism()));
/** From so many bytes of rows on a table's keys are made after them. */
const KEYS_AFTER_BYTES = 16 * 1024 * 1024;

/** For tests only: `LOCKSTEP_TEST_KEYS_AFTER_BYTES`, so that a small table is a large one. */
export const keysAfter = ({ LOCKSTEP_TEST_KEYS_AFTER_BYTES: text }: NodeJS.ProcessEnv): number =>
	text === undefined ? KEYS_AFTER_BYTES : Number(text);
