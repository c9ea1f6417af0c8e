import { spawnSync } from 'node:child_process';
import { mkdir, readdir, readFile, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Ended, type Home, lockstep, makeHome } from '../support/cli.ts';
import { contentsOf } from '../support/contents.ts';
import { ask, rootSession, SANDBOX_KINDS, type SpareServer, spareServer, value } from '../support/servers.ts';
import { isMysql } from '../support/words.ts';

/** Folders that MariaDB lists as databases. */
const STRAY = ['.snapshot', 'lost+found'];

/** The arguments that a shell makes of what a hint says to type. */
const pasted = (hint: string): readonly string[] => {
	const script = `printf '%s\\0' ${hint.slice(hint.indexOf(' --') + 1)}`;
	return spawnSync('bash', ['-c', script], { encoding: 'utf8' }).stdout.split('\0').slice(0, -1);
};

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

	it('that cannot be opened, or would not load again, are named before the lock, with ways out that can be pasted', async () => {
		await using session = await rootSession(server);
		for (const text of [
			'CREATE DATABASE `le ft`',
			'USE `le ft`',
			"CREATE TABLE `t $a's` (id INT PRIMARY KEY)",
			'CREATE TABLE kept (id INT PRIMARY KEY)',
			'CREATE TABLE `hu``rt` (id INT, KEY (id)) ENGINE=MyISAM',
			'INSERT INTO `hu``rt` VALUES (1), (2)',
			'FLUSH TABLES',
			"CREATE VIEW `v$(1)` AS SELECT id FROM `t $a's`",
			'CREATE VIEW w AS SELECT id FROM `v$(1)`',
			'CREATE VIEW good AS SELECT id FROM kept',
			'CREATE TABLE gone (a INT)',
			'CREATE VIEW invalid AS SELECT a FROM gone',
			'DROP TABLE gone',
		])
			await session.query({ pieces: [text] });
		for (const folder of STRAY) await mkdir(join(server.dataDir, folder));
		await truncate(join(server.dataDir, 'le@0020ft', 'hu@0060rt.MYI'), 0);
		const left = (more: readonly string[]) =>
			run(
				server,
				'backup',
				'--engine',
				'vendor',
				'--to',
				join(home.dir, 'left'),
				'--databases',
				'le ft',
				'--ignore-table',
				"le ft.t $a's",
				...more,
			);
		const refused = await left([]);
		expect(refused.code, told(refused)).toBe(6);
		expect(refused.last).toMatchObject({ class: 'CheckFailed', exit_code: 6 });
		const checks: Record<string, { found: string; hints: string[] }> = Object.fromEntries(
			refused.last.checks.map((check: { id: string }) => [check.id, check]),
		);
		expect(Object.keys(checks).sort()).toEqual(['TABLES', 'VIEWS']);
		for (const part of ["`le ft`.`v$(1)` (it needs le ft.t $a's,", '`le ft`.w (it needs le ft.v$(1),', '`le ft`.invalid (ERROR 1356'])
			expect(checks.VIEWS?.found).toContain(part);
		const hints = [checks.TABLES, checks.VIEWS].flatMap((check) => check?.hints.filter((hint) => hint.includes('--ignore-table')) ?? []);
		const ended = await left(hints.flatMap(pasted));
		expect([0, 3], told(ended)).toContain(ended.code);
		const noted = ended.lines.flatMap((line) => (line.type === 'review' ? line.review.checks : []));
		expect(noted.find(({ id }: { id: string }) => id === 'STRAY-FOLDERS')?.found ?? null).toEqual(
			isMysql(kind) ? null : expect.stringMatching(/\.snapshot.*lost\+found|lost\+found.*\.snapshot/),
		);
		await session.query({ pieces: ['DROP DATABASE `le ft`'] });
		const restored = await run(server, 'restore', ended.last.backup);
		expect(restored.code, told(restored)).toBe(0);
		expect((await ask(server, 'SHOW TABLES FROM `le ft`')).flatMap((row) => Object.values(row))).toEqual(['good', 'kept']);
		await session.query({ pieces: ['DROP DATABASE `le ft`'] });
	});
});
