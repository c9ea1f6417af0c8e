import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Ended, type Home, lockstep, makeHome } from '../support/cli.ts';
import { contentsOf } from '../support/contents.ts';
import { ask, rootSession, SANDBOX_KINDS, type SpareServer, spareServer, value } from '../support/servers.ts';
import { isMysql } from '../support/words.ts';

const told = ({ stdout, stderr }: Ended) => stdout.slice(-1500) + stderr;

describe.each(SANDBOX_KINDS)('objects of %s that are hard to write down', (kind) => {
	let home: Home;
	let server: SpareServer;
	/** Nothing may be written there but by tests. */
	let cwd: string;
	const at = (of: SpareServer) => ['-S', of.socket, '-u', 'root', '--ssl-mode', 'DISABLED'];
	const run = (of: SpareServer, ...argv: string[]) =>
		lockstep([...argv, ...at(of), '--yes', '--json', '--confirm', `localhost:${of.port}`], { env: home.env, cwd });
	const backup = async (...more: string[]) => {
		const ended = await run(server, 'backup', '--to', join(home.dir, 'backups'), '--compress', 'none', ...more);
		expect([0, 3], told(ended)).toContain(ended.code);
		return ended.last.backup as string;
	};

	beforeAll(async () => {
		home = await makeHome();
		server = await spareServer(kind);
		cwd = join(home.dir, 'cwd');
		await mkdir(cwd);
		await using session = await rootSession(server);
		for (const text of [
			'CREATE DATABASE `-w`',
			'USE `-w`',
			'CREATE TABLE `--result-file=t` (id INT PRIMARY KEY)',
			'INSERT INTO `--result-file=t` VALUES (1), (2)',
			'CREATE VIEW `--result-file=v` AS SELECT 1 AS a',
			'CREATE TABLE `--tab=.` (id INT PRIMARY KEY, a VARCHAR(100))',
			"CREATE TRIGGER `a,b` BEFORE INSERT ON `--tab=.` FOR EACH ROW SET NEW.a = 'x'",
			'CREATE DATABASE d1',
			'CREATE DATABASE d2',
			'CREATE TABLE d1.t (id INT PRIMARY KEY)',
			'CREATE VIEW d1.v AS SELECT id FROM d1.t',
			'CREATE VIEW d2.v AS SELECT id FROM d1.v',
			'CREATE VIEW d1.w AS SELECT id FROM d2.v',
			...(isMysql(kind)
				? []
				: [
						'CREATE TABLE `-w`.`--result-file=h` (id INT PRIMARY KEY, v INT) WITH SYSTEM VERSIONING',
						'INSERT INTO `-w`.`--result-file=h` VALUES (1, 1)',
						'UPDATE `-w`.`--result-file=h` SET v = 2',
					]),
		])
			await session.query({ pieces: [text] });
	});
	afterAll(async () => {
		await server?.[Symbol.asyncDispose]();
		await home?.[Symbol.asyncDispose]();
	});

	it('come back with either engine, and no name becomes an option', async () => {
		for (const engine of ['parallel', 'vendor']) {
			// What a vendor's dump cannot load in any order is tried with our own engine.
			const folder = await backup('--engine', engine, ...(engine === 'vendor' ? ['--databases', '-w'] : []));
			await using other = await spareServer(kind);
			const ended = await run(other, 'restore', folder);
			expect(ended.code, told(ended)).toBe(0);
			const [one, two] = await Promise.all([contentsOf(server), contentsOf(other)]);
			const own = (all: Readonly<Record<string, string>>) =>
				Object.fromEntries(Object.entries(all).filter(([name]) => engine === 'parallel' || name.includes('`-w`')));
			expect(own(two.rows)).toEqual(own(one.rows));
			expect(own(two.definitions)).toEqual(own(one.definitions));
			if (!isMysql(kind)) expect(await value(other, 'SELECT COUNT(*) FROM `-w`.`--result-file=h` FOR SYSTEM_TIME ALL')).toBe('2');
			expect((await readFile(join(folder, 'definitions.jsonl'), 'utf8')).trimEnd().split('\n').length).toBeGreaterThan(3);
			expect(await readdir(cwd)).toEqual([]);
		}
	});

	it('that end in a comment, or hold what ends statements, come back', async () => {
		await using session = await rootSession(server);
		for (const text of [
			'CREATE DATABASE bodies',
			'USE bodies',
			'CREATE TABLE t (id INT PRIMARY KEY, a VARCHAR(100))',
			"CREATE TRIGGER tr BEFORE INSERT ON t FOR EACH ROW SET NEW.a = '1' -- note",
			'CREATE TABLE gone (a INT)',
			'CREATE VIEW invalid AS SELECT a FROM gone',
			'DROP TABLE gone',
			'CREATE PROCEDURE p() SELECT 1 -- note',
			"CREATE EVENT e ON SCHEDULE EVERY 1 DAY STARTS '2030-01-01' DISABLE DO INSERT INTO t VALUES (1, ';;')",
		])
			await session.query({ pieces: [text] });
		const folder = await backup('--databases', 'bodies');
		await using other = await spareServer(kind);
		const ended = await run(other, 'restore', folder);
		expect(ended.code, told(ended)).toBe(0);
		const { definitions } = await contentsOf(other);
		// A view that nobody can open is named, and kept as text.
		expect(await readFile(join(folder, 'bodies-post'), 'utf8')).toContain('--   CREATE ALGORITHM=UNDEFINED');
		expect(JSON.parse(await readFile(join(folder, 'manifest.json'), 'utf8')).files.length).toBeGreaterThan(3);
		const { 'VIEW `bodies`.`invalid`': invalid, ...all } = (await contentsOf(server)).definitions;
		expect(invalid).toBeDefined();
		expect(definitions).toEqual(Object.fromEntries(Object.entries(all).filter(([name]) => name.includes('`bodies`'))));
		await ask(server, 'DROP DATABASE bodies');
	});
});
