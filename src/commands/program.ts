import { Command, Option } from 'commander';
import { UserError } from '../core/errors.ts';
import type { BackupFlags } from './backup.ts';
import type { CommandResult, Context, GlobalFlags } from './context.ts';
import type { DrillFlags } from './drill.ts';
import { help, topicList } from './help.ts';
import type { ProfileFlags } from './profile.ts';
import type { ProvisionFlags } from './provision.ts';
import type { RestoreFlags } from './restore.ts';
import type { SandboxFlags } from './sandbox.ts';
import type { StatusFlags } from './status.ts';

/** A command line as it was understood: the command, its arguments, and every option that was given for it, before its name or after. */
export interface Invocation {
	/** Empty for `lockstep` alone. */
	readonly command: string;
	readonly args: readonly (string | undefined)[];
	readonly flags: GlobalFlags & { readonly [option: string]: unknown };
}

type Run = (invocation: Invocation, work: (context: Context) => Promise<CommandResult>) => Promise<void>;

const collect = (value: string, before: readonly string[] | undefined): readonly string[] => [...(before ?? []), value];

/** How a server is reached that is named already: the options of the MySQL clients, without their letters. */
const REACHING: readonly (readonly [flags: string, about?: string])[] = [
	['--defaults-file <file>'],
	['--defaults-extra-file <file>'],
	['--defaults-group-suffix <suffix>'],
	['--login-path <name>'],
	['--ssl-mode <mode>', 'DISABLED, PREFERRED, REQUIRED, VERIFY_CA or VERIFY_IDENTITY'],
	['--ssl-ca <file>'],
	['--ssl-cert <file>'],
	['--ssl-key <file>'],
	['--ssl-fp <sha256>', 'the fingerprint of the server’s certificate: no other is taken'],
	['--tls-version <versions>'],
	['--get-server-public-key', 'MySQL: give the password to a server that is not verified'],
	['--server-public-key-path <file>', 'MySQL: the server’s RSA key, for a login without TLS'],
	['--connect-timeout <seconds>'],
	['--password-file <file>'],
	['--password-command <command>'],
];

function connection(command: Command): Command {
	command
		.option('--server <server>', 'a profile’s name, or mysql://USER@HOST:PORT?ssl-mode=…')
		.option('-h, --host <host>', 'as every MySQL client')
		.option('-P, --port <port>')
		.option('-u, --user <user>')
		.option('-p, --password [password]', '-p alone asks for it')
		.option('-S, --socket <path>')
		.option('--no-defaults');
	for (const [flags, about] of REACHING) command.option(flags, about);
	return command;
}

/** The same of one of two servers: `--primary-ssl-mode`. */
function connectionOf(command: Command, role: 'primary' | 'replica'): Command {
	const all: typeof REACHING = [
		...([
			['--host <host>'],
			['--port <port>'],
			['--socket <path>'],
			['--user <user>'],
			['--password [password]'],
			['--no-defaults'],
		] as const),
		...REACHING,
	];
	for (const [flags] of all) command.addOption(new Option(flags.replace('--', `--${role}-`)).hideHelp());
	return command;
}

function everywhere(command: Command, hasDryRun = true): Command {
	if (hasDryRun) command.option('-n, --dry-run', 'print the plan, change nothing');
	return command
		.helpOption('--help', 'this page')
		.option('-y, --yes', 'run without asking')
		.option('--confirm <name>', 'confirm a destructive step by the server’s name', collect)
		.option('--json', 'JSON lines on stdout')
		.option('--plain', 'questions line by line instead of the wizard')
		.option('--no-input', 'never ask')
		.option('-q, --quiet')
		.option('-v, --verbose', 'every statement and command as it is done')
		.addOption(new Option('--color <when>').choices(['auto', 'always', 'never']).default('auto'))
		.option('--config <file>', 'where profiles are kept');
}

/**
 * A global option means the same before the command and after it; where both have it, the later one counts. One that the command does not
 * know is refused in both places.
 */
function flagsOf(command: Command): Invocation['flags'] {
	const flags: { [option: string]: unknown } = command.opts();
	const root = command.parent;
	for (const option of root?.options ?? []) {
		const name = option.attributeName();
		if (root?.getOptionValueSource(name) !== 'cli') continue;
		if (!command.options.some((own) => own.attributeName() === name))
			command.error(`error: unknown option '${option.long}' for lockstep ${command.name()}`, { code: 'commander.unknownOption' });
		const before: unknown = root.getOptionValue(name);
		const isAlsoAfter = command.getOptionValueSource(name) === 'cli';
		if (Array.isArray(before)) flags[name] = [...before, ...(isAlsoAfter ? (flags[name] as string[]) : [])];
		else if (!isAlsoAfter) flags[name] = before;
	}
	return flags;
}

