import { defineCommand } from './command.ts';
import type { ReachRequest } from './connection.ts';
import { type FieldsOf, optional, switchOff, switchOn, text } from './option.ts';

export const DRILL = defineCommand({
	name: 'drill',
	examples: ['lockstep drill /srv/backup/db3/latest', 'lockstep drill /srv/backup/db3/latest --replicate --primary db1'],
	about: 'restore a backup into a throwaway server, verify it, and report how long it took',
	arguments: [{ name: 'backup', about: 'its folder, or the link latest; without it a terminal lists them' }],
	options: [
		switchOn('replicate', '--replicate', { about: 'attach the restored server to the primary, and follow it to lag zero' }),
		optional('primary', '--primary <server>', text, {
			about: 'that primary; else the saved server (profile) at the address of the backup’s source, or of the server backed up',
		}),
		optional('account', '--account <name>', text, {
			about: 'an existing account, for a primary with a CA (ssl-ca); without it one is created, and dropped afterwards',
		}),
		optional('accountPasswordFile', '--account-password-file <file>', text, { about: 'its password' }),
		switchOff('tls', '--no-tls', { about: 'replication may be unencrypted' }),
		optional('dir', '--dir <folder>', text, { about: 'where the throwaway server and its data are (~/.local/state/lockstep/drills)' }),
	],
});

export type DrillRequest = { readonly kind: 'drill'; readonly reach?: ReachRequest; readonly backup: string } & FieldsOf<
	typeof DRILL.options
>;
