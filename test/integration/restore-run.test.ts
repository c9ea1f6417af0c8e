import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readManifest } from '../../src/archive/manifest.ts';
import { kindOf } from '../../src/sandbox/programs.ts';
import { shopStatements } from '../../src/sandbox/shop.ts';
import { type Ended, type Home, type Line, lockstep, makeHome, nameOf, start, urlOf } from '../support/cli.ts';
import { contentsOf } from '../support/contents.ts';
import { forged } from '../support/forged.ts';
import { IN_ORDER } from '../support/in-order.ts';
import { ask, rootSession, SANDBOX_KINDS, type SpareServer, spareServer, value } from '../support/servers.ts';
import { wordsOf } from '../support/words.ts';

const SETTINGS = "SELECT CONCAT_WS(' ', IF(@@GLOBAL.local_infile, 1, 0), @@GLOBAL.event_scheduler)";

describe.each(SANDBOX_KINDS)('lockstep restore on %s', IN_ORDER, (kind) => {
	let home: Home;
	let source: SpareServer;
	let target: SpareServer;
	let vendor: string;
	/** By our own engine. */
	let own: string;
	let before: Awaited<ReturnType<typeof contentsOf>>;
	const words = wordsOf(kind);
	const { vendor: flavor } = kindOf(kind).family;

	beforeAll(async () => {
		home = await makeHome();
		[source, target] = await Promise.all([spareServer(kind), spareServer(kind)]);
		await using session = await rootSession(source);
		for (const statement of shopStatements(300, flavor)) await session.query({ pieces: [statement] });
		// A view of a database that comes later, and rows of every byte.
		await session.query({ pieces: ['CREATE VIEW crm.buyers AS SELECT id, full_name FROM shop.customers'] });
		await session.query({ pieces: ['CREATE TABLE crm.bytes (id INT PRIMARY KEY, b VARBINARY(300) NULL, KEY by_b (b(10)))'] });
		const every = Buffer.from([...Array(256).keys()]).toString('hex');
		await session.query({ pieces: [`INSERT INTO crm.bytes VALUES (0, x'${every}'), (1, ''), (2, NULL)`] });
		// Like parts of a dump, in a routine's body.
		const parts = "-- Dumping data for table `orders`\nSELECT 'a;\nINSERT INTO `orders` VALUES (1);\n';\nDROP TABLE IF EXISTS `orders`;";
		await session.query({ pieces: [`CREATE PROCEDURE shop.tricky() BEGIN\n${parts}\nEND`] });
		await session.query({ pieces: ["CREATE USER newcomer@localhost IDENTIFIED BY 'a-Secret-1'"] });
		await session.query({ pieces: ['GRANT SELECT ON shop.* TO newcomer@localhost'] });
		before = await contentsOf(source);
		const backup = async (...more: string[]): Promise<string> => {
			const { code, last, stdout } = await lockstep(
				['backup', '--server', urlOf(source), '--to', join(home.dir, 'backups'), '--yes', '--json', '--confirm', nameOf(source), ...more],
				{ env: home.env },
			);
			expect(code, stdout.slice(-2000)).toBe(0);
			return last.backup;
		};
		vendor = await backup('--engine', 'vendor');
		own = await backup('--engine', 'parallel');
		await ask(target, 'SET GLOBAL local_infile = 0');
		await ask(target, 'SET GLOBAL event_scheduler = ON');
	});
	afterAll(async () => {
		await source?.[Symbol.asyncDispose]();
		await target?.[Symbol.asyncDispose]();
		await home?.[Symbol.asyncDispose]();
	});

	const argv = (backup: string, ...more: string[]) => ['restore', backup, '--server', urlOf(target), '--yes', '--json', ...more];
	const env = () => ({ ...home.env, LOCKSTEP_TEST_KEYS_AFTER_BYTES: '1' });
	const restore = (backup: string, ...more: string[]): Promise<Ended> => lockstep(argv(backup, ...more), { env: env() });
	const said = ({ stdout, stderr }: Ended) => stdout.slice(-3000) + stderr;
	const actions = (ended: Ended): Line[] => ended.lines.filter((line) => line.type === 'action-started');
	const wake = async (ended: Ended) => {
		for (const statement of ended.last.wake) await ask(target, statement);
	};

	it('brings a parallel backup back as it was, and no event fires by surprise', async () => {
		const ended = await restore(own);
		expect(ended.code, said(ended)).toBe(0);
		expect(await value(target, SETTINGS)).toBe('0 ON');
		expect(await value(target, words.written)).toBe('');
		expect(await value(target, "SELECT COUNT(*) FROM information_schema.EVENTS WHERE STATUS = 'ENABLED'")).toBe('0');
		await wake(ended);
		expect(await contentsOf(target)).toEqual(before);
		expect(ended.last).toMatchObject({ restored: own, databases: ['crm', 'shop'], tables: Object.keys(before.rows).length });
		// Every large table's keys came after its rows, in one go.
		expect(actions(ended).find((line) => line.action.id === 'load-shop.items').action.text).toMatch(
			/DROP KEY[\s\S]*LOAD DATA[\s\S]*ADD KEY/,
		);
		expect(actions(ended).map((line) => line.action.id)).toContain('constraints-on-shop.items');
		expect(await value(target, "SELECT COUNT(*) FROM mysql.user WHERE User = 'newcomer'")).toBe('0');
	});

	it('overwrites only where the name is typed; a vendor’s backup comes back as well, with accounts where they are asked for', async () => {
		const refused = await restore(vendor, '--accounts');
		expect(refused.code).toBe(6);
		expect(refused.last.checks[0]).toMatchObject({
			id: 'CONSENT',
			hints: [`If that is meant, type its name: --confirm ${nameOf(target)}`],
		});
		expect(refused.last.checks[0].found).toMatch(/database crm \(\d+ tables\) is overwritten/);
		const grants = await ask(target, 'SHOW GRANTS FOR CURRENT_USER()');
		const ended = await restore(vendor, '--accounts', '--confirm', nameOf(target));
		expect(ended.code, said(ended)).toBe(0);
		await wake(ended);
		expect(await contentsOf(target)).toEqual(before);
		expect(await ask(target, 'SHOW GRANTS FOR CURRENT_USER()')).toEqual(grants);
		expect(await ask(target, 'SHOW GRANTS FOR newcomer@localhost')).toEqual(await ask(source, 'SHOW GRANTS FOR newcomer@localhost'));
		expect(await value(target, SETTINGS)).toBe('0 ON');
	});

	it('takes single tables with their triggers, and leaves the rest alone', async () => {
		await ask(target, 'SET sql_log_bin = 0');
		await ask(target, 'DELETE FROM shop.status_changes');
		await ask(target, 'UPDATE crm.bytes SET b = NULL');
		const other = (await contentsOf(target)).rows['`shop`.`status_changes`'];
		const ended = await restore(own, '--tables', 'crm.bytes,shop.orders', '--confirm', nameOf(target));
		expect(ended.code, said(ended)).toBe(0);
		const now = await contentsOf(target);
		expect(now.rows).toEqual({ ...before.rows, '`shop`.`status_changes`': other });
		expect(now.definitions).toEqual(before.definitions);
	});

	it('takes single tables with their triggers out of a vendor’s dump of their database, and leaves the rest alone', async () => {
		await ask(target, 'SET sql_log_bin = 0');
		await ask(target, 'DELETE FROM shop.status_changes LIMIT 1');
		await ask(target, 'DROP PROCEDURE shop.tricky');
		await ask(target, 'DROP VIEW crm.buyers');
		await ask(target, 'DELETE FROM shop.orders');
		await ask(target, 'DROP TABLE crm.bytes');
		const was = await contentsOf(target);
		const tables = ['--tables', 'crm.bytes,shop.orders'];
		const refused = await restore(vendor, ...tables);
		expect([refused.code, refused.last.checks[0].found], said(refused)).toEqual([6, 'table shop.orders is overwritten']);
		const unknown = await restore(vendor, '--tables', 'shop.orders,crm.buyers', '--confirm', nameOf(target));
		expect(unknown.code, said(unknown)).toBe(2);
		expect(said(unknown)).toContain('The backup holds no table crm.buyers.');
		expect(await contentsOf(target)).toEqual(was);
		const ended = await restore(vendor, ...tables, '--confirm', nameOf(target));
		expect(ended.code, said(ended)).toBe(0);
		// What is searched and read before anything changes is counted as files.
		const reading = ended.lines.filter((line) => line.type === 'progress' && line.step === 'prove-files').map((line) => line.progress);
		expect(reading.length).toBeGreaterThan(0);
		for (const progress of reading) expect(progress).toMatchObject({ each: 'file', current: expect.stringMatching(/\.zst$/) });
		expect(ended.last).toMatchObject({ tables: 2, rows: Number.parseInt(before.rows['`shop`.`orders`'] ?? '', 10) + 3 });
		const now = await contentsOf(target);
		const chosen = ['`crm`.`bytes`', '`shop`.`orders`'].map((name) => [name, before.rows[name]]);
		expect(now.rows).toEqual({ ...was.rows, ...Object.fromEntries(chosen) });
		const { 'TABLE `crm`.`bytes`': bytes } = before.definitions;
		expect(now.definitions).toEqual({ ...was.definitions, 'TABLE `crm`.`bytes`': bytes });
		expect(await value(target, SETTINGS)).toBe('0 ON');
		for (const words of [
			['--dry-run', 'undo', '--yes'],
			['undo', '-n', '--yes'],
		]) {
			const preview = await lockstep([...words, '--json'], { env: env() });
			expect(preview.code, said(preview)).toBe(0);
			expect(JSON.stringify(preview.last.findings)).toContain('DROP TABLE');
			expect(await contentsOf(target)).toEqual(now);
		}
		const undone = await lockstep(['undo', '--yes', '--json'], { env: env() });
		expect(undone.last.outcome, said(undone)).toBe('undone');
		const { '`shop`.`orders`': gone, '`crm`.`bytes`': alsoGone, ...left } = (await contentsOf(target)).rows;
		expect([gone, alsoGone, left]).toEqual([
			undefined,
			undefined,
			Object.fromEntries(Object.entries(was.rows).filter(([name]) => name !== '`shop`.`orders`')),
		]);
	});

	it('resumes after kill -9 in the middle of the load, and after the server was killed', { timeout: 120_000 }, async () => {
		const whole = await restore(own, '--confirm', nameOf(target));
		expect(whole.code, said(whole)).toBe(0);
		const third = actions(whole).findIndex((line) => line.action.id.startsWith('load-')) + 3;
		await wake(whole);
		const halt = JSON.stringify({ at: third, when: 'after', target: ['engine'] });
		const killed = await lockstep(argv(own, '--confirm', nameOf(target)), { env: { ...env(), LOCKSTEP_TEST_HALT: halt } });
		expect(killed.code, said(killed)).not.toBe(0);
		expect(await value(target, SETTINGS), 'what must not stay is put back at once').toBe('0 ON');
		const running = start(argv(own), { env: env() });
		await running.line((line) => line.type === 'action-started' && line.action.id.startsWith('load-'));
		process.kill(Number(await readFile((await value(target, 'SELECT @@pid_file')) ?? '', 'utf8')), 'SIGKILL');
		const cut = await running.ended;
		expect(cut.code, said(cut)).not.toBe(0);
		await target.stop();
		await target.start();
		await ask(target, 'SET GLOBAL event_scheduler = ON');
		const ended = await restore(own);
		expect(ended.code, said(ended)).toBe(0);
		expect(actions(ended).map((line) => line.action.id)).not.toContain('drop-shop');
		await wake(ended);
		expect(await contentsOf(target)).toEqual(before);
		const was = [await value(target, SETTINGS), await value(target, words.written)];
		// The events were woken since: no more is it known that nobody else wrote there.
		const unasked = await lockstep(['undo', '--yes', '--json'], { env: env() });
		expect([unasked.code, unasked.last.checks?.[0]?.found], said(unasked)).toEqual([
			6,
			expect.stringContaining('transactions were written there'),
		]);
		const undone = await lockstep(['undo', '--yes', '--json', '--confirm', nameOf(target)], { env: env() });
		expect(undone.last.outcome, said(undone)).toBe('undone');
		expect(await contentsOf(target)).toEqual({ rows: {}, definitions: {} });
		expect([await value(target, SETTINGS), await value(target, words.written)]).toEqual(was);
	});

	it('loads nothing of a damaged backup, and nothing of another vendor’s', async () => {
		const manifest = await readManifest(own);
		const { path } = manifest.files.find((file) => file.table === 'items') ?? { path: '' };
		const bytes = await readFile(join(own, path));
		const flipped = Buffer.from(bytes);
		flipped[bytes.length >> 1] = (flipped[bytes.length >> 1] ?? 0) ^ 1;
		await writeFile(join(own, path), flipped);
		const was = await contentsOf(target);
		const damaged = await restore(own, '--confirm', nameOf(target));
		await writeFile(join(own, path), bytes);
		expect(damaged.code, said(damaged)).toBe(8);
		expect(damaged.last.checks).toMatchObject([{ title: path }]);
		expect(await contentsOf(target)).toEqual(was);

		const other = flavor === 'mariadb' ? ('mysql' as const) : ('mariadb' as const);
		const unforge = await forged(own, { ...manifest, server: { ...manifest.server, flavor: other } } as typeof manifest);
		const refused = await restore(own);
		await unforge();
		expect(refused.code).toBe(6);
		expect(refused.last.checks).toMatchObject([{ id: 'BACKUP-KIND' }]);
	});
});
