import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, readFile, readlink, realpath, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { ConnectError, Stopped, ToolError, UserError } from '../../src/core/errors.ts';
import { commandLine, processStartTime } from '../../src/exec/process.ts';
import { runTool } from '../../src/exec/tool.ts';
import { sandboxLogin } from '../../src/sandbox/login.ts';
import { serversFolder } from '../../src/sandbox/places.ts';
import { type Sandbox, sandboxDown, sandboxStatus, sandboxUp, serverToolFolders, stopWriter } from '../../src/sandbox/sandbox.ts';
import { INVARIANTS, ODD_TABLE, shopStatements } from '../../src/sandbox/shop.ts';
import { unpacked } from '../../src/sandbox/unpack.ts';
import { connect } from '../../src/server/session.ts';
import { Secret } from '../../src/sql/secret.ts';
import { lockstep } from '../support/cli.ts';
import { contentsOf } from '../support/contents.ts';
import { IN_ORDER } from '../support/in-order.ts';
import { ask, rootSession, SANDBOX_KINDS, type SandboxKind, type SandboxServer, spareServer, value } from '../support/servers.ts';
import { expectWithin } from '../support/within.ts';

const quiet = () => undefined;
let home: string;
/** An empty home; the packages' programs are those that the tests share. */
let env: NodeJS.ProcessEnv;

beforeAll(async () => {
	home = await realpath(await mkdtemp(join(tmpdir(), 'lockstep-home-')));
	env = { PATH: process.env.PATH, HOME: home, XDG_CACHE_HOME: dirname(dirname(serversFolder(process.env))) };
});
afterAll(async () => {
	for (const kind of SANDBOX_KINDS) await sandboxDown({ kind, env });
	await rm(home, { recursive: true, force: true });
});

const up = (kind: SandboxKind, more: Partial<Parameters<typeof sandboxUp>[0]> = {}) =>
	sandboxUp({ kind, env, say: quiet, rows: 300, ...more });
const series = (kind: SandboxKind) => kind.replace(/^\w+-/, '');
const vendorOf = (kind: SandboxKind) => (kind.startsWith('mariadb') ? 'mariadb' : 'mysql');
/** The same question in each vendor's words. */
const WORDS = {
	mariadb: {
		...{ client: 'mariadb', dump: 'mariadb-dump', verified: '--ssl-verify-server-cert', engine: 'Aria' },
		...{ channel: 'SHOW SLAVE STATUS', replicated: 'SELECT @@gtid_current_pos', written: '@@gtid_binlog_pos' },
	},
	mysql: {
		...{ client: 'mysql', dump: 'mysqldump', verified: '--ssl-mode=VERIFY_IDENTITY', engine: 'MyISAM' },
		...{ channel: 'SHOW REPLICA STATUS', replicated: 'SELECT @@gtid_executed', written: '@@gtid_executed' },
	},
} as const;
const gone = (pid: number) => vi.waitFor(async () => expect(await processStartTime(pid)).toBeUndefined(), { timeout: 10_000 });

/** `password`: null takes what the sandbox has for it. */
const overTcp = async (server: SandboxServer, password: Secret | null = null) =>
	connect(
		{
			...{ name: 'sandbox', host: server.host, port: server.port, user: server.user, connectTimeoutMs: 5000, origin: {} },
			tls: { mode: 'VERIFY_IDENTITY', ca: server.ca },
		},
		password ?? (await sandboxLogin(env, server.port))?.password ?? null,
	);

/** Local addresses, in the kernel's hexadecimal, on which a process listens. */
async function listensOn(pid: number): Promise<string[]> {
	const links = await Promise.all((await readdir(`/proc/${pid}/fd`)).map((fd) => readlink(`/proc/${pid}/fd/${fd}`).catch(() => '')));
	const inodes = new Set(links.flatMap((link) => /^socket:\[(\d+)\]$/.exec(link)?.[1] ?? []));
	const lines = (await Promise.all(['tcp', 'tcp6'].map((table) => readFile(`/proc/net/${table}`, 'utf8')))).join('\n').split('\n');
	return lines
		.map((line) => line.trim().split(/\s+/))
		.filter((fields) => fields[3] === '0A' && inodes.has(fields[9] ?? ''))
		.map((fields) => fields[1] ?? '');
}

