import { readFileSync } from 'node:fs';
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import type { BackupFlags } from './commands/backup.ts';
import { type Context, type Ending, type GlobalFlags, makeContext } from './commands/context.ts';
import type { DrillFlags } from './commands/drill.ts';
import type { ProfileFlags } from './commands/profile.ts';
import type { ProvisionFlags } from './commands/provision.ts';
import type { RestoreFlags } from './commands/restore.ts';
import type { SandboxFlags } from './commands/sandbox.ts';
import type { StatusFlags } from './commands/status.ts';
import { Stopped, UserError } from './core/errors.ts';
import type { Failure, Recorded } from './core/events.ts';
import { failureOf } from './core/failure.ts';
import type { Json } from './core/json.ts';
import type { RunEnd } from './core/runner.ts';
import { fold, NOTHING_YET, type RunState } from './core/state.ts';
import { type JsonPrinter, jsonPrinter } from './headless/json.ts';
import { textPrinter } from './headless/text.ts';
import { renderFailure } from './telling/failure.ts';
import { renderSummary } from './telling/summary.ts';

/** What the exit codes mean: a promise to scripts (ux.md section 3). */
const EXIT: Readonly<Record<string, number>> = {
	UserError: 2,
	ConnectError: 5,
	CheckFailed: 6,
	LockTimeout: 7,
	VerifyFailed: 8,
	LeftChanged: 9,
	Busy: 10,
	ToolError: 1,
	ServerError: 1,
	Bug: 70,
};
const STOPPED: { readonly [signal: string]: number } = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 };
const WITH_WARNINGS = 3;
const LEFT_CHANGED = 9;

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string };

let stoppedBy: NodeJS.Signals | null = null;

/** `changed`: a statement of this run has changed a server, so that nothing after it is a mere refusal. */
function exitCode(end: RunEnd | null, failure: Failure | null, changed: boolean): number {
	if (failure?.class === 'Stopped') return STOPPED[stoppedBy ?? failure.signal ?? 'SIGINT'] ?? 130;
	if (failure !== null) {
		const known = EXIT[failure.class] ?? 70;
		const code = changed && known === EXIT.UserError ? 1 : known;
		// A run that keeps what it did so far leaves the servers changed, whatever stopped it.
		return code === 1 && end?.open ? LEFT_CHANGED : code;
	}
	if (end?.outcome === 'declined') return 130;
	return (end?.warnings.length ?? 0) > 0 ? WITH_WARNINGS : 0;
}

/** SIGINT and SIGTERM ask a run to stop safely; asked again, they say that it is being done. SIGHUP only ends the watching of one. */
function stopper(): AbortSignal {
	const stop = new AbortController();
	for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
		process.on(signal, () => {
			stoppedBy ??= signal;
			if (stop.signal.aborted && signal !== 'SIGHUP') process.stderr.write('Stopping safely: what was changed is being put back …\n');
			else stop.abort(new Stopped(`Stopped by ${signal}.`, signal));
		});
	}
	return stop.signal;
}

const outside = { env: process.env, stdin: process.stdin, stdout: process.stdout, stderr: process.stderr, now: () => new Date(), version };

