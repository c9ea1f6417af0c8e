import { execFile } from 'node:child_process';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Home, lockstep, makeHome } from '../support/cli.ts';

/** What bash itself would show at a tab behind these words. */
const TAB = String.raw`
source <(lockstep completion bash)
while IFS= read -r -d '' line; do
	IFS=$'\t' read -r -a COMP_WORDS <<< "$line"
	[[ $line == *$'\t' ]] && COMP_WORDS+=('')
	COMP_CWORD=$(( ${'$'}{#COMP_WORDS[@]} - 1 ))
	_lockstep
	printf '%s\t' "${'$'}{COMPREPLY[@]}"
	printf '\n'
done
`;

describe('28: completion in bash', () => {
	let home: Home;
	let folder: string;
	beforeAll(async () => {
		home = await makeHome();
		folder = join(home.dir, 'backups of db3');
		for (const label of ['20261121T020000Z', '20261122T020000Z', '20261123T020000Z.partial'])
			await mkdir(join(folder, label), { recursive: true });
		await mkdir(join(home.state, 'runs'), { recursive: true, mode: 0o700 });
		await writeFile(join(home.state, 'runs', '20261122T020000Z-backup-1a2b.jsonl'), '');
		await mkdir(join(home.dir, 'bin'));
		await symlink(fileURLToPath(new URL('../../bin/lockstep.js', import.meta.url)), join(home.dir, 'bin', 'lockstep'));
		await lockstep(['profile', 'add', 'db3', '--server', 'mysql://db3:3306', '--output', folder], { env: home.env });
	});
	afterAll(() => home[Symbol.asyncDispose]());

	it('completes commands, options, values, profiles, backups and runs', async () => {
		const cases: readonly (readonly [string, readonly string[]])[] = [
			['ba', ['backup']],
			['profile\tre', ['remove']],
			['backup\t--eng', ['--engine']],
			['backup\t--engine\t=\tv', ['vendor']],
			['backup\t--server\t', ['db3']],
			['verify\t/', [join(folder, '20261122T020000Z'), join(folder, '20261121T020000Z')]],
			['undo\t2026', ['20261122T020000Z-backup-1a2b']],
			['help\texit', ['exit-codes']],
		];
		const shell = promisify(execFile)('bash', ['--norc', '-c', TAB], {
			cwd: join(home.dir, 'bin'),
			env: { ...home.env, PATH: `${join(home.dir, 'bin')}:${process.env.PATH}` },
		});
		shell.child.stdin?.end(cases.map(([line]) => `lockstep\t${line}\0`).join(''));
		const { stdout, stderr } = await shell;
		expect(stderr).toBe('');
		const shown = stdout.split('\n').map((line) => line.split('\t').filter((each) => each !== ''));
		for (const [at, [line, expected]] of cases.entries()) {
			// Behind the backups come the folders that bash knows itself.
			expect(shown[at]?.slice(0, line.startsWith('verify') ? expected.length : undefined), line).toEqual(expected);
		}
	});

	it('stays silent where the configuration is broken or the shell is gone', async () => {
		await writeFile(join(home.dir, 'broken.json'), '{');
		const env = { ...home.env, LOCKSTEP_CONFIG: join(home.dir, 'broken.json') };
		expect(await lockstep(['__complete', 'bash', 'backup', '--server', ''], { env })).toMatchObject({ code: 0, stdout: '', stderr: '' });
		expect(await lockstep(['completion', 'tcsh'], { env })).toMatchObject({ code: 2, stderr: expect.stringContaining('bash, zsh, fish') });
	});
});
