import type { Json } from '../../core/json.ts';
import type { AnyStep, Runbook, Step } from '../../core/step.ts';
import { accounts } from '../restore/accounts.ts';
import { create } from '../restore/create.ts';
import { overtaken } from '../restore/existing-rows.ts';
import { finish } from '../restore/finish.ts';
import { inspectBackup } from '../restore/inspect-backup.ts';
import { inspectServer } from '../restore/inspect-server.ts';
import { loadDatabases } from '../restore/load-databases.ts';
import { loadRows } from '../restore/load-rows.ts';
import { LACKS } from '../restore/missing-on-server.ts';
import { prove } from '../restore/prove.ts';
import { proveFiles } from '../restore/prove-files.ts';
import { backupPosition } from './backup-position.ts';
import { capturePosition } from './capture-position.ts';
import { clearReplica } from './clear-replica.ts';
import { compare } from './compare.ts';
import { compareDefinitionsOfBoth } from './compare-definitions.ts';
import { connect } from './connect.ts';
import { createAccount } from './create-account.ts';
import { createOperator } from './create-operator.ts';
import { seeded } from './env.ts';
import { forgetAccounts } from './forget-accounts.ts';
import { grantOperator } from './grant-operator.ts';
import { provisionReplica } from './index.ts';
import { inspectPrimary } from './inspect-primary.ts';
import { inspectReplica } from './inspect-replica.ts';
import { aimed, type FromBackupEnv, restoring } from './on-replica.ts';
import { protect } from './protect.ts';
import { databasesLeft, dropCopied, isUseless } from './seed.ts';
import { setPosition } from './set-position.ts';
import { start } from './start.ts';
import { verifyThreads } from './verify-threads.ts';
import { wait } from './wait.ts';

/** What the restore asks of its server that the look at the replica does not. */
const FITS = new Set(['SERVER-PRIVILEGES', 'SERVER-VERSION', 'SERVER-CASE', 'SERVER-DISK', 'LOCAL-INFILE', ...LACKS]);

const fits: AnyStep<FromBackupEnv> = {
	...restoring(inspectServer),
	title: 'Check that the backup fits',
	why: 'A backup goes into a server that is not older, in which names mean the same, and which has room for it. What is in its way the replica’s own look has named.',
	checks: (at) => (inspectServer.checks?.(at) ?? []).filter((check) => FITS.has(check.id)),
	consents: () => [],
};

const empty: AnyStep<FromBackupEnv> = {
	...clearReplica,
	// Then all of it is loaded once more, into nothing.
	isStale: async (at) =>
		(at.failure?.checks.some((check) => check.id === 'CONTENTS') ?? false) ||
		(await isUseless(at)) ||
		(seeded(at) === undefined && (await overtaken(aimed(at)))),
};

/** The first step that brings data: taking it back drops also what came through replication since. */
function bringing<Facts extends { readonly [name: string]: Json }, Output extends Json>(
	step: Step<FromBackupEnv, Facts, Output>,
): Step<FromBackupEnv, Facts & { readonly onReplica: readonly string[] }, Output> {
	return {
		...step,
		inspect: async (at) => ({
			...(await step.inspect(at)),
			onReplica: await at.runQuery('replica', at.replica.dialect.catalogue.databases),
		}),
		inspectReachable: async (at) =>
			at.absent.has('replica') ? { ...at.origin, onReplica: await databasesLeft(at) } : bringing(step).inspect(at),
		undo: (at) => (at.scope === 'passing' ? (step.undo?.(at) ?? []) : dropCopied(at)),
	};
}

/**
 * Gives a primary a replica with the data of a backup: the restore's own steps, then what any provisioning does. The accounts are the backup's,
 * not the primary's of today: those that were made since come through replication, and would stop it if they were there already (error 1396).
 */
export const provisionFromBackup = (options: { readonly operator: boolean; readonly parallel: boolean }): Runbook<FromBackupEnv> => ({
	...provisionReplica,
	steps: [
		inspectPrimary,
		inspectReplica,
		restoring(inspectBackup),
		fits,
		restoring(proveFiles),
		createAccount,
		...(options.operator ? [createOperator] : []),
		capturePosition,
		protect,
		empty,
		forgetAccounts,
		...(options.parallel ? [bringing(restoring(create)), restoring(loadRows), restoring(finish)] : [bringing(restoring(loadDatabases))]),
		restoring(accounts),
		restoring(prove),
		backupPosition,
		setPosition,
		connect,
		start,
		verifyThreads,
		wait,
		// The account comes through replication, too.
		...(options.operator ? [grantOperator] : []),
		compareDefinitionsOfBoth,
		compare,
	],
});
