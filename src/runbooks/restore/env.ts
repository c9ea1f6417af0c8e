import type { Manifest, ManifestFile, ManifestTable } from '../../archive/manifest.ts';
import { readKnown } from '../../archive/read.ts';
import type { FilePart, FilePurpose } from '../../core/action.ts';
import type { Thing } from '../../core/model.ts';
import type { Outputs } from '../../core/step.ts';
import type { ObjectName } from '../../dialects/contract/objects.ts';
import { judged } from '../../dump/sql/judged.ts';
import type { Piece } from '../../dump/sql/split.ts';
import { qualified, type Server } from '../shared/server.ts';

export interface RestoreEnv extends Outputs {
	readonly server: Server;
	/** The backup's own folder: no link. */
	readonly folder: string;
	readonly manifest: Manifest;
	/** Those that are restored, in the order of the backup. */
	readonly databases: readonly string[];
	/** Where only single tables are; null: all of {@link databases}. */
	readonly only: readonly ObjectName[] | null;
	/** How many loads at a time. */
	readonly workers: number;
	/** Where it is taken back: what it put there is told from what others did. */
	readonly undoing?: true;
	readonly accounts: boolean;
	/** Whether the load goes into the server's binary log. */
	readonly logged: boolean;
	/** Tables with at least so many bytes of rows get their secondary keys after them. */
	readonly keysAfterBytes: number;
}

export const parallel = ({ manifest }: RestoreEnv): boolean => manifest.dump.engine === 'parallel';

const has = (names: readonly ObjectName[], database: string, name: string): boolean =>
	names.some((each) => each.database === database && each.name === name);

type Wanted = Pick<RestoreEnv, 'databases' | 'only'>;

export const wantsTable = ({ databases, only }: Wanted, database: string, name: string): boolean =>
	only === null ? databases.includes(database) : has(only, database, name);

/** The tables of a backup by the parallel engine that are restored. */
export const tablesOf = (env: Wanted & Pick<RestoreEnv, 'manifest'>): readonly ManifestTable[] =>
	(env.manifest.tables ?? []).filter(({ database, name }) => wantsTable(env, database, name));

/** What was learned of the files before anything was changed. */
export type ProvenFiles = {
	readonly files: number;
	/** Of dumps of whole databases, where only some tables are wanted: these, with the rows that the dump holds; null: a sequence. */
	readonly tables?: readonly FoundTable[];
	/** And how many bytes of SQL make them, by database. */
	readonly sql?: { readonly [database: string]: number };
};
export type FoundTable = { readonly database: string; readonly name: string; readonly rows: number | null };

const proven = ({ outputs }: Outputs): Partial<ProvenFiles> => (outputs['prove-files'] as ProvenFiles | undefined) ?? {};

/** The tables that were found in the dumps of their databases; none where these are restored as a whole. */
export const foundTables = (env: RestoreEnv): readonly FoundTable[] => proven(env).tables ?? [];

/** How much SQL of a database's dump is loaded. */
export const sqlBytes = (env: RestoreEnv, file: ManifestFile): number => proven(env).sql?.[file.database ?? ''] ?? file.raw_bytes;

/** The files of that kind that are read. */
export function filesOf(env: Wanted & Pick<RestoreEnv, 'manifest' | 'accounts'>, kind: ManifestFile['kind']): readonly ManifestFile[] {
	return env.manifest.files.filter((file) => {
		if (file.kind !== kind) return false;
		if (kind === 'accounts') return env.accounts;
		if (kind === 'definitions') return true;
		if (file.database === undefined || !env.databases.includes(file.database)) return false;
		return kind !== 'rows' || wantsTable(env, file.database, file.table ?? '');
	});
}

/** All files that are read, each once. */
export const allFiles = (env: RestoreEnv): readonly ManifestFile[] =>
	(['schema', 'database', 'rows', 'post', 'accounts', 'definitions'] as const).flatMap((kind) => filesOf(env, kind));

/** What a file of SQL is there for. */
export const purposeOf = ({ kind, database }: Pick<ManifestFile, 'kind' | 'database'>): FilePurpose => ({
	kind: kind === 'load' || kind === 'definitions' ? 'rows' : kind,
	database: kind === 'accounts' ? null : (database ?? null),
});

/** The statements of a file of definitions or accounts, each judged and held for itself. Throws VerifyFailed as {@link judged} does. */
export const statementsOf = ({ folder }: Pick<RestoreEnv, 'folder'>, file: ManifestFile): AsyncGenerator<Piece> =>
	judged(readKnown(folder, file), file.path, purposeOf(file));

/** A file as the beginning of a pipe. */
export function partOf({ folder, only }: RestoreEnv, { path, kind, bytes, raw_bytes, sha256, database, format }: ManifestFile): FilePart {
	const tables = only?.filter((each) => each.database === database).map((each) => each.name);
	// Rows with their history, by the vendor's tool.
	const use = format === 'sql' && database !== undefined ? { use: database } : {};
	const purpose = purposeOf({ kind, ...(database === undefined ? {} : { database }) });
	return { folder, file: { path, bytes, raw_bytes, sha256 }, purpose, ...use, ...(tables === undefined ? {} : { tables }) };
}

/** Whether it is part of provisioning a replica, which makes that server another one. */
export const seeding = ({ outputs }: Outputs): boolean => outputs['clear-replica'] !== undefined;

/** Whether an earlier step of this work made room already, be it of a replica: then what is there is what it brought. */
export const cleared = ({ outputs }: Outputs): boolean => outputs.clear !== undefined || seeding({ outputs });

/** What loading that file makes: its database, where it is not there yet, and where single tables are wanted these. */
export function madeBy({ only }: RestoreEnv, { database }: ManifestFile, there: readonly string[]): readonly Thing[] {
	if (database === undefined) return [];
	const tables = (only ?? []).filter((each) => each.database === database);
	return [
		...(there.includes(database) && only !== null ? [] : [{ on: 'server', kind: 'database' as const, name: database }]),
		...tables.map((each) => ({ on: 'server', kind: 'table' as const, name: qualified(each) })),
	];
}
