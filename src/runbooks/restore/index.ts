import type { Json } from '../../core/json.ts';
import type { AnyStep, Runbook } from '../../core/step.ts';
import { EVENTS_TO_ENABLE } from '../../core/summary-fields.ts';
import { id, shown, sql } from '../../sql/sql.ts';
import { accounts } from './accounts.ts';
import { clear } from './clear.ts';
import { create } from './create.ts';
import { entangledServer, serverMark } from './entangled.ts';
import { parallel, type RestoreEnv } from './env.ts';
import { disabledBy } from './events.ts';
import { finish } from './finish.ts';
import { inspectBackup } from './inspect-backup.ts';
import { inspectServer } from './inspect-server.ts';
import { loadDatabases } from './load-databases.ts';
import { loadRows } from './load-rows.ts';
import { restoreOverview } from './overview.ts';
import { prove } from './prove.ts';
import { proveFiles } from './prove-files.ts';
import { readOnly } from './read-only.ts';

/** Loads a backup into a server. What was done is kept after a failure, to be resumed or undone. */
export const restoreBackup: Runbook<RestoreEnv> = {
	id: 'restore-backup',
	title: 'Restore a backup',
	afterFailure: 'keep',
	steps: [inspectBackup, inspectServer, proveFiles, clear, create, loadRows, loadDatabases, finish, accounts, prove, readOnly],
	overview(env, { 'inspect-server': found }) {
		return found === undefined ? undefined : restoreOverview(env, (found as { databases: readonly string[] }).databases);
	},
	marks: serverMark,
	entangled: entangledServer,
	summary(env) {
		const proven = env.outputs.prove as
			| { tables: number; rows: number; digests?: number; definitions?: number | null; unproven?: readonly string[] }
			| undefined;
		const output = env.outputs[parallel(env) ? 'finish' : 'load-databases'];
		return {
			restored: env.folder,
			server: env.server.name,
			databases: env.databases as Json,
			tables: proven?.tables ?? 0,
			rows: proven?.rows ?? 0,
			/** Tables whose rows were read again and compared by digest. */
			digests: proven?.digests ?? 0,
			/** Objects whose definitions were compared; null where the backup has no list of them. */
			definitions: proven?.definitions ?? null,
			/** What was counted only, a few words each. */
			unproven: (proven?.unproven ?? []) as Json,
			rawBytes: [...env.manifest.files]
				.filter((file) => env.databases.includes(file.database ?? ''))
				.reduce((sum, file) => sum + file.raw_bytes, 0),
			/** Statements that enable events which were disabled. */
			[EVENTS_TO_ENABLE]: enableStatements(env, disabledBy(output)) as Json,
			position: env.manifest.position as unknown as Json,
		};
	},
};

/** An event of a database that is read-only cannot be altered until that is lifted. */
function enableStatements({ server, outputs }: RestoreEnv, enable: readonly string[]): readonly string[] {
	const { databases = [] } = (outputs['read-only'] ?? {}) as { databases?: readonly string[] };
	const set = (database: string, on: boolean) => {
		const statement = server.dialect.load.readOnlyDatabases?.set(database, on);
		return statement === undefined ? [] : [`${shown(statement)};`];
	};
	return enable.flatMap((statement) => {
		const database = databases.find((each) => statement.includes(` EVENT ${shown(sql`${id(each)}`)}.`));
		return database === undefined ? [statement] : [...set(database, false), statement, ...set(database, true)];
	});
}

/** Its steps without those that this backup, or nobody, asks for. */
export function restoreRunbook(options: { readonly parallel: boolean; readonly accounts: boolean }): Runbook<RestoreEnv> {
	const without: ReadonlySet<AnyStep<RestoreEnv>> = new Set<AnyStep<RestoreEnv>>(
		options.parallel ? [loadDatabases] : [create, loadRows, finish],
	);
	const steps = restoreBackup.steps.filter((step) => !without.has(step) && (options.accounts || step !== accounts));
	return { ...restoreBackup, steps };
}
