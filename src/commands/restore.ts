import type { RestoreRequest } from '../core/desk.ts';
import { UserError } from '../core/errors.ts';
import type { Context, Ending } from './context.ts';
import { type ClientFlags, clientFlags, names, serverFlags, wholeNumber } from './options.ts';
import { runHeadless } from './run.ts';
import { openWizard } from './wizard.ts';

export interface RestoreFlags extends ClientFlags {
	readonly server?: string;
	readonly databases?: string;
	readonly tables?: string;
	readonly workers?: string;
	readonly accounts?: boolean;
	readonly writeBinlog?: boolean;
}

const MOST_WORKERS = 64;

export async function restore(context: Context, backup: string, flags: RestoreFlags): Promise<Ending> {
	const client = clientFlags(flags as Readonly<Record<string, unknown>>);
	const server = flags.server ?? context.env.LOCKSTEP_PROFILE;
	if (server === undefined && Object.keys(client).length === 0) {
		throw new UserError({
			what: '--server is missing: where should the backup be loaded?',
			mend: ['lockstep restore BACKUP --server SERVER', 'SERVER is a profile’s name or mysql://USER@HOST:PORT'],
		});
	}
	const request: RestoreRequest = {
		kind: 'restore',
		server: server ?? '',
		backup,
		...(flags.databases === undefined ? {} : { databases: names(flags.databases) }),
		...(flags.tables === undefined ? {} : { tables: names(flags.tables) }),
		...(flags.workers === undefined ? {} : { workers: wholeNumber(flags.workers, '--workers', 1, MOST_WORKERS) }),
		accounts: flags.accounts ?? false,
		writeBinlog: flags.writeBinlog ?? false,
	};
	// The letters of the clients reach the server, but the wizard knows servers by name: with them a run is shown line by line.
	if (context.mode === 'wizard' && server !== undefined) return openWizard(context, { screen: 'review', request });
	return runHeadless(context, request, {
		server: { flags: serverFlags(client), passwordFile: client.passwordFile, passwordCommand: client.passwordCommand },
	});
}
