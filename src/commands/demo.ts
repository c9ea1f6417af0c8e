import { join } from 'node:path';
import { downCommand, type SandboxFlags, sandboxChoice, sandboxFields } from '../app/sandbox.ts';
import { usualBackup } from '../requests/backup.ts';
import type { RunRequest } from '../requests/index.ts';
import { type Sandbox, sandboxUp } from '../sandbox/sandbox.ts';
import { urlOf } from '../sandbox/server.ts';
import type { CommandResult, Context } from './context.ts';
import { runHeadless } from './run.ts';
import { openWizard } from './wizard.ts';

/** The two runs of the journey on a sandbox. */
export function journey(pair: Sandbox): { readonly provision: RunRequest; readonly backup: RunRequest } {
	return {
		provision: {
			kind: 'provision',
			primary: urlOf(pair.primary),
			replica: urlOf(pair.replica),
			tls: true,
			channelCa: pair.primary.ca,
		},
		backup: usualBackup(urlOf(pair.replica), join(pair.dir, 'backups')),
	};
}

/** A throwaway pair, then the whole journey on it: the wizard in a terminal, line by line elsewhere. */
export async function demo(context: Context, flags: SandboxFlags): Promise<CommandResult> {
	const { signal, stdout, stderr, flags: global } = context;
	const choice = sandboxChoice(context, flags);
	if (global.dryRun) {
		return {
			end: null,
			extra: { dry_run: true },
			next: [
				'Would start a throwaway primary and a replica on this machine, or use those that run.',
				'Would set up the replica, replace its data, and take a backup of it.',
			],
		};
	}
	const say = (line: string) => void (global.quiet || (global.json ? stderr : stdout).write(`${line}\n`));
	const pair = await sandboxUp({ ...choice, signal, say });
	const { provision, backup } = journey(pair);
	const extra = sandboxFields(pair);
	const next = [
		'',
		'The pair keeps running. Inspect it:',
		`  lockstep status --server ${urlOf(pair.replica)}`,
		`  ${downCommand(pair, flags)}`,
	];
	if (context.mode === 'wizard') {
		const ending = await openWizard(context, { screen: 'demo' }, pair);
		return { ...ending, next };
	}
	// The demo's own pair is thrown away anyway: on a second time round its replica is made anew, as the person asked by calling it.
	const flagsOfDemo = { ...global, yes: true, confirm: [`${pair.replica.host}:${pair.replica.port}`] };
	const willing = { ...context, mode: 'headless' as const, flags: flagsOfDemo };
	say(`Provisioning ${urlOf(pair.replica)} as a replica of ${urlOf(pair.primary)}`);
	const first = await runHeadless(willing, provision, {});
	if (first.end?.outcome !== 'done') return { ...first, extra };
	say(`Backing up ${urlOf(pair.replica)}`);
	const second = await runHeadless(willing, backup, {});
	return { ...second, extra: { ...extra, provision: first.end.summary }, next };
}
