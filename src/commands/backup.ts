import type { BackupRequest } from '../core/desk.ts';
import { UserError } from '../core/errors.ts';
import type { Context, Ending } from './context.ts';
import { type ClientFlags, clientFlags, names, oneOf, seconds, serverFlags } from './options.ts';
import { runHeadless } from './run.ts';
import { openWizard } from './wizard.ts';

export interface BackupFlags extends ClientFlags {
	readonly server?: string;
	readonly to?: string;
	readonly engine?: string;
	readonly lock?: string;
	readonly databases?: string;
	readonly ignoreTable?: readonly string[];
	readonly lockWait?: string;
	readonly maxLockTime?: string;
	readonly longQueries?: string;
	readonly stopApplier?: boolean;
	readonly compress?: string;
}

export async function backup(context: Context, flags: BackupFlags): Promise<Ending> {
	const client = clientFlags(flags as Readonly<Record<string, unknown>>);
	const server = flags.server ?? context.env.LOCKSTEP_PROFILE;
	const profile = server === undefined ? undefined : context.profiles.get(server);
	const to = flags.to ?? profile?.output;
	const named = server !== undefined || Object.keys(client).length > 0;
	if (context.mode === 'wizard' && (!named || to === undefined)) return openWizard(context, { screen: 'backup' });
	if (!named) {
		throw new UserError({
			what: '--server is missing.',
			mend: ['lockstep backup --server SERVER --to DIR', 'SERVER is a profile’s name or mysql://USER@HOST:PORT'],
		});
	}
	if (to === undefined || to === '') {
		throw new UserError({ what: '--to is missing: where should the backup go?', mend: ['lockstep backup --server SERVER --to DIR'] });
	}
	if (flags.engine !== undefined) oneOf(flags.engine, '--engine', ['vendor']);
	if (flags.lock !== undefined) oneOf(flags.lock, '--lock', ['held']);
	const request: BackupRequest = {
		kind: 'backup',
		server: server ?? '',
		to,
		compress: oneOf(flags.compress ?? 'zstd', '--compress', ['zstd', 'gzip', 'none']),
		lockWaitSeconds: Math.max(1, seconds(flags.lockWait ?? '60s', '--lock-wait')),
		longQueries: oneOf(flags.longQueries ?? 'wait', '--long-queries', ['wait', 'abort', 'kill']),
		maxLockSeconds: flags.maxLockTime === undefined ? null : Math.max(1, seconds(flags.maxLockTime, '--max-lock-time')),
		stopApplier: flags.stopApplier ?? false,
		...(flags.databases === undefined ? {} : { databases: names(flags.databases) }),
		...(flags.ignoreTable === undefined ? {} : { ignoreTables: flags.ignoreTable }),
	};
	// The letters of the clients reach the server, but the wizard knows servers by name: with them a run is shown line by line.
	if (context.mode === 'wizard' && server !== undefined) return openWizard(context, { screen: 'review', request });
	return runHeadless(context, request, {
		server: { flags: serverFlags(client), passwordFile: client.passwordFile, passwordCommand: client.passwordCommand },
	});
}
