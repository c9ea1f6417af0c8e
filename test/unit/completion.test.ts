import { expect, test } from 'vitest';
import { completionScript } from '../../src/render/completion.ts';
import { expectedAt } from '../../src/requests/completion.ts';
import { COMMANDS } from '../../src/requests/index.ts';
import { longName } from '../../src/requests/option.ts';
import { SHELLS } from '../../src/requests/other-commands.ts';

const words = (...line: string[]) => expectedAt(line).words.map(({ value }) => value);
const sources = (...line: string[]) => expectedAt(line).sources;

test('28: offers every command, and behind it each of its options', () => {
	expect(words('')).toEqual(COMMANDS.map(({ name }) => name));
	for (const { name, options } of COMMANDS) expect(words(name, '-'), name).toEqual(expect.arrayContaining(options.map(longName)));
	expect(words('-n', '--config', 'backup', 'ba')).toEqual(words(''));
	expect(words('nonsense', '')).toEqual([]);
});

test('28: offers an option once, unless it may be given again', () => {
	expect(words('backup', '--engine', 'vendor', '--')).not.toContain('--engine');
	expect(words('backup', '--databases', 'a', '--')).toContain('--databases');
	expect(words('provision', '--p')).not.toContain('--primary-host');
	expect(words('provision', '--primary-h')).toContain('--primary-host');
	expect(words('help', '--')).not.toContain('--dry-run');
	expect(words('verify', '--', '-')).toEqual([]);
});

test('28: offers what an option takes, behind a blank or an equals sign', () => {
	expect(words('backup', '--engine', '')).toEqual(['parallel', 'vendor']);
	expect(expectedAt(['backup', '--engine=v'])).toMatchObject({ typed: 'v', before: '--engine=' });
	// bash splits at the sign.
	expect(expectedAt(['backup', '--engine', '=', 'v'])).toEqual(expectedAt(['backup', '--engine=v']));
	expect(expectedAt(['backup', '--engine', '='])).toEqual(expectedAt(['backup', '--engine=']));
	expect(words('--color', '')).toEqual(['auto', 'always', 'never']);
	expect(sources('backup', '--server', '')).toEqual(['profiles']);
	expect(sources('backup', '--to', '')).toEqual(['folders']);
	expect(sources('backup', '-h', '')).toEqual([]);
	expect(sources('--config', '')).toEqual(['files']);
	expect(sources('backup', '--lock-wait', '')).toEqual([]);
});

test('28: offers backups, runs, profiles, pages and verbs as arguments', () => {
	for (const name of ['verify', 'show', 'drill', 'restore']) expect(sources(name, ''), name).toEqual(['backups', 'folders']);
	expect(sources('attach', '')).toEqual(['runs']);
	expect(sources('undo', '--yes', '')).toEqual(['runs']);
	expect(sources('recover', '')).toEqual(['interrupted runs']);
	expect(sources('list', '')).toEqual(['profiles', 'folders']);
	expect(sources('help', '')).toEqual(['topics']);
	expect(sources('profile', 'edit', '')).toEqual(['profiles']);
	expect(sources('profile', 'add', '')).toEqual([]);
	expect(words('sandbox', '')).toEqual(['up', 'status', 'down']);
	expect(words('completion', '')).toEqual([...SHELLS]);
	expect(sources('verify', 'one', '')).toEqual([]);
});

test.each(SHELLS)('28: the script for %s asks the program', (shell) => {
	expect(completionScript(shell)).toMatch(new RegExp(`__complete ${shell} `));
});