describe.each(SANDBOX_KINDS)('a sandbox of %s', IN_ORDER, (kind) => {
	let first: Sandbox;
	const words = WORDS[vendorOf(kind)];
	const every = () => [first.primary, first.replica];

	beforeAll(async () => {
		first = await up(kind);
	});

	it('is a pair of running servers of that series, with ids of their own, and tools beside them', async () => {
		expect(first.version.startsWith(series(kind))).toBe(true);
		expect(first.dir.startsWith(home)).toBe(true);
		expect(every().map(({ running }) => running)).toEqual([true, true]);
		expect(await value(first.primary, 'SELECT @@server_id')).not.toBe(await value(first.replica, 'SELECT @@server_id'));
		const { stdout } = await runTool({ program: join(first.binDir, words.dump), argv: ['--version'] });
		expect(stdout).toContain(series(kind));
	});

	it('has the shop on the primary and nothing on the replica', async () => {
		const databases = "SELECT GROUP_CONCAT(schema_name ORDER BY 1) FROM information_schema.schemata WHERE schema_name IN ('crm', 'shop')";
		expect(await value(first.primary, databases)).toBe('crm,shop');
		expect(await value(first.replica, databases)).toBeNull();
		expect(await ask(first.replica, words.channel)).toEqual([]);
		expect(await value(first.replica, words.replicated)).toBe('');
		const shapes = await ask(
			first.primary,
			`SELECT 'table' AS what, engine AS detail FROM information_schema.tables WHERE table_schema IN ('shop', 'crm') AND table_type = 'BASE TABLE'
			UNION SELECT 'view', 'view' FROM information_schema.views WHERE table_schema = 'shop'
			UNION SELECT 'routine', routine_type FROM information_schema.routines WHERE routine_schema = 'shop'
			UNION SELECT 'trigger', action_timing FROM information_schema.triggers WHERE trigger_schema = 'shop'
			UNION SELECT 'event', status FROM information_schema.events WHERE event_schema = 'shop'
			UNION SELECT 'generated', extra FROM information_schema.columns WHERE table_schema = 'shop' AND extra LIKE '% GENERATED'
			UNION SELECT 'partitioned', table_name FROM information_schema.partitions WHERE partition_name IS NOT NULL AND table_schema = 'shop'
			UNION SELECT 'odd', table_name FROM information_schema.tables WHERE table_name LIKE 'odd%'`,
		);
		expect(new Set(shapes.map(({ what, detail }) => `${what} ${detail}`))).toEqual(
			new Set([
				...[
					'table InnoDB',
					`table ${words.engine}`,
					'view view',
					'routine FUNCTION',
					'routine PROCEDURE',
					'trigger AFTER',
					'event ENABLED',
				],
				...['generated STORED GENERATED', 'generated VIRTUAL GENERATED', 'partitioned visits', `odd ${ODD_TABLE}`],
			]),
		);
		const bytes = await value(first.primary, 'SELECT HEX(content) FROM shop.photos LIMIT 1');
		expect(new Set(bytes?.match(/../g)).size).toBe(256);
		expect(await value(first.primary, "SELECT COUNT(*) > 0 FROM shop.customers WHERE first_name = 'Ada 👩‍💻'")).toBe('1');
	});

	it('takes root without a password over the socket only; over TCP with the one in its folder', async () => {
		for (const server of every()) {
			const session = await overTcp(server);
			expect(session.account).toBe('root@127.0.0.1');
			expect(session.tls).toMatchObject({ verified: true, version: 'TLSv1.3' });
			await session.close();
			expect(await value(server, 'SELECT CURRENT_USER()')).toBe('root@localhost');
			expect(await value(server, "SELECT COUNT(*) FROM mysql.user WHERE User = ''")).toBe('0');
			for (const wrong of ['', 'guessed']) await expect(overTcp(server, new Secret(wrong))).rejects.toThrow(ConnectError);
			// Of SQL that its users run, only this empty folder can be reached.
			const files = await value(server, 'SELECT @@secure_file_priv');
			expect(await readdir(files ?? '')).toEqual([]);
			expect(await value(server, "SELECT LOAD_FILE('/etc/hostname')")).toBeNull();
			for (const path of [first.dir, files ?? '', server.dataDir]) expect((await stat(path)).mode & 0o077).toBe(0);
		}
		// As the vendor's own client sees it.
		const argv = ['-h127.0.0.1', `-P${first.primary.port}`, '-uroot', `--ssl-ca=${first.primary.ca}`, words.verified];
		const password = (await sandboxLogin(env, first.primary.port))?.password.reveal();
		const { stdout } = await runTool({
			program: join(first.binDir, words.client),
			argv: [...argv, '-Ne', "SHOW STATUS LIKE 'Ssl_cipher'"],
			secretFile: `[client]\npassword="${password}"\n`,
		});
		expect(stdout).toMatch(/^Ssl_cipher\tTLS_/);
	});

	it('9: is logged in to with its own password, whatever ~/.my.cnf and the environment say of other servers', async () => {
		const optionFile = join(home, '.my.cnf');
		await writeFile(optionFile, '[client]\npassword=of another server\nssl-mode=VERIFY_IDENTITY\nssl-ca=/no/ca.pem\n', { mode: 0o600 });
		const server = `root@127.0.0.1:${first.replica.port}`;
		const { code, last, stderr } = await lockstep(['status', '--server', server, '--json'], { env: { ...env, MYSQL_PWD: 'of another' } });
		await rm(optionFile);
		expect([code, last?.tls], stderr).toEqual([0, expect.stringContaining('verified')]);
	});

	it('listens on loopback only', async () => {
		for (const { pid, port } of every()) {
			const hex = port.toString(16).toUpperCase().padStart(4, '0');
			expect(await listensOn(pid)).toEqual([`0100007F:${hex}`]);
		}
	});

	it('is found by a second up within a second, and by status', async () => {
		const began = performance.now();
		expect(await up(kind)).toEqual(first);
		expectWithin(performance.now() - began, 1000);
		expect(await sandboxStatus({ kind, env })).toEqual(first);
		expect(await sandboxStatus({ env })).not.toBeNull();
	});

	it('is written to in whole transactions by a process of its own', async () => {
		const position = () => value(first.primary, `SELECT ${words.written}`);
		const before = await position();
		await vi.waitFor(async () => expect(await position()).not.toBe(before));
		const changed = "SELECT COUNT(*) FROM shop.orders WHERE remark = 'placed by the writer ✍'";
		await vi.waitFor(async () => expect(Number(await value(first.primary, changed))).toBeGreaterThan(0), { timeout: 10_000 });
		for (let look = 0; look < 10; look++) {
			for (const invariant of INVARIANTS) expect(await value(first.primary, invariant)).toBe('0');
		}
		expect(await commandLine(first.writerPid ?? 0)).toContain(first.dir);
		expect(await readFile(join(first.dir, 'writer.log'), 'utf8')).toBe('');
	});

	it('has a writer that obeys read_only and continues afterwards', async () => {
		await ask(first.primary, 'SET GLOBAL read_only = 1');
		const changes = () => value(first.primary, `SELECT CONCAT(${words.written}, ' ', (SELECT SUM(balance) FROM crm.savings))`);
		const still = await changes();
		const tries = () =>
			value(
				first.primary,
				"SELECT SUM(COUNT_STAR) FROM performance_schema.events_statements_summary_by_account_by_event_name WHERE USER = 'app'",
			);
		const tried = await tries();
		await vi.waitFor(async () => expect(await tries()).not.toBe(tried));
		expect(await changes()).toBe(still);
		await ask(first.primary, 'SET GLOBAL read_only = 0');
		await vi.waitFor(async () => expect(await changes()).not.toBe(still));
	});

	it('is repaired where its primary died: same data, same port, a writer again', async () => {
		await ask(first.primary, 'CREATE TABLE shop.proof (id INT) SELECT 1 AS id');
		process.kill(first.primary.pid, 'SIGKILL');
		await gone(first.primary.pid);
		await gone(first.writerPid ?? 0);
		const dead = await sandboxStatus({ kind, env });
		expect([dead?.primary.running, dead?.replica.running, dead?.writerPid]).toEqual([false, true, null]);
		const said: string[] = [];
		const mended = await up(kind, { say: (line) => said.push(line) });
		expect(said).toEqual(['The primary is not running: starting it again …']);
		expect(mended.replica).toEqual(first.replica);
		expect(mended.primary).toEqual({ ...first.primary, pid: mended.primary.pid });
		expect(mended.primary.pid).not.toBe(first.primary.pid);
		expect(await value(mended.primary, 'SELECT id FROM shop.proof')).toBe('1');
		expect(await processStartTime(mended.writerPid ?? 0)).toBeDefined();
		first = mended;
	});

	it('goes away as a whole', async () => {
		expect(await sandboxDown({ kind, env })).toBe(true);
		for (const pid of [first.primary.pid, first.replica.pid, first.writerPid ?? 0]) expect(await processStartTime(pid)).toBeUndefined();
		expect(existsSync(first.dir)).toBe(false);
		expect(await sandboxStatus({ kind, env })).toBeNull();
		expect(await sandboxDown({ kind, env })).toBe(false);
	});
});

