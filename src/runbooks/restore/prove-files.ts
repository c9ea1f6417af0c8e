import type { ManifestFile } from '../../archive/manifest.ts';
import { judgeFile, readKnown } from '../../archive/read.ts';
import { type PipeAction, type PipeResult, pickAll } from '../../core/action.ts';
import { type Check, failed, must } from '../../core/check.ts';
import { UserError, VerifyFailed } from '../../core/errors.ts';
import { meter } from '../../core/progress.ts';
import type { RunContext, Step } from '../../core/step.ts';
import { judged } from '../../dump/sql/judged.ts';
import type { DumpScan } from '../../dump/sql/scan.ts';
import { qualified, some } from '../shared/server.ts';
import { allFiles, type FoundTable, filesOf, type ProvenFiles, parallel, partOf, purposeOf, type RestoreEnv } from './env.ts';

/** A screen has had enough after that. */
const REPORT_EVERY_MS = 200;

/** Files of whole databases of which only some tables are wanted: which tables they hold says no manifest. */
const searched = (env: RestoreEnv): readonly ManifestFile[] => (env.only === null || parallel(env) ? [] : filesOf(env, 'database'));

export const proveFiles: Step<RestoreEnv, { readonly files: number }, ProvenFiles> = {
	id: 'prove-files',
	title: 'Verify the files',
	why: 'Every file that will be loaded is read once and compared with its size and SHA-256 in the manifest, before anything on the server is touched: what is overwritten for a damaged backup is lost. They are compared once more as they are loaded. Where single tables are taken out of a dump of their whole database, they are looked for in it now, and their rows are counted.',
	inspect: async (env) => ({ files: allFiles(env).length }),
	plan: (env) =>
		searched(env).map((file) => ({
			kind: 'pipe',
			id: `find-${file.database}`,
			why: 'the tables that were asked for',
			from: partOf(env, file),
			into: null,
			footer: true,
			changes: false,
		})),
	async run({ progress, now, signal, note, perform, plan, ...env }) {
		const toSearch = searched(env);
		const files = allFiles(env).filter((file) => !toSearch.includes(file));
		const shown = filesProgress({ progress, now }, [...toSearch, ...files]);
		const { tables: found, sql } = await findTables(env, pickAll(plan, 'pipe', 'find-'), (action, index) => {
			shown.begin(index);
			return perform(action, { onFlow: ({ rawBytes }) => shown.raw(rawBytes) });
		});
		const missing = env.only?.filter((each) => !parallel(env) && !found.some((table) => qualified(table) === qualified(each))) ?? [];
		if (missing.length > 0) {
			throw new UserError({
				message: `The backup holds no table ${some(missing.map(qualified))}.`,
				reason: 'Its database’s dump was read to the end. Views and what --ignore-table left out are no tables in it.',
				hints: ['Look for the name, capitals too, in the dump itself. Nothing was changed.'],
			});
		}
		const bad: Check[] = [];
		for (const [index, file] of files.entries()) {
			shown.begin(toSearch.length + index);
			// What a client would run is read as that client reads it, before anything is changed.
			if (isSql(file)) bad.push(...(await problemsOf(env, file, { signal, onRaw: shown.raw })));
			else bad.push(...failed([await judgeFile(env.folder, file, { signal, onBytes: shown.add })]));
		}
		if (bad.length > 0) throw new VerifyFailed(bad, 'The backup is not what was made: nothing of it was loaded.');
		return { files: files.length + toSearch.length, ...(toSearch.length > 0 && { tables: found, sql }) };
	},
	verify: async ({ facts, output }) => [
		must('FILES', { pass: 'Every file is what was written', fail: 'Some files are not what was written' }, output.files === facts.files, {
			expected: `${facts.files}`,
			found: `${output.files}`,
		}),
	],
};

const isSql = ({ kind, format }: ManifestFile): boolean => kind !== 'definitions' && (kind !== 'rows' || format === 'sql');

/** How far reading these files has come, one after the other, in bytes on disk. */
function filesProgress({ progress, now }: Pick<RunContext, 'progress' | 'now'>, files: readonly ManifestFile[]) {
	const total = files.reduce((sum, file) => sum + file.bytes, 0);
	const measure = meter(() => now().getTime());
	let before = 0;
	let inFile = 0;
	let index = 0;
	let reportedAt = 0;
	const report = () => {
		const at = now().getTime();
		if (at - reportedAt < REPORT_EVERY_MS) return;
		reportedAt = at;
		const done = before + inFile;
		const place = { current: files[index]?.path ?? null, tables: { done: index, total: files.length }, each: 'file' as const };
		progress({ unit: 'bytes', done, total, estimated: false, ...measure(done, total), ...place });
	};
	return {
		begin(next: number): void {
			before = files.slice(0, next).reduce((sum, file) => sum + file.bytes, 0);
			index = next;
			inFile = 0;
			report();
		},
		add(bytes: number): void {
			inFile += bytes;
			report();
		},
		/** So many bytes of the file in hand, as they are unpacked. */
		raw(rawBytes: number): void {
			const { bytes = 0, raw_bytes = 0 } = files[index] ?? {};
			inFile = Math.min(bytes, raw_bytes > 0 ? (rawBytes * bytes) / raw_bytes : bytes);
			report();
		},
	};
}

async function* counted(source: AsyncIterable<Buffer>, onRaw: (rawBytes: number) => void): AsyncGenerator<Buffer> {
	let rawBytes = 0;
	for await (const text of source) {
		rawBytes += text.length;
		onRaw(rawBytes);
		yield text;
	}
}

/** Reads a file of SQL to its end and judges every statement of it. */
async function problemsOf(
	env: RestoreEnv,
	file: ManifestFile,
	{ signal, onRaw }: { readonly signal: AbortSignal; readonly onRaw: (rawBytes: number) => void },
): Promise<readonly Check[]> {
	try {
		const source = counted(readKnown(env.folder, file), onRaw);
		for await (const _ of judged(source, file.path, purposeOf(file))) signal.throwIfAborted();
		return [];
	} catch (error) {
		if (error instanceof VerifyFailed) return failed(error.checks);
		throw error;
	}
}

async function findTables(
	{ only }: RestoreEnv,
	actions: readonly PipeAction[],
	perform: (action: PipeAction, index: number) => Promise<PipeResult>,
): Promise<Required<Pick<ProvenFiles, 'tables' | 'sql'>>> {
	const found: FoundTable[] = [];
	const sql: Record<string, number> = {};
	for (const [index, action] of actions.entries()) {
		const database = action.id.slice('find-'.length);
		const result = await perform(action, index);
		const scan = result.found as unknown as DumpScan;
		sql[database] = result.rawBytes;
		const { tables, sequences } = scan.databases.find((each) => each.name === database) ?? { tables: [], sequences: [] };
		const wanted = new Set(only?.filter((each) => each.database === database).map((each) => each.name));
		const all = [...tables.map(({ name, rows }) => ({ name, rows })), ...sequences.map((name) => ({ name, rows: null }))];
		found.push(...all.filter(({ name }) => wanted.has(name)).map((each) => ({ database, ...each })));
	}
	return { tables: found, sql };
}
