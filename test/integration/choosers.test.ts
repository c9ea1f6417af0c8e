import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { FORMAT, type RunEvent } from '../../src/core/events.ts';
import { openJournal } from '../../src/core/journal.ts';
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

it('50: without a run a terminal lists those that can be undone or rolled back, and a script gets an error that says what to give', async () => {
	await using home = await makeHome();
	const write = (run: string, runbook: string, ...events: readonly RunEvent[]) => {
		const journal = openJournal(join(home.state, 'runs'), run);
		const began: RunEvent = {
			...{ type: 'run-started', runbook, title: 'Set up a backup replica', key: run, servers: { replica: 'db3' }, identities: {} },
			...{
				afterFailure: runbook === 'locked-dump' ? 'put-back' : 'keep',
				steps: [],
				resumes: null,
				request: { kind: 'backup', server: 'db3' },
			},
			carried: { touched: [], outputs: {} },
		};
		for (const event of [began, ...events]) journal.write({ v: FORMAT, run, seq: 1, at: '2026-01-01T00:00:00.000Z', ...event });
		journal.close();
	};
	const action = { id: 'x', kind: 'sql', on: 'replica', text: 'X', why: '', changes: true } as const;
	const acted: RunEvent = { type: 'action-started', step: 'clear-replica', undoing: false, action };
	await using none = open(home, process.execPath, PROGRAM, 'undo');
	await none.waitFor('There is no run to undo');
	write('1-done', 'provision-replica', acted, {
		...{ type: 'run-ended', outcome: 'done', open: false, warnings: [], failure: null, summary: {} },
	});
	write('2-cut', 'locked-dump', acted);
	await using undo = open(home, process.execPath, PROGRAM, 'undo');
	expect(await undo.waitFor('1-done')).toContain('Which run is to be undone?');
	await using recover = open(home, process.execPath, PROGRAM, 'recover');
	// The list comes after its title.
	const text = await recover.waitFor('2-cut');
	expect([text.includes('Which run is to be rolled back?'), text.includes('1-done')]).toEqual([true, false]);
	expect(await lockstep(['undo'], { env: home.env })).toMatchObject({ code: 2, stderr: expect.stringMatching(/lockstep undo \S+ --yes/) });
});

it('56: TERM=dumb is named as what keeps the wizard from being shown', async () => {
	await using home = await makeHome();
	await using terminal = open(home, 'TERM=dumb', process.execPath, PROGRAM);
	expect(await terminal.waitFor('TERM=dumb')).toContain('this terminal cannot show the wizard');
});

it('says in a terminal that it is connecting where that takes long, and nothing of it elsewhere', async () => {
	await using home = await makeHome();
	// It takes connections, and never says a word.
	const silent = createServer().listen(0, '127.0.0.1');
	await once(silent, 'listening');
	try {
		const name = `127.0.0.1:${(silent.address() as AddressInfo).port}`;
		const args = ['status', '--server', `mysql://root@${name}`, '--connect-timeout', '2'];
		await using terminal = open(home, process.execPath, PROGRAM, ...args);
		await terminal.waitFor(`Connecting to ${name} …`);
		const { code, stderr } = await lockstep(args, { env: home.env });
		expect([code, stderr.includes('Connecting')]).toEqual([5, false]);
	} finally {
		silent.close();
	}
});

it('practice is in the language that was asked for, in a terminal too', async () => {
	await using home = await makeHome();
	await using practice = open(home, process.execPath, PROGRAM, 'practice', '--lang', 'pt');
	expect(await practice.waitFor('duplicate-key')).toContain('PRÁTICA');
});
