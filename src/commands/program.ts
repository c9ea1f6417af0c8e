import { Command, CommanderError, Option } from 'commander';
import { UserError } from '../core/errors.ts';
import { suggestions } from '../core/suggest.ts';
import { EVERYWHERE, formatHelp } from '../render/help-page.ts';
import { widthOf } from '../render/width.ts';
import { type CommandSpec, type GivenOptions, readOptions } from '../requests/command.ts';
import { connectionFlags, type Role, SERVER_OPTIONS } from '../requests/connection.ts';
import { DRILL } from '../requests/drill.ts';
import type { GlobalFlags } from '../requests/global-options.ts';
import { DRY_RUN, GLOBAL_OPTIONS, type GlobalOption } from '../requests/global-options.ts';
import { COMMAND_GROUPS, COMMANDS } from '../requests/index.ts';
import type { OptionSpec } from '../requests/option.ts';
import { DEMO, PRACTICE, PROFILE, RUNS, SANDBOX } from '../requests/other-commands.ts';
import type { CommandResult } from './command-result.ts';
import type { Context } from './context.ts';
import { help, topicList } from './help.ts';

/** A command line as it was understood: the command, its arguments, and every option that was given for it, before its name or after. */
export interface Invocation {
	/** Empty for `lockstep` alone. */
	readonly command: string;
	readonly args: readonly (string | undefined)[];
	readonly flags: GlobalFlags & { readonly [option: string]: unknown };
	readonly needsNoConfiguration: boolean;
	readonly isReadOnly: boolean;
}

type Run = (invocation: Invocation, work: (context: Context) => Promise<CommandResult>) => Promise<void>;

const collect = (value: string, before: readonly string[] | undefined): readonly string[] => [...(before ?? []), value];

function addOption(command: Command, spec: OptionSpec | GlobalOption, group = 'Options:'): void {
	const option = new Option(spec.flags, spec.about).helpGroup(group);
	if (spec.choices !== undefined) option.choices(spec.choices);
	// Its value is read with the whole request: commander only shows what it takes.
	if (spec.choices !== undefined && 'read' in spec) option.argParser((value) => value);
	if (spec.isRepeatable) option.argParser(collect);
	command.addOption(option);
}

/** `-h` is help where it is not the host of a server. */
function addGlobalOptions(command: Command, { hasDryRun, hasHost }: { readonly hasDryRun: boolean; readonly hasHost: boolean }): Command {
	for (const option of hasDryRun ? [DRY_RUN, ...GLOBAL_OPTIONS] : GLOBAL_OPTIONS) addOption(command, option, EVERYWHERE);
	return command.addHelpOption(new Option(hasHost ? '--help' : '-h, --help', 'this page').helpGroup(EVERYWHERE)).exitOverride();
}

/** How its servers are reached; of a pair, that is only told below the options. */
function addConnections(command: Command, roles: readonly Role[]): void {
	for (const role of roles) {
		for (const { flags, about } of connectionFlags(role))
			command.addOption(new Option(flags, about).hideHelp(role !== 'server').helpGroup('How the server is reached:'));
	}
}