/** Every command with its arguments and options. `run` is called with the one that was given. */
export function makeProgram(version: string, run: Run): Command {
	const does =
		<Flags = GlobalFlags, Args extends readonly unknown[] = []>(
			work: (context: Context, flags: GlobalFlags & Flags, ...args: Args) => Promise<CommandResult>,
		) =>
		(...given: unknown[]) => {
			const command = given.at(-1) as Command;
			const args = command.processedArgs;
			const flags = flagsOf(command);
			const invocation = { command: command.parent === null ? '' : command.name(), args, flags };
			return run(invocation, (context) => work(context, flags as GlobalFlags & Flags, ...(args as unknown as Args)));
		};

	const root = everywhere(new Command('lockstep'))
		.description('Gives a MariaDB or MySQL primary a dedicated backup replica, takes a locked dump of it, and proves both.')
		.version(version, '--version')
		.exitOverride()
		.configureOutput({ writeErr: () => undefined })
		.enablePositionalOptions()
		.helpCommand(false)
		.addHelpText('after', topicList)
		.action(
			does(async (context) => {
				if (context.flags.dryRun)
					throw new UserError({
						message: '--dry-run needs a command.',
						hints: ['lockstep backup --server SERVER --to DIR --dry-run', 'lockstep --help'],
					});
				return (await import('./wizard.ts')).openWizard(context, { screen: 'home' });
			}),
		);
	const add = (name: string, description: string, hasDryRun?: boolean) =>
		everywhere(root.command(name).description(description), hasDryRun).exitOverride();

	add('demo', 'a throwaway pair of servers, MariaDB’s or MySQL’s, then the whole journey on it')
		.option('--server <name>', 'mariadb-11.8 (else what is on the PATH), mariadb-10.11 or mysql-9.7')
		.option('--dir <folder>')
		.action(does<SandboxFlags>(async (context, flags) => (await import('./demo.ts')).demo(context, flags)));
	add('sandbox', 'a throwaway primary and replica on this machine: up, status, down')
		.argument('<verb>', 'up, status or down')
		.option('--server <name>', 'mariadb-10.11, mariadb-11.8 or mysql-9.7')
		.option('--dir <folder>')
		.action(does<SandboxFlags, [string]>(async (context, flags, verb) => (await import('./sandbox.ts')).sandbox(context, verb, flags)));
	connectionOf(connectionOf(add('provision', 'give a primary a backup replica, step by step'), 'primary'), 'replica')
		.option('--primary <server>', 'a profile’s name, or mysql://USER@HOST:PORT')
		.option('--replica <server>')
		.option(
			'--seed <how>',
			'dump: a stream from the primary into the replica, nothing on disk in between; clone: MySQL’s CLONE; or a backup’s folder',
		)
		.option('--restart-wait <duration>', 'how long to wait for the replica’s restart after a CLONE (10m)')
		.option('--account <name@host>', 'the replication account to create (its password is generated)')
		.option(
			'--operator <name[@host]>',
			'one more account: reads the primary’s status, takes backups of the replica; its password goes to a file',
		)
		.option('--operator-password-file <file>', 'that file, made 0600 (else in ~/.local/state/lockstep/operators, said at the end)')
		.option('--source <host:port>', 'how the replica reaches the primary, where that is not how we do')
		.option('--channel-ca <file>', 'certificate authority of the primary, a path on the replica’s host')
		.option('--no-tls', 'the channel may be unencrypted')
		.option('--delay <duration>', 'delayed replica: apply changes this much later')
		.addHelpText(
			'after',
			`
How each server is reached, where its name does not say it: the connection options of lockstep backup with --primary- or --replica- before them,
as in  --primary-ssl-mode VERIFY_CA  --replica-password-file FILE  --replica-password (which asks).
In place of --primary SERVER:  --primary-host HOST --primary-port PORT  or  --primary-socket PATH;  the same with --replica-.`,
		)
		.action(does<ProvisionFlags>(async (context, flags) => (await import('./provision.ts')).provision(context, flags)));
	connection(add('backup', 'a locked dump of a replica, a primary or a lone server'))
		.option('--to <folder>', 'the folder of all its backups')
		.option('--engine <name>', 'parallel (our own, several connections), or vendor (mariadb-dump, mysqldump)')
		.option('--lock <how>', 'held for the whole dump, or snapshot: until every connection has its own')
		.option('--workers <number>', 'how many connections read at once')
		.option('--databases <names>', 'only these, separated by commas; may be given again; a name with commas in `back-quotes`', collect)
		.option('--ignore-table <database.table>', 'leave it out; separated by commas, or given again', collect)
		.option('--lock-wait <duration>', 'how long the lock may be waited for (60s)')
		.option(
			'--max-lock-time <duration>',
			'maximum time to hold the lock, then the dump is stopped (default: 3 times the predicted time, at least 5m; 0: no limit)',
		)
		.option('--long-queries <what>', 'wait for them (at most --lock-wait), abort, or kill them (by --confirm)')
		.option('--stop-applier', 'stop the SQL thread first and start it again (STOP SLAVE or REPLICA SQL_THREAD)')
		.option('--compress <how>', 'zstd, gzip or none; with a level:  zstd:3')
		.action(does<BackupFlags>(async (context, flags) => (await import('./backup.ts')).backup(context, flags)));
	add('list', 'the backups of a folder: age, size, lock, verified and drilled or not')
		.argument('[folder]', 'what backup --to was given, or a profile’s name')
		.action(does<GlobalFlags, [string | undefined]>(async (context, _flags, folder) => (await import('./list.ts')).list(context, folder)));
	add('show', 'show a backup’s details')
		.argument('<backup>', 'its folder, or the link latest')
		.action(does<GlobalFlags, [string]>(async (context, _flags, backup) => (await import('./show.ts')).show(context, backup)));
	add('verify', 'read a whole backup and prove that every file is as it was written')
		.argument('<backup>', 'its folder, or the link latest')
		.action(does<GlobalFlags, [string]>(async (context, _flags, backup) => (await import('./verify.ts')).verify(context, backup)));
	add('drill', 'restore a backup into a throwaway server, verify it, and report how long it took')
		.argument('<backup>', 'its folder, or the link latest')
		.option('--replicate', 'attach the restored server to the primary, and follow it to lag zero')
		.option(
			'--primary <server>',
			'that primary; else the saved server (profile) at the address of the backup’s source, or of the server backed up',
		)
		.option('--account <name>', 'an existing account, for a primary with a CA (ssl-ca); without it one is created, and dropped afterwards')
		.option('--account-password-file <file>', 'its password')
		.option('--no-tls', 'replication may be unencrypted')
		.option('--dir <folder>', 'where the throwaway server and its data are (~/.local/state/lockstep/drills)')
		.action(does<DrillFlags, [string]>(async (context, flags, backup) => (await import('./drill.ts')).drill(context, backup, flags)));
	connection(add('restore', 'load a backup, or a part of it, into a server'))
		.usage('[options] <backup>')
		.argument('[backup]', 'a backup’s folder, or the link `latest`')
		.option('--databases <names>', 'only these, separated by commas; may be given again; a name with commas in `back-quotes`', collect)
		.option('--tables <names>', 'only these with their triggers, as database.table, separated by commas; may be given again', collect)
		.option('--workers <number>', 'how many loads at a time')
		.option('--accounts', 'the backup’s accounts, too; existing accounts stay as they are')
		.option('--write-binlog', 'the server’s binary log gets it as well, and with it its replicas')
		.action(
			does<RestoreFlags, [string | undefined]>(async (context, flags, backup) =>
				(await import('./restore.ts')).restore(context, backup, flags),
			),
		);
	connection(add('status', 'show a server’s status: replication, lag, last backup'))
		.option('--watch', 'again and again')
		.action(does<StatusFlags>(async (context, flags) => (await import('./status.ts')).status(context, flags)));
	// Whoever watches also rolls back if the run dies: there is no way to attach that changes nothing.
	add('attach', 'watch a run at work again', false)
		.argument('[run]')
		.action(does<GlobalFlags, [string | undefined]>(async (context, _flags, run) => (await import('./attach.ts')).attach(context, run)));
	add('recover', 'roll back what an interrupted run left on a server')
		.argument('[run]')
		.action(does<GlobalFlags, [string | undefined]>(async (context, _flags, run) => (await import('./recover.ts')).recover(context, run)));
	add('undo', 'undo what a run changed')
		.argument('[run]')
		.action(does<GlobalFlags, [string | undefined]>(async (context, _flags, run) => (await import('./undo.ts')).undo(context, run)));
	add('profile', 'named servers: list, add, edit, test, remove')
		.argument('<verb>', 'list, add, edit, test or remove')
		.argument('[name]')
		.option('--server <url>')
		.option('--badge <badge>', 'prod, test or sandbox')
		.option('--output <folder>', 'where its backups go')
		.option('--option-file <file>')
		.option('--login-path <name>')
		.action(
			does<ProfileFlags, [string, string | undefined]>(async (context, flags, verb, name) =>
				(await import('./profile.ts')).profile(context, verb, name, flags),
			),
		);
	add('help', 'the options of a command, or a page of the manual', false)
		.argument('[topic]', 'a command or a page')
		.action(does<GlobalFlags, [string | undefined]>(async (context, _flags, topic) => help(context, root, topic)));
	return root;
}
