import { randomBytes } from 'node:crypto';
import { readFileSync, rmSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Busy, type ErrorMessage, LeftChanged, ToolError, UserError } from '../core/errors.ts';
import { FORMAT, type Recorded } from '../core/events.ts';
import { failureOf } from '../core/failure.ts';
import { inJournals } from '../core/journal.ts';
import type { Json } from '../core/json.ts';
import { limitIn } from '../core/machine-limits.ts';
import type { Failure } from '../core/model.ts';
import { ownProgram } from '../core/program-files.ts';
import { type RunRecord, scopeOf } from '../core/run-record.ts';
import type { RunEnd } from '../core/runner.ts';
import type { Job } from '../daemon/job.ts';
import { socketPath } from '../daemon/socket-path.ts';
import { watch } from '../daemon/watch.ts';
import { startDetached } from '../exec/detached.ts';
import { processStartTime } from '../exec/process.ts';
import { withoutPasswords } from '../exec/tool.ts';
import type { RunRequest } from '../requests/index.ts';
import { newRunId, runsFolder } from './built-run.ts';
import type { AppContext } from './context.ts';
import { failedEnd, findRunRecord, runInProcess, undoRun, type Watcher } from './run-in-process.ts';
import { type ConnectionOptionsByRole, withPasswords } from './servers.ts';

export interface EngineWatcher extends Watcher {
	/** Aborted to look away: the run goes on. */
	readonly leave?: AbortSignal;
	/** Called as soon as it is known by which name the run can be found. */
	readonly onNamed?: (run: string) => void;
}

/** How long whoever lost the race to put things back waits for the other. */
const OTHER_MS = 20_000;

const DAEMON = fileURLToPath(ownProgram('daemon/main'));

/**
 * Has a run done by an engine in a process of its own, and watches it; a dry run, which changes nothing, is done here.
 * If the engine dies, what it changed is put back here. Gives null where the watcher left. Never rejects.
 */
export async function runInBackground(
	context: AppContext,
	request: RunRequest,
	connections: ConnectionOptionsByRole,
	watcher: EngineWatcher,
): Promise<RunEnd | null> {
	if (watcher.preview) return runInProcess(context, request, connections, watcher);
	return engaged(context, { request, work: 'perform', run: watcher.run ?? newRunId(context, request.kind) }, connections, watcher);
}

/** What an earlier run did, to be taken back: `undo` all of it, `recover` only what must not stay. */
interface Undo {
	readonly record: RunRecord;
	readonly connections: ConnectionOptionsByRole;
	readonly work: 'undo' | 'recover';
}

/** The same for taking back what an earlier run did, in that run's own journal. */
export async function undoInBackground(
	context: AppContext,
	{ record, connections, work }: Undo,
	watcher: EngineWatcher,
): Promise<RunEnd | null> {
	if (await isRunning(record)) {
		const busy = new Busy({
			message: `The run ${record.run} is still at work.`,
			hints: [`Watch it, or stop it safely:  lockstep attach ${record.run}`],
		});
		return failedEnd(context, watcher.on, failureOf(busy));
	}
	// What its engine, which is dead, has left.
	if (record.engine?.socket != null && record.engine.host === hostname()) rmSync(record.engine.socket, { force: true });
	return engaged(context, { request: record.request as RunRequest, work, run: record.run }, connections, watcher);
}

async function engaged(
	context: AppContext,
	{ request, work, run }: Pick<Job, 'request' | 'work' | 'run'>,
	given: ConnectionOptionsByRole,
	watcher: EngineWatcher,
): Promise<RunEnd | null> {
	let connections = given;
	let engine: { readonly pid: number; readonly socket: string; readonly birth: string | undefined; readonly log: string };
	try {
		connections = await withPasswords(context, request, given);
		engine = await startEngine(context, { run, work, request, connections: plain(connections), typed: watcher.typed ?? [] });
		watcher.onNamed?.(run);
	} catch (error) {
		return failedEnd(context, watcher.on, failureOf(error));
	}
	const alive = async () => (await processStartTime(engine.pid)) === engine.birth && engine.birth !== undefined;
	return watched(context, { run, socket: engine.socket, log: engine.log, alive }, connections, watcher);
}

