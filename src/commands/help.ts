import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { UserError } from '../core/errors.ts';
import { projectFile } from '../core/program-files.ts';
import { suggestions } from '../core/suggest.ts';
import { renderManual, TOPICS } from '../render/manual.ts';
import { pad } from '../render/width.ts';
import type { CommandResult } from './command-result.ts';
import type { Context } from './context.ts';

/** `lockstep help`: the options of a command, or a page of the manual. */
export async function help({ stdout, width, color }: Context, root: Command, name: string | undefined): Promise<CommandResult> {
	const command = name === undefined ? root : root.commands.find((each) => each.name() === name);
	if (command !== undefined) {
		command.outputHelp();
		return { end: null, document: true };
	}
	if (!TOPICS.some((topic) => topic.name === name)) {
		throw new UserError({
			message: `There is no command and no page "${name}".`,
			hints: [
				...suggestions(name ?? '', [...root.commands.map((each) => each.name()), ...TOPICS.map((topic) => topic.name)]).map(
					(meant) => `Did you mean this?  lockstep help ${meant}`,
				),
				`Commands: ${root.commands.map((each) => each.name()).join(', ')}`,
				`Pages: ${TOPICS.map((topic) => topic.name).join(', ')}`,
			],
		});
	}
	stdout.write(`${renderManual(await readFile(projectFile(`src/manual/${name}.md`), 'utf8'), { width, color })}\n`);
	return { end: null, document: true };
}

/** For the end of `lockstep --help`. */
export const topicList = (): string =>
	`\nPages of the manual:\n${TOPICS.map(({ name, about }) => `  ${pad(name, 16)}${about}`).join('\n')}\n`;
