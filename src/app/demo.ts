import { join } from 'node:path';
import { usualBackup } from '../requests/backup.ts';
import type { RunRequest } from '../requests/index.ts';
import type { Sandbox } from '../sandbox/sandbox.ts';
import { urlOf } from '../sandbox/server.ts';

/** The two runs of the journey on a sandbox. */
export const journey = (pair: Sandbox): { readonly provision: RunRequest; readonly backup: RunRequest } => ({
	provision: {
		kind: 'provision',
		primary: urlOf(pair.primary),
		replica: urlOf(pair.replica),
		tls: true,
		channelCa: pair.primary.ca,
	},
	backup: usualBackup(urlOf(pair.replica), join(pair.dir, 'backups')),
});

/**
 * What the demo agrees to by being called: its own replica is thrown away anyway, and made anew on a second time round.
 * Global options, as commander gives them.
 */
export const agreedFlags = ({ replica }: Sandbox) => ({ yes: true, confirm: [`${replica.host}:${replica.port}`] });