/** Watches a run at work that somebody else began. Gives null where the watcher left. Rejects with UserError where it cannot be watched. */
export async function attach(context: AppContext, run: string, watcher: EngineWatcher): Promise<RunEnd | null> {
	const record = findRunRecord(context, run);
	const { engine } = record;
	if (engine?.socket == null || !(await isRunning(record))) {
		if (record.end === null && record.touched.length > 0) throw diedRun(record);
		throw new UserError({
			message: `The run ${run} is not at work any more.`,
			hints: record.end === null ? ['It was interrupted:  lockstep recover'] : [`What it did:  ${journalPath(context, run)}`],
		});
	}
	watcher.onNamed?.(run);
	const { pid, socket } = engine;
	const alive = async () => (await processStartTime(pid)) === engine.birth;
	return watched(context, { run, socket, log: logPath(context, run), alive }, {}, watcher);
}

/** Whether the process of that run lives. On another machine that cannot be known: such a run counts as alive. */
export async function isRunning({ engine }: RunRecord): Promise<boolean> {
	if (engine === null || engine.birth === null) return false;
	return engine.host !== hostname() || (await processStartTime(engine.pid)) === engine.birth;
}

/** A run whose engine is at work, or was a moment ago. */
interface Engaged {
	readonly run: string;
	readonly socket: string;
	readonly log: string;
	readonly alive: () => Promise<boolean>;
}

async function watched(
	context: AppContext,
	{ run, socket, log, alive }: Engaged,
	connections: ConnectionOptionsByRole,
	watcher: EngineWatcher,
): Promise<RunEnd | null> {
	const seen = await watch(socket, {
		director: watcher.director,
		on: watcher.on,
		signal: watcher.signal,
		alive,
		...(watcher.leave === undefined ? {} : { leave: watcher.leave }),
		...(watcher.onPrepared === undefined ? {} : { onPrepared: (servers, warnings) => watcher.onPrepared?.({ servers, warnings }) }),
	});
	if (seen.how === 'left') return null;
	if (seen.how === 'over') return seen.end;
	const lastLines = lastWords(log);
	for (const path of [socket, ...(lastLines === '' ? [log] : [])]) rmSync(path, { force: true });
	return recoverAfterCrash(context, { run, lastLines }, connections, watcher);
}

/** A run whose engine died, and what that said last. */
interface Crash {
	readonly run: string;
	readonly lastLines: string;
}

function deathOf({ run, lastLines }: Crash): Failure {
	const limit = limitIn(lastLines)?.description;
	return failureOf(
		new ToolError({
			message: 'The process of this run died',
			reason: reasonOfDeath(lastLines, limit),
			hints: [...(limit?.hints ?? []), `What is left of it, if anything:  lockstep recover ${run}`, 'Then the same command again.'],
			...(lastLines === '' ? {} : { details: lastLines }),
		}),
	);
}

/** `limit`: the limit of the machine that its last words tell of. */
function reasonOfDeath(lastLines: string, limit: ErrorMessage | undefined): string {
	if (lastLines === '') return 'It was killed, by a user or by a system short of memory.';
	if (limit === undefined) return 'It failed: that is a bug in lockstep.';
	return [limit.message, limit.reason].filter(Boolean).join(' ');
}

/** The engine died: puts back what it changed, at once, from its journal. */
async function recoverAfterCrash(
	context: AppContext,
	crash: Crash,
	connections: ConnectionOptionsByRole,
	watcher: EngineWatcher,
): Promise<RunEnd> {
	const { run } = crash;
	const death = deathOf(crash);
	let record: RunRecord | null = null;
	try {
		record = readRunRecord(context, run);
		// It had not begun to change anything.
		if (record === null || (record.end === null && record.touched.length === 0)) return failedEnd(context, watcher.on, death);
		if (record.end !== null) {
			watcher.on({ v: FORMAT, run, seq: 1, at: context.now().toISOString(), ...record.end });
			return record.end;
		}
		watcher.on({
			...{ v: FORMAT, run, seq: 0, at: context.now().toISOString(), type: 'note', step: null, level: 'warning' },
			text: 'The process of this run died: rolling back what must not stay.',
		});
		const calm = new AbortController().signal;
		// That nothing could be put back is told once, by what is left.
		const on = (event: Recorded) => (event.type === 'run-ended' && event.run === '' ? undefined : watcher.on(event));
		const events: Watcher = { director: watcher.director, on, signal: calm, run };
		const end = await undoRun(context, { request: record.request as RunRequest, connections, scope: scopeOf, why: death }, events);
		if (end.failure?.class === 'Busy')
			return (await othersEnd(context, run)) ?? leftAsIs(context, watcher, { record, death, why: end.failure });
		if (end.failure !== null && ['ConnectError', 'UserError'].includes(end.failure.class))
			return leftAsIs(context, watcher, { record, death, why: end.failure });
		return end;
	} catch (error) {
		return leftAsIs(context, watcher, { record, death, why: failureOf(error) });
	}
}

