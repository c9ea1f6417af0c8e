import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';

const run = promisify(execFile);
const top = fileURLToPath(new URL('../..', import.meta.url));

let folder: string;
beforeAll(async () => {
	folder = await mkdtemp(join(tmpdir(), 'lockstep-package-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

// Its dependencies are in the package: no registry is asked.
it('28: packs, installs offline into an empty prefix, and runs from there', { timeout: 120_000 }, async () => {
	const env = {
		PATH: process.env.PATH,
		HOME: join(folder, 'home'),
		npm_config_cache: join(folder, 'cache'),
		npm_config_update_notifier: 'false',
	};
	await mkdir(env.HOME);
	await run('npm', ['pack', '--ignore-scripts', '--silent', '--pack-destination', folder], { cwd: top, env });
	const [tarball = ''] = (await readdir(folder)).filter((name) => name.endsWith('.tgz'));
	const install = ['install', '--global', '--offline', '--prefix', join(folder, 'prefix'), '--no-audit', '--no-fund'];
	await run('npm', [...install, join(folder, tarball)], { cwd: env.HOME, env });

	const at = (...path: string[]) => join(folder, 'prefix', ...path);
	const lockstep = async (...args: string[]) => (await run(at('bin', 'lockstep'), args, { cwd: env.HOME, env })).stdout;
	const { version, description } = JSON.parse(await readFile(join(top, 'package.json'), 'utf8'));
	expect(description).toMatch(/MariaDB.*MySQL/);
	expect(await lockstep('--version')).toBe(`lockstep ${version}\n`);
	expect(await lockstep('help', 'exit-codes')).toContain('Exit codes');
	// conf and execa are loaded only here.
	await lockstep('profile', 'add', 'db3', '--server', 'mysql://db3:3306');
	expect(await lockstep('profile', 'list')).toContain('db3:3306');

	expect(await readFile(at('share', 'man', 'man1', 'lockstep.1'), 'utf8')).toContain('.TH LOCKSTEP 1');
	const made = at('lib', 'node_modules', 'lockstep', 'dist');
	expect((await readdir(join(made, 'completions'))).sort()).toEqual(['_lockstep', 'lockstep.bash', 'lockstep.fish']);
	expect(await readFile(join(made, 'completions', 'lockstep.bash'), 'utf8')).toBe(await lockstep('completion', 'bash'));
	const notices = await readFile(join(made, 'THIRD_PARTY_NOTICES.txt'), 'utf8');
	for (const name of ['commander', 'mysql2', 'zod'])
		expect(notices).toMatch(new RegExp(`^${name} [\\d.]+ \\(MIT\\)\\n\\n.*Permission is hereby granted`, 'ms'));
	expect(await readdir(join(made, '..', '.github'))).toEqual(['CHANGELOG.md']);
});
