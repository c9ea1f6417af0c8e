// What can be asked for. An option is added in the file of its command, and nowhere else.
import { BACKUP, type BackupRequest } from './backup.ts';
import { type CommandSpec, writeCommandLine } from './command.ts';
import { DRILL, type DrillRequest } from './drill.ts';
import {
	ATTACH,
	COMPLETION,
	DEMO,
	DOCTOR,
	HELP,
	INFO,
	LIST,
	PRACTICE,
	PROFILE,
	RECOVER,
	RUNS,
	SANDBOX,
	SHOW,
	STATUS,
	type StatusRequest,
	UNDO,
	VERIFY,
	VERSION,
	type VerifyRequest,
} from './other-commands.ts';
import { PROVISION, type ProvisionRequest } from './provision.ts';
import { RESTORE, type RestoreRequest } from './restore.ts';

export type RunRequest = ProvisionRequest | BackupRequest | RestoreRequest | DrillRequest;
export type AnyRequest = RunRequest | StatusRequest | VerifyRequest;

/** The servers that a request names, by role; empty where the options of the MySQL clients say which. */
export function serversNamed(request: RunRequest | StatusRequest): { readonly [role: string]: string } {
	switch (request.kind) {
		case 'provision':
			return { primary: request.primary, replica: request.replica };
		case 'drill':
			return request.primary === undefined ? {} : { primary: request.primary };
		default:
			return { server: request.server };
	}
}

/** In the order of `lockstep --help`. */
export const COMMANDS = [
	DEMO,
	SANDBOX,
	PRACTICE,
	PROVISION,
	BACKUP,
	LIST,
	SHOW,
	VERIFY,
	DRILL,
	RESTORE,
	STATUS,
	DOCTOR,
	RUNS,
	ATTACH,
	RECOVER,
	UNDO,
	PROFILE,
	HELP,
	COMPLETION,
	INFO,
	VERSION,
] as const satisfies readonly CommandSpec[];

const BY_KIND: { readonly [kind in AnyRequest['kind']]: CommandSpec } = {
	provision: PROVISION,
	backup: BACKUP,
	restore: RESTORE,
	status: STATUS,
	drill: DRILL,
	verify: VERIFY,
};

/** How help lists the commands. */
export const COMMAND_GROUPS: readonly { readonly title: string; readonly commands: readonly string[] }[] = [
	{ title: 'Try it:', commands: ['demo', 'practice', 'sandbox'] },
	{ title: 'Replicas and backups:', commands: ['provision', 'backup', 'list', 'show', 'verify', 'drill', 'restore', 'status', 'doctor'] },
	{ title: 'Runs:', commands: ['runs', 'attach', 'recover', 'undo'] },
	{ title: 'More:', commands: ['profile', 'help', 'completion', 'info', 'version'] },
];

/**
 * The command line that asks for the same: parsed again it gives this very request.
 * @param config the file of `--config`, where one was named
 */
export const toCommandLine = (request: AnyRequest, config?: string): string =>
	writeCommandLine(BY_KIND[request.kind], request, config === undefined ? [] : ['--config', config]);
