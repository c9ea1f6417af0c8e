import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile, readlink, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { stopWriter } from '../../src/sandbox/sandbox.ts';
import { INVARIANTS } from '../../src/sandbox/shop.ts';
import { findTools } from '../bench/tools.ts';
import { type Home, lockstep, makeHome, urlOf } from '../support/cli.ts';
import { contentsOf } from '../support/contents.ts';
import { provisionedPair } from '../support/provisioned.ts';
import { ask, SANDBOX_KINDS, type Sandbox, type SandboxServer, type SpareServer, spareServer, value } from '../support/servers.ts';
import { caughtUp, channelsOf, isMysql, wordsOf } from '../support/words.ts';

const run = promisify(execFile);
const REPLICATION_PASSWORD = 'again-and-again';

describe.each(SANDBOX_KINDS)('a backup of %s, restored by hand', (kind) => {
	let home: Home;
	let pair: Sandbox & AsyncDisposable;
	let spare: SpareServer;
	let to: string;
	const words = wordsOf(kind);
	/** Where the primary stands. */
	const written = async () => ((await value(pair.primary, words.written)) ?? '').replaceAll('\n', '');

	beforeAll(async () => {
		home = await makeHome();
		pair = await provisionedPair(kind);
		spare = await spareServer(kind);
		to = join(home.dir, 'backups');
		// Into another database, which is loaded later: README.txt says what to do about it.
		await ask(pair.primary, 'CREATE VIEW crm.buyers AS SELECT id, full_name FROM shop.customers');
		await ask(pair.primary, `CREATE USER again@'127.0.0.1' IDENTIFIED BY '${REPLICATION_PASSWORD}'`);
		await ask(pair.primary, "GRANT REPLICATION SLAVE ON *.* TO again@'127.0.0.1'");
	});
	afterAll(async () => {
		await pair?.[Symbol.asyncDispose]();
		await spare?.[Symbol.asyncDispose]();
		await home?.[Symbol.asyncDispose]();
	});

	const backup = async (engine: 'vendor' | 'parallel', ...more: string[]): Promise<string> => {
		const { code, last, lines, stdout, stderr } = await lockstep(
			['backup', '--engine', engine, '--server', urlOf(pair.replica), '--to', to, '--yes', '--json', ...more],
			{ env: home.env },
		);
		expect(code, stdout.slice(-2000) + stderr).toBe(0);
		// The progress names tables with their databases: those in hand, done and to come.
		const progress = lines.filter((line) => line.type === 'progress' && line.step === 'lock-and-dump').map((line) => line.progress);
		const named = progress.flatMap(({ workers, finished, next }) => [...workers, ...finished, ...next]);
		expect(named.length).toBeGreaterThan(0);
		for (const { name } of named) expect(name).toMatch(/^(`.+`|[\w$]+)\.(`.+`|[\w$]+)$/);
		for (const { tables } of progress) expect(tables.done).toBeLessThanOrEqual(tables.total);
		return last.backup as string;
	};
	const read = async (folder: string, name: string) => readFile(join(folder, name), 'utf8');

	/** A shell as an administrator has it: the plain client on the PATH, the account in ~/.my.cnf. */
	async function shell(server: SandboxServer, cwd: string, command: string) {
		const admin = join(home.dir, `admin-${server.port}`);
		await mkdir(admin, { recursive: true });
		await writeFile(join(admin, '.my.cnf'), `[client]\nsocket=${server.socket}\nuser=root\n`, { mode: 0o600 });
		const env = { HOME: admin, PATH: `${pair.binDir}:${process.env.PATH}` };
		return run('bash', ['-o', 'pipefail', '-c', command], { cwd, env, timeout: 60_000 });
	}

	/** The commands of a section of README.txt, as they are printed. */
	const commands = (readme: string, section: RegExp): string[] => {
		const lines = readme.split('\n');
		const from = lines.findIndex((line) => section.test(line));
		const length = lines.slice(from + 1).findIndex((line) => /^(\d\. |About |The files)/.test(line));
		return lines
			.slice(from + 1, from + 1 + length)
			.filter((line) => line.startsWith('    '))
			.map((line) => line.trim());
	};

	async function restore(folder: string, server: SandboxServer): Promise<void> {
		const readme = await read(folder, 'README.txt');
		const [prove] = commands(readme, /^1\. Verify/);
		const { stdout } = await shell(server, folder, prove ?? 'false');
		expect(stdout.trimEnd().split('\n')).toSatisfy((lines: string[]) => lines.length > 8 && lines.every((line) => line.endsWith(': OK')));
		const waiting = commands(readme, /^2\. Load/).filter((line) => line.includes(`| ${words.client} `));
		expect(waiting.length).toBe((await readdir(folder)).filter((name) => /^(crm|shop)\.sql/.test(name)).length);
		const later: string[] = [];
		// The numbers that README.txt names.
		const anotherFirst = new RegExp(
			`ERROR (${(/stops with error ([\d, or]+) \(/.exec(readme)?.[1] ?? 'none').split(/, | or /).join('|')})`,
		);
		for (const line of waiting) {
			await shell(server, folder, line).catch((error) => {
				if (!anotherFirst.test(error.stderr)) throw error;
				later.push(line);
			});
		}
		for (const line of later) await shell(server, folder, line);
	}

	/** Of the parallel engine: loops, and a function for the rows. */
	async function restoreRows(folder: string, server: SandboxServer): Promise<void> {
		if (isMysql(kind)) await ask(server, 'SET GLOBAL local_infile = ON');
		const script = commands(await read(folder, 'README.txt'), /^2\. Load/).filter((line) => !line.startsWith('node '));
		await shell(server, folder, ['set -e', ...script].join('\n'));
	}

	it('of our own engine shows one moment although the lock was let go, and loads by a loop', { timeout: 120_000 }, async () => {
		const folder = await backup('parallel', '--lock', 'snapshot', '--workers', '3');
		const manifest = JSON.parse(await read(folder, 'manifest.json'));
		expect(manifest).toMatchObject({
			consistency: { method: 'snapshot' },
			dump: { engine: 'parallel', workers: 3, compression: 'zstd:1' },
		});
		await using fresh = await spareServer(kind);
		await restoreRows(folder, fresh);
		for (const invariant of INVARIANTS) expect(await value(fresh, invariant)).toBe('0');
		for (const { database, name, rows, digest } of manifest.tables) {
			const table = [database, name].map((each: string) => `\`${each.replaceAll('`', '``')}\``).join('.');
			expect(await value(fresh, `SELECT COUNT(*) FROM ${table}`), table).toBe(String(rows));
			expect(digest).toMatch(/^[0-9a-f]{16}$/);
		}
		expect(manifest.totals.tables).toBe(manifest.tables.length);
	});

	it('shows one moment while the primary is written, and replicates from there', { timeout: 120_000 }, async () => {
		const folder = await backup('vendor');
		const manifest = JSON.parse(await read(folder, 'manifest.json'));
		await restore(folder, spare);
		for (const invariant of INVARIANTS) expect(await value(spare, invariant)).toBe('0');
		expect(await value(spare, words.written)).toBe('');

		const readme = await read(folder, 'README.txt');
		for (const line of commands(readme, /^3\. Load the accounts/)) {
			if (line.includes(`| ${words.client}`)) await shell(spare, folder, line);
		}
		const grants = (await ask(spare, "SHOW GRANTS FOR 'app'@'localhost'")).flatMap((row) => Object.values(row));
		expect(grants).toContain('GRANT SELECT, INSERT, UPDATE, DELETE, EXECUTE ON `shop`.* TO `app`@`localhost`');

		const template = await read(folder, 'change-source.sql');
		await expect(shell(spare, folder, `${words.client} < change-source.sql`), 'unedited it changes nothing').rejects.toThrow();
		expect(await channelsOf(kind, spare)).toEqual([]);
		const edited = template
			.replaceAll('<host>', '127.0.0.1')
			.replaceAll('<port>', String(pair.primary.port))
			.replaceAll('<user>', 'again')
			.replaceAll('<password>', REPLICATION_PASSWORD);
		await writeFile(join(home.dir, 'change-source.sql'), edited);
		await shell(spare, home.dir, `${words.client} < change-source.sql`);
		await stopWriter(pair);
		const end = await written();
		for (const replica of [spare, pair.replica]) {
			await caughtUp(kind, { primary: pair.primary, replica }).catch(async (error) => {
				throw new Error(`${error.message}: ${JSON.stringify(await channelsOf(kind, replica))}`);
			});
		}
		expect(await channelsOf(kind, spare)).toMatchObject([{ io: 'Yes', sql: 'Yes', error: '', tls: true, usesGtid: true }]);
		expect(manifest.position.source.gtid).not.toBe(end);
		const [primary, replica, restored] = await Promise.all([pair.primary, pair.replica, spare].map(contentsOf));
		expect(restored?.rows).toEqual(primary?.rows);
		expect(replica?.rows).toEqual(primary?.rows);
		expect(restored?.definitions).toEqual(replica?.definitions);
	});

	it('of our own engine holds exactly what the server holds', { timeout: 120_000 }, async () => {
		await stopWriter(pair);
		await caughtUp(kind, pair);
		const folder = await backup('parallel', '--compress', 'none');
		const { stdout } = await shell(pair.replica, folder, 'sha256sum -c SHA256SUMS');
		expect(stdout).toContain('metadata: OK');
		await using fresh = await spareServer(kind);
		await restoreRows(folder, fresh);
		expect(await contentsOf(fresh)).toEqual(await contentsOf(pair.replica));
		await expect(readFile(join(folder, 'README.txt'), 'utf8')).resolves.toContain('myloader');

		await using loaded = await spareServer(kind);
		if (isMysql(kind)) await ask(loaded, 'SET GLOBAL local_infile = ON');
		const { myloader } = await findTools({ folder: undefined, env: process.env, say: () => undefined });
		await run(myloader, ['-u', 'root', '-S', loaded.socket, '-d', '.', '-t', '2'], { cwd: folder, timeout: 60_000 });
		expect((await contentsOf(loaded)).rows).toEqual((await contentsOf(pair.replica)).rows);
	});

	it.each(['gzip', 'none'] as const)('with --compress %s holds exactly what the server holds', { timeout: 120_000 }, async (compress) => {
		await stopWriter(pair);
		const end = await written();
		await caughtUp(kind, pair);
		const folder = await backup('vendor', '--compress', compress);
		expect(await readdir(folder)).toContain({ gzip: 'shop.sql.gz', none: 'shop.sql' }[compress]);
		expect(await readlink(join(to, 'latest'))).toBe(folder.split('/').at(-1));
		expect(JSON.parse(await read(folder, 'manifest.json')).position.source.gtid).toBe(end);
		await using fresh = await spareServer(kind);
		await restore(folder, fresh);
		expect(await contentsOf(fresh)).toEqual(await contentsOf(pair.replica));
		expect((await stat(folder)).mode & 0o777).toBe(0o700);
		await vi.waitFor(async () => expect(await value(pair.replica, words.replicated)).toBe(end));
	});
});
