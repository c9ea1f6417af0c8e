import { type ChangedJson, describeChangedJson } from '../../core/changed-json.ts';
import type { Json } from '../../core/json.ts';
import type { Runbook } from '../../core/step.ts';
import { capturePosition } from './capture-position.ts';
import { clearReplica } from './clear-replica.ts';
import { clone } from './clone.ts';
import { compare } from './compare.ts';
import { compareDefinitionsOfBoth } from './compare-definitions.ts';
import { connect } from './connect.ts';
import { copyAccounts, grantObjects } from './copy-accounts.ts';
import { createAccount } from './create-account.ts';
import { createOperator } from './create-operator.ts';
import { broughtByReplication, entangledReplica } from './entangled.ts';
import { type ProvisionEnv, seeded } from './env.ts';
import { grantOperator } from './grant-operator.ts';
import { inspectPrimary, type PrimaryFacts } from './inspect-primary.ts';
import { inspectReplica, type ReplicaFacts } from './inspect-replica.ts';
import { provisionOverview } from './overview.ts';
import { type ProtectOutput, protect } from './protect.ts';
import { seed } from './seed.ts';
import { setPosition } from './set-position.ts';
import { start } from './start.ts';
import { verifyThreads } from './verify-threads.ts';
import { wait } from './wait.ts';

/** Gives a primary a dedicated backup replica. What was done is kept after a failure, to be resumed or undone. */
export const provisionReplica: Runbook<ProvisionEnv> = {
	id: 'provision-replica',
	title: 'Set up a backup replica',
	afterFailure: 'keep',
	steps: [
		inspectPrimary,
		inspectReplica,
		createAccount,
		createOperator,
		capturePosition,
		protect,
		clearReplica,
		copyAccounts,
		seed,
		grantObjects,
		setPosition,
		grantOperator,
		connect,
		start,
		verifyThreads,
		wait,
		compareDefinitionsOfBoth,
		compare,
	],
	overview(env, { 'inspect-primary': primary, 'inspect-replica': replica }) {
		if (primary === undefined || replica === undefined) return undefined;
		return provisionOverview(env, primary as unknown as PrimaryFacts, replica as unknown as ReplicaFacts);
	},
	entangled: entangledReplica,
	brought: broughtByReplication,
	summary(env) {
		const threads = env.outputs['verify-threads'] as { encrypted: boolean; verified: boolean } | undefined;
		const compared = env.outputs.compare as
			| { gtid: string; compared: number; notCompared: readonly string[]; changedJson?: readonly ChangedJson[] }
			| undefined;
		const data = seeded(env);
		return {
			primary: env.primary.name,
			replica: env.replica.name,
			account: `${env.account.user}@${env.account.host}`,
			...(env.operator === null
				? {}
				: {
						operator: `${env.operator.user}@${env.operator.host}`,
						// Null: the account was there before, and has its password.
						operatorPasswordFile:
							(env.outputs['create-operator'] as { made: boolean } | undefined)?.made === false ? null : env.operator.passwordFile,
					}),
			encrypted: threads?.encrypted ?? false,
			verified: threads?.verified ?? false,
			position: data?.gtid ?? '',
			databases: data?.databases.length ?? 0,
			tables: data?.tables ?? 0,
			rows: data === undefined ? 0 : data.rows,
			rawBytes: data?.rawBytes ?? 0,
			comparedTables: compared?.compared ?? 0,
			comparedAt: compared?.gtid ?? '',
			notCompared: (compared?.notCompared ?? []) as Json,
			/** Lines that only a person can write, and without which a restart forgets what was set. */
			optionFile: (env.outputs.protect as ProtectOutput | undefined)?.optionFile ?? [],
			...(compared?.changedJson === undefined ? {} : { changedJson: compared.changedJson.map(describeChangedJson) }),
		};
	},
};

/** Its steps without those that nobody asked for. CLONE brings accounts and position with the data. */
export const provisionRunbook = (options: { readonly operator: boolean; readonly clone: boolean }): Runbook<ProvisionEnv> => ({
	...provisionReplica,
	steps: provisionReplica.steps.flatMap((step) => {
		if (!options.operator && (step === createOperator || step === grantOperator)) return [];
		if (options.clone && (step === copyAccounts || step === grantObjects || step === setPosition)) return [];
		return [options.clone && step === seed ? clone : step];
	}),
});
