import type { Consent } from '../../core/model.ts';
import type { ReadContext, SinceRun } from '../../core/step.ts';
import type { Position } from '../../dialects/contract/positions.ts';
import { readable } from '../shared/outside.ts';
import { qualified, some } from '../shared/server.ts';
import { parallel, type RestoreEnv, tablesOf } from './env.ts';

/** Where its own binary log ends; empty without one. */
const markOf = ({ written, file, pos }: Position): string => written || (file === null ? '' : `${file}:${pos}`);

export const serverMark = async ({ server, runQuery }: RestoreEnv & ReadContext): Promise<{ readonly [role: string]: string }> => ({
	// An account that may not ask is refused by the look at the server, which names all that it lacks.
	server: await readable(runQuery, server.dialect.positions.current).then((position) => (position === null ? '' : markOf(position))),
});

/** Whether others may have written into what the restore brought: then it is dropped only after the server's name is typed. */
export async function entangledServer(at: RestoreEnv & ReadContext & SinceRun): Promise<readonly Consent[]> {
	const { server, runQuery, effects, marks, only } = at;
	const affected: string[] = [];
	if (effects.made === null) affected.push('the run’s journal was written by an older lockstep: it does not name what the run made');
	else if (!effects.made.some(({ kind }) => kind === 'database' || kind === 'table')) return [];
	const before = marks.server ?? '';
	const now = markOf(await runQuery('server', server.dialect.positions.current));
	if (before === '' || now === '') affected.push('it has no binary log that would show whether others wrote there since the restore began');
	else if (before !== now) affected.push(`transactions were written there since the restore began: from ${before} to ${now}`);
	if (only === null && parallel(at)) {
		const known = new Set(tablesOf(at).map(qualified));
		const made = new Set((effects.made ?? []).flatMap(({ kind, name }) => (kind === 'database' ? [name] : [])));
		const extra = (await runQuery('server', server.dialect.catalogue.tables))
			.filter(({ kind, database }) => kind === 'table' && made.has(database))
			.map(qualified)
			.filter((name) => !known.has(name));
		if (extra.length > 0) affected.push(`it has tables that the backup does not have: ${some(extra)}`);
	}
	if (affected.length === 0) return [];
	return [{ name: server.name, reason: `${server.name} may not be as this restore left it`, affected }];
}
