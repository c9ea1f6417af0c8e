import { UserError } from '../core/errors.ts';
import { shellWord } from '../core/shell.ts';
import type { ProvisionRequest } from '../requests/provision.ts';
import type { AppContext } from './context.ts';
import type { OpenedServer } from './servers.ts';

export interface OperatorOptions {
	readonly user: string;
	readonly host: string;
	readonly tls: boolean;
	readonly passwordFile: string;
}

const hostOf = ({ identity }: OpenedServer): string => identity.account.slice(identity.account.lastIndexOf('@') + 1);

/**
 * The operator's account that is asked for, or that the run which is resumed (`begun`) has begun to make; null: none.
 * Without a host it may come from where we come from ourselves. Throws UserError where that is not one place, or it is another one than
 * was begun.
 */
export function operatorOf(
	context: AppContext,
	o: {
		readonly asked: ProvisionRequest;
		readonly begun: ProvisionRequest | undefined;
		readonly primary: OpenedServer;
		readonly replica: OpenedServer;
	},
): OperatorOptions | null {
	const text = o.asked.operator ?? o.begun?.operator;
	if (text === undefined) {
		if (o.asked.operatorPasswordFile === undefined) return null;
		throw new UserError({ message: '--operator-password-file is given, but no --operator.', hints: ['--operator NAME[@HOST]'] });
	}
	const at = text.lastIndexOf('@');
	const user = at === -1 ? text : text.slice(0, at);
	const host = at === -1 ? hostOf(o.replica) : text.slice(at + 1);
	if (user === '' || host === '') {
		throw new UserError({ message: `--operator ${text} is not NAME or NAME@HOST.`, hints: ['HOST is where it may log in from.'] });
	}
	if (at === -1 && host !== hostOf(o.primary)) {
		throw new UserError({
			message: `--operator ${text} needs a host: where it may log in from.`,
			reason: `Your own accounts do not say: ${o.primary.identity.account} on the primary, ${o.replica.identity.account} on the replica.`,
			hints: [`--operator ${shellWord(`${user}@HOST`)}, as both servers see it; HOST may be a pattern such as 10.0.0.%`],
		});
	}
	const begun = o.begun?.operator;
	if (begun !== undefined && begun !== `${user}@${host}`) {
		throw new UserError({
			message: `The run to be resumed was begun with --operator ${begun}.`,
			hints: [`To resume it:  --operator ${shellWord(begun)}`, 'or undo it first:  lockstep undo --yes'],
		});
	}
	const { server } = o.replica;
	const name = `${user}-${server.host}-${server.port}`.replaceAll(/[^\w.-]/g, '_');
	return {
		user,
		host,
		// Nobody listens on a socket, and TLS on one must be asked for each time.
		tls: o.asked.tls && host !== 'localhost',
		passwordFile: o.asked.operatorPasswordFile ?? o.begun?.operatorPasswordFile ?? `${context.stateFolder}/operators/${name}.password`,
	};
}
