import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { lockstep, makeHome } from '../support/cli.ts';

it('info: versions, paths, terminal and tools, no secret, also where the configuration is broken', async () => {
	await using home = await makeHome();
	const bin = join(home.dir, 'bin');
	await mkdir(bin);
	await writeFile(join(bin, 'mariadb-dump'), '#!/bin/sh\necho "mariadb-dump from 11.8.6-MariaDB, client 10.19 for Linux"\n');
	await chmod(join(bin, 'mariadb-dump'), 0o755);
	const config = join(home.dir, 'broken.json');
	await writeFile(config, '{"profiles": [{"name": "x", "bagde": "hunter2"}]}');
	const env = {
		...home.env,
		PATH: `${bin}:${process.env.PATH}`,
		LOCKSTEP_CONFIG: config,
		LOCKSTEP_PASSWORD: 'hunter2',
		MYSQL_PWD: 'hunter2',
	};
	const { code, stdout, stderr } = await lockstep(['info'], { env });
	expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
	expect(stdout).toMatch(/^lockstep \d+\.\d+\.\d+, Node \d+/);
	expect(stdout).toMatch(new RegExp(`mariadb-dump +11\\.8\\.6-MariaDB +${bin}/mariadb-dump`));
	expect(stdout).toContain(`${config}:1:29: unknown key "bagde".`);
	expect(stdout).toContain(home.state);
	expect(stdout).not.toContain('hunter2');
	const { last } = await lockstep(['info', '--json'], { env });
	expect(last).toMatchObject({
		type: 'info',
		terminal: { mode: 'headless', columns: null },
		environment: { LOCKSTEP_PASSWORD: 'set, not shown' },
	});
	expect(JSON.stringify(last)).not.toContain('hunter2');
});
