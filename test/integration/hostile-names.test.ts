// Every object of a server named as badly as the server lets it be: nothing is lost, nothing becomes an option, a command or a file.
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readManifest } from '../../src/archive/manifest.ts';
import { formatNames } from '../../src/core/names.ts';
import { type Ended, type Home, lockstep, makeHome, nameOf, urlOf } from '../support/cli.ts';
import { contentsOf } from '../support/contents.ts';
import { HOSTILE_NAMES } from '../support/hostile-names.ts';
import { ask, rootSession, type SpareServer, spareServer } from '../support/servers.ts';

const LONG = { timeout: 240_000 };
const BOUND_MS = 200_000;
/** Those that hold the others. */
const DATABASES = [
	...['-w', '--result-file=dump.sql', "it's", 'back`tick', 'line\nfeed', 'turn\u202eround', '../up', '$(touch hacked)', 'a,b', '100%'],
	...['escape\u001b[31mred', 'Case', 'case'],
];
/** MariaDB's own dump tool escapes these in the name of a database that it selects, and then finds none of that name (11.8). */
const UNSELECTABLE = /['"\\\n\r\u001a]/;
const name = (text: string) => `\`${text.replaceAll('`', '``')}\``;
const text = (value: string) => `'${value.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;
/** The longest name of a user on MySQL. */
const userName = (value: string) => [...value].slice(0, 32).join('').trimEnd();

/** Every name once for each kind of object, spread over the databases; what the server itself refuses is left out. */
async function fill(server: SpareServer): Promise<{ readonly made: number; readonly refused: readonly string[] }> {
	await using session = await rootSession(server);
	const refused: string[] = [];
	let made = 0;
	const run = (statement: string) =>
		session.query({ pieces: [statement] }).then(
			() => {
				made++;
				return true;
			},
			(error: Error) => {
				refused.push(`${statement.slice(0, 80)}: ${(error.cause as Error | undefined)?.message ?? error.message}`);
				return false;
			},
		);
	const share = (index: number) => HOSTILE_NAMES.filter((_, at) => at % DATABASES.length === index % DATABASES.length);
	for (const [index, database] of DATABASES.entries()) {
		await run(`CREATE DATABASE ${name(database)}`);
		const of = (object: string) => `${name(database)}.${name(object)}`;
		await run(`CREATE TABLE ${of('t')} (id INT PRIMARY KEY)`);
		for (const table of share(index)) {
			const column = HOSTILE_NAMES[(HOSTILE_NAMES.indexOf(table) + 1) % HOSTILE_NAMES.length] ?? 'c';
			const columns = `id INT PRIMARY KEY, ${name(column)} VARCHAR(80) COMMENT ${text(table)}, KEY ${name(table)} (${name(column)})`;
			if (await run(`CREATE TABLE ${of(table)} (${columns}) CHARSET utf8mb4`))
				await run(`INSERT INTO ${of(table)} VALUES (1, ${text(table)}), (2, NULL)`);
		}
		for (const view of share(index + 1)) await run(`CREATE VIEW ${of(view)} AS SELECT id AS ${name(view)} FROM ${of('t')}`);
		for (const routine of share(index + 2)) await run(`CREATE PROCEDURE ${of(routine)}() SELECT ${text(routine)}`);
		for (const trigger of share(index + 3))
			await run(`CREATE TRIGGER ${of(trigger)} BEFORE INSERT ON ${of('t')} FOR EACH ROW SET NEW.id = NEW.id`);
		for (const event of share(index + 4)) await run(`CREATE EVENT ${of(event)} ON SCHEDULE EVERY 1 DAY DISABLE DO SET @x = 1`);
		for (const user of share(index + 5)) await run(`CREATE USER ${text(userName(user))}@'localhost'`);
	}
	return { made, refused };
}

const users = async (server: SpareServer) =>
	(await ask(server, "SELECT User AS u FROM mysql.user WHERE Host = 'localhost'")).map(({ u }) => u ?? '').sort();

describe.each(['mariadb-11.8', 'mysql-9.7'] as const)('hostile names on %s', (kind) => {
	let source: SpareServer;
	let target: SpareServer;
	let home: Home;
	let cwd: string;
	let before: Awaited<ReturnType<typeof contentsOf>>;
	const backups: string[] = [];
	const selectable = DATABASES.filter((database) => kind !== 'mariadb-11.8' || !UNSELECTABLE.test(database));
	beforeAll(async () => {
		[source, target, home] = await Promise.all([spareServer(kind), spareServer(kind), makeHome()]);
		cwd = join(home.dir, 'cwd');
		await mkdir(cwd);
		await writeFile(join(cwd, 'bystander'), 'x');
		const { made, refused } = await fill(source);
		expect(made, refused.join('\n')).toBeGreaterThan(6 * HOSTILE_NAMES.length);
		expect(refused.length, refused.join('\n')).toBeLessThan(20);
		before = await contentsOf(source);
	}, 240_000);
	afterAll(async () => {
		await source?.[Symbol.asyncDispose]();
		await target?.[Symbol.asyncDispose]();
		await home?.[Symbol.asyncDispose]();
	});
	const run = async (...args: string[]): Promise<Ended> => {
		const ended = await lockstep(args, { env: home.env, cwd, boundMs: BOUND_MS });
		expect(await readdir(cwd), args.join(' ')).toEqual(['bystander']);
		return ended;
	};
	const said = ({ stdout, stderr }: Ended) => stdout.slice(-3000) + stderr.slice(-2000);
	const done = (ended: Ended) => {
		expect([0, 3], said(ended)).toContain(ended.code);
		for (const line of ended.stdout.trimEnd().split('\n')) expect(() => JSON.parse(line), line).not.toThrow();
	};
	/** Names in it may be anything; the terminal obeys none of them. */
	const harmless = ({ stdout, stderr }: Ended) => {
		expect((stdout + stderr).replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
	};

	it.each(['parallel', 'vendor'])('a backup by the %s engine holds each of them', LONG, async (engine) => {
		const to = join(home.dir, `backups-${engine}`);
		const databases = engine === 'vendor' ? selectable : DATABASES;
		const names = ['--databases', formatNames(databases)];
		const made = await run(
			'backup',
			'--server',
			urlOf(source),
			'--to',
			to,
			'--engine',
			engine,
			...names,
			'--yes',
			'--confirm',
			nameOf(source),
			'--json',
		);
		if (databases.length < DATABASES.length) {
			const all = ['--databases', formatNames(DATABASES)];
			const refused = await run('backup', '--server', urlOf(source), '--to', to, '--engine', engine, ...all, '--yes', '--json');
			expect([refused.code, refused.last.checks], said(refused)).toMatchObject([6, [{ id: 'TOOL-NAMES', hints: ['--engine parallel'] }]]);
		}
		done(made);
		backups.push(made.last.backup);
		expect([...(await readManifest(made.last.backup)).dump.databases].sort()).toEqual([...databases].sort());
		done(await run('verify', made.last.backup, '--json'));
		done(await run('show', made.last.backup, '--json'));
		done(await run('list', to, '--json'));
	});

	it('restored from either they are what they were, accounts too', LONG, async () => {
		for (const backup of backups) {
			const restored = await run(
				'restore',
				backup,
				'--server',
				urlOf(target),
				'--accounts',
				'--yes',
				'--confirm',
				nameOf(target),
				'--json',
			);
			done(restored);
			expect(await contentsOf(target)).toEqual(before);
			expect(await users(target)).toEqual(await users(source));
		}
	});

	it('a drill passes', LONG, async () => {
		const drilled = await run('drill', backups[0] ?? '', '--json');
		expect([0, 3], said(drilled)).toContain(drilled.code);
		expect(drilled.last).toMatchObject({ ok: true, problems: [] });
	});

	it('a replica is made of them', LONG, async () => {
		for (const database of DATABASES.filter((each) => !selectable.includes(each))) await ask(source, `DROP DATABASE ${name(database)}`);
		before = await contentsOf(source);
		const made = await run(
			'provision',
			'--primary',
			urlOf(source),
			'--replica',
			urlOf(target),
			'--yes',
			'--confirm',
			nameOf(target),
			'--json',
		);
		done(made);
		const now = await contentsOf(target);
		expect(now.rows).toEqual(before.rows);
		expect(Object.keys(now.definitions).sort()).toEqual(Object.keys(before.definitions).sort());
	});

	it('no text for people obeys one', LONG, async () => {
		const [backup = ''] = backups;
		harmless(await run('show', backup));
		harmless(await run('verify', backup));
		harmless(await run('restore', backup, '--server', urlOf(target), '--dry-run'));
		harmless(await run('backup', '--server', urlOf(source), '--to', join(home.dir, 'dry'), '--dry-run', '--verbose'));
	});
});
