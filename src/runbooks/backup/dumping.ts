import type { Action, PipeAction, RowsAction, RowsFile, RowsResult } from '../../core/action.ts';
import { fail } from '../../core/check.ts';
import type { Definition } from '../../core/definition.ts';
import { CheckFailed, VerifyFailed } from '../../core/errors.ts';
import { namesOption } from '../../core/names.ts';
import type { RunContext } from '../../core/step.ts';
import type { TableFacts } from '../../dialects/contract/catalogue.ts';
import { compareDefinitions, describeDifference } from '../../dump/definitions/compare.ts';
import type { DumpScan } from '../../dump/sql/scan.ts';
import { some } from '../shared/server.ts';
import { viewsCheck } from '../shared/views.ts';
import { dumpProgress, rowsOf } from './dump-progress.ts';
import { engineOf } from './dump-strategy.ts';
import { ANSWER_MS, type BackupEnv, type DumpedFile, LIST_MS } from './env.ts';

type At = BackupEnv & RunContext & { readonly facts: { readonly tables: readonly TableFacts[] } };

/** What a dump's actions brought. */
export type Dumped = {
	readonly files: readonly DumpedFile[];
	readonly rows: Omit<RowsResult, 'ms'>;
	/** What was read last. */
	readonly definitions: readonly Definition[];
};

/** Performs a dump's actions, drawing how far it has come. */
export function dumping(at: At, heldSince: () => Date | null) {
	const { perform, signal } = at;
	const stuck = new AbortController();
	const progress = dumpProgress(at, heldSince, (why) => stuck.abort(why));
	/** What was read, for the files that are written of it. */
	let definitions: readonly Definition[] = [];
	async function pipe(planned: PipeAction, until: AbortSignal, drawn: boolean): Promise<Dumped> {
		const { from } = planned;
		const action = 'writes' in from ? { ...planned, from: { ...from, definitions } } : planned;
		const onFlow = 'writes' in from ? progress.definitionsFlow(`definitions of ${from.database ?? 'all'}`) : progress.toolFlow();
		const result = await perform(action, { until, ...(drawn && { onFlow }) });
		// What is only compared is part of no total.
		if (action.into !== null) progress.finished({ ...result, rows: rowsOf(result.found) });
		saidNothing(at, action, result.lines);
		if (action.into === null || !('file' in action.into)) return NOTHING;
		const { bytes, rawBytes } = result;
		const found = result.found as DumpScan;
		const file = { path: action.into.file.split('/').at(-1) ?? '', bytes, rawBytes, sha256: result.sha256 ?? '' };
		if (action.rowsOf !== undefined) {
			const { database, table } = action.rowsOf;
			return {
				...NOTHING,
				rows: {
					files: [{ database, table, ...file, kind: 'rows', format: 'sql', chunk: 0, rows: found.rows }],
					tables: [{ database, name: table, rows: found.rows, digest: null, load: [] }],
				},
			};
		}
		return { ...NOTHING, files: [{ ...file, ...contentOf(action.id), found }] };
	}
	async function read(planned: RowsAction, until: AbortSignal, underLock: boolean): Promise<Dumped> {
		const action = underLock ? { ...planned, answerMs: LIST_MS } : planned;
		const { files, tables } = await perform(action, { until, onFlow: progress.rowsFlow(action.tables) });
		const sum = (of: (file: RowsFile) => number) => files.reduce((total, file) => total + of(file), 0);
		progress.finished({ rawBytes: sum((file) => file.rawBytes), bytes: sum((file) => file.bytes), rows: sum((file) => file.rows) });
		return { ...NOTHING, rows: { files, tables } };
	}
	return {
		/** Rows, and the tools that write tables and code, side by side; each of these one after the other. `given`: a further reason to give up. */
		async all(actions: readonly Action[], given: AbortSignal | null = null): Promise<Dumped> {
			const failed = new AbortController();
			const until = AbortSignal.any([failed.signal, stuck.signal, ...(given === null ? [] : [given])]);
			const done = new Map<Action, Dumped>();
			for (const action of actions) {
				if (action.kind !== 'definitions') continue;
				// A miss gives the lock back.
				const bounded = given === null ? action : { ...action, answerMs: ANSWER_MS, listMs: LIST_MS };
				definitions = await perform(bounded, { until }).catch((error: unknown) => {
					throw stuck.signal.aborted ? stuck.signal.reason : error;
				});
				done.set(action, { ...NOTHING, definitions });
				if (action.id === 'definitions') noteInvalid(at, definitions);
			}
			const by = Object.groupBy(
				actions.filter(({ kind }) => kind !== 'definitions'),
				laneOf,
			);
			const lanes = [by.rows, by.tables, by.code].filter((lane) => lane !== undefined);
			// What comes after the first lane is next to nothing beside it: only that one is drawn.
			const through = async (lane: readonly Action[], place: number) => {
				for (const action of lane) {
					if (failed.signal.aborted) return;
					signal.throwIfAborted();
					if (action.kind === 'pipe') done.set(action, await pipe(action, until, place === 0));
					else if (action.kind === 'rows') done.set(action, await read(action, until, given !== null));
				}
			};
			// Nothing of a dump that failed may still run when its lock is given back.
			await Promise.all(lanes.map((lane, place) => through(lane, place).catch((error: unknown) => failed.abort(error))));
			if (stuck.signal.aborted) throw stuck.signal.reason;
			if (failed.signal.aborted) throw failed.signal.reason;
			return joined(actions.flatMap((action) => done.get(action) ?? []));
		},
		stop: progress.stop,
	};
}

