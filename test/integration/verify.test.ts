import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { cp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createZstdCompress, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { parseSums, sumOf, sumsText } from '../../src/archive/checksums.ts';
import { processStartTime } from '../../src/exec/process.ts';
import { type Ended, type Home, lockstep, makeHome, nameOf, start, urlOf } from '../support/cli.ts';
import { forged } from '../support/forged.ts';
import { IN_ORDER } from '../support/in-order.ts';
import { ask, rootSession, SANDBOX_KINDS, type SpareServer, spareServer, value } from '../support/servers.ts';

const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');
const told = ({ stdout, stderr }: Ended) => stdout.slice(-3000) + stderr;
/** That beginning and so many MiB of one letter, packed. */
async function bombOf(beginning: string, mebibytes: number) {
	const zstd = createZstdCompress();
	const packed = zstd.toArray();
	zstd.write(beginning);
	const chunk = Buffer.alloc(1024 ** 2, 'a');
	for (let each = 0; each < mebibytes; each++) if (!zstd.write(chunk)) await once(zstd, 'drain');
	zstd.end();
	return { packed: Buffer.concat(await packed), rawBytes: beginning.length + mebibytes * 1024 ** 2 };
}
const STATEMENTS = [
	'CREATE DATABASE shop',
	'CREATE TABLE shop.orders (id INT PRIMARY KEY, note VARCHAR(40), total DECIMAL(10,2), KEY (note))',
	"INSERT INTO shop.orders SELECT seq.n, CONCAT('order ', seq.n), seq.n * 1.5 FROM (SELECT a.n + 10 * b.n + 1 AS n FROM (SELECT 0 n UNION SELECT 1 UNION SELECT 2 UNION SELECT 3 UNION SELECT 4) a, (SELECT 0 n UNION SELECT 1 UNION SELECT 2) b) seq",
	'CREATE VIEW shop.dear AS SELECT * FROM shop.orders WHERE total > 10',
	'CREATE PROCEDURE shop.p() SELECT 1',
	'CREATE TRIGGER shop.t BEFORE INSERT ON shop.orders FOR EACH ROW SET NEW.total = NEW.total + 0',
	'CREATE DATABASE `od d-ů`',
	'CREATE TABLE `od d-ů`.`t``able` (id INT PRIMARY KEY)',
];

describe.each(SANDBOX_KINDS)('a real backup of %s', IN_ORDER, (kind) => {
	let home: Home;
	let to: string;
	let folder: string;
	let fast: string;
	let server: SpareServer;
	const run = (...args: string[]) => lockstep(args, { env: home.env });

	beforeAll(async () => {
		home = await makeHome();
		to = join(home.dir, 'backups');
		server = await spareServer(kind);
		for (const statement of STATEMENTS) await ask(server, statement);
		const backup = async (engine: 'vendor' | 'parallel', into: string) => {
			const args = ['--server', urlOf(server), '--to', into, '--engine', engine, '--confirm', nameOf(server)];
			const made = await run('backup', ...args, '--yes', '--json');
			expect(made.code, told(made)).toBe(0);
			return made.last.backup;
		};
		folder = await backup('vendor', to);
		fast = await backup('parallel', join(home.dir, 'fast'));
	});
	afterAll(async () => {
		await server?.[Symbol.asyncDispose]();
		await home?.[Symbol.asyncDispose]();
	});
	const drills = async () => readdir(join(home.state, 'drills'));
	const accounts = () => value(server, "SELECT COUNT(*) FROM mysql.user WHERE User LIKE 'lockstep%'");

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
		expect(list.last).toMatchObject({ v: 2, type: 'backups', folder: to });
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

	it('by the parallel engine is verified and drilled: restored, counted, attached to its primary to lag zero, timed; nothing stays', async () => {
		// After the backup: only replication brings it.
		await ask(server, "INSERT INTO shop.orders VALUES (1000, 'later', 1)");
		const args = ['drill', fast, '--replicate', '--primary', `${urlOf(server)}?ssl-mode=VERIFY_CA&ssl-ca=${server.ca}`, '--json'];
		// A password of a person's goes to no server that nothing proves.
		for (const more of [[], ['--no-tls']]) {
			const account = ['--account', 'repl', '--account-password-file', join(home.dir, 'none'), ...more];
			const refused = await run('drill', fast, '--replicate', '--primary', urlOf(server), '--json', '--yes', ...account);
			expect(refused, told(refused)).toMatchObject({ code: 6, last: { checks: [{ id: 'DRILL-ACCOUNT' }] } });
		}
		// Whoever can change a backup's folder does not choose where passwords go.
		const unnamed = await run('drill', fast, '--replicate', '--yes', '--json');
		expect(unnamed).toMatchObject({
			code: 2,
			last: { class: 'UserError', hints: [expect.stringContaining(`--primary mysql://${nameOf(server)}`)] },
		});
		const lacking = await run(...args);
		expect(lacking).toMatchObject({ code: 2, last: { class: 'UserError', message: expect.stringContaining('--yes') } });
		expect(await run('verify', fast, '--json')).toMatchObject({ code: 0, last: { ok: true, rows: 15, notes: [] } });
		const plan = await lockstep(['drill', fast, '--dry-run'], { env: { ...home.env, LOCKSTEP_ASCII: '1' } });
		expect(plan).toMatchObject({ code: 0, stdout: expect.stringMatching(/start an empty server[\s\S]*rm -r \S*\/drills\//) });
		// 46: nothing beyond ASCII is ours; names of databases are as they are.
		expect((plan.stdout + plan.stderr).replaceAll('ů', 'u')).toMatch(/^[\x20-\x7e\n]+$/);
		expect(plan.stdout).toContain('ů');
		expect(await drills().catch(() => [])).toEqual([]);
		const ended = await run(...args, '--yes');
		expect(ended.code, told(ended)).toBe(0);
		const name = nameOf(server);
		expect(ended.last).toMatchObject({
			...{ type: 'summary', ok: true, backup: fast, databases: 2, tables: 2, rows: 15, digests: 2, problems: [], exit_code: 0 },
			...{ recovery_ms: expect.any(Number), report: `${fast}.drill.md`, position: expect.stringMatching(/\d/) },
			replication: { primary: name, caught_up_ms: expect.any(Number), account: expect.stringMatching(/^lockstep_drill_.* dropped$/) },
		});
		expect(ended.last.phases.map((phase: { name: string }) => phase.name)).toEqual([
			...['server', 'restore', 'proof', 'position', 'replication'],
		]);
		expect(Number(ended.last.replication.transactions)).toBeGreaterThan(0);
		expect(await accounts()).toBe('0');
		expect(await drills()).toEqual([]);
		expect(await readFile(`${fast}.drill.md`, 'utf8')).toMatch(
			/\| Every row of 2 tables is the one that was dumped; \d+ definitions are those that were dumped \| yes \|/,
		);
		expect((await run('list', join(home.dir, 'fast'))).stdout).toContain('drilled just now, recovered in');
		expect((await run('show', fast)).stdout).toContain(`replicated from ${name}`);
		// Nothing of it is in the backup.
		expect((await run('verify', fast)).code).toBe(0);
	});

	it('fails its drill with 8 where the rows are not those of the manifest, and says so in the report', async () => {
		const [manifest, sums] = ['manifest.json', 'SHA256SUMS'].map((name) => join(folder, name)) as [string, string];
		const [before, sumsBefore] = [await readFile(manifest, 'utf8'), await readFile(sums, 'utf8')];
		const forged = before.replace('"rows": 15,', '"rows": 14,');
		const line = (text: string) => sumsText([sumOf('manifest.json', text)]);
		await writeFile(manifest, forged);
		await writeFile(sums, sumsBefore.replace(line(before), line(forged)));
		const ended = await run('drill', folder, '--json');
		await writeFile(manifest, before);
		await writeFile(sums, sumsBefore);
		expect(ended, told(ended)).toMatchObject({ code: 8, last: { type: 'error', class: 'VerifyFailed', exit_code: 8 } });
		expect(JSON.stringify(ended.last.checks)).toContain('15');
		expect(await readFile(`${folder}.drill.md`, 'utf8')).toContain('FAILED');
		expect(JSON.parse(await readFile(`${folder}.drill.json`, 'utf8'))).toMatchObject({
			ok: false,
			problems: [expect.stringContaining('15')],
		});
		expect(await drills()).toEqual([]);
	});

	/** A copy of it to be changed, what its manifest says, and the state of the server that no attempt may change. */
	async function hostileCopy() {
		const hostile = join(home.dir, 'hostile');
		await cp(fast, hostile, { recursive: true });
		const manifestFile = join(hostile, 'manifest.json');
		const text = await readFile(manifestFile, 'utf8');
		const state = () =>
			value(server, "SELECT CONCAT(@@GLOBAL.max_connections, ' ', GROUP_CONCAT(schema_name ORDER BY 1)) FROM information_schema.schemata");
		return {
			...{ hostile, manifestFile, text, state, was: await state(), manifest: JSON.parse(text) },
			restore: () => run('restore', hostile, '--server', urlOf(server), '--yes', '--confirm', nameOf(server), '--json'),
			[Symbol.asyncDispose]: () => rm(hostile, { recursive: true }),
		};
	}

	it('that was changed runs nothing, whatever its sums say', async () => {
		await using copy = await hostileCopy();
		const { hostile, manifestFile, text: before, manifest, state, was, restore } = copy;

		// Only the manifest: its sum tells.
		await writeFile(manifestFile, before.replace('"note"', '"total"'));
		expect(await restore()).toMatchObject({ code: 8, last: { class: 'VerifyFailed' } });

		// The server's own database: what it holds decides who may do what.
		const own = structuredClone(manifest);
		for (const each of [...own.files, ...own.tables]) if (each.database === 'shop') each.database = 'MySQL';
		own.dump.databases = own.dump.databases.map((name: string) => (name === 'shop' ? 'MySQL' : name));
		const unforge = await forged(hostile, own);
		for (const ended of [await restore(), await run('drill', hostile, '--json')])
			expect(ended, told(ended)).toMatchObject({ code: 2, last: { message: expect.stringContaining('manifest is damaged') } });
		await unforge();

		// Everything that vouches for a file of SQL made anew.
		const sums = parseSums(await readFile(join(hostile, 'SHA256SUMS'), 'utf8'));
		for (const [kind, bad] of [
			['schema', 'DROP DATABASE `od d-ů`;\n'],
			['post', `\\! touch ${home.dir}/ran\n`],
			['post', 'SET GLOBAL max_connections = 77;\n'],
		] as const) {
			const changed = structuredClone(manifest);
			const file = changed.files.find((each: { kind: string; database: string }) => each.kind === kind && each.database === 'shop');
			const path = join(hostile, file.path);
			const whole = await readFile(path);
			const text = zstdDecompressSync(whole).toString().replace('\nUSE `shop`;\n', `\nUSE \`shop\`;\n${bad}`);
			const packed = zstdCompressSync(text);
			const grown = [packed.length - file.bytes, Buffer.byteLength(text) - file.raw_bytes] as const;
			Object.assign(file, { bytes: packed.length, raw_bytes: Buffer.byteLength(text), sha256: sha256(packed) });
			changed.totals.bytes += grown[0];
			changed.totals.raw_bytes += grown[1];
			const json = JSON.stringify(changed);
			await writeFile(path, packed);
			await writeFile(manifestFile, json);
			const known = sums.map((sum) =>
				sum.path === file.path ? { ...sum, sha256: file.sha256 } : sum.path === 'manifest.json' ? sumOf('manifest.json', json) : sum,
			);
			await writeFile(join(hostile, 'SHA256SUMS'), sumsText(known));
			const ended = await restore();
			expect(ended, told(ended)).toMatchObject({ code: 8, last: { class: 'VerifyFailed' } });
			expect(JSON.stringify(ended.last.checks)).toMatch(/BACKUP-STATEMENT.*statement \d+/);
			await writeFile(path, whole);
		}
		expect(await state()).toBe(was);
		expect(await readdir(home.dir)).not.toContain('ran');
	});

	// No kind of server has a part in these: the folder is refused before it.
	if (kind === SANDBOX_KINDS[0]) {
		it('in which a name of 1 GiB is hidden in a few kB, for which everything vouches, is not judged', async () => {
			await using copy = await hostileCopy();
			const { hostile, manifest, state, was, restore } = copy;
			const file = manifest.files.find((each: { kind: string; database: string }) => each.kind === 'schema' && each.database === 'shop');
			const bomb = await bombOf('CREATE TABLE `', 1024);
			const grown = [bomb.packed.length - file.bytes, bomb.rawBytes - file.raw_bytes] as const;
			Object.assign(file, { bytes: bomb.packed.length, raw_bytes: bomb.rawBytes, sha256: sha256(bomb.packed) });
			manifest.totals.bytes += grown[0];
			manifest.totals.raw_bytes += grown[1];
			await forged(hostile, manifest);
			await writeFile(join(hostile, file.path), bomb.packed);
			for (const args of [
				['show', hostile],
				['list', home.dir],
			])
				expect((await run(...args)).code, args[0]).toBe(0);
			const refused = await restore();
			for (const ended of [refused, await run('verify', hostile, '--json'), await run('drill', hostile, '--json')])
				expect(ended, told(ended)).toMatchObject({ code: 8 });
			expect(JSON.stringify(refused.last.checks)).toContain('too long to be judged');
			expect(await state()).toBe(was);
		});

		it.each([
			['a pipe in the place of a file', 'no plain file', (at: string) => promisify(execFile)('mkfifo', [at])],
			['a device behind a link in the place of a file', 'a symbolic link', (at: string) => symlink('/dev/zero', at)],
		] as const)('with %s hangs nothing', async (_, words, swap) => {
			await using copy = await hostileCopy();
			const { hostile, manifest, state, was, restore } = copy;
			const rows = manifest.files.find((each: { kind: string }) => each.kind === 'rows');
			const definitions = (await readdir(hostile)).find((name) => name.startsWith('definitions.jsonl')) ?? '';
			for (const path of [rows.path, definitions]) {
				await rm(join(hostile, path));
				await swap(join(hostile, path));
				for (const ended of [await run('verify', hostile, '--json'), await restore(), await run('drill', hostile, '--json')]) {
					expect(ended.code, told(ended)).toBeOneOf([2, 8]);
					expect(ended.stdout, told(ended)).toContain(words);
				}
			}
			expect(await state()).toBe(was);
		});

		it('with a pipe in the place of its manifest hangs nothing', async () => {
			await using copy = await hostileCopy();
			const { hostile, manifestFile, restore } = copy;
			await rm(manifestFile);
			await promisify(execFile)('mkfifo', [manifestFile]);
			for (const args of [
				['show', hostile],
				['verify', hostile],
				['drill', hostile],
				['list', home.dir],
			])
				expect((await run(...args)).code, args[0]).toBeTypeOf('number');
			expect((await restore()).code).toBe(2);
		});
	}

	// One kind stands for all: what is cleared up is the same, and how the servers drop an account is tested elsewhere.
	if (kind === SANDBOX_KINDS[0])
		it('leaves nothing where its drill is stopped, and what one that was killed left is cleared up', async () => {
			const stopped = start(['drill', folder, '--json'], { env: home.env });
			await stopped.line((line) => line.type === 'step-started' && line.step === 'load-databases');
			stopped.child.kill('SIGINT');
			expect(await stopped.ended).toMatchObject({ code: 130 });
			expect(await drills()).toEqual([]);

			// The replica stays at this statement: so the drill is at work for as long as the test wants.
			await ask(server, 'CREATE TABLE shop.held (id INT PRIMARY KEY, at INT)');
			await ask(
				server,
				`CREATE TRIGGER shop.hold BEFORE INSERT ON shop.held FOR EACH ROW SET NEW.at = IF(@@global.server_id = ${server.serverId}, 0, SLEEP(600))`,
			);
			await using session = await rootSession(server);
			await session.query({ pieces: ["SET SESSION binlog_format = 'STATEMENT'"] });
			await session.query({ pieces: ['INSERT INTO shop.held VALUES (1, 0)'] });
			const elsewhere = join(home.dir, 'elsewhere');
			const killed = start(['drill', folder, '--replicate', '--primary', urlOf(server), '--dir', elsewhere, '--yes', '--json'], {
				env: home.env,
			});
			await killed.line((line) => line.type === 'progress' && line.step === 'catch-up');
			expect(await accounts()).toBe('1');
			const { pid } = await killed.line((line) => line.type === 'engine');
			killed.child.kill('SIGKILL');
			await killed.ended;
			// It is at work for itself.
			expect((await readdir(elsewhere)).length).toBe(1);
			process.kill(pid, 'SIGKILL');
			await vi.waitUntil(async () => (await processStartTime(pid)) === undefined, { timeout: 10_000, interval: 10 });
			// What is left running can be reached by its user alone, and reaches no file.
			const [left = ''] = await readdir(elsewhere);
			const { socket } = JSON.parse(await readFile(join(elsewhere, left, 'server.json'), 'utf8'));
			expect(await value({ socket }, "SELECT CONCAT_WS(' ', @@skip_networking, LOAD_FILE('/etc/hostname'))")).toMatch(/^(1|ON)$/);
			expect(await value({ socket }, 'SELECT @@secure_file_priv')).toContain(join(elsewhere, left));
			expect((await stat(join(elsewhere, left))).mode & 0o077).toBe(0);
			const recovered = await run('recover', '--yes', '--json');
			expect(recovered, told(recovered)).toMatchObject({ code: 0, last: { recovered: [expect.stringContaining('-drill-')], left: [] } });
			expect(await accounts()).toBe('0');
			expect(await readdir(elsewhere)).toEqual([]);
			expect(await drills()).toEqual([]);
			const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
			const lines = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')));
			expect(lines.filter((text) => text.includes(elsewhere))).toEqual([]);
		});
});

describe('without a backup', () => {
	it('names the missing argument, with 2', async () => {
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
