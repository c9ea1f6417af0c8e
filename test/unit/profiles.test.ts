import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { UserError } from '../../src/core/errors.ts';
import type { Profile } from '../../src/profiles/profile.ts';
import { openProfiles } from '../../src/profiles/profiles.ts';

let folder: string;
beforeEach(async () => {
	folder = await mkdtemp(join(tmpdir(), 'lockstep-profiles-'));
});
afterEach(() => rm(folder, { recursive: true }));
const open = (file?: string) => openProfiles({ env: { XDG_CONFIG_HOME: folder }, home: folder, ...(file === undefined ? {} : { file }) });
const db3: Profile = {
	name: 'db3-backup',
	badge: 'prod',
	role: 'replica',
	host: 'db3',
	port: 3306,
	user: 'backup',
	groupSuffix: '_db3',
	tls: { mode: 'VERIFY_CA', ca: '/ca.pem' },
	output: '/srv/backup/db3',
	defaults: { compress: 'zstd', lockWait: '60s' },
};

describe('profiles', () => {
	test('are kept in a file of one’s own, and nothing is written before there is something', async () => {
		const { profiles, warnings } = open();
		expect([profiles.list(), profiles.get('x'), profiles.remove('x'), warnings]).toEqual([[], undefined, false, []]);
		await expect(stat(join(folder, 'lockstep'))).rejects.toThrow('ENOENT');
		profiles.put(db3);
		profiles.put({ name: 'a.b', host: 'a' });
		profiles.prefer('profile', 'db3-backup');
		const file = join(folder, 'lockstep', 'config.json');
		expect(profiles.file).toBe(file);
		expect((await stat(file)).mode & 0o777).toBe(0o600);
		const again = open().profiles;
		expect(again.list().map(({ name }) => name)).toEqual(['a.b', 'db3-backup']);
		expect(again.get('db3-backup')).toEqual(db3);
		expect(again.preference('profile')).toBe('db3-backup');
		expect(again.preference('toString')).toBeUndefined();
	});

	test('are replaced and removed by name, and two that are open see each other', () => {
		const one = open().profiles;
		one.put(db3);
		const two = open().profiles;
		two.put({ name: 'other', host: 'o' });
		one.put({ name: 'db3-backup', host: 'new' });
		expect(one.list()).toEqual([
			{ name: 'db3-backup', host: 'new' },
			{ name: 'other', host: 'o' },
		]);
		expect(two.remove('db3-backup')).toBe(true);
		expect(one.list()).toEqual([{ name: 'other', host: 'o' }]);
	});

	test('never hold a password', async () => {
		const { profiles } = open();
		profiles.put({ ...db3, password: 'canary', tls: { mode: 'REQUIRED', password: 'canary' } } as Profile);
		expect(await readFile(profiles.file, 'utf8')).not.toContain('canary');
		await writeFile(profiles.file, JSON.stringify({ profiles: [{ name: 'hand', password: 'canary' }] }));
		const { warnings } = open();
		expect(warnings.join()).toMatch(/hand holds a password/);
		expect(warnings.join()).not.toContain('canary');
	});

	test.each(['', 'a b', 'a/b', '../x', 'ä', 'a\nb'])('cannot be named %j', (name) => {
		expect(() => open().profiles.put({ name })).toThrow(UserError);
	});

	test('can be anywhere: --config before LOCKSTEP_CONFIG', async () => {
		const env = { XDG_CONFIG_HOME: folder, LOCKSTEP_CONFIG: join(folder, 'env.conf') };
		openProfiles({ env }).profiles.put({ name: 'x' });
		expect(JSON.parse(await readFile(join(folder, 'env.conf'), 'utf8'))).toMatchObject({ profiles: [{ name: 'x' }] });
		const flag = openProfiles({ env, file: join(folder, 'plain') });
		expect(flag.warnings.join()).toContain('not there yet');
		flag.profiles.put({ name: 'y' });
		expect(JSON.parse(await readFile(join(folder, 'plain'), 'utf8'))).toMatchObject({ profiles: [{ name: 'y' }] });
		expect(openProfiles({ env: { HOME: folder, XDG_CONFIG_HOME: 'relative' } }).profiles.file).toBe(
			join(folder, '.config/lockstep/config.json'),
		);
	});

	test.each([
		['half-written', '{"profiles": [{"na', '1:16: this is not valid JSON. A key in double quotes is expected here'],
		['cut off behind a comma', '{"profiles": [\n  {"name": "x"},\n', '3:1: this is not valid JSON. The file ends too early.'],
		['without a comma', '{\n  "profiles": []\n  "preferences": {}\n}', '3:3: this is not valid JSON. A comma or } is expected here.'],
		['empty', '', '1:1: this is not valid JSON.'],
		['not an object', '[]', '1:1: the configuration must be a JSON object'],
		['of another shape', '{"profiles": {"db3": {}}}', '1:14: profiles must be an array.'],
		['with a profile that has no name', '{"profiles": [{"host": "x"}]}', '1:15: profiles.*.name must be a string.'],
		['with a port that is none', '{"profiles": [\n{"name": "x",\n "port": 99999}]}', '3:10: profiles.*.port must be at most 65535.'],
		['with a name that is none', '{"profiles": [{"name": "../x"}]}', '1:24: profiles.*.name has characters that are not allowed.'],
		['with a misspelt key', '{"profiles": [{"name": "x",\n\t"bagde": "prod"}]}', '2:2: unknown key "bagde".'],
		['with a misspelt key of tls', '{"profiles": [{"name": "x", "tls": {"moed": "REQUIRED"}}]}', '1:37: unknown key "moed".'],
		['with a misspelt key above', '{"profile": []}', '1:2: unknown key "profile".'],
	])('17: a file that is %s is refused by line and column, and stays as it is', async (_, text, place) => {
		const file = join(folder, 'lockstep', 'config.json');
		await mkdir(join(folder, 'lockstep'));
		await writeFile(file, text);
		let refused: unknown;
		try {
			open();
		} catch (error) {
			refused = error;
		}
		expect(refused).toBeInstanceOf(UserError);
		const { message, hints = [] } = (refused as UserError).description;
		expect(message).toContain(`${file}:${place}`);
		if (message.includes('unknown key')) expect(hints[0]).toMatch(/^Did you mean "(badge|mode|profiles)"\?$/);
		expect(await readdir(join(folder, 'lockstep'))).toEqual(['config.json']);
		expect(await readFile(file, 'utf8')).toBe(text);
	});

	test('what a newer version wrote is let be', async () => {
		await mkdir(join(folder, 'lockstep'));
		await writeFile(join(folder, 'lockstep', 'config.json'), '{"profiles": [{"name": "x", "colour": "red"}], "more": 1}');
		const { profiles, warnings } = open();
		expect([profiles.get('x')?.name, warnings]).toEqual(['x', []]);
	});

	test('a file that cannot be written is said', async () => {
		await writeFile(join(folder, 'file'), '');
		const { profiles } = open(join(folder, 'file', 'config.json'));
		expect(() => profiles.put(db3)).toThrow(UserError);
		await mkdir(join(folder, 'd.json'));
		expect(() => open(join(folder, 'd.json'))).toThrow(UserError);
		await chmod(folder, 0o700);
	});
});
