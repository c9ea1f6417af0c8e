import type { Action, PipeAction, ReadTable, RowsFile, RowsResult } from '../../core/action.ts';
import { must } from '../../core/check.ts';
import { VerifyFailed } from '../../core/errors.ts';
import type { Working } from '../../core/step.ts';
import type { TableFacts } from '../../dialects/dialect.ts';
import type { DumpScan } from '../../dump/scan.ts';
import { some } from '../server.ts';
import { dumpProgress, rowsOf } from './dump-progress.ts';
import type { BackupEnv, DumpedFile } from './env.ts';

type At = BackupEnv & Working & { readonly facts: { readonly tables: readonly TableFacts[] } };

/** What a dump's actions brought. */
export type Dumped = {
	readonly files: readonly DumpedFile[];
	readonly rows: Omit<RowsResult, 'ms'>;
	readonly likeness: ReadonlyMap<string, string | null>;
};

/** Performs a dump's actions, drawing how far it has come. */
export function dumping(at: At, heldSince: () => Date | null) {
	const { perform, signal } = at;
	const progress = dumpProgress(at, heldSince);
	async function pipe(
		action: PipeAction,
		until: AbortSignal,
		beside: boolean,
	): Promise<{ file: DumpedFile | null; likeness: string | null }> {
		const definitions = `definitions of ${action.id.replace(/^(before-)?(schema|post)-/, '')}`;
		// Beside rows the definitions are next to nothing.
		const onFlow = beside ? {} : { onFlow: action.likeness ? progress.definitionsFlow(definitions) : progress.flow };
		const result = await perform(action, { until, ...onFlow });
		// What is only compared is part of no total.
		if (action.into !== null) progress.finished({ ...result, rows: rowsOf(result.found) });
		saidNothing(at, action, result.words);
		const { likeness, bytes, rawBytes } = result;
		if (action.into === null || !('file' in action.into)) return { file: null, likeness };
		const [, id, database] = /^(dump|schema|post)-(.*)$/s.exec(action.id) ?? [];
		const kind = id === undefined ? 'accounts' : id === 'dump' ? 'database' : (id as 'schema' | 'post');
		const path = action.into.file.split('/').at(-1) ?? '';
		const found = result.found as DumpScan;
		return { file: { path, kind, database: database ?? null, bytes, rawBytes, sha256: result.sha256 ?? '', found }, likeness };
	}
	return {
		/** The tools one after the other, and beside them the connections that read rows. `given`: a further reason to give up. */
		async all(actions: readonly Action[], given: AbortSignal | null = null): Promise<Dumped> {
			const files: DumpedFile[] = [];
			const rows: { files: RowsFile[]; tables: ReadTable[] } = { files: [], tables: [] };
			const likeness = new Map<string, string | null>();
			const failed = new AbortController();
			const until = AbortSignal.any([failed.signal, ...(given === null ? [] : [given])]);
			const lanes = [actions.filter((action) => action.kind === 'pipe'), actions.filter((action) => action.kind === 'rows')];
			const beside = lanes.every((lane) => lane.length > 0);
			const one = async (action: Action) => {
				signal.throwIfAborted();
				if (action.kind === 'pipe') {
					const done = await pipe(action, until, beside);
					if (action.rowsOf !== undefined && done.file !== null) {
						const { path, bytes, rawBytes, sha256, found } = done.file;
						rows.files.push({ ...action.rowsOf, path, bytes, rawBytes, sha256, kind: 'rows', format: 'sql', chunk: 0, rows: found.rows });
						rows.tables.push({ database: action.rowsOf.database, name: action.rowsOf.table, rows: found.rows, digest: null, load: [] });
						return;
					}
					if (done.file !== null) files.push(done.file);
					likeness.set(action.id.replace(/^before-/, ''), done.likeness);
				} else if (action.kind === 'rows') {
					const read = await perform(action, { until, onFlow: progress.rowsFlow(action.tables) });
					const sum = (of: (file: RowsFile) => number) => read.files.reduce((total, file) => total + of(file), 0);
					progress.finished({ rawBytes: sum((file) => file.rawBytes), bytes: sum((file) => file.bytes), rows: sum((file) => file.rows) });
					rows.files.push(...read.files);
					rows.tables.push(...read.tables);
				}
			};
			const through = async (lane: readonly Action[]) => {
				for (const action of lane) {
					if (failed.signal.aborted) return;
					await one(action).catch((error: unknown) => failed.abort(error));
				}
			};
			// Nothing of a dump that failed may still run when its lock is given back.
			await Promise.all(lanes.map(through));
			if (failed.signal.aborted) throw failed.signal.reason;
			return { files, rows, likeness };
		},
		stop: progress.stop,
	};
}

/** Whoever defined something between the snapshot and the end of the dump has made it a mixture of two moments. */
export function sameDefinitions(before: Dumped, after: Dumped): void {
	const changed = [...before.likeness]
		.filter(([id, likeness]) => after.likeness.get(id) !== likeness)
		.map(([id]) => id.replace(/^(schema|post)-/, ''));
	if (changed.length === 0) return;
	throw new VerifyFailed(
		[
			must('DEFINITIONS-STILL', 'Nothing was defined while the snapshots were taken', false, {
				expected: 'the same definitions before the lock and after it',
				found: `changed in ${some([...new Set(changed)])}`,
				mend: ['Try again, or hold the lock for the whole dump:  --lock held'],
			}),
		],
		'Somebody changed definitions meanwhile: the dump would be of two moments.',
	);
}

/** A tool that ended well and complained has left something out: only what is known to be harmless passes, and is told. */
function saidNothing({ server, note }: At, { id, from }: PipeAction, words: readonly string[]): void {
	const { harmless } = server.dialect.tools;
	const unexpected = words.filter((line) => !harmless(line));
	if (unexpected.length > 0) {
		throw new VerifyFailed(
			[
				must('TOOL-WORDS', `${toolOf(from)} ended well and said nothing (${id})`, false, {
					expected: 'nothing',
					found: some(unexpected, 10),
				}),
			],
			'The dump tool ended well but complained: what it wrote is no backup.',
		);
	}
	for (const line of words) note(`${toolOf(from)}: ${line}`, 'warning');
}

const toolOf = (from: PipeAction['from']): string =>
	'tells' in from || 'folder' in from ? 'the server' : ([from].flat()[0]?.names[0] ?? '');
