import { readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Ended, type Home, lockstep, makeHome, nameOf, urlOf } from '../support/cli.ts';
import { ask, SANDBOX_KINDS, spareServer } from '../support/servers.ts';

const told = ({ stdout, stderr }: Ended) => stdout.slice(-3000) + stderr;
const STATEMENTS = [
	'CREATE DATABASE shop',
	'CREATE TABLE shop.orders (id INT PRIMARY KEY, note VARCHAR(40), total DECIMAL(10,2), KEY (note))',
	"INSERT INTO shop.orders SELECT seq.n, CONCAT('order ', seq.n), seq.n * 1.5 FROM (SELECT a.n + 10 * b.n + 1 AS n FROM (SELECT 0 n UNION SELECT 1 UNION SELECT 2 UNION SELECT 3 UNION SELECT 4) a, (SELECT 0 n UNION SELECT 1 UNION SELECT 2) b) seq",
	'CREATE VIEW shop.dear AS SELECT * FROM shop.orders WHERE total > 10',
	'CREATE PROCEDURE shop.p() SELECT 1',
	'CREATE TRIGGER shop.t BEFORE INSERT ON shop.orders FOR EACH ROW SET NEW.total = 0',
	'CREATE DATABASE `od d-ů`',
	'CREATE TABLE `od d-ů`.`t``able` (id INT PRIMARY KEY)',
];

describe.each(SANDBOX_KINDS)('a real backup of %s', (kind) => {
	let home: Home;
	let to: string;
	let folder: string;
	const run = (...args: string[]) => lockstep(args, { env: home.env });

	beforeAll(async () => {
		home = await makeHome();
		to = join(home.dir, 'backups');
		await using server = await spareServer(kind);
		for (const statement of STATEMENTS) await ask(server, statement);
		const made = await run('backup', '--server', urlOf(server), '--to', to, '--yes', '--json', '--confirm', nameOf(server));
		expect(made.code, told(made)).toBe(0);
		folder = made.last.backup;
	});
	afterAll(() => home?.[Symbol.asyncDispose]());

	it('is verified, listed and shown without its server; what is changed is named, with 8', async () => {
		const before = await run('list', to);
		expect(before).toMatchObject({ code: 0, stderr: '' });
		expect(before.stdout).toContain('not verified yet');
		const ok = await run('verify', join(to, 'latest'), '--json');
		expect(ok.code, told(ok)).toBe(0);
		expect(ok.last).toMatchObject({
			type: 'summary',
			backup: folder,
			ok: true,
			rows: 15,
			notes: [],
			record: `${folder}.verify.json`,
			exit_code: 0,
		});
		expect(((await stat(ok.last.record)).mode & 0o777).toString(8)).toBe('600');
		expect(JSON.parse(await readFile(ok.last.record, 'utf8'))).toMatchObject({
			ok: true,
			problems: [],
			files: (await readdir(folder)).length,
		});

		const list = await run('list', to, '--json');
		expect(list.lines).toHaveLength(1);
		expect(list.last).toMatchObject({ v: 1, type: 'backups', folder: to });
		expect(list.last.backups).toEqual([
			expect.objectContaining({
				...{ path: folder, state: 'complete', latest: true, engine: 'vendor', databases: 2, tables: 2 },
				...{ verified: expect.objectContaining({ state: 'ok' }), drilled: { state: 'none' } },
			}),
		]);
		const show = await run('show', folder, '--json');
		expect(show.last).toMatchObject({ type: 'backup', path: folder, verify: { ok: true }, drill: null, manifest: { format: 1 } });
		expect(show.last.databaseList.map((each: { name: string; rows: number }) => [each.name, each.rows])).toEqual([
			['od d-ů', 0],
			['shop', 15],
		]);
		for (const width of [await run('show', folder), await run('list', to)]) {
			expect(width.code).toBe(0);
			expect(width.stdout).not.toContain('\x1b');
			expect(width.stdout).toContain('verified just now');
		}
		const ascii = await lockstep(['list', to], { env: { ...home.env, LOCKSTEP_ASCII: '1' } });
		expect(ascii.stdout).toMatch(/^[\x20-\x7e\n]*$/);

		const file = join(folder, 'shop.sql.zst');
		const whole = await readFile(file);
		const flipped = Buffer.from(whole);
		flipped[whole.length >> 1] = (flipped[whole.length >> 1] ?? 0) ^ 1;
		await writeFile(file, flipped);
		await writeFile(join(folder, 'more'), '');
		const bad = await run('verify', folder, '--json');
		expect(bad).toMatchObject({ code: 8, last: { type: 'error', class: 'VerifyFailed', exit_code: 8 } });
		expect(new Set(bad.last.checks.map((check: { title: string }) => check.title))).toEqual(new Set(['more', 'shop.sql.zst']));
		expect((await run('list', to)).stdout).toContain('verified just now: FAILED');
		await writeFile(file, whole);
		await rm(join(folder, 'more'));
		expect((await run('verify', folder)).code).toBe(0);
		// Somebody writes to it: the proof was of another.
		const sums = await readFile(join(folder, 'SHA256SUMS'));
		await writeFile(join(folder, 'SHA256SUMS'), `${sums}\n`);
		expect((await run('list', to)).stdout).toContain('changed since it was verified');
		await writeFile(join(folder, 'SHA256SUMS'), sums);
	});
});

describe('without a backup', () => {
	it('is told what to name, with 2', async () => {
		await using home = await makeHome();
		const run = (...args: string[]) => lockstep(args, { env: home.env });
		for (const command of ['verify', 'show']) {
			const ended = await run(command, join(home.dir, 'gone'));
			expect(ended).toMatchObject({ code: 2, stderr: expect.stringContaining('There is no backup') });
			expect((await run(command)).code).toBe(2);
		}
		expect((await run('list', join(home.dir, 'gone'))).code).toBe(2);
		expect((await run('verify', home.dir)).code).toBe(2);
		const none = await run('list', home.dir);
		expect(none).toMatchObject({ code: 0, stdout: expect.stringContaining('lockstep backup --server SERVER --to') });
	});
});
