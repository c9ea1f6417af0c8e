import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { lockstep, makeHome, start, urlOf } from '../support/cli.ts';
import { ask, spareServer, value } from '../support/servers.ts';

it('lockstep status --watch continues while the server hangs, is down and comes back', { timeout: 120_000 }, async () => {
	await using home = await makeHome();
	await using server = await spareServer('mariadb-11.8');
	const pid = async () => Number(await readFile((await value(server, 'SELECT @@pid_file')) ?? '', 'utf8'));
	const hung = await pid();
	const watching = start(['status', '--server', urlOf(server), '--watch', '--json'], { env: home.env, boundMs: 100_000 });
	const up = (is: (uptime: number) => boolean) =>
		watching.line((line) => line.type === 'status' && line.unreachable === undefined && is(line.uptimeSeconds));
	const away = (is: (since: string) => boolean) => watching.line((line) => line.unreachable !== undefined && is(line.unreachable.since));
	const before = await up(() => true);
	process.kill(hung, 'SIGSTOP');
	const hanging = await away(() => true).finally(() => process.kill(hung, 'SIGCONT'));
	expect(hanging).toMatchObject({ name: before.name, healthy: false, unreachable: { reason: expect.any(String) } });
	const back = await up((uptime) => uptime > before.uptimeSeconds + 3);
	await server.stop();
	await away((since) => since !== hanging.unreachable.since);
	await server.start();
	await up((uptime) => uptime < back.uptimeSeconds);
	watching.child.kill('SIGTERM');
	expect((await watching.ended).code).toBe(143);
});

it('lockstep info --server says what a server is and what the account may do there, and names neither', async () => {
	await using home = await makeHome();
	await using server = await spareServer('mariadb-11.8');
	for (const statement of [
		"CREATE USER reader@localhost IDENTIFIED BY ''",
		'GRANT SELECT, SLAVE MONITOR, BINLOG MONITOR ON *.* TO reader@localhost',
	])
		await ask(server, statement);
	const info = async (url: string) => (await lockstep(['info', '--server', url, '--json'], { env: home.env })).last;
	const whole = await info(urlOf(server));
	expect(whole.server).toMatchObject({
		...{ title: expect.stringMatching(/^MariaDB 11\.8\.\d+$/), channels: [], replicas: 0, read_only: 'OFF', binary_log: true },
		missing_privileges: { status: [], backup: [], 'backup --stop-applier': [], 'provision, as the replica': [] },
	});
	const { missing_privileges: missing } = (await info(`mysql://reader@localhost?socket=${server.socket}`)).server;
	expect(missing.backup).toContain('RELOAD');
	expect(JSON.stringify([whole.server, missing])).not.toMatch(new RegExp(`reader|root|${server.port}`));
	const text = (await lockstep(['info', '--server', urlOf(server)], { env: home.env })).stdout;
	expect(text).toMatch(/role +neither a replica nor a source of one[\s\S]*What the account may do there\n {2}status +yes/);
});