const kind: SandboxKind = 'mariadb-11.8';

describe('up', () => {
	it('by two processes at once gives both the same sandbox, which outlives them; its writer ends with its folder', async () => {
		const dir = join(home, 'twice');
		const module = pathToFileURL(join(import.meta.dirname, '../../src/sandbox/sandbox.ts')).href;
		const code = `const { sandboxUp } = await import(${JSON.stringify(module)});
			console.log(JSON.stringify(await sandboxUp({ kind: '${kind}', dir: process.argv[1], env: process.env, say: (line) => console.error(line), rows: 50 })))`;
		const call = {
			program: process.execPath,
			argv: ['--input-type=module', '-e', code, dir],
			env: { HOME: home, XDG_CACHE_HOME: env.XDG_CACHE_HOME ?? '' },
		};
		const [one, two] = (await Promise.all([runTool(call), runTool(call)])).map(({ stdout }) => JSON.parse(stdout) as Sandbox);
		expect(one).toEqual(two);
		if (one === undefined) throw new Error('unreachable');
		expect(await sandboxStatus({ dir, env })).toEqual(one);
		await rm(join(dir, 'sandbox.json'));
		await gone(one.writerPid ?? 0);
		// Without its record it counts as one whose up was interrupted: made anew, the old servers stopped.
		const again = await up(kind, { dir, rows: 50, writer: false });
		await gone(one.primary.pid);
		await gone(one.replica.pid);
		expect([again.primary.running, again.replica.running, again.writerPid]).toEqual([true, true, null]);
		expect(await stopWriter(again)).toBe(false);
		await expect(up('mariadb-10.11', { dir })).rejects.toThrow(/holds a sandbox of the kind mariadb-11.8/);
		expect(await sandboxDown({ dir, env })).toBe(true);
	});

	it('leaves alone a folder that holds something else', async () => {
		const dir = await mkdtemp(join(home, 'mine-'));
		await writeFile(join(dir, 'precious'), 'data');
		await expect(up(kind, { dir })).rejects.toThrow(UserError);
		expect(await sandboxDown({ dir, env })).toBe(false);
		expect(await readFile(join(dir, 'precious'), 'utf8')).toBe('data');
	});

	it('that is stopped on the way leaves no process and no folder', async () => {
		const dir = join(home, 'stopped');
		const stop = new AbortController();
		const reason = new Stopped('Stopped.', 'SIGINT');
		const pids: number[] = [];
		const say = async (line: string) => {
			if (!line.startsWith('Loading')) return;
			for (const role of ['primary', 'replica']) pids.push(JSON.parse(await readFile(join(dir, role, 'server.json'), 'utf8')).pid);
			stop.abort(reason);
		};
		await expect(up(kind, { dir, signal: stop.signal, say, rows: 50_000 })).rejects.toBeInstanceOf(Stopped);
		expect(pids).toHaveLength(2);
		for (const pid of pids) expect(await processStartTime(pid)).toBeUndefined();
		expect(existsSync(dir)).toBe(false);
		expect(existsSync(`${dir}.lock`)).toBe(false);
	});

	it('works in a folder whose path is too long for a socket', async () => {
		const dir = join(home, 'long-'.repeat(24));
		const { primary } = await up(kind, { dir, rows: 20, writer: false });
		expect(primary.running).toBe(true);
		expect(Buffer.byteLength(primary.socket)).toBeLessThan(107);
		expect(await sandboxDown({ dir, env })).toBe(true);
		expect(existsSync(dirname(primary.socket))).toBe(false);
	});
});

