import { UserError } from '../core/errors.ts';
import type { RestoreRequest } from '../core/wizard-backend.ts';
import type { CommandResult, Context } from './context.ts';
import { type ClientFlags, clientFlags, namedServer, names, reachOf, tables, wholeNumber } from './options.ts';
import { runRequest } from './run-request.ts';

export interface RestoreFlags extends ClientFlags {
	readonly server?: string;
	readonly databases?: readonly string[];
	readonly tables?: readonly string[];
	readonly workers?: string;
	readonly accounts?: boolean;
	readonly writeBinlog?: boolean;
}

const MOST_WORKERS = 64;

/** The request of a command line; null where it does not say into which server. Throws UserError. */
export function restoreRequest({ env }: Pick<Context, 'env'>, backup: string, flags: RestoreFlags): RestoreRequest | null {
	const client = clientFlags(flags as Readonly<Record<string, unknown>>);
	const server = namedServer(flags, client, env);
	const reach = reachOf(client);
	const databases = names(flags.databases, '--databases');
	const only = tables(flags.tables, '--tables');
	const choices = {
		...(databases && { databases }),
		...(only && { tables: only }),
		...(flags.workers === undefined ? {} : { workers: wholeNumber(flags.workers, '--workers', 1, MOST_WORKERS) }),
		accounts: flags.accounts ?? false,
		writeBinlog: flags.writeBinlog ?? false,
	};
	if (server === undefined && reach === undefined) return null;
	return { kind: 'restore', ...(reach && { reach: { server: reach } }), server: server ?? '', backup, ...choices };
}

export async function restore(context: Context, backup: string | undefined, flags: RestoreFlags): Promise<CommandResult> {
	if (backup === undefined) {
		// The next word is not repeated: it may be a password.
		const isTaken = typeof flags.password === 'string';
		throw new UserError({
			message: 'The backup is missing: which one should be loaded?',
			...(isTaken && { reason: '-p takes the next word for a password, which has no place on a command line.' }),
			hints: [`lockstep restore BACKUP --server SERVER${isTaken ? ' -p' : ''}`],
		});
	}
	const request = restoreRequest(context, backup, flags);
	if (request !== null) return runRequest(context, request);
	throw new UserError({
		message: '--server is missing: where should the backup be loaded?',
		hints: ['lockstep restore BACKUP --server SERVER', 'SERVER is a profile’s name or mysql://USER@HOST:PORT'],
	});
}
