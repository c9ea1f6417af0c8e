import { UserError } from '../core/errors.ts';
import type { BackupRequest } from '../core/wizard-backend.ts';
import type { CommandResult, Context } from './context.ts';
import {
	type ClientFlags,
	clientFlags,
	compression,
	hasOwnOptions,
	namedServer,
	names,
	oneOf,
	reachOf,
	seconds,
	tables,
	wholeNumber,
} from './options.ts';
import { runRequest } from './run-request.ts';
import { openWizard } from './wizard.ts';

export interface BackupFlags extends ClientFlags {
	readonly server?: string;
	readonly to?: string;
	readonly engine?: string;
	readonly lock?: string;
	readonly workers?: string;
	readonly databases?: readonly string[];
	readonly ignoreTable?: readonly string[];
	readonly lockWait?: string;
	readonly maxLockTime?: string;
	readonly longQueries?: string;
	readonly stopApplier?: boolean;
	readonly compress?: string;
}

/**
 * The request of a command line; null where it does not say which server, or where to. Throws UserError.
 * @param outside the environment, and the profiles that may say where a server's backups go
 */
export function backupRequest({ env, profiles }: Pick<Context, 'env' | 'profiles'>, flags: BackupFlags): BackupRequest | null {
	const client = clientFlags(flags as Readonly<Record<string, unknown>>);
	const server = namedServer(flags, client, env);
	const to = flags.to ?? (server === undefined ? undefined : profiles.get(server)?.output);
	const reach = reachOf(client);
	const engine = flags.engine === undefined ? undefined : oneOf(flags.engine, '--engine', ['vendor', 'parallel']);
	const lock = flags.lock === undefined ? undefined : oneOf(flags.lock, '--lock', ['held', 'snapshot']);
	if (engine === 'vendor' && lock === 'snapshot') {
		throw new UserError({
			message: '--lock snapshot needs --engine parallel.',
			reason: 'The vendor’s tool takes its snapshot when it likes, not when the lock is held.',
			hints: ['Leave out --engine vendor, or hold the lock:  --lock held'],
		});
	}
	const databases = names(flags.databases, '--databases');
	const ignoreTables = tables(flags.ignoreTable, '--ignore-table');
	const choices = {
		...compression(flags.compress ?? 'zstd'),
		...(engine && { engine }),
		...(lock && { lock }),
		...(flags.workers !== undefined && { workers: wholeNumber(flags.workers, '--workers', 1, 64) }),
		lockWaitSeconds: Math.max(1, seconds(flags.lockWait ?? '60s', '--lock-wait')),
		longQueries: oneOf(flags.longQueries ?? 'wait', '--long-queries', ['wait', 'abort', 'kill']),
		...(flags.maxLockTime !== undefined && { maxLockSeconds: seconds(flags.maxLockTime, '--max-lock-time') }),
		stopApplier: flags.stopApplier ?? false,
		...(databases && { databases }),
		...(ignoreTables && { ignoreTables }),
	};
	if ((server === undefined && reach === undefined) || to === undefined || to === '') return null;
	return { kind: 'backup', ...(reach && { reach: { server: reach } }), server: server ?? '', to, ...choices };
}

export async function backup(context: Context, flags: BackupFlags): Promise<CommandResult> {
	const request = backupRequest(context, flags);
	if (request !== null) return runRequest(context, request);
	if (context.mode === 'wizard' && !hasOwnOptions(flags)) return openWizard(context, { screen: 'backup' });
	const client = clientFlags(flags as Readonly<Record<string, unknown>>);
	const isServerMissing = namedServer(flags, client, context.env) === undefined && Object.keys(client).length === 0;
	throw new UserError({
		message: isServerMissing ? '--server is missing.' : '--to is missing: where should the backup go?',
		hints: ['lockstep backup --server SERVER --to DIR', 'SERVER is a profile’s name or mysql://USER@HOST:PORT'],
	});
}
