import type { Check } from '../../core/check.ts';
import type { AnyStep } from '../../core/step.ts';
import { accountsIn } from '../restore/accounts-file.ts';
import { lateKeys } from '../restore/definitions.ts';
import { restoreRunbook } from '../restore/index.ts';
import { OTHERS } from '../restore/other-differences.ts';
import { prove } from '../restore/prove.ts';
import { proveFiles } from '../restore/prove-files.ts';
import type { DrillEnv } from './env.ts';
import { onThrowaway } from './on-throwaway.ts';

const EMPTY = { databases: [], tables: [] };
const NO_EVENTS = { scheduler: 'OFF', startedAt: 0, awake: [] };

/** What each step of a restore finds on an empty server; of others nothing is planned before the server is there. */
const FORESEEN: { readonly [id: string]: Parameters<typeof onThrowaway<DrillEnv>>[1] } = {
	[proveFiles.id]: proveFiles.inspect,
	clear: async () => EMPTY,
	create: async () => ({ ...EMPTY, strays: [] }),
	'load-rows': async (at) => ({
		...{ whole: [], strays: [], localInfile: true, startedAt: 0 },
		...{ late: await lateKeys(at), now: [], versioned: [], elsewhere: [] },
	}),
	'load-databases': async () => ({ ...EMPTY, sleep: NO_EVENTS }),
	finish: async () => ({ sleep: NO_EVENTS, triggers: [] }),
	accounts: async (at) => ({ present: [], named: [...(await accountsIn(at))] }),
	[prove.id]: async () => ({}),
};

/** Nothing else is at work on a throwaway server: whatever changed there, the backup did. */
const alone = (check: Check): Check => (check.id === OTHERS && check.status === 'warning' ? { ...check, status: 'fail' } : check);

const proveAlone: AnyStep<DrillEnv> = { ...prove, verify: async (at) => ((await prove.verify?.(at)) ?? []).map(alone) };

/** A restore's own steps, all of them, accounts too. */
export const restoring = (options: { readonly parallel: boolean }): readonly AnyStep<DrillEnv>[] =>
	restoreRunbook({ ...options, accounts: true }).steps.map((step) =>
		onThrowaway<DrillEnv>(step.id === prove.id ? proveAlone : (step as AnyStep<DrillEnv>), FORESEEN[step.id] ?? (async () => null)),
	);
