import { readdirSync, readFileSync } from 'node:fs';
import type { Command, Option } from 'commander';
import { describe, expect, it } from 'vitest';
import { type Invocation, makeProgram } from '../../src/commands/program.ts';
import { COMMAND_GROUPS, COMMANDS } from '../../src/requests/index.ts';

/** What the program makes of a command line; nothing is done. */
async function parse(argv: readonly string[]): Promise<Invocation> {
	const seen: Invocation[] = [];
	await makeProgram('1.0.0', async (invocation) => void seen.push(invocation)).parseAsync([...argv], { from: 'user' });
	expect(seen).toHaveLength(1);
	return seen[0] as Invocation;
}

const tree = makeProgram('1.0.0', async () => undefined);
const isOf = (command: Command, option: Option) => command.options.some((own) => own.attributeName() === option.attributeName());
/** `--version` answers by itself. */
const GLOBAL = tree.options.filter((option) => option.attributeName() !== 'version');
const argumentsOf = (command: Command) => command.registeredArguments.filter(({ required }) => required).map((each) => `a-${each.name()}`);
/** Every way to write an option, with a value where it takes one. */
const ways = (option: Option): string[][] => {
	const value = option.argChoices?.at(-1) ?? 'value';
	if (!option.required && !option.optional) return [option.long, option.short].flatMap((name) => (name ? [[name]] : []));
	return [
		[`${option.long}`, value],
		[`${option.long}=${value}`],
		...(option.short ? [[option.short, value], [`${option.short}${value}`]] : []),
	];
};

describe.each(tree.commands.map((command) => [command.name(), command] as const))('lockstep %s', (name, command) => {
	const args = argumentsOf(command);

	it('takes each global option before its name as after it, or refuses it in both places', async () => {
		for (const option of GLOBAL) {
			for (const words of ways(option)) {
				const after = parse([name, ...args, ...words]);
				const before = parse([...words, name, ...args]);
				if (isOf(command, option)) {
					const [first, second] = [await before, await after];
					expect(first, words.join(' ')).toEqual(second);
					expect(second.flags[option.attributeName()], words.join(' ')).not.toEqual(
						(await parse([name, ...args])).flags[option.attributeName()],
					);
				} else {
					await expect(before, words.join(' ')).rejects.toMatchObject({ code: 'commander.unknownOption' });
					await expect(after, words.join(' ')).rejects.toMatchObject({ code: 'commander.unknownOption' });
				}
			}
		}
	});

	it('refuses its own options before its name', async () => {
		for (const option of command.options.filter((own) => !isOf(tree, own))) {
			for (const words of ways(option)) {
				const name = words.join(' ');
				await expect(parse([...words, command.name(), ...args]), name).rejects.toMatchObject({
					code: expect.stringMatching(/^commander\./),
				});
				await expect(parse([command.name(), ...args, ...words]), name).resolves.toMatchObject({ command: command.name() });
			}
		}
	});

	it('takes all global options at once, half before and half after', async () => {
		const words = GLOBAL.filter((option) => isOf(command, option)).map((option) => ways(option)[0] ?? []);
		const [odd, even] = [words.filter((_, at) => at % 2 === 1).flat(), words.filter((_, at) => at % 2 === 0).flat()];
		expect(await parse([...odd, name, ...args, ...even])).toEqual(await parse([name, ...args, ...odd, ...even]));
	});
});

describe('a global option that is given twice', () => {
	it('counts as it was given last', async () => {
		expect((await parse(['--color', 'always', 'list', '--color', 'never'])).flags.color).toBe('never');
		expect((await parse(['--config', '/a', 'list', '--config', '/b'])).flags.config).toBe('/b');
	});
	it('keeps every confirmed name', async () => {
		expect((await parse(['--confirm', 'a', 'backup', '--confirm', 'b'])).flags.confirm).toEqual(['a', 'b']);
	});
});

it('the only commands without a dry run join a run at work, or show a page', () => {
	const without = tree.commands.filter((command) => !command.options.some(({ long }) => long === '--dry-run')).map((each) => each.name());
	expect(without).toEqual(['attach', 'help', 'completion', 'info', 'version']);
});

describe('28: help', () => {
	it.each(COMMANDS.map((spec) => [spec.name, spec] as const))(
		'of %s has examples that are understood, then its options, last those of every command',
		async (name, spec) => {
			expect(spec.examples.length).toBeGreaterThan(0);
			for (const example of spec.examples) {
				const words = example.replace(/ > .*/, '').split(' ');
				expect(words.shift()).toBe('lockstep');
				expect((await parse(words)).command, example).toBe(name);
			}
			const page = tree.commands.find((each) => each.name() === name)?.helpInformation() ?? '';
			const headings = page.match(/^[A-Z][\w ]*:$/gm) ?? [];
			expect(headings[0]).toBe('Examples:');
			expect(headings.at(-1)).toBe('Every command:');
		},
	);

	it('lists every command in a group, and global options last', () => {
		expect(COMMAND_GROUPS.flatMap(({ commands }) => commands).toSorted()).toEqual(COMMANDS.map(({ name }) => name).toSorted());
		const page = tree.helpInformation();
		expect(page.match(/^[A-Z][\w ]*:$/gm)).toEqual([
			'Examples:',
			...COMMAND_GROUPS.map(({ title }) => title),
			'Pages of the manual:',
			'Every command:',
		]);
	});
});

describe('the files of commands', () => {
	const MOST_LINES = 40;
	/** The tree of commands and options: the one file that knows commander, and each command's name and options once. */
	const LONGER = ['program.ts'];
	const folder = new URL('../../src/commands/', import.meta.url);
	const lengthOf = (file: string) => readFileSync(new URL(file, folder), 'utf8').trimEnd().split('\n').length;

	it(`only parse and hand over: none has more than ${MOST_LINES} lines`, () => {
		const files = readdirSync(folder);
		expect(files.length).toBeGreaterThan(COMMANDS.length);
		expect(files.filter((file) => !LONGER.includes(file) && lengthOf(file) > MOST_LINES)).toEqual([]);
		expect(LONGER.filter((file) => lengthOf(file) <= MOST_LINES)).toEqual([]);
	});
});
