// What each fault did to a server, told for the table of `npm run faults`.
import { appendFileSync } from 'node:fs';
import { SANDBOX_KINDS, type SandboxKind } from './servers.ts';

export type Fault = {
	/** What was done, in a few words; the same for every kind of server. */
	readonly fault: string;
	readonly kind: SandboxKind;
	/** Milliseconds from the fault until the server was free again, the worst where there were several; null where nothing had to be freed. */
	readonly freeMs: number | null;
	/** What the run came to. */
	readonly outcome: string;
};

/** Whether every kind meets every point, as `npm run faults` has it. */
export const meetsAll = (env: NodeJS.ProcessEnv = process.env): boolean => Boolean(env.LOCKSTEP_FAULTS_ALL);

/**
 * What one kind of server meets of the points of a fault that is the same on all of them: every kind its part, so that each is met on one of
 * them, or each on all of them where LOCKSTEP_FAULTS_ALL is set.
 */
export function shareOf<T>(kind: SandboxKind, points: readonly T[], env: NodeJS.ProcessEnv = process.env): T[] {
	if (meetsAll(env)) return [...points];
	return points.filter((_, index) => index % SANDBOX_KINDS.length === SANDBOX_KINDS.indexOf(kind));
}

/**
 * Every third of these points, for what does not depend on the point; all of them where LOCKSTEP_FAULTS_ALL is set.
 */
export function sampleOf<T>(points: readonly T[], env: NodeJS.ProcessEnv = process.env): T[] {
	if (meetsAll(env)) return [...points];
	return points.filter((_, index) => index % 3 === 1);
}

/** Appends a line of JSON to the file that LOCKSTEP_FAULTS names; nothing where it is not set. */
export function record(fault: Fault, env: NodeJS.ProcessEnv = process.env): void {
	const file = env.LOCKSTEP_FAULTS;
	if (file !== undefined && file !== '') appendFileSync(file, `${JSON.stringify(fault)}\n`);
}

/**
 * Whether a kind of server meets the next test: asked test after test, where the kind has no part in the fault (signals, terminals, clocks, disks).
 * As with {@link shareOf} each is met on one kind, or on all of them where LOCKSTEP_FAULTS_ALL is set.
 */
export function takeTurns(kind: SandboxKind): () => boolean {
	let index = 0;
	const turns = new Set(shareOf(kind, [...Array(99).keys()]));
	return () => turns.has(index++);
}