/** Runs a command and ends in one place: words, the last JSON line, the exit code. */
async function conclude(flags: GlobalFlags, command: (context: Context) => Promise<Ending>): Promise<void> {
	let state: RunState = NOTHING_YET;
	let printer: JsonPrinter | null = null;
	let context: Context | null = null;
	const color = flags.color === 'always' || (flags.color !== 'never' && !process.env.NO_COLOR && Boolean(process.stdout.isTTY));
	const width = Math.max(60, Math.min(process.stdout.columns ?? 100, 140));
	if (flags.json) printer = jsonPrinter({ out: process.stdout, now: outside.now });
	let ending: Ending = { end: null };
	let failure: Failure | null = null;
	try {
		let text: ((event: Recorded) => void) | null = null;
		context = makeContext(
			{
				...outside,
				signal: stopper(),
				print(event) {
					state = fold(state, event);
					if (printer !== null) printer.event(event);
					else text?.(event);
				},
			},
			flags,
		);
		text = textPrinter({
			out: process.stdout,
			color: context.color,
			quiet: flags.quiet ?? false,
			verbose: flags.verbose ?? false,
			ascii: context.ascii,
			width: context.width,
		});
		// The wizard shows them on its own screen.
		if (context.mode !== 'wizard') for (const warning of context.warnings) process.stderr.write(`${warning}\n`);
		ending = await command(context);
		failure = ending.end?.failure ?? null;
	} catch (error) {
		failure = failureOf(error);
	}
	const { end } = ending;
	const changed = state.transcript.some(({ action }) => action.kind === 'sql' && action.changes);
	const code = exitCode(end, failure, changed);
	const extra: { [key: string]: Json } = { ...ending.extra };
	if (printer !== null) {
		if (!ending.document || failure !== null) printer.finish(code, end ?? failure, extra);
	} else if (failure !== null) {
		const options = { width, color: context?.color ?? color, ascii: context?.ascii ?? false };
		process.stderr.write(`${renderFailure(failure, { ...options, ...stateWords(end, state) })}\n`);
		if (failure.stack) process.stderr.write(`${failure.stack}\n`);
	} else {
		if (ending.said) process.stdout.write(`${ending.said}\n`);
		else if (end !== null && (end.outcome === 'done' || end.outcome === 'previewed'))
			process.stdout.write(`${renderSummary(end, state, { width, color: context?.color ?? color, ascii: context?.ascii ?? false })}\n`);
		for (const line of ending.next ?? []) process.stdout.write(`${line}\n`);
	}
	process.exitCode = code;
	// Nothing of ours should be open any more; if a library's socket is, the person does not wait for it.
	setTimeout(() => process.exit(), 3_000).unref();
}

/** What the servers are like after a run, where its failure alone does not tell. */
function stateWords(end: RunEnd | null, { steps }: RunState): { state?: string } {
	if (end === null || end.failure?.class === 'LeftChanged') return {};
	if (end.open) return { state: 'What was done so far is kept. The same command goes on from there; lockstep undo --yes takes it back.' };
	return steps.some((step) => step.status === 'undone') ? { state: 'As before: what the run changed was put back.' } : {};
}

const collect = (value: string, before: readonly string[] | undefined): readonly string[] => [...(before ?? []), value];

function connection(command: Command): Command {
	return command
		.option('--server <server>', 'a profile’s name, or mysql://USER@HOST:PORT?ssl-mode=…')
		.option('-h, --host <host>', 'as every MySQL client')
		.option('-P, --port <port>')
		.option('-u, --user <user>')
		.option('-p, --password [password]', '-p alone asks for it')
		.option('-S, --socket <path>')
		.option('--defaults-file <file>')
		.option('--defaults-extra-file <file>')
		.option('--defaults-group-suffix <suffix>')
		.option('--no-defaults')
		.option('--login-path <name>')
		.option('--ssl-mode <mode>', 'DISABLED, PREFERRED, REQUIRED, VERIFY_CA or VERIFY_IDENTITY')
		.option('--ssl-ca <file>')
		.option('--ssl-cert <file>')
		.option('--ssl-key <file>')
		.option('--tls-version <versions>')
		.option('--connect-timeout <seconds>')
		.option('--password-file <file>')
		.option('--password-command <command>');
}

function everywhere(command: Command): Command {
	return command
		.helpOption('--help', 'this page')
		.option('-n, --dry-run', 'print the plan, change nothing')
		.option('-y, --yes', 'go on without asking')
		.option('--confirm <name>', 'types the name that a dangerous step asks for', collect)
		.option('--json', 'JSON lines on stdout')
		.option('--plain', 'questions line by line instead of the wizard')
		.option('--no-input', 'never ask')
		.option('-q, --quiet')
		.option('-v, --verbose', 'every statement and command as it is done')
		.addOption(new Option('--color <when>').choices(['auto', 'always', 'never']).default('auto'))
		.option('--config <file>', 'where profiles are kept');
}

