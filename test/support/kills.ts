// Runs of the real program that are killed at their n-th action, and the look at what they leave.
import { join } from 'node:path';
import { expect, vi } from 'vitest';
import type { Recorded } from '../../src/core/events.ts';
import { journals, readJournal } from '../../src/core/journal.ts';
import type { CrashPoint } from '../../src/daemon/crash-point.ts';
import { processStartTime } from '../../src/exec/process.ts';
import { type Ended, lockstep } from './cli.ts';
import { ask, type SandboxServer, value } from './servers.ts';
import { aside, wordsAt } from './words.ts';

/** A run that outlives its watcher is at its end within this. */
const END_MS = 120_000;
/** The server notices a dead connection in milliseconds; a thread that was started needs some to say so. */
const SETTLED_MS = 10_000;

export interface Killed {
	readonly ended: Ended;
	/** The journal's events when the watcher was gone. */
	readonly events: readonly Recorded[];
	/** False where it got through untouched: it has no such action. */
	readonly hit: boolean;
	/** For messages: which action it was. */
	readonly where: string;
	readonly run: string;
	/** Milliseconds from the engine's last word to the last thing that was put back; null where nothing was. */
	readonly freeMs: number | null;
}

const begun = (events: readonly Recorded[]) =>
	events.flatMap((event) => (event.type === 'action-started' && !event.undoing ? [event] : []));

/** A run's actions, numbered from 1 as {@link CrashPoint} counts them. */
export const actionsOf = (events: readonly Recorded[]): { at: number; id: string }[] =>
	begun(events).map(({ action }, index) => ({ at: index + 1, id: action.id }));

/** The newest run's journal. */
export const newestJournal = (env: NodeJS.ProcessEnv): string => journals(join(env.XDG_STATE_HOME ?? '', 'lockstep', 'runs'))[0] ?? '';

/** From death to all being put back, by the words of those who did it: both clocks are this machine's. */
function timeToFree(events: readonly Recorded[]): number | null {
	const rescue = events.findLastIndex((event) => event.type === 'engine');
	const death = events[rescue - 1];
	const done = events.find((event, index) => index > rescue && event.type === 'undo-done');
	return death === undefined || done === undefined ? null : Date.parse(done.at) - Date.parse(death.at);
}

/** Runs the program as these arguments say, with the kill in it. */
export async function kill(args: readonly string[], env: NodeJS.ProcessEnv, halt: CrashPoint): Promise<Killed> {
	const before = newestJournal(env);
	const ended = await lockstep(args, { env: { ...env, LOCKSTEP_TEST_HALT: JSON.stringify(halt) } });
	const path = newestJournal(env);
	if (path === before) throw new Error(`no journal was begun:\n${ended.stdout}${ended.stderr}`);
	const { events } = readJournal(path);
	const { at } = halt;
	const last = typeof at === 'number' ? begun(events)[at - 1] : begun(events).find(({ step, action }) => `${step} ${action.id}` === at);
	return {
		ended,
		events,
		// A run that only its engine's last word ended was killed, whoever said that word in its place.
		hit: halt.target.includes('watcher') ? ended.code === null : last !== undefined,
		where: `action ${at}: ${last === undefined ? 'none' : `${last.step} ${last.action.id}`}, ${halt.target.join(' and ')} killed ${halt.when} it`,
		run: events[0]?.run ?? '',
		freeMs: timeToFree(events),
	};
}

/** Waits until the engine that nobody watches any more has ended its run, and gives its journal's last event. */
export async function wentOn(env: NodeJS.ProcessEnv): Promise<Extract<Recorded, { type: 'run-ended' }>> {
	const path = newestJournal(env);
	const [last, engine] = await vi.waitUntil(
		async () => {
			const { events } = readJournal(path);
			const last = events.at(-1);
			const engine = events.find((event) => event.type === 'engine');
			return last?.type === 'run-ended' && engine?.type === 'engine' && ([last, engine] as const);
		},
		{ timeout: END_MS, interval: 20 },
	);
	await vi.waitUntil(async () => (await processStartTime(engine.pid)) !== engine.birth, { timeout: SETTLED_MS, interval: 10 });
	return last;
}

/** Nobody of ours is connected there any more, and nothing is locked: somebody privileged writes at once. `write` is not for the log. */
export async function free(server: Pick<SandboxServer, 'socket'>, write: string | null, where: string): Promise<void> {
	const ours = "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE USER = 'root' AND HOST LIKE '127.0.0.1%'";
	await vi.waitFor(async () => expect(await value(server, ours), where).toBe('0'), { timeout: SETTLED_MS, interval: 20 });
	expect(await value(server, "SELECT IS_FREE_LOCK('lockstep.run')"), where).toBe('1');
	if (write === null) return;
	await aside(server, [write], { timeoutMs: SETTLED_MS });
}

/** Both threads of the replica's channel run. */
export async function replicates(server: Pick<SandboxServer, 'socket'>, where: string): Promise<void> {
	const vendor = await wordsAt(server);
	await vi.waitFor(
		async () => {
			const [row] = await ask(server, vendor.status);
			expect(vendor.channel(row ?? {}), where).toMatchObject({ io: 'Yes', sql: 'Yes', error: '' });
			expect(row, where).toMatchObject({ Last_SQL_Errno: '0', Last_IO_Errno: '0' });
		},
		{ timeout: SETTLED_MS, interval: 20 },
	);
}

/** The statements that `lockstep recover` lists. */
export const statementsIn = ({ stdout }: Ended): string[] =>
	stdout.split('\n').flatMap((line) => /^ {6}((?:SET|START|STOP) .*)/.exec(line)?.[1] ?? []);

export const words = ({ stdout, stderr }: Ended): string => stdout.slice(-3000) + stderr;