describe('where servers come from', () => {
	it('unpacks for two at once, a half-made folder aside, into an empty cache', async () => {
		const mine = { PATH: process.env.PATH, HOME: await mkdtemp(join(home, 'empty-')) };
		const folder = join(serversFolder(mine), kind);
		await mkdir(join(folder, 'bin'), { recursive: true });
		await mkdir(`${folder}.unpacking-dead/root`, { recursive: true });
		expect(serverToolFolders(mine)).toEqual([]);
		const said: string[] = [];
		const options = { env: mine, say: (line: string) => said.push(line) };
		const [one, two] = await Promise.all([unpacked(kind, options), unpacked(kind, options)]);
		expect(one).toEqual(two);
		expect(said.filter((line) => line.startsWith('Fetching'))).toHaveLength(1);
		expect(await readdir(serversFolder(mine))).toEqual([kind]);
		expect(serverToolFolders(mine)).toEqual([one.bin]);
		const { stdout } = await runTool({ program: join(one.bin, 'mariadb'), argv: ['--version'] });
		expect(stdout).toContain('11.8.');
	});

	it('names the packages to install where apt is missing, and where it cannot fetch them', async () => {
		const empty = { HOME: home, XDG_CACHE_HOME: join(home, 'no-cache'), PATH: home };
		const missing = await unpacked(kind, { env: empty, say: quiet }).catch((error: unknown) => error);
		expect(missing).toBeInstanceOf(UserError);
		expect((missing as UserError).description.hints?.join(' ')).toContain(
			'mariadb-server-core mariadb-client-core mariadb-client mariadb-backup',
		);
		const tools = await mkdtemp(join(home, 'tools-'));
		await writeFile(join(tools, 'dpkg-deb'), '#!/bin/sh\necho 1.21\n', { mode: 0o755 });
		const apt = '#!/bin/sh\n[ "$1" = --version ] && echo "apt 2.6.1" && exit\necho "E: Could not resolve host" >&2\nexit 100\n';
		await writeFile(join(tools, 'apt-get'), apt, { mode: 0o755 });
		const offline = await unpacked(kind, { env: { ...empty, PATH: tools }, say: quiet }).catch((error: unknown) => error);
		expect(offline).toBeInstanceOf(ToolError);
		const { description: told } = offline as ToolError;
		expect(told.details).toBe('E: Could not resolve host');
		expect(told.hints?.join(' ')).toContain('apt-get install mariadb-server-core');
		expect(await readdir(serversFolder(empty))).toEqual([]);
	});

	it('refuses packages of another series, to which a suite has moved', async () => {
		const tools = await mkdtemp(join(home, 'newer-'));
		await writeFile(join(tools, 'dpkg-deb'), '#!/bin/sh\necho 1.21\n', { mode: 0o755 });
		const apt = `#!/bin/sh
			[ "$1" = --version ] && echo "apt 2.6.1" && exit
			folder="\${3%/*}/archives"
			/bin/mkdir -p "$folder" && : > "$folder/mysql-server-core_1%3a26.7.0-1_amd64.deb" && : > "$folder/libc6_2.43-7_amd64.deb"`;
		await writeFile(join(tools, 'apt-get'), apt, { mode: 0o755 });
		const newer = { HOME: home, XDG_CACHE_HOME: join(home, 'no-newer-cache'), PATH: tools };
		const refused = await unpacked('mysql-9.7', { env: newer, say: quiet }).catch((error: unknown) => error);
		expect(refused).toBeInstanceOf(UserError);
		const { description: told } = refused as UserError;
		expect(told.message).toBe('MySQL 9.7 is no longer available from Debian sid: it has 26.7.0-1 now.');
		expect(told.hints?.join(' ')).toContain('--server mariadb-11.8');
		expect(await readdir(serversFolder(newer))).toEqual([]);
	});

	it.each<[SandboxKind, string, string[]]>([
		['mariadb-11.8', 'mariadbd', ['mariadb', 'mariadb-dump']],
		['mysql-9.7', 'mysqld', ['mysql', 'mysqldump']],
	])(
		'takes a server of the machine before any package, where its series is the one asked for or none is: %s',
		async (kind, server, clients) => {
			const { bin, root } = await unpacked(kind, { env, say: quiet });
			// A machine as a distribution makes it: sbin, bin and share under one prefix.
			const machine = await mkdtemp(join(home, 'machine-'));
			for (const folder of ['sbin', 'bin']) await mkdir(join(machine, folder));
			for (const folder of ['share', 'lib']) await symlink(join(root, 'usr', folder), join(machine, folder));
			for (const name of [server, ...clients]) {
				const path = join(machine, name === server ? 'sbin' : 'bin', name);
				await writeFile(path, `#!/bin/sh\nexec '${join(bin, name)}' "$@"\n`);
				await chmod(path, 0o755);
			}
			const mine = { HOME: machine, PATH: `${machine}/sbin:${machine}/bin:/usr/bin:/bin` };
			const sandbox = await sandboxUp({ env: mine, say: quiet, rows: 20, writer: false });
			expect(sandbox.kind).toBe(kind);
			expect((await readdir(sandbox.binDir)).sort()).toEqual([server, ...clients].sort());
			expect(existsSync(serversFolder(mine))).toBe(false);
			expect(await sandboxDown({ env: mine })).toBe(true);
			// Another series is asked for: that server will not do, and here nothing else can be had.
			const path = `${machine}/sbin:${machine}/bin`;
			await expect(sandboxUp({ kind: 'mariadb-10.11', env: { ...mine, PATH: path }, say: quiet })).rejects.toThrow(/MariaDB 10.11/);
		},
	);
});

