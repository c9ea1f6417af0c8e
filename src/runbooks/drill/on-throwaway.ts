import type { Check } from '../../core/check.ts';
import { LockstepError } from '../../core/errors.ts';
import type { Json } from '../../core/json.ts';
import type { AnyStep, ReadContext } from '../../core/step.ts';
import { type DrillEnv, startedServer } from './env.ts';

/**
 * The step of another runbook on the server that a drill starts. Before that is there it cannot be inspected: the plan is made from what the
 * step will find on an empty server, `foreseen`; null, or what the backup itself refuses to tell, is no plan yet. What is wrong with a backup
 * is the drill's result, so that its checks are of the run itself. Nothing of it is undone: the server is removed.
 */
export function onThrowaway<Env extends DrillEnv>(
	{ id, title, why, previewOutput, ...step }: AnyStep<Env>,
	foreseen: (at: Env & ReadContext) => Promise<Json>,
): AnyStep<Env> {
	const { run, verify } = step;
	return {
		...{ id, title, why },
		inspect: (at) => (startedServer(at) === null ? foreseen(at).catch(nullOnRefusal) : step.inspect(at)),
		checks: (at) => (startedServer(at) === null ? [] : (step.checks?.(at) ?? []).map(asNote)),
		plan: (at) => (at.facts === null && startedServer(at) === null ? [] : step.plan(at)),
		...(run === undefined ? {} : { run: (at) => run(at) }),
		...(verify === undefined ? {} : { verify: (at) => verify(at) }),
		...(previewOutput === undefined ? {} : { previewOutput }),
	};
}

/** What a server of ours lacks, every night alike, is nothing to warn of: what a proof warns of is. */
const asNote = (check: Check): Check => (check.status === 'warning' ? { ...check, status: 'note' } : check);

function nullOnRefusal(error: unknown): null {
	if (error instanceof LockstepError) return null;
	throw error;
}
