import type { BackupRequest } from '../core/desk.ts';
import { UserError } from '../core/errors.ts';
import type { Context, Ending } from './context.ts';
import { type ClientFlags, clientFlags, compression, names, oneOf, seconds, serverFlags, wholeNumber } from './options.ts';
import { runHeadless } from './run.ts';
import { openWizard } from './wizard.ts';

export interface BackupFlags extends ClientFlags {
	readonly server?: string;
	readonly to?: string;
	readonly engine?: string;
	readonly lock?: string;
	readonly workers?: string;
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
	const engine = flags.engine === undefined ? undefined : oneOf(flags.engine, '--engine', ['vendor', 'parallel']);
	const lock = flags.lock === undefined ? undefined : oneOf(flags.lock, '--lock', ['held', 'snapshot']);
	if (engine === 'vendor' && lock === 'snapshot') {
		throw new UserError({
			what: '--lock snapshot needs --engine parallel.',
			why: 'The vendor’s tool takes its snapshot when it likes, not when the lock is held.',
			mend: ['Leave out --engine vendor, or hold the lock:  --lock held'],
		});
	}
	const request: BackupRequest = {
		kind: 'backup',
		server: server ?? '',
		to,
		...compression(flags.compress ?? 'zstd'),
		...(engine && { engine }),
		...(lock && { lock }),
		...(flags.workers !== undefined && { workers: wholeNumber(flags.workers, '--workers', 1, 64) }),
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