function laneOf({ kind, id }: Action): 'rows' | 'tables' | 'code' {
	if (kind === 'rows') return 'rows';
	return id.startsWith('post-') ? 'code' : 'tables';
}

/** What a tool's file holds, and of which database, by its action. */
function contentOf(action: string): Pick<DumpedFile, 'kind' | 'database'> {
	const [, id, database] = /^(dump|schema|post)-(.*)$/s.exec(action) ?? [];
	const other = action === 'definitions-list' ? 'definitions' : 'accounts';
	if (id === undefined) return { kind: other, database: null };
	return { kind: id === 'dump' ? 'database' : (id as 'schema' | 'post'), database: database ?? null };
}

const NOTHING: Dumped = { files: [], rows: { files: [], tables: [] }, definitions: [] };

const joined = (all: readonly Dumped[]): Dumped => ({
	files: all.flatMap(({ files }) => files),
	rows: { files: all.flatMap(({ rows }) => rows.files), tables: all.flatMap(({ rows }) => rows.tables) },
	definitions: all.flatMap((each) => each.definitions),
});

/** Whoever defined something between the snapshot and the end of the dump has made it a mixture of two moments. */
export function sameDefinitions(before: Dumped, after: Dumped): void {
	const changed = compareDefinitions(before.definitions, after.definitions).map(describeDifference);
	if (changed.length === 0) return;
	throw new VerifyFailed(
		[
			fail('DEFINITIONS-STILL', 'Definitions changed while the snapshots were taken', {
				expected: 'the same definitions before the lock and after it',
				found: some(changed),
				hints: ['Try again, or hold the lock for the whole dump:  --lock held'],
			}),
		],
		'Definitions were changed during the dump: it would be of two moments.',
	);
}

/** A tool that ended well and complained has left something out: only what is known to be harmless passes, and is told. */
function saidNothing({ server, note }: At, { id, from }: PipeAction, lines: readonly string[]): void {
	const { isHarmless: harmless } = server.dialect.tools;
	const unexpected = lines.filter((line) => !harmless(line));
	if (unexpected.length > 0) {
		throw new VerifyFailed(
			[
				fail('TOOL-WORDS', `${toolOf(from)} ended well, and yet said something (${id})`, {
					expected: 'nothing',
					found: some(unexpected, 10),
				}),
			],
			'The dump tool ended well but complained: what it wrote is no backup.',
		);
	}
	for (const line of lines) note(`${toolOf(from)}: ${line}`, 'warning');
}

const toolOf = (from: PipeAction['from']): string =>
	'lists' in from || 'folder' in from || 'writes' in from ? 'the server' : ([from].flat()[0]?.names[0] ?? '');

/** Views that the server cannot open: the parallel engine keeps their definitions as comments. */
export const invalidViews = (definitions: readonly Definition[]): readonly string[] =>
	definitions.filter(({ invalid }) => invalid !== undefined).map(({ database, name }) => `${database}.${name}`);

function noteInvalid(at: At, definitions: readonly Definition[]): void {
	const { note } = at;
	const views = invalidViews(definitions);
	if (views.length === 0) return;
	// The vendor's tool keeps no comments: what became invalid since the checks would make a backup that does not load.
	if (engineOf(at) === 'vendor')
		throw new CheckFailed(viewsCheck(definitions.flatMap((view) => (view.invalid === undefined ? [] : [{ ...view, why: view.invalid }]))));
	const reasons = definitions.flatMap(({ invalid }) => (invalid === undefined ? [] : [invalid]));
	note(
		`${views.length === 1 ? 'A view' : `${views.length} views`} cannot be created from this backup: ${some(views.map((view, at) => `${view} (${reasons[at]})`))}. The definition is in it as a comment. Repair or drop the view, or leave it out too: ${namesOption('--ignore-table', views)}`,
		'warning',
	);
}