function program(): Command {
	const root = everywhere(new Command('lockstep'))
		.description('Gives a MariaDB or MySQL primary a dedicated backup replica, takes a locked dump of it, and proves both.')
		.version(version, '--version')
		.exitOverride()
		.configureOutput({ writeErr: () => undefined })
		.enablePositionalOptions()
		.helpCommand('help [command]', 'this page, or that of a command')
		.action((flags: GlobalFlags) =>
			conclude(flags, async (context) => (await import('./commands/wizard.ts')).openWizard(context, { screen: 'home' })),
		);
	const add = (name: string, description: string) => everywhere(root.command(name).description(description)).exitOverride();

	add('demo', 'a throwaway pair of servers, MariaDB’s or MySQL’s, then the whole journey on it')
		.option('--server <name>', 'mariadb-11.8 (else what is on the PATH), mariadb-10.11 or mysql-9.7')
		.option('--dir <folder>')
		.action((flags: GlobalFlags & SandboxFlags) =>
			conclude(flags, async (context) => (await import('./commands/demo.ts')).demo(context, flags)),
		);
	add('sandbox', 'a throwaway primary and replica on this machine: up, status, down')
		.argument('<verb>', 'up, status or down')
		.option('--server <name>', 'mariadb-10.11, mariadb-11.8 or mysql-9.7')
		.option('--dir <folder>')
		.action((verb: string, flags: GlobalFlags & SandboxFlags) =>
			conclude(flags, async (context) => (await import('./commands/sandbox.ts')).sandbox(context, verb, flags)),
		);
	add('provision', 'give a primary a backup replica, step by step')
		.option('--primary <server>', 'a profile’s name, or mysql://USER@HOST:PORT')
		.option('--replica <server>')
		.option(
			'--seed <how>',
			'dump: a stream from the primary into the replica, nothing on disk in between; clone: MySQL’s CLONE; or a backup’s folder',
		)
		.option('--restart-wait <duration>', 'how long the replica’s restart after a CLONE is waited for (10m)')
		.option('--account <name@host>', 'of the replication account; made, with a generated password')
		.option('--operator <name[@host]>', 'one more account: looks at the primary, takes backups of the replica; its password goes to a file')
		.option('--operator-password-file <file>', 'that file, made 0600 (else in ~/.local/state/lockstep/operators, said at the end)')
		.option('--source <host:port>', 'how the replica reaches the primary, where that is not how we do')
		.option('--channel-ca <file>', 'certificate authority of the primary, a path on the replica’s host')
		.option('--no-tls', 'the channel may be unencrypted')
		.option('--delay <duration>', 'stay so far behind on purpose')
		.action((flags: GlobalFlags & ProvisionFlags) =>
			conclude(flags, async (context) => (await import('./commands/provision.ts')).provision(context, flags)),
		);
	connection(add('backup', 'a locked dump of a replica, a primary or a lone server'))
		.option('--to <folder>', 'the folder of all its backups')
		.option('--engine <name>', 'parallel (our own, several connections), or vendor (mariadb-dump, mysqldump)')
		.option('--lock <how>', 'held for the whole dump, or snapshot: until every connection has its own')
		.option('--workers <number>', 'how many connections read at once')
		.option('--databases <names>', 'only these, separated by commas')
		.option('--ignore-table <database.table>', 'leave it out; may be given again', collect)
		.option('--lock-wait <duration>', 'how long the lock may be waited for (60s)')
		.option('--max-lock-time <duration>', 'how long the lock may be held; then the dump is stopped and the server freed')
		.option('--long-queries <what>', 'wait for them (at most --lock-wait), abort, or kill them (by --confirm)')
		.option('--stop-applier', 'stop the SQL thread first and start it again (STOP SLAVE or REPLICA SQL_THREAD)')
		.option('--compress <how>', 'zstd, gzip or none; with a level:  zstd:3')
		.action((flags: GlobalFlags & BackupFlags) =>
			conclude(flags, async (context) => (await import('./commands/backup.ts')).backup(context, flags)),
		);
	add('list', 'the backups of a folder: age, size, lock, verified and drilled or not')
		.argument('[folder]', 'what backup --to was given, or a profile’s name')
		.action((folder: string | undefined, flags: GlobalFlags) =>
			conclude(flags, async (context) => (await import('./commands/list.ts')).list(context, folder)),
		);
	add('show', 'all there is to say of one backup')
		.argument('<backup>', 'its folder, or the link latest')
		.action((backup: string, flags: GlobalFlags) =>
			conclude(flags, async (context) => (await import('./commands/show.ts')).show(context, backup)),
		);
	add('verify', 'read a whole backup and prove that every file is as it was written')
		.argument('<backup>', 'its folder, or the link latest')
		.action((backup: string, flags: GlobalFlags) =>
			conclude(flags, async (context) => (await import('./commands/verify.ts')).verify(context, backup)),
		);
	add('drill', 'restore a backup into a throwaway server, prove what came, and tell how long it took')
		.argument('<backup>', 'its folder, or the link latest')
		.option('--replicate', 'attach the restored server to the primary, and follow it to lag zero')
		.option('--primary <server>', 'that primary; else the source of the server that was backed up, or that server itself')
		.option('--account <name>', 'an account for replication that is there; else one is made, and dropped afterwards')
		.option('--account-password-file <file>', 'its password')
		.option('--no-tls', 'replication may be unencrypted')
		.option('--dir <folder>', 'where the throwaway server and its data are (~/.local/state/lockstep/drills)')
		.action((backup: string, flags: GlobalFlags & DrillFlags) =>
			conclude(flags, async (context) => (await import('./commands/drill.ts')).drill(context, backup, flags)),
		);
	connection(add('restore', 'load a backup, or a part of it, into a server'))
		.argument('<backup>', 'a backup’s folder, or the link `latest`')
		.option('--databases <names>', 'only these, separated by commas')
		.option('--tables <names>', 'only these, as database.table, separated by commas; with their triggers')
		.option('--workers <number>', 'how many loads at a time')
		.option('--accounts', 'the backup’s accounts, too; those that are there already stay as they are')
		.option('--write-binlog', 'the server’s binary log gets it as well, and with it its replicas')
		.action((backup: string, flags: GlobalFlags & RestoreFlags) =>
			conclude(flags, async (context) => (await import('./commands/restore.ts')).restore(context, backup, flags)),
		);
	connection(add('status', 'how a server is: replication, lag, last backup'))
		.option('--watch', 'again and again')
		.action((flags: GlobalFlags & StatusFlags) =>
			conclude(flags, async (context) => (await import('./commands/status.ts')).status(context, flags)),
		);
	add('attach', 'watch a run at work again')
		.argument('[run]')
		.action((run: string | undefined, flags: GlobalFlags) =>
			conclude(flags, async (context) => (await import('./commands/attach.ts')).attach(context, run)),
		);
	add('recover', 'put back what a run that was cut off has left on a server')
		.argument('[run]')
		.action((run: string | undefined, flags: GlobalFlags) =>
			conclude(flags, async (context) => (await import('./commands/recover.ts')).recover(context, run)),
		);
	add('undo', 'take back what a run did')
		.argument('[run]')
		.action((run: string | undefined, flags: GlobalFlags) =>
			conclude(flags, async (context) => (await import('./commands/undo.ts')).undo(context, run)),
		);
	add('profile', 'named servers: list, add, edit, test, remove')
		.argument('<verb>', 'list, add, edit, test or remove')
		.argument('[name]')
		.option('--server <url>')
		.option('--badge <badge>', 'prod, test or sandbox')
		.option('--output <folder>', 'where its backups go')
		.option('--option-file <file>')
		.option('--login-path <name>')
		.action((verb: string, name: string | undefined, flags: GlobalFlags & ProfileFlags) =>
			conclude(flags, async (context) => (await import('./commands/profile.ts')).profile(context, verb, name, flags)),
		);
	return root;
}

// A reader that went away (`| head`), or a terminal that did, is no failure of ours.
for (const out of [process.stdout, process.stderr]) {
	out.on('error', (error: NodeJS.ErrnoException) => {
		if (error.code !== 'EPIPE' && error.code !== 'EIO') throw error;
	});
}

try {
	await program().parseAsync();
} catch (error) {
	if (error instanceof CommanderError && error.exitCode === 0) process.exitCode = 0;
	else {
		// commander quotes what it was given; a password may be in it.
		const what =
			error instanceof CommanderError || error instanceof InvalidArgumentError ? error.message.replace(/^error: /, '') : String(error);
		const safe = what.replaceAll(/(-p|--password[-\w]*=)[^']+'/g, "$1…'").replaceAll(/(:\/\/[^:@/\s]*):[^@\s]*@/g, '$1:…@');
		const flags: GlobalFlags = { json: process.argv.includes('--json') };
		await conclude(flags, async () => {
			throw new UserError({ what: safe, mend: ['lockstep --help'] });
		});
	}
}
