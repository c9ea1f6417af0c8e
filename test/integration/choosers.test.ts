import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { type Home, lockstep, makeHome } from '../support/cli.ts';
import { openTerminal } from '../support/terminal.ts';

const PROGRAM = fileURLToPath(new URL('../../bin/lockstep.js', import.meta.url));
const open = (home: Home, ...words: readonly string[]) =>
	openTerminal({ command: 'env', args: words, env: home.env, cwd: home.dir, cols: 80, rows: 24 });

it('50: without a backup a terminal lists them, and a script gets an error', async () => {
	await using home = await makeHome();
	for (const command of ['verify', 'drill', 'restore']) {
		await using terminal = open(home, process.execPath, PROGRAM, command);
		expect(await terminal.waitFor('Whose backups?'), command).not.toContain('missing');
	}
	await using given = open(home, process.execPath, PROGRAM, 'drill', '--replicate');
	expect(await given.waitFor('The backup is missing')).toContain('lockstep drill BACKUP');
	for (const command of ['verify', 'show', 'drill', 'restore'])
		expect(await lockstep([command], { env: home.env }), command).toMatchObject({
			code: 2,
			stdout: '',
			stderr: expect.stringContaining('The backup is missing'),
		});
});

it('56: TERM=dumb is named as what keeps the wizard from being shown', async () => {
	await using home = await makeHome();
	await using terminal = open(home, 'TERM=dumb', process.execPath, PROGRAM);
	expect(await terminal.waitFor('TERM=dumb')).toContain('this terminal cannot show the wizard');
});
