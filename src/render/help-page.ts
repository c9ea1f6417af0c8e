import type { Command, Help } from 'commander';

/** What a page of help says besides the command itself. */
export interface HelpPage {
	/** Command lines, or commands with what they do. */
	readonly examples: readonly string[];
	/** Texts before the options of every command. */
	readonly notes: readonly string[];
}

/** The heading of what every command takes. */
export const EVERYWHERE = 'Every command:';

/** Examples first, then what the command itself takes, last what every command takes. */
export const formatHelp =
	({ examples, notes }: HelpPage) =>
	(command: Command, helper: Help): string => {
		const width = helper.padWidth(command, helper);
		const list = (heading: string, items: readonly (readonly [string, string])[]): string[] =>
			helper.formatItemList(
				heading,
				items.map(([term, about]) => helper.formatItem(term, width, about, helper)),
				helper,
			);
		const options = helper.groupItems([...command.options], helper.visibleOptions(command), (each) => each.helpGroupHeading ?? 'Options:');
		const lists = [...options].map(([heading, group]) => ({
			isLast: heading === EVERYWHERE,
			lines: list(
				heading,
				group.map((each) => [helper.optionTerm(each), helper.optionDescription(each)]),
			),
		}));
		const groups = helper.groupItems([...command.commands], helper.visibleCommands(command), (each) => each.helpGroup() || 'Commands:');
		return [
			`Usage: ${helper.commandUsage(command)}`,
			'',
			helper.boxWrap(helper.commandDescription(command), helper.helpWidth ?? 80),
			'',
			'Examples:',
			...examples.map((example) => `  ${example}`),
			'',
			...list(
				'Arguments:',
				helper.visibleArguments(command).map((each) => [helper.argumentTerm(each), helper.argumentDescription(each)]),
			),
			...[...groups].flatMap(([heading, group]) =>
				list(
					heading,
					group.map((each) => [helper.subcommandTerm(each), helper.subcommandDescription(each)]),
				),
			),
			...lists.filter(({ isLast }) => !isLast).flatMap(({ lines }) => lines),
			...notes.flatMap((note) => [note.trim(), '']),
			...lists.filter(({ isLast }) => isLast).flatMap(({ lines }) => lines),
		].join('\n');
	};
