// Limits of the machine that lockstep runs on are said as that, with what to do: they are no bugs of ours.
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Home, lockstep, makeHome, nameOf } from '../support/cli.ts';
import { ask, type SpareServer, spareServer } from '../support/servers.ts';

describe('a backup on a machine that gives too little', () => {
	let server: SpareServer;
	let home: Home;
	beforeAll(async () => {
		[server, home] = await Promise.all([spareServer('mariadb-11.8'), makeHome()]);
		await ask(server, 'CREATE DATABASE app');
		await ask(server, "CREATE USER dba IDENTIFIED BY 'Correct-horse-1'");
		await ask(server, 'GRANT ALL ON *.* TO dba');
		for (let table = 0; table < 30; table++) {
			await ask(server, `CREATE TABLE app.t${table} (id INT PRIMARY KEY, pad VARCHAR(200))`);
			await ask(server, `INSERT INTO app.t${table} SELECT seq, REPEAT('x', 200) FROM app.seq_1_to_500`);
		}
	});
	afterAll(async () => {
		await server?.[Symbol.asyncDispose]();
		await home?.[Symbol.asyncDispose]();
	});
	const backup = (more: readonly string[], { env = {}, limit }: { env?: NodeJS.ProcessEnv; limit?: string } = {}) =>
		lockstep(
			[
				'backup',
				'--server',
				`mysql://127.0.0.1:${server.port}`,
				'--user',
				'root',
				'--to',
				join(home.dir, 'backups'),
				'--yes',
				'--confirm',
				nameOf(server),
				...more,
			],
			{ env: { ...home.env, ...env }, ...(limit === undefined ? {} : { through: ['bash', '-c', `ulimit ${limit}; exec "$@"`, '--'] }) },
		);
	const isFree = async () =>
		expect(await ask(server, 'SHOW PROCESSLIST').then((rows) => rows.filter(({ User }) => User === 'root').length)).toBeLessThan(3);

	it.each(['-n 23', '-n 27', '-n 34'])('ulimit %s: too few files', async (limit) => {
		const { code, stdout, stderr } = await backup(['--workers', '8', '--lock', 'snapshot'], { limit });
		const said = stdout + stderr;
		if (code !== 0 && code !== 3) expect(said).toContain('ulimit -n');
		expect(said).not.toMatch(/bug|node:internal|lockstep itself/);
		await isFree();
	});

	it.each(['-v 1800000', '-v 4000000'])('ulimit %s: too little memory', async (limit) => {
		const { code, stdout, stderr } = await backup(['--workers', '16', '--lock', 'snapshot'], { limit });
		const said = stdout + stderr;
		if (code !== 0 && code !== 3) expect(said).toContain('ulimit -v');
		expect(said).not.toMatch(/bug|lockstep itself/);
		await isFree();
	});

	it.each(['/nowhere/at/all', '/proc'])('a TMPDIR that cannot be written: %s', async (TMPDIR) => {
		const { code, stderr } = await backup(['--engine', 'vendor', '--user', 'dba'], {
			env: { TMPDIR, LOCKSTEP_PASSWORD: 'Correct-horse-1' },
		});
		expect(code).toBe(1);
		expect(stderr).toContain(`A temporary file for a password cannot be written in ${TMPDIR}.`);
		expect(stderr).toContain('TMPDIR=');
		await isFree();
	});
});
