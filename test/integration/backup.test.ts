import { readdir, readFile, readlink, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { stopWriter } from '../../src/sandbox/sandbox.ts';
import { type Ended, type Home, type Line, lockstep, makeHome, nameOf, start, type Tap, tapped, urlOf } from '../support/cli.ts';
import { IN_ORDER } from '../support/in-order.ts';
import { provisionedPair } from '../support/provisioned.ts';
import { ask, SANDBOX_KINDS, type Sandbox, type SandboxServer, spareServer, value } from '../support/servers.ts';
import { caughtUp as caughtUpOf, channelsOf, isMysql, setReadOnly, wordsOf } from '../support/words.ts';

const mode = async (path: string) => ((await stat(path)).mode & 0o777).toString(8);
const told = ({ stdout, stderr }: Ended) => stdout.slice(-3000) + stderr;
const statements = (lines: readonly Line[]): string[] =>
	lines.flatMap((line) => (line.type === 'action-started' && line.action.kind === 'sql' ? [line.action.text] : []));

describe.each(SANDBOX_KINDS)('backup of %s', IN_ORDER, (kind) => {
	let home: Home;
	let pair: Sandbox & AsyncDisposable;
	let tap: Tap;
	let to: string;

	beforeAll(async () => {
		home = await makeHome();
		pair = await provisionedPair(kind);
		tap = await tapped(home, pair.binDir);
		to = join(home.dir, 'backups');
	});
	afterEach(() => tap.open());
	afterAll(async () => {
		await pair?.[Symbol.asyncDispose]();
		await home?.[Symbol.asyncDispose]();
	});

	const args = (server: SandboxServer, ...more: string[]) => [
		'backup',
		'--engine',
		'vendor',
		'--server',
		urlOf(server),
		'--to',
		to,
		'--yes',
		'--json',
		...more,
	];
	const backup = (server: SandboxServer, ...more: string[]) => lockstep(args(server, ...more), { env: home.env });
	const readOnly = (server: SandboxServer) => value(server, 'SELECT @@read_only');
	const vendor = wordsOf(kind);
	const channel = async () => (await channelsOf(kind, pair.replica))[0];
	const caughtUp = () => caughtUpOf(kind, pair);

	it('is complete, proven and private, and leaves the replica as it was', async () => {
		const before = await channel();
		const ended = await backup(pair.replica);
		expect(ended.code, told(ended)).toBe(0);
		expect(ended.stderr).toBe('');
		const folder = ended.last.backup as string;
		expect(ended.last).toMatchObject({
			v: 2,
			type: 'summary',
			outcome: 'done',
			exit_code: 0,
			warnings: [],
			databases: 2,
			consistency: 'lock',
		});
		expect((await readdir(folder)).toSorted()).toEqual(
			[
				...['README.txt', 'SHA256SUMS', 'accounts.sql.zst', 'change-source.sql', 'crm.sql.zst'],
				...['definitions.jsonl.zst', 'manifest.json', 'replica-status.txt'],
				...['run.jsonl', 'run.log', 'server-variables.tsv', 'shop.sql.zst', 'table-sizes.tsv'],
			].toSorted(),
		);
		expect(await mode(folder)).toBe('700');
		for (const name of await readdir(folder)) expect(await mode(join(folder, name)), name).toBe('600');
		expect(await readlink(join(to, 'latest'))).toBe(folder.split('/').at(-1));
		expect((await readdir(to)).filter((name) => name.endsWith('.partial'))).toEqual([]);

		const manifest = JSON.parse(await readFile(join(folder, 'manifest.json'), 'utf8'));
		const uuid = isMysql(kind) ? await value(pair.primary, 'SELECT @@server_uuid') : null;
		// All that either has written is the primary's own.
		const gtid = expect.stringMatching(uuid === null ? /^0-101-\d+$/ : new RegExp(`^${uuid}:1-\\d+$`));
		const [flavor, series] = kind.split('-');
		expect(manifest).toMatchObject({
			...{ format: 1, state: 'complete', id: folder.split('/').at(-1), profile: null, warnings: [] },
			server: {
				flavor,
				version: expect.stringContaining(series ?? ''),
				port: pair.replica.port,
				server_id: 102,
			},
			consistency: { method: 'lock', statement: 'FLUSH TABLES WITH READ LOCK', connection_alive_at_end: true },
			position: {
				source: { host: '127.0.0.1', port: pair.primary.port, file: expect.any(String), pos: expect.any(Number), gtid },
				self: { file: expect.any(String), pos: expect.any(Number), gtid },
			},
			dump: { databases: ['crm', 'shop'], ignored_tables: [], compression: 'zstd:1' },
			totals: { databases: 2, tables: 15 },
			verify: { checksums: 'ok', footer: 'ok' },
			replica: { caught_up_ms: expect.any(Number) },
		});
		const { consistency } = manifest;
		expect(consistency.held_ms).toBe(ended.last.heldMs);
		expect(consistency.held_ms).toBeGreaterThan(0);
		expect(Date.parse(consistency.requested)).toBeLessThanOrEqual(Date.parse(consistency.acquired));
		const kinds = manifest.files.map((file: Line) => file.kind);
		expect(kinds).toEqual(['database', 'database', 'accounts', 'definitions']);
		for (const file of manifest.files) {
			expect(file.footer).toBe(true);
			expect((await stat(join(folder, file.path))).size).toBe(file.bytes);
		}
		const shop = manifest.files.find((file: Line) => file.database === 'shop');
		expect(shop.objects).toMatchObject({ tables: 11, views: 2, triggers: 1, procedures: 2, functions: 1, events: 1 });
		expect(await readFile(join(folder, 'run.log'), 'utf8')).toContain('FLUSH TABLES WITH READ LOCK');
		const jsonl = (await readFile(join(folder, 'run.jsonl'), 'utf8')).trimEnd().split('\n');
		expect(jsonl.map((line) => JSON.parse(line).type)).toContain('run-started');
		expect(await readFile(join(folder, 'server-variables.tsv'), 'utf8')).toMatch(/^server_id\t102$/m);
		expect(await readFile(join(folder, 'table-sizes.tsv'), 'utf8')).toMatch(/^shop\torders\tInnoDB\t\d+/m);
		expect(await readFile(join(folder, 'replica-status.txt'), 'utf8')).toContain('== Under the lock');

		expect(await readOnly(pair.replica)).toBe('1');
		expect(await channel()).toEqual({ ...before, io: 'Yes', sql: 'Yes', until: 'None', error: '' });
		expect(
			await value(pair.replica, "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE USER = 'root' AND COMMAND <> 'Query'"),
		).toBe('0');
		await caughtUp();
	});

	it('sets read_only to what it was, OFF as well as ON', async () => {
		await setReadOnly(pair.replica, '0');
		const open = await backup(pair.replica);
		expect(open.code, told(open)).toBe(0);
		const said = statements(open.lines).filter((text) => /LOCK|UNLOCK|read_only/.test(text));
		expect(said.map((text) => text.replace(/^SET STATEMENT \S+ = \d+ FOR /, ''))).toEqual([
			...['FLUSH TABLES WITH READ LOCK', 'SET GLOBAL read_only = ON', vendor.restoreReadOnly, 'UNLOCK TABLES'],
		]);
		expect(await readOnly(pair.replica)).toBe('0');
		await setReadOnly(pair.replica, '1');
		const shut = await backup(pair.replica);
		expect(shut.code, told(shut)).toBe(0);
		expect(statements(shut.lines).filter((text) => /read_only =/.test(text))).toEqual([]);
		expect(await readOnly(pair.replica)).toBe('1');
		await caughtUp();
	});

	it('stops the SQL thread only where that is asked for, and starts it again', async () => {
		const ended = await backup(pair.replica, '--stop-applier');
		expect(ended.code, told(ended)).toBe(0);
		const said = statements(ended.lines);
		const at = (pattern: RegExp) => said.findIndex((text) => pattern.test(text));
		expect(at(/^STOP (SLAVE|REPLICA) SQL_THREAD/)).toBeGreaterThan(-1);
		expect(at(/^STOP/)).toBeLessThan(at(/FLUSH TABLES/));
		expect(at(/^START (SLAVE|REPLICA) SQL_THREAD/)).toBeGreaterThan(at(/^UNLOCK/));
		expect(await channel()).toMatchObject({ sql: 'Yes' });
		await caughtUp();
		await ask(pair.replica, vendor.stopSql);
		const stopped = await backup(pair.replica, '--stop-applier');
		// It replicates no longer: a warning, and the thread stays as it was found.
		expect(stopped.code, told(stopped)).toBe(3);
		expect(stopped.last.warnings).toEqual([expect.stringMatching(/^Replication stands: .*\(io yes, sql no\)/)]);
		expect(await channel()).toMatchObject({ sql: 'No' });
		await ask(pair.replica, vendor.startSql);
		await caughtUp();
	});

	it('holds only the databases and tables that are wanted', async () => {
		const ended = await backup(pair.replica, '--databases', 'crm', '--ignore-table', 'crm.calls');
		expect(ended.code, told(ended)).toBe(0);
		const manifest = JSON.parse(await readFile(join(ended.last.backup, 'manifest.json'), 'utf8'));
		expect(manifest.dump).toMatchObject({ databases: ['crm'], ignored_tables: ['crm.calls'] });
		expect(manifest.files[0]).toMatchObject({ database: 'crm', tables: 3 });
		expect(await readdir(ended.last.backup)).not.toContain('shop.sql.zst');
	});

	it('changes nothing with --dry-run, and prints every statement', async () => {
		const shown = await lockstep(
			['backup', '--engine', 'vendor', '--server', urlOf(pair.replica), '--to', join(home.dir, 'never'), '--dry-run'],
			{
				env: home.env,
			},
		);
		expect(shown.code, told(shown)).toBe(0);
		const parts = [
			'FLUSH TABLES WITH READ LOCK',
			vendor.dump,
			'--single-transaction',
			'--databases -- shop',
			'UNLOCK TABLES',
			'SHA256SUMS',
		];
		for (const part of parts) expect(shown.stdout).toContain(part);
		expect(shown.stdout).toContain('Nothing was changed');
		await expect(stat(join(home.dir, 'never'))).rejects.toThrow(/ENOENT/);
	});

	it('refuses a second run on the same server: exit 10', async () => {
		await tap.shut();
		const first = start(args(pair.replica), { env: tap.env });
		await first.line((line) => line.type === 'lock' && line.lock.state === 'held');
		const second = await backup(pair.replica);
		await tap.open();
		expect(second.code, told(second)).toBe(10);
		expect(second.last).toMatchObject({
			type: 'error',
			class: 'Busy',
			exit_code: 10,
			message: expect.stringContaining(nameOf(pair.replica)),
		});
		const ended = await first.ended;
		expect(ended.code, told(ended)).toBe(0);
	});

	it('asks for the name of a primary, whose writers wait and then continue', async () => {
		const lacking = await backup(pair.primary);
		expect(lacking.code, told(lacking)).toBe(6);
		expect(JSON.stringify(lacking.last.checks)).toContain(`--confirm ${nameOf(pair.primary)}`);
		const wrong = await backup(pair.primary, '--confirm', 'db1');
		expect(wrong.code, told(wrong)).toBe(6);
		expect(statements([...lacking.lines, ...wrong.lines])).toEqual([]);

		await tap.shut();
		const running = start(args(pair.primary, '--confirm', nameOf(pair.primary)), { env: tap.env });
		await running.line((line) => line.type === 'lock' && line.lock.state === 'held');
		await running.line((line) => line.type === 'action-started' && line.action.id.startsWith('dump-'));
		const position = () => value(pair.primary, vendor.written);
		const held = await position();
		expect(await readOnly(pair.primary)).toBe('1');
		// Those that came before read_only wait, later ones are refused and try again.
		for (let look = 0; look < 10; look++) {
			expect(await position()).toBe(held);
			await pause(50);
		}
		await tap.open();
		const ended = await running.ended;
		expect(ended.code, told(ended)).toBe(0);
		expect(await readOnly(pair.primary)).toBe('0');
		await vi.waitFor(async () => expect(await position()).not.toBe(held), { timeout: 10_000 });
		const manifest = JSON.parse(await readFile(join(ended.last.backup, 'manifest.json'), 'utf8'));
		expect(manifest.position).toMatchObject({ source: null, self: { gtid: held } });
		expect(manifest.replica.caught_up_ms).toBe(null);
		await caughtUp();
	});

	it('45: prints with --quiet nothing but its folder', async () => {
		const { code, stdout, stderr } = await lockstep(
			args(pair.replica, '--quiet').filter((word) => word !== '--json'),
			{ env: home.env },
		);
		expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
		expect(stdout).toMatch(/^\/\S+\/\d{8}T\d{6}Z(-\d\d)?\n$/);
		expect(await readdir(stdout.trim())).toContain('manifest.json');
	});

	it('takes a lone server without a binary log, by its socket and the letters of the clients', async () => {
		await using lone = await spareServer(kind, { extra: ['--skip-log-bin'] });
		await ask(lone, 'CREATE DATABASE `od d-ů`');
		await ask(lone, 'CREATE TABLE `od d-ů`.`t``able` (id INT PRIMARY KEY)');
		const ended = await lockstep(
			[
				'backup',
				'--engine',
				'vendor',
				'-S',
				lone.socket,
				'-u',
				'root',
				'--to',
				to,
				'--yes',
				'--json',
				'--confirm',
				`localhost:${lone.port}`,
			],
			{ env: home.env },
		);
		expect(ended.code, told(ended)).toBe(0);
		const manifest = JSON.parse(await readFile(join(ended.last.backup, 'manifest.json'), 'utf8'));
		expect(manifest.position).toEqual({ source: null, sources: [], self: null });
		expect(manifest.dump.databases).toEqual(['od d-ů']);
	});

	it('writes nothing to the log of an idle replica, also where a MEMORY table sleeps since a restart', async () => {
		await ask(pair.primary, 'CREATE TABLE crm.sessions (id INT PRIMARY KEY) ENGINE=MEMORY');
		await ask(pair.primary, 'INSERT INTO crm.sessions VALUES (1), (2)');
		await stopWriter(pair);
		await caughtUp();
		// Another server of that replica's data, as after a restart of the machine.
		await ask(pair.replica, 'SHUTDOWN');
		const up = await vi.waitUntil(async () => {
			const { code, last } = await lockstep(['sandbox', 'up', '--dir', pair.dir, '--json'], { env: home.env });
			return code === 0 ? last : false;
		}, 30_000);
		expect(up.replica.port).toBe(pair.replica.port);
		await stopWriter(pair);
		await vi.waitFor(async () => expect(await channel()).toMatchObject({ io: 'Yes', sql: 'Yes' }), 20_000);
		await caughtUp();
		// Not even a look may.
		const positions = isMysql(kind)
			? 'SELECT @@gtid_executed, @@gtid_purged, @@gtid_owned'
			: 'SELECT @@gtid_binlog_pos, @@gtid_slave_pos, @@gtid_current_pos';
		const log = async () => Object.values((await ask(pair.replica, positions))[0] ?? {});
		await setReadOnly(pair.replica, '1');
		const before = await log();
		const looked = await lockstep(['status', '--server', urlOf(pair.replica)], { env: home.env });
		expect(looked.code, told(looked)).toBe(0);
		expect(await log()).toEqual(before);
		const ended = await backup(pair.replica);
		expect(ended.code, told(ended)).toBe(0);
		expect(await log()).toEqual(before);
		await ask(pair.primary, "INSERT INTO crm.calls (contact_id, said, minutes) VALUES (1, 'goes on', 1)");
		await caughtUp();
	});
});