interface Left {
	readonly record: RunRecord | null;
	readonly death: Failure;
	/** Why nothing could be put back. */
	readonly why: Failure;
}

/** Nothing could be put back from here: says what stands, and which command goes on. */
function leftAsIs(context: AppContext, watcher: EngineWatcher, { record, death, why }: Left): RunEnd {
	const run = record?.run ?? '';
	const done = record === null ? '' : ` ${stepsDone(record)}`;
	const login = why.class === 'ConnectError';
	const failure = failureOf(
		new LeftChanged({
			message: `${death.description.message}${done} What it changed could not be rolled back.`,
			reason: why.description.message,
			hints: [
				`${login ? 'In a terminal, which asks for the password; or when the server can be reached again' : 'When that is fixed'}:  lockstep recover ${run} --yes`,
				...(record?.afterFailure === 'keep' ? [`To resume it, the same command again; to undo it:  lockstep undo ${run}`] : []),
			],
			...(death.description.details === undefined ? {} : { details: death.description.details }),
		}),
	);
	return failedEnd(context, watcher.on, failure, true);
}

/** Of a run whose process is gone, and that nobody has put back: what stands, from its journal alone, and the commands that go on. */
const diedRun = (record: RunRecord): LeftChanged =>
	new LeftChanged({
		message: `The process that did the run ${record.run} died. ${stepsDone(record)}`,
		reason: `It had begun to change ${Object.values(record.servers).join(' and ')}: ${record.touched.join(', ')}.`,
		hints: [
			`To roll back what must not stay (in a terminal it asks for the password):  lockstep recover ${record.run}`,
			...(record.afterFailure === 'keep' ? [`To resume it, the same command again; to undo it:  lockstep undo ${record.run}`] : []),
		],
	});

/** `7 of 14 steps are complete.` */
const stepsDone = ({ outputs, steps }: RunRecord): string =>
	`${steps.filter((id) => outputs[id] !== undefined).length} of ${steps.length} steps are complete.`;

/** Somebody else who watched puts it back: their end is ours. */
async function othersEnd(context: AppContext, run: string): Promise<RunEnd | null> {
	const until = performance.now() + OTHER_MS;
	while (performance.now() < until) {
		const end = readRunRecord(context, run)?.end ?? null;
		if (end !== null) return end;
		await pause(50);
	}
	return null;
}

function readRunRecord(context: AppContext, run: string): RunRecord | null {
	try {
		return findRunRecord(context, run);
	} catch (error) {
		if (error instanceof UserError) return null;
		throw error;
	}
}

export const journalPath = (context: AppContext, run: string): string => join(runsFolder(context), `${run}.jsonl`);
const logPath = (context: AppContext, run: string): string => join(runsFolder(context), `${run}.log`);

/** What a dead engine said last: nothing, where it was killed. */
function lastWords(log: string): string {
	try {
		return readFileSync(log, 'utf8').trim().split('\n').slice(-20).join('\n');
	} catch {
		return '';
	}
}

async function startEngine(context: AppContext, order: Pick<Job, 'run' | 'work' | 'request' | 'connections' | 'typed'>) {
	const { run, work } = order;
	// Two may take back the same run at once: one of them is refused, and must not be mistaken for the other.
	const socket = socketPath(context.env, work === 'perform' ? run : `${run}-${randomBytes(2).toString('hex')}`);
	inJournals(runsFolder(context), () => undefined);
	const log = logPath(context, run);
	const whole: Job = {
		...order,
		config: context.configFile,
		env: defined(context.env),
		socket,
		log,
		version: context.version,
		watcher: process.pid,
	};
	const pid = startDetached({
		program: process.execPath,
		argv: [DAEMON],
		log,
		cwd: process.cwd(),
		env: defined(withoutPasswords(context.env)),
		input: JSON.stringify(whole),
	});
	return { pid, socket, birth: await processStartTime(pid), log };
}

const defined = (env: NodeJS.ProcessEnv): Record<string, string> =>
	Object.fromEntries(Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined));

const plain = (connections: ConnectionOptionsByRole): Job['connections'] =>
	Object.fromEntries(
		Object.entries(connections).map(([role, { password, ...connection }]) => [
			role,
			{ ...(connection as { [field: string]: Json }), ...(password === undefined ? {} : { password: password.reveal() }) },
		]),
	);
