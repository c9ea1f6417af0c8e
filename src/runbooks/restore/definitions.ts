import type { Manifest, ManifestFile } from '../../archive/manifest.ts';
import { broken, readKnown } from '../../archive/read.ts';
import type { Definition, DefinitionName } from '../../core/definition.ts';
import type { KeyLines } from '../../dialects/common/load.ts';
import { compareDefinitions, type Difference } from '../../dump/definitions/compare.ts';
import { keyLines, keysMayWait } from '../../dump/definitions/keys.ts';
import { filesOf, type RestoreEnv, statementsOf, tablesOf, wantsTable } from './env.ts';

/** A table whose keys come after its rows, and which they are, as the backup has them. */
export type LateKeys = { readonly database: string; readonly name: string; readonly keys: KeyLines };

/**
 * The large tables whose secondary keys and constraints are made faster after the rows (measured: a third of the server's work less). Read
 * from the backup's own definitions, so that an interruption in between loses none of them.
 */
export async function lateKeys(env: RestoreEnv): Promise<readonly LateKeys[]> {
	const large = tablesOf(env).filter((table) => bytesOf(env, table) >= env.keysAfterBytes);
	const found: LateKeys[] = [];
	for (const file of filesOf(env, 'schema')) {
		const names = large.filter((table) => table.database === file.database).map((table) => table.name);
		if (names.length === 0) continue;
		for await (const statement of statementsOf(env, file)) {
			const { does } = statement;
			const text = statement.text.toString();
			if (does.what !== 'object' || does.kind !== 'table' || !names.includes(does.name) || !keysMayWait(text)) continue;
			const keys = keyLines(text);
			if (keys.length > 0) found.push({ database: file.database ?? '', name: does.name, keys });
		}
	}
	return found;
}

export const bytesOf = (env: RestoreEnv, { database, name }: { readonly database: string; readonly name: string }): number =>
	filesOf(env, 'rows').reduce((sum, file) => sum + (file.database === database && file.table === name ? file.raw_bytes : 0), 0);

/** What is restored, of all objects in the backup: of single tables these and their triggers. */
function wantedDefinition(env: RestoreEnv, { kind, database, name, table }: DefinitionName): boolean {
	if (env.only === null) return env.databases.includes(database);
	if (kind === 'trigger') return wantsTable(env, database, table ?? '');
	return (kind === 'table' || kind === 'sequence') && wantsTable(env, database, name);
}

const read = new WeakMap<Manifest, Promise<readonly Definition[]>>();

/** What every object that is restored is made by, as the backup's list says it; null where an older backup has none. */
export async function expectedDefinitions(env: RestoreEnv): Promise<readonly Definition[] | null> {
	const [file] = filesOf(env, 'definitions');
	if (file === undefined) return null;
	const all = read.get(env.manifest) ?? readList(env, file);
	read.set(env.manifest, all);
	all.catch(() => read.delete(env.manifest));
	return (await all).filter((each) => wantedDefinition(env, each));
}

/** It is held as a whole: 100,000 tables are half of this. */
const LARGEST_LIST = 256 * 1024 ** 2;

async function readList({ folder }: RestoreEnv, file: ManifestFile): Promise<readonly Definition[]> {
	const chunks: Buffer[] = [];
	let bytes = 0;
	for await (const chunk of readKnown(folder, file)) {
		bytes += chunk.length;
		if (bytes > LARGEST_LIST) throw broken(file.path, `at most ${LARGEST_LIST} bytes unpacked`, 'more');
		chunks.push(chunk);
	}
	const lines = Buffer.concat(chunks).toString().split('\n');
	return lines.flatMap((line, index) => (line === '' ? [] : [definitionIn(file, line, index + 1)]));
}

function definitionIn({ path }: ManifestFile, line: string, number: number): Definition {
	try {
		const read = JSON.parse(line) as Definition | null;
		if ([read?.kind, read?.database, read?.name].every((each) => typeof each === 'string')) return read as Definition;
	} catch {
		// As a line of something else.
	}
	throw broken(path, `a definition in line ${number}`, line.slice(0, 120));
}

/** In what the server's definitions differ from the backup's. */
export const definitionDifferences = (
	env: RestoreEnv,
	expected: readonly Definition[],
	found: readonly Definition[],
): readonly Difference[] =>
	compareDefinitions(
		expected,
		found.filter((each) => wantedDefinition(env, each)),
		// Events that would fire are disabled; the end says how they are enabled. Read-only is a step of its own.
		{ ignoreEventStatus: true, ignoreReadOnly: true, histograms: true },
	);
