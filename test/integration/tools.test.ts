import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Ended, type Home, lockstep, makeHome, nameOf, urlOf } from '../support/cli.ts';
import { ask, type SandboxKind, type SpareServer, spareServer } from '../support/servers.ts';
import { wordsOf } from '../support/words.ts';

const words = ({ stdout, stderr }: Ended) => stdout.slice(-3000) + stderr;

/** The kind whose tools are there: another vendor's, under the names that both vendors' packages bring. */
const OTHERS: readonly (readonly [SandboxKind, SandboxKind])[] = [
	['mysql-9.7', 'mariadb-11.8'],
	['mariadb-11.8', 'mysql-9.7'],
];

describe.each(OTHERS)('tools for %s where there are those of %s only', (kind, other) => {
	let home: Home;
	let primary: SpareServer;
	let replica: SpareServer;
	let stranger: SpareServer;

	beforeAll(async () => {
		home = await makeHome();
		[primary, replica, stranger] = [await spareServer(kind), await spareServer(kind), await spareServer(other)];
		await ask(primary, 'CREATE DATABASE shop');
	});
	afterAll(async () => {
		for (const server of [primary, replica, stranger]) await server?.[Symbol.asyncDispose]();
		await home?.[Symbol.asyncDispose]();
	});

	/** A folder with these programs in it, each a script of these lines. */
	async function folder(name: string, programs: Readonly<Record<string, string>>): Promise<string> {
		const path = join(home.dir, name);
		await mkdir(path, { recursive: true });
		for (const [program, lines] of Object.entries(programs)) await writeFile(join(path, program), `#!/bin/sh\n${lines}\n`, { mode: 0o755 });
		return path;
	}
	const theirs = () => {
		const { dump, client } = wordsOf(other);
		return folder('theirs', {
			mysqldump: `exec ${join(stranger.binDir ?? '', dump)} "$@"`,
			mysql: `exec ${join(stranger.binDir ?? '', client)} "$@"`,
		});
	};
	/** Only what is in these folders can be found. */
	const among = (...folders: string[]) => ({ ...home.env, XDG_CACHE_HOME: join(home.dir, 'no-cache'), PATH: folders.join(':') });
	const backup = (env: NodeJS.ProcessEnv) =>
		lockstep(
			[
				'backup',
				'--engine',
				'vendor',
				'--server',
				urlOf(primary),
				'--to',
				join(home.dir, 'to'),
				'--yes',
				'--json',
				'--confirm',
				nameOf(primary),
			],
			{
				env,
			},
		);
	const provision = (env: NodeJS.ProcessEnv) =>
		lockstep(['provision', '--primary', urlOf(primary), '--replica', urlOf(replica), '--yes', '--json'], { env });

	it('none is used, and the check names which was found and what is required', async () => {
		const path = await theirs();
		const [noBackup, noReplica] = [await backup(among(path)), await provision(among(path))];
		for (const [ended, id] of [
			[noBackup, 'TOOL'],
			[noReplica, 'PRIMARY-TOOLS'],
		] as const) {
			expect(ended.code, words(ended)).toBe(6);
			expect(ended.last.checks).toMatchObject([
				{ id, found: expect.stringMatching(`(^|; )${path}/mysqldump \\(.*\\) is another vendor’s`), hints: expect.any(Array) },
			]);
			expect(ended.last.checks[0].expected).toContain(wordsOf(kind).dump);
			expect(ended.last.checks[0].hints.join('\n')).toMatch(/apt-get install/);
		}
		expect(noReplica.last.checks[0].found).toContain(`${path}/mysql (`);
	});

	it('one that is older than the server is not taken either', async () => {
		const banner = kind.startsWith('mysql')
			? 'mysqldump  Ver 8.0.36 for Linux on x86_64 (MySQL Community Server - GPL)'
			: 'mysqldump  Ver 10.19 Distrib 10.11.6-MariaDB, for debian-linux-gnu (x86_64)';
		const path = await folder('older', { mysqldump: `echo '${banner}'` });
		const ended = await backup(among(path));
		expect(ended.code, words(ended)).toBe(6);
		expect(ended.last.checks).toMatchObject([
			{ id: 'TOOL', found: expect.stringMatching(/\/mysqldump \((8\.0\.36|10\.11\.6-MariaDB)\) is older than the server$/) },
		]);
	});

	it('are not needed where the dump is our own', async () => {
		const argv = ['backup', '--server', urlOf(primary), '--to', join(home.dir, 'own'), '--yes', '--json', '--confirm', nameOf(primary)];
		const ended = await lockstep(argv, { env: among(await folder('none', {})) });
		expect(ended.code, words(ended)).toBe(0);
	});

	it('behind them on the PATH its own are found', async () => {
		const ended = await backup(among(await theirs(), primary.binDir ?? ''));
		expect(ended.code, words(ended)).toBe(0);
	});
});
