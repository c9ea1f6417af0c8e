// A MySQL pair in a real pseudo-terminal, 120 × 40: what is reviewed, confirmed and done, and what the servers say of it afterwards.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { makeHome, urlOf } from '../support/cli.ts';
import { ask, ownSandbox } from '../support/servers.ts';
import { KEYS, openTerminal } from '../support/terminal.ts';
import { channelsOf } from '../support/words.ts';

const KIND = 'mysql-9.7';
const PROGRAM = fileURLToPath(new URL('../../bin/lockstep.js', import.meta.url));
/** The machine may be busy with other tests: a wait ends as soon as what it waits for is there. */
const LONG = { timeout: 150_000 };

test('MySQL: a replica and its locked backup, in a terminal of 120 × 40', { timeout: 400_000 }, async () => {
	await using home = await makeHome();
	await using pair = await ownSandbox(KIND);
	const { primary, replica } = pair;
	const program = (...args: string[]) =>
		openTerminal({ command: process.execPath, args: [PROGRAM, ...args], env: home.env, cwd: home.dir, cols: 120, rows: 40 });
	const accounts = () => ask(primary, "SELECT User FROM mysql.user WHERE User LIKE 'lockstep%'");

	{
		await using terminal = program('provision', '--primary', urlOf(primary), '--replica', urlOf(replica));
		// Nothing says a password of root's: it is asked for before any login, and Enter alone means none.
		for (const { port } of [primary, replica]) {
			await terminal.waitFor(`Password for root@127.0.0.1:${port}`, LONG);
			terminal.send(KEYS.enter);
		}
		const review = await terminal.waitFor(/enter start/, LONG);
		expect(review).toMatch(/From +\S.*\(primary[\s\S]*Size +~/);
		expect([await accounts(), await channelsOf(KIND, replica)]).toEqual([[], []]);
		terminal.send('s');
		await terminal.waitFor('s plan', LONG);
		terminal.resize(200, 50);
		await terminal.waitFor(/CREATE USER 'lockstep_\d+'@'\S+' IDENTIFIED WITH caching_sha2_password BY '\*{8}' REQUIRE SSL/, LONG);
		terminal.resize(80, 24);
		terminal.send('s');
		await terminal.waitFor(/enter start/, LONG);
		terminal.send(KEYS.enter);
		// The harmless answer is the one that Enter would take.
		await terminal.waitFor(/❯ No, change nothing/, LONG);
		terminal.send('y');
		const seeded = await terminal.waitFor(/· Summary[\s\S]*q quit|✗/, LONG);
		expect(seeded).toContain(`is a replica of ${primary.host}:${primary.port}`);
		expect(seeded).toMatch(/identical to the primary at the same position/);
		terminal.send('q');
		expect(await terminal.exited).toMatchObject({ exitCode: 0 });
		expect(terminal.isAlternate()).toBe(false);
	}
	expect(await channelsOf(KIND, replica)).toMatchObject([{ io: 'Yes', sql: 'Yes', error: '', tls: true, usesGtid: true }]);
	const settings = () => ask(replica, 'SELECT @@read_only AS clients, @@super_read_only AS admins, @@event_scheduler AS events');
	expect(await settings()).toEqual([{ clients: '1', admins: '1', events: 'OFF' }]);

	const folder = join(home.dir, 'backups');
	{
		await using terminal = program('backup', '--server', urlOf(replica), '--to', folder);
		await terminal.waitFor(`Password for root@127.0.0.1:${replica.port}`, LONG);
		terminal.send(KEYS.enter);
		await terminal.waitFor(/global read lock[\s\S]*enter start/, LONG);
		// Open, the steps show what they send.
		terminal.send(' ');
		terminal.resize(200, 160);
		await terminal.waitFor(/FLUSH TABLES WITH READ LOCK[\s\S]*UNLOCK TABLES/, LONG);
		terminal.resize(80, 24);
		await terminal.waitFor((screen) => screen.split('\n').length === 24 && screen.includes('enter start'), LONG);
		terminal.send(`${KEYS.enter}y`);
		const ended = await terminal.waitFor(/· Summary[\s\S]*q quit|✗/, LONG);
		expect(ended).toContain('Backup complete: ');
		expect(ended).toMatch(/Read lock held .* · replication caught up/);
		terminal.send('q');
		expect(await terminal.exited).toMatchObject({ exitCode: 0 });
		expect(terminal.history().join('\n')).toContain('all dump files complete');
	}
	expect(await readdir(folder)).toEqual([expect.stringMatching(/^\d{8}T\d{6}Z$/), 'latest']);
	const manifest = JSON.parse(await readFile(join(folder, 'latest', 'manifest.json'), 'utf8'));
	expect(manifest).toMatchObject({ state: 'complete', server: { flavor: 'mysql', version: expect.stringMatching(/^9\.7\./) } });
	expect(await channelsOf(KIND, replica)).toMatchObject([{ io: 'Yes', sql: 'Yes', error: '' }]);
	expect(await settings()).toEqual([{ clients: '1', admins: '1', events: 'OFF' }]);
});
