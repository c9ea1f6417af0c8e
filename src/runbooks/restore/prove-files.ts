import type { ManifestFile } from '../../archive/manifest.ts';
import { judgeFile, readKnown } from '../../archive/read.ts';
import { type PipeAction, type PipeResult, pickAll } from '../../core/action.ts';
import { type Check, failed, must } from '../../core/check.ts';
import { UserError, VerifyFailed } from '../../core/errors.ts';
import { meter } from '../../core/progress.ts';
import type { Step } from '../../core/step.ts';
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
		const { tables: found, sql } = await findTables(env, pickAll(plan, 'pipe', 'find-'), perform);
		const missing = env.only?.filter((each) => !parallel(env) && !found.some((table) => qualified(table) === qualified(each))) ?? [];
		if (missing.length > 0) {
			throw new UserError({
				message: `The backup holds no table ${some(missing.map(qualified))}.`,
				reason: 'Its database’s dump was read to the end. Views and what --ignore-table left out are no tables in it.',
				hints: ['Look for the name, capitals too, in the dump itself. Nothing was changed.'],
			});
		}
		const checkedAt = searched(env);
		const files = allFiles(env).filter((file) => !checkedAt.includes(file));
		const total = files.reduce((sum, file) => sum + file.bytes, 0);
		const measure = meter(() => now().getTime());
		const bad: Check[] = [];
		let done = 0;
		let reportedBytes = 0;
		for (const [index, file] of files.entries()) {
			const onBytes = (bytes: number) => {
				done += bytes;
				const at = now().getTime();
				if (at - reportedBytes < REPORT_EVERY_MS) return;
				reportedBytes = at;
				const tables = { done: index, total: files.length };
				progress({ unit: 'bytes', done, total, estimated: false, ...measure(done, total), current: file.path, tables, each: 'file' });
			};
			// What a client would run is read as that client reads it, before anything is changed.
			if (isSql(file)) bad.push(...(await problemsOf(env, file, signal)));
			else bad.push(...failed([await judgeFile(env.folder, file, { signal, onBytes })]));
			if (isSql(file)) onBytes(file.bytes);
		}
		if (bad.length > 0) throw new VerifyFailed(bad, 'The backup is not what was made: nothing of it was loaded.');
		return { files: files.length + checkedAt.length, ...(checkedAt.length > 0 && { tables: found, sql }) };
	},
	verify: async ({ facts, output }) => [
		must('FILES', 'Every file is what was written', output.files === facts.files, { expected: `${facts.files}`, found: `${output.files}` }),
	],
};

const isSql = ({ kind, format }: ManifestFile): boolean => kind !== 'definitions' && (kind !== 'rows' || format === 'sql');

/** Reads a file of SQL to its end and judges every statement of it. */
async function problemsOf(env: RestoreEnv, file: ManifestFile, signal: AbortSignal): Promise<readonly Check[]> {
	try {
		for await (const _ of judged(readKnown(env.folder, file), file.path, purposeOf(file))) signal.throwIfAborted();
		return [];
	} catch (error) {
		if (error instanceof VerifyFailed) return failed(error.checks);
		throw error;
	}
}

async function findTables(
	{ only }: RestoreEnv,
	actions: readonly PipeAction[],
	perform: (action: PipeAction) => Promise<PipeResult>,
): Promise<Required<Pick<ProvenFiles, 'tables' | 'sql'>>> {
	const found: FoundTable[] = [];
	const sql: Record<string, number> = {};
	for (const action of actions) {
		const database = action.id.slice('find-'.length);
		const result = await perform(action);
		const scan = result.found as unknown as DumpScan;
		sql[database] = result.rawBytes;
		const { tables, sequences } = scan.databases.find((each) => each.name === database) ?? { tables: [], sequences: [] };
		const wanted = new Set(only?.filter((each) => each.database === database).map((each) => each.name));
		const all = [...tables.map(({ name, rows }) => ({ name, rows })), ...sequences.map((name) => ({ name, rows: null }))];
		found.push(...all.filter(({ name }) => wanted.has(name)).map((each) => ({ database, ...each })));
	}
	return { tables: found, sql };
}
