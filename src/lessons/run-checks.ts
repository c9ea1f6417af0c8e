import { setTimeout as after } from 'node:timers/promises';
import type { CheckResult, Lesson, Notes, Results } from './contract.ts';
import type { Pair } from './pair.ts';
import { serverText } from './server-text.ts';

/** A server that waits for room on its disk does not answer at all. */
const ANSWER_WITHIN_MS = 10_000;

async function bounded(work: Promise<CheckResult>, withinMs: number): Promise<CheckResult> {
	const stop = new AbortController();
	const silence = after(withinMs, { ok: false, evidence: `no answer within ${withinMs / 1000} s` }, { signal: stop.signal });
	try {
		return await Promise.race([work, silence]);
	} catch (error) {
		return { ok: false, evidence: serverText(error) };
	} finally {
		stop.abort();
		silence.catch(() => undefined);
	}
}

/** All checks of a lesson at once. Never rejects: a server that cannot be asked is a check that is red. */
export async function runChecks({ checks }: Pick<Lesson, 'checks'>, pair: Pair, notes: Notes): Promise<Results> {
	const found = await Promise.all(checks.map(async ({ id, run }) => [id, await bounded(run(pair, notes), ANSWER_WITHIN_MS)] as const));
	return new Map(found);
}

export const isGreen = (results: Results): boolean => [...results.values()].every(({ ok }) => ok);
