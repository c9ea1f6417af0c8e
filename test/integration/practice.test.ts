// Practice by the command line, as somebody plays it whose own option file and environment name other servers.
import { execFile } from 'node:child_process';
import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, expect, it } from 'vitest';
import { lockstep as call, makeHome } from '../support/cli.ts';

const home = await makeHome();
const env = { ...home.env, LOCKSTEP_PASSWORD: 'of another server', MYSQL_PWD: 'of another server' };
const lockstep = (...argv: readonly string[]) => call(argv, { env });

afterAll(async () => {
	await lockstep('practice', 'stop');
	await home[Symbol.asyncDispose]();
});

it('is played from its first step to the report of the trainer', { timeout: 120_000 }, async () => {
	const own = join(home.dir, '.my.cnf');
	await writeFile(own, '[client]\nuser=dba\npassword=of another server\nhost=db3\n');
	await chmod(own, 0o600);

	const started = await lockstep('practice', 'start', '9', '--server', 'mariadb-11.8', '--json');
	expect(started.code, started.stderr).toBe(0);
	expect(started.lines[0].lesson).toMatchObject({ id: 'duplicate-key', hints: [], hintCount: 3 });

	const red = await lockstep('practice', 'check', '--json');
	expect(red.code).toBe(8);
	expect(red.lines[0]).toMatchObject({ isDone: false, price: null, debrief: null });
	expect((await lockstep('practice', 'explain')).stdout).toContain('1062');
	expect((await lockstep('practice', 'hint', '--lang', 'pt')).stdout).toContain('Dica 1/3');

	const { logins } = (await lockstep('practice', 'env', '--json')).lines[0];
	const remedy = 'SET SESSION sql_log_bin = 0; DELETE FROM shop.tickets WHERE id = 10; START REPLICA;';
	await promisify(execFile)(logins[1].client, [`--defaults-file=${logins[1].optionFile}`, '-e', remedy], { timeout: 20_000, env });
	await expect.poll(async () => (await lockstep('practice', 'check')).code, { timeout: 30_000 }).toBe(0);

	const list = (await lockstep('practice', '--json')).lines[0];
	expect(list.lessons.find((each: { id: string }) => each.id === 'duplicate-key').done).toMatchObject({ hints: 1, wrong: 0 });
	const report = (await lockstep('practice', '--report')).stdout;
	expect(report).toMatch(/^# Practice report\n/);
	expect(report).toMatch(/\| 9\. A write on the replica, then a duplicate key \| mariadb-11\.8 \| .* \| done \|/);
	expect((await lockstep('practice', 'stop')).stdout).toContain('stopped and removed');
	expect((await lockstep('practice', 'check')).code).toBe(2);
});