function addCommand(
	root: Command,
	{ name, about, arguments: positional = [], usage, roles = [], options, hasNoDryRun, examples, notes }: CommandSpec,
): Command {
	// Only the root takes them: what is no command is looked up among them there.
	const command = root.command(name).description(about).allowExcessArguments(false);
	for (const argument of positional) command.argument(argument.isRequired ? `<${argument.name}>` : `[${argument.name}]`, argument.about);
	if (usage !== undefined) command.usage(usage);
	for (const option of [...roles.map((role) => SERVER_OPTIONS[role]), ...options]) addOption(command, option);
	addConnections(command, roles);
	addGlobalOptions(command, { hasDryRun: !hasNoDryRun, hasHost: roles.includes('server') });
	const group = COMMAND_GROUPS.find(({ commands }) => commands.includes(name));
	if (group !== undefined) command.helpGroup(group.title);
	command.configureHelp({ displayWidth: widthOf, formatHelp: formatHelp({ examples, notes: notes === undefined ? [] : [notes] }) });
	return command;
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

/** What most people begin with. */
const EXAMPLES: readonly string[] = [
	'lockstep                                             the wizard',
	'lockstep demo                                        try it on throwaway servers',
	'lockstep provision --primary db1 --replica db3       set up a backup replica',
	'lockstep backup --server db3 --to /srv/backup/db3    take a locked dump',
	'lockstep drill /srv/backup/db3/latest                prove that it can be restored',
];

type Handler = (context: Context, given: GivenOptions, ...args: readonly (string | undefined)[]) => Promise<CommandResult>;

/** What does each command: loaded when it is asked for. */
const HANDLERS: { readonly [name in (typeof COMMANDS)[number]['name']]: (root: Command) => Handler } = {
	demo: () => async (context, given) => (await import('./demo.ts')).demo(context, readOptions(DEMO, given)),
	sandbox: () => async (context, given, verb) => (await import('./sandbox.ts')).sandbox(context, verb ?? '', readOptions(SANDBOX, given)),
	practice: () => async (context, given, verb, lesson) =>
		(await import('./practice.ts')).practice(context, { verb, lesson }, readOptions(PRACTICE, given)),
	provision: () => async (context, given) => (await import('./provision.ts')).provision(context, given),
	backup: () => async (context, given) => (await import('./backup.ts')).backup(context, given),
	list: () => async (context, _, folder) => (await import('./list.ts')).list(context, folder),
	show: () => async (context, _, backup) => (await import('./show.ts')).show(context, backup),
	verify: () => async (context, _, backup) => (await import('./verify.ts')).verify(context, backup),
	drill: () => async (context, given, backup) => (await import('./drill.ts')).drill(context, backup, readOptions(DRILL, given)),
	restore: () => async (context, given, backup) => (await import('./restore.ts')).restore(context, given, backup),
	status: () => async (context, given) => (await import('./status.ts')).status(context, given),
	doctor: () => async (context, given) => (await import('./doctor.ts')).doctor(context, given),
	runs: () => async (context, given, run) => (await import('./runs.ts')).runs(context, run, readOptions(RUNS, given)),
	attach: () => async (context, _, run) => (await import('./attach.ts')).attach(context, run),
	recover: () => async (context, _, run) => (await import('./recover.ts')).recover(context, run),
	undo: () => async (context, _, run) => (await import('./undo.ts')).undo(context, run),
	profile: () => async (context, given, verb, name) =>
		(await import('./profile.ts')).profile(context, verb ?? '', name, readOptions(PROFILE, given)),
	help: (root) => (context, _, topic) => help(context, root, topic),
	completion: () => async (context, _, shell) => (await import('./completion.ts')).completion(context, shell ?? ''),
	info: () => async (context, given) => (await import('./info.ts')).info(context, given),
	version: () => async (context) => ({ end: null, extra: { version: context.version }, next: [`lockstep ${context.version}`] }),
};

const openHome: Handler = async (context) => {
	if (context.flags.dryRun)
		throw new UserError({
			message: '--dry-run needs a command.',
			hints: ['lockstep backup --server SERVER --to DIR --dry-run', 'lockstep --help'],
		});
	return (await import('./wizard.ts')).openWizard(context, { screen: 'home' });
};

/** A first word that is no command: what follows it is not parsed. */
function refuseUnknown(root: Command, word: string): never {
	const [meant] = suggestions(
		word,
		root.commands.map((each) => each.name()),
	);
	const hint = meant === undefined ? '' : `\nDid you mean this?  lockstep ${meant}`;
	throw new CommanderError(1, 'commander.unknownCommand', `There is no command "${word}".${hint}`);
}

/** Every command with its arguments and options. `run` is called with the one that was given. */
export function makeProgram(version: string, run: Run): Command {
	const does =
		(handle: Handler, spec?: CommandSpec) =>
		(...given: unknown[]) => {
			const command = given.at(-1) as Command;
			const flags = flagsOf(command);
			const args = command.processedArgs as readonly (string | undefined)[];
			const { needsNoConfiguration = false, isReadOnly = false } = spec ?? {};
			const invocation = { command: spec?.name ?? '', args, flags, needsNoConfiguration, isReadOnly };
			return run(invocation, (context) => handle(context, flags, ...args));
		};
	const root = addGlobalOptions(new Command('lockstep'), { hasDryRun: true, hasHost: false })
		.description('Gives a MariaDB or MySQL primary a dedicated backup replica, takes a locked dump of it, and proves both.')
		.version(`lockstep ${version}`, '-V, --version')
		.configureOutput({ writeErr: () => undefined })
		.configureHelp({ displayWidth: widthOf, formatHelp: formatHelp({ examples: EXAMPLES, notes: [topicList()] }) })
		.enablePositionalOptions()
		.passThroughOptions()
		.allowExcessArguments()
		.helpCommand(false)
		.action((...given: unknown[]) => {
			const [word] = root.args;
			return word === undefined ? does(openHome)(...given) : refuseUnknown(root, word);
		});
	root.options.find(({ long }) => long === '--version')?.helpGroup(EVERYWHERE);
	for (const spec of COMMANDS) addCommand(root, spec).action(does(HANDLERS[spec.name](root), spec));
	return root;
}
