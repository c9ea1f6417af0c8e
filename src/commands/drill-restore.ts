import { join } from 'node:path';
import { runInProcess } from '../app/run-in-process.ts';
import type { Check } from '../core/check.ts';
import type { Director } from '../core/director.ts';
import type { RunEnd } from '../core/runner.ts';
import { withoutPasswords } from '../exec/tool.ts';
import type { RestoreRequest } from '../requests/restore.ts';
import { prove } from '../runbooks/restore-backup/prove.ts';
import type { EphemeralServer } from '../sandbox/ephemeral-server.ts';
import { Secret } from '../sql/secret.ts';
import type { Context } from './context.ts';

/** Whatever is asked about a throwaway server: yes. A failure is the drill's result. */
const willing: Director = {
	review: async ({ consents }) => ({ go: true, typed: consents.map(({ name }) => name) }),
	recover: async () => 'keep',
};

/**
 * Restores all of a backup as `lockstep restore` does, accounts included, in this process. Its journal goes into the throwaway's folder, and
 * away with it; nothing of the person's own options and passwords reaches that server. Never rejects. `checks`: what its proof came to, in
 * `proofMs` milliseconds.
 */
export async function restoreInto(
	context: Context,
	throwaway: EphemeralServer,
	folder: string,
): Promise<{ readonly end: RunEnd; readonly checks: readonly Check[]; readonly proofMs: number }> {
	const { LOCKSTEP_PROFILE: _profile, ...env } = withoutPasswords(context.env);
	const own: Context = {
		...context,
		env,
		mode: 'headless',
		flags: { ...context.flags, input: false, dryRun: false, yes: true },
		stateFolder: join(throwaway.folder, 'state'),
	};
	const server = `mysql://root@localhost?ssl-mode=DISABLED&socket=${encodeURIComponent(throwaway.server.socket)}`;
	const request: RestoreRequest = { kind: 'restore', server, backup: folder, accounts: true, writeBinlog: false };
	let checks: readonly Check[] = [];
	let proofMs = 0;
	const end = await runInProcess(
		own,
		request,
		{ server: { flags: { noDefaults: true }, password: new Secret('') } },
		{
			director: willing,
			signal: context.signal,
			on(event) {
				// The steps are the restore's own; a drill tells how far it is.
				if (event.type === 'progress') context.print({ ...event, step: 'restore' });
				if (event.type === 'checks' && event.step === prove.id) checks = event.checks;
				if (event.type === 'step-done' && event.step === prove.id) proofMs = event.ms;
			},
		},
	);
	return { end, checks, proofMs };
}
