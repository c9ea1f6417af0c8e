import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { makeHome, start, urlOf } from '../support/cli.ts';
import { spareServer, value } from '../support/servers.ts';

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
