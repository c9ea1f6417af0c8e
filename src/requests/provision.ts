import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { UserError } from '../core/errors.ts';
import { defineCommand } from './command.ts';
import type { ReachRequest } from './connection.ts';
import { duration, type FieldsOf, type OptionSpec, optional, path, switchOff, text } from './option.ts';

type Seed = {
	/** How the data come: by a dump's stream (unless said otherwise), by MySQL's CLONE, or from a backup. */
	readonly seed?: 'dump' | 'clone' | 'backup';
	/** That backup's folder, or `latest`'s path. */
	readonly backup?: string;
};

/** One option, two fields. `stream` is another word for `dump`: a dump flows from the primary into the replica. Any other text is a folder. */
const seed: OptionSpec<Seed> = {
	flags: '--seed <how>',
	about: 'dump: a stream from the primary into the replica, nothing on disk in between; clone: MySQL’s CLONE; or a backup’s folder',
	form: {
		label: 'Copy by',
		about:
			'The stream works everywhere. CLONE copies the files themselves, for MySQL only: faster, and the accounts are replaced, too. A backup burdens the primary least.',
		options: [
			{ value: '', label: 'a dump’s stream' },
			{ value: 'clone', label: 'CLONE (MySQL)' },
			{ value: 'backup', label: 'a backup' },
		],
	},
	read(given, name) {
		const how = given as string | undefined;
		if (how === undefined) return {};
		if (how === 'clone') return { seed: how };
		if (how === 'dump' || how === 'stream') return { seed: 'dump' };
		if (how.includes('/') || existsSync(how)) return { seed: 'backup', backup: resolve(how) };
		throw new UserError({
			message: `${name} ${how} is not known.`,
			hints: [
				'--seed dump: a dump’s stream from the primary into the replica, nothing on disk in between',
				'--seed clone: MySQL’s CLONE, which copies the files themselves',
				'--seed FOLDER: a backup’s folder; no such folder is here',
			],
		});
	},
	write: ({ seed: how, backup }) => (how === undefined ? [] : ['--seed', backup ?? how]),
};

export const PROVISION = defineCommand({
	name: 'provision',
	examples: [
		'lockstep provision --primary db1 --replica db3 --dry-run',
		'lockstep provision --primary db1 --replica db3 --yes --confirm db3',
	],
	about: 'give a primary a backup replica, step by step',
	roles: ['primary', 'replica'],
	options: [
		seed,
		optional('restartWaitSeconds', '--restart-wait <duration>', duration(), {
			about: 'how long to wait for the replica’s restart after a CLONE (10m)',
		}),
		optional('account', '--account <name@host>', text, {
			about: 'the replication account to create (its password is generated)',
			form: {
				label: 'Account',
				about: 'NAME@HOST of the replication account. Empty: a name is proposed, limited to the address of the replica.',
				placeholder: '(proposed)',
				group: 'How they talk',
			},
		}),
		optional('source', '--source <host:port>', text, { about: 'how the replica reaches the primary, where that is not how we do' }),
		optional('channelCa', '--channel-ca <file>', text, { about: 'certificate authority of the primary, a path on the replica’s host' }),
		switchOff('tls', '--no-tls', {
			about: 'the channel may be unencrypted',
			form: {
				label: 'Encryption',
				about: 'The account may log in with TLS only. Without it, everything replicated passes the network readable.',
				initial: 'yes',
				options: [
					{ value: 'yes', label: 'required' },
					{ value: 'no', label: 'NOT encrypted' },
				],
			},
		}),
		optional('delaySeconds', '--delay <duration>', duration(), {
			about: 'delayed replica: apply changes this much later',
			form: {
				label: 'Delay',
				about: 'Apply changes so much later (1h), to have time after a mistake. Empty: at once.',
				placeholder: '(none)',
				expects: 'A time such as 30m or 1h.',
			},
		}),
		optional('operator', '--operator <name[@host]>', text, {
			about: 'one more account: reads the primary’s status, takes backups of the replica; its password goes to a file',
			form: {
				label: 'Operator account',
				about: 'NAME or NAME@HOST: one more account, for backups of the replica. Its password goes to a file for you alone. Empty: none.',
				placeholder: '(none)',
			},
		}),
		optional('operatorPasswordFile', '--operator-password-file <file>', path, {
			about: 'that file, made 0600 (else in ~/.local/state/lockstep/operators, said at the end)',
		}),
	],
	notes: `
How each server is reached, where its name does not say it: the connection options of lockstep backup with --primary- or --replica- before them,
as in  --primary-ssl-mode VERIFY_CA  --replica-password-file FILE  --replica-password (which asks).
In place of --primary SERVER:  --primary-host HOST --primary-port PORT  or  --primary-socket PATH;  the same with --replica-.`,
});

export type ProvisionRequest = {
	readonly kind: 'provision';
	readonly reach?: ReachRequest;
	readonly primary: string;
	readonly replica: string;
} & FieldsOf<typeof PROVISION.options>;

/** Choices that exclude one another. Throws UserError. */
export function checkProvision({ restartWaitSeconds, seed: how }: Pick<ProvisionRequest, 'restartWaitSeconds' | 'seed'>): void {
	if (restartWaitSeconds === undefined || how === 'clone') return;
	throw new UserError({ message: '--restart-wait is for --seed clone only.', hints: ['Leave it out: nothing else restarts the replica.'] });
}