describe.each(SANDBOX_KINDS)('for tests, %s', (kind) => {
	it('gives spare servers with options of their own, each another server', async () => {
		await using spare = await spareServer(kind, { extra: ['--skip-log-bin'] });
		expect(await value(spare, 'SELECT @@log_bin')).toBe('0');
		expect(await value(spare, 'SELECT @@server_id')).toBe(String(spare.serverId));
		await spare.stop();
		const again = await spare.start([]);
		expect(again.port).toBe(spare.port);
		expect(await value(again, 'SELECT @@log_bin')).toBe('1');
		await using other = await spareServer(kind);
		const identity = "SHOW VARIABLES WHERE Variable_name IN ('server_id', 'server_uuid')";
		for (const { Value } of await ask(other, identity)) expect((await ask(again, identity)).map((row) => row.Value)).not.toContain(Value);
	});

	it('starts again beside the lock of a socket that a killed server left', async () => {
		await using spare = await spareServer(kind);
		process.kill(spare.pid, 'SIGKILL');
		await gone(spare.pid);
		// As if another process had the killed one's number by now; not this one, which a server knows for its parent.
		await writeFile(`${spare.socket}.lock`, `${process.ppid}\n`);
		expect((await spare.start()).running).toBe(true);
	});
});

it('fills every kind with the same rows, but for how JSON is printed', async () => {
	const filled = await Promise.all(
		SANDBOX_KINDS.map(async (kind) => {
			await using spare = await spareServer(kind);
			await using session = await rootSession(spare);
			for (const statement of shopStatements(60, vendorOf(kind))) await session.query({ pieces: [statement] });
			for (const invariant of INVARIANTS) expect(await value(spare, invariant)).toBe('0');
			const { rows, definitions } = await contentsOf(spare);
			const { '`shop`.`products`': products, ...others } = rows;
			expect(products).toMatch(/^25 rows/);
			return { others, objects: Object.keys(definitions).sort() };
		}),
	);
	expect(Object.keys(filled[0]?.others ?? {})).toHaveLength(14);
	for (const each of filled) expect(each).toEqual(filled[0]);
});
