import { findCandidates } from '../app/candidates.ts';
import { completionScript } from '../render/completion.ts';
import { TOPICS } from '../render/manual.ts';
import { type Candidate, expectedAt } from '../requests/completion.ts';
import { COMMANDS } from '../requests/index.ts';
import { choice } from '../requests/option.ts';
import { SHELLS } from '../requests/other-commands.ts';
import type { CommandResult } from './command-result.ts';
import type { Context } from './context.ts';

/** `lockstep completion`: the script that a shell reads. */
export async function completion({ stdout }: Context, given: string): Promise<CommandResult> {
	stdout.write(completionScript(choice(SHELLS).parse(given, 'completion')));
	return { end: null, document: true };
}

const topics: readonly Candidate[] = [
	...COMMANDS.map(({ name, about }) => ({ value: name, about })),
	...TOPICS.map(({ name, about }) => ({ value: name, about })),
];

/**
 * What the scripts call: a candidate a line, behind a tab what it is; last `:files` or `:folders` where the shell is to add names of files.
 * @param words those after `lockstep` up to the one in hand
 */
export async function complete(context: Context, shell: string, words: readonly string[]): Promise<string> {
	const { words: known, sources, typed, before } = expectedAt(words);
	const found = [...known, ...(await findCandidates(context, sources)), ...(sources.includes('topics') ? topics : [])];
	// bash has `--to=` behind it already.
	const lead = shell === 'bash' ? '' : before;
	const lines = found
		.filter(({ value }) => value.startsWith(typed) && !/[\t\n]/.test(value))
		.map(({ value, about = '' }) => `${lead}${value}${about === '' ? '' : `\t${about.replaceAll(/\s+/g, ' ')}`}`);
	const files = sources.filter((each) => each === 'files' || each === 'folders').map((each) => `:${each}`);
	return [...lines, ...files].map((line) => `${line}\n`).join('');
}
