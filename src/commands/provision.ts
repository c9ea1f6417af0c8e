import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { UserError } from '../core/errors.ts';
import type { ProvisionRequest } from '../core/wizard-backend.ts';
import type { CommandResult, Context } from './context.ts';
import { clientFlagsOf, hasOwnOptions, namesServer, reachOf, seconds } from './options.ts';
import { runRequest } from './run-request.ts';
import { openWizard } from './wizard.ts';

export interface ProvisionFlags {
	readonly primary?: string;
	readonly replica?: string;
	readonly seed?: string;
	readonly restartWait?: string;
	readonly account?: string;
	readonly operator?: string;
	readonly operatorPasswordFile?: string;
	readonly source?: string;
	readonly channelCa?: string;
	/** commander's `--no-tls`. */
	readonly tls?: boolean;
	readonly delay?: string;
}

/** The request of a command line; null where it does not name both servers. Throws UserError. */
export function provisionRequest(flags: ProvisionFlags): ProvisionRequest | null {
	const seed = seedOf(flags.seed);
	if (flags.restartWait !== undefined && seed.seed !== 'clone') {
		throw new UserError({
			message: '--restart-wait is for --seed clone only.',
			hints: ['Leave it out: nothing else restarts the replica.'],
		});
	}
	const choices = {
		tls: flags.tls ?? true,
		...(flags.account === undefined ? {} : { account: flags.account }),
		...(flags.operator === undefined ? {} : { operator: flags.operator }),
		...(flags.operatorPasswordFile === undefined ? {} : { operatorPasswordFile: resolve(flags.operatorPasswordFile) }),
		...(flags.source === undefined ? {} : { source: flags.source }),
		...(flags.channelCa === undefined ? {} : { channelCa: flags.channelCa }),
		...seed,
		...(flags.restartWait === undefined ? {} : { restartWaitSeconds: seconds(flags.restartWait, '--restart-wait') }),
		...(flags.delay === undefined ? {} : { delaySeconds: seconds(flags.delay, '--delay') }),
	};
	const [primary, replica] = ROLES.map((role) => reachOf(clientOf(role, flags), `--${role}-`));
	const reach = { ...(primary && { primary }), ...(replica && { replica }) };
	if (unnamed(flags) !== undefined) return null;
	return {
		kind: 'provision',
		...(primary === undefined && replica === undefined ? {} : { reach }),
		primary: flags.primary ?? '',
		replica: flags.replica ?? '',
		...choices,
	};
}

const ROLES = ['primary', 'replica'] as const;
const clientOf = (role: (typeof ROLES)[number], flags: ProvisionFlags) => clientFlagsOf(role, flags as Readonly<Record<string, unknown>>);

/** The first server that neither its own option nor a host or a socket names. */
const unnamed = (flags: ProvisionFlags) => ROLES.find((role) => flags[role] === undefined && !namesServer(clientOf(role, flags)));

export async function provision(context: Context, flags: ProvisionFlags): Promise<CommandResult> {
	const request = provisionRequest(flags);
	if (request !== null) return runRequest(context, request);
	if (context.mode === 'wizard' && !hasOwnOptions(flags)) return openWizard(context, { screen: 'provision' });
	const role = unnamed(flags) ?? 'primary';
	throw new UserError({
		message: `--${role} is missing.`,
		hints: [
			'lockstep provision --primary SERVER --replica SERVER',
			'SERVER is a profile’s name or mysql://USER@HOST:PORT',
			`In place of --${role}:  --${role}-host HOST --${role}-port PORT,  or  --${role}-socket PATH`,
		],
	});
}

/** `stream` is another word for `dump`: a dump flows from the primary into the replica. What is no word is a backup's folder. */
function seedOf(text: string | undefined): Pick<ProvisionRequest, 'seed' | 'backup'> {
	if (text === undefined) return {};
	if (text === 'clone') return { seed: text };
	if (text === 'dump' || text === 'stream') return { seed: 'dump' };
	if (text.includes('/') || existsSync(text)) return { seed: 'backup', backup: resolve(text) };
	throw new UserError({
		message: `--seed ${text} is not known.`,
		hints: [
			'--seed dump: a dump’s stream from the primary into the replica, nothing on disk in between',
			'--seed clone: MySQL’s CLONE, which copies the files themselves',
			'--seed FOLDER: a backup’s folder; no such folder is here',
		],
	});
}
