import { existsSync } from 'node:fs';
import { chmod, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { verifyBackup } from '../../src/archive/verify.ts';
import type { RunEvent } from '../../src/core/events.ts';
import { openJournal } from '../../src/core/journal.ts';
import { type Home, lockstep, makeHome } from '../support/cli.ts';
import { IN_ORDER } from '../support/in-order.ts';
import { SANDBOX_KINDS } from '../support/servers.ts';

const { version } = JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string };

/** Every line of stdout is a JSON document. */
const onlyJson = (stdout: string) => {
	for (const line of stdout.trimEnd().split('\n')) expect(() => JSON.parse(line), line).not.toThrow();
};
const place = (port: unknown = expect.any(Number)) => ({ host: '127.0.0.1', port, socket: expect.stringMatching(/^\//), user: 'root' });

describe('without a server', IN_ORDER, () => {
	let home: Home;
	beforeAll(async () => {
		home = await makeHome();
	});
	afterAll(() => home[Symbol.asyncDispose]());
	const run = (...args: string[]) => lockstep(args, { env: home.env });

	it.each([
		[['--help'], 'provision'],
		[['help'], 'provision'],
		[['help', 'backup'], '--lock-wait'],
		[['backup', '--help'], '--lock-wait'],
		[['provision', '--help'], '--primary'],
		[['profile', '--help'], '--option-file'],
	])('%j explains itself on stdout, exit 0', async (args, word) => {
		const { code, stdout, stderr } = await run(...args);
		expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
		expect(stdout).toContain('Usage: lockstep');
		expect(stdout).toContain(word);
	});

	it('54: -V, --version and `version` print the name and the version', async () => {
		for (const word of ['-V', '--version', 'version'])
			expect(await run(word), word).toMatchObject({ code: 0, stdout: `lockstep ${version}\n`, stderr: '' });
		expect((await run('version', '--json')).last).toMatchObject({ version, exit_code: 0 });
	});

	it('46: in a locale without UTF-8 help, manual and errors are ASCII; what programs read is as ever', async () => {
		const env = { ...home.env, LC_ALL: 'C' };
		for (const args of [
			['help', 'provision'],
			['help', 'exit-codes'],
			['profile', 'show'],
			['backup', '--server', 'x y'],
		]) {
			const { stdout, stderr } = await lockstep(args, { env });
			expect(stdout + stderr, args.join(' ')).toMatch(/^[\x20-\x7e\n]+$/);
		}
		const { last } = await lockstep(['profile', 'show', '--json'], { env });
		expect(last.message).toBe('A profile’s name is missing.');
	});

	it('19: a mistyped command is answered with the one that was meant, exit 2', async () => {
		for (const args of [['bakcup'], ['bakcup', '--server', 'x', '--to', 'y'], ['-q', 'bakcup', '-h', 'x']]) {
			const { code, stdout, stderr } = await run(...args);
			expect({ code, stdout }, args.join(' ')).toEqual({ code: 2, stdout: '' });
			expect(stderr).toContain('There is no command "bakcup".');
			expect(stderr).toContain('Did you mean this?  lockstep backup');
		}
		expect((await run('help', 'bakcup')).stderr).toContain('Did you mean this?  lockstep help backup');
		expect((await run('xyzzy', '--json')).last).toMatchObject({ type: 'error', message: 'There is no command "xyzzy".', exit_code: 2 });
	});

	it('19: -h is help wherever it is not the host of a server, and `help bogus` is an error', async () => {
		expect((await run('-h')).stdout).toBe((await run('--help')).stdout);
		expect((await run('sandbox', '-h')).stdout).toBe((await run('sandbox', '--help')).stdout);
		expect(await run('help', '--help')).toMatchObject({ code: 0, stdout: expect.stringContaining('Usage: lockstep help'), stderr: '' });
		expect(await run('help', 'bogus')).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('no page "bogus"') });
	});

	it('48: a mistake in what is asked says nothing about servers', async () => {
		for (const args of [['list'], ['status'], ['help', 'bogus'], ['backup', '--sever', 'x'], ['profile', 'remove', 'x'], ['bakcup']]) {
			const { code, stderr } = await run(...args);
			expect(code, args.join(' ')).toBe(2);
			expect(stderr, args.join(' ')).not.toMatch(/\bstate\b|Untouched/);
		}
	});

	it('47: what a mistyped profile command suggests works', async () => {
		const { code, stderr } = await run('profile', 'shwo', 'x');
		expect({ code, stderr }).toMatchObject({ code: 2, stderr: expect.stringContaining('Did you mean show?') });
		await run('profile', 'add', 'db1', '--server', 'mysql://ann@db1:3307?ssl-mode=REQUIRED');
		expect((await run('profile', 'show', 'db1')).stdout).toMatch(/^name +db1\nhost +db1\nport +3307\nuser +ann\ntls\.mode +REQUIRED\n$/);
		expect((await run('profile', 'show', 'db1', '--json')).last).toMatchObject({ type: 'profile', name: 'db1', tls: { mode: 'REQUIRED' } });
		expect(await run('profile', 'remove', 'db1', '-q')).toMatchObject({ code: 0, stdout: '', stderr: '' });
		expect((await run('profile', 'show', 'db1')).code).toBe(2);
	});

	it('keeps profiles: add, list, edit, remove', async () => {
		const added = await run(
			'profile',
			'add',
			'db3',
			'--server',
			'mysql://backup@db3.example.net:3307?ssl-mode=REQUIRED',
			'--badge',
			'prod',
		);
		expect(added).toMatchObject({ code: 0, stderr: '' });
		const file = join(home.dir, 'config', 'lockstep', 'config.json');
		expect((await stat(file)).mode & 0o777).toBe(0o600);
		expect(added.stdout).toContain(file);
		const list = async () => (await run('profile', 'list', '--json')).last;
		const db3 = { name: 'db3', host: 'db3.example.net', port: 3307, user: 'backup', badge: 'prod', tls: { mode: 'REQUIRED' } };
		expect(await list()).toEqual({ v: 2, type: 'profiles', profiles: [db3] });
		expect((await run('profile', 'list')).stdout).toContain('backup@db3.example.net:3307');
		expect((await run('profile', 'edit', 'db3', '--output', '/srv/backup/db3')).code).toBe(0);
		expect((await list()).profiles).toEqual([{ ...db3, output: '/srv/backup/db3' }]);
		const twice = await run('profile', 'add', 'db3', '--server', 'mysql://x@y');
		expect(twice.code).toBe(2);
		expect(twice.stderr).toContain('There is a profile db3 already.');
		const kept = await list();
		for (const words of [
			['-n', 'profile', 'remove', 'db3'],
			['profile', 'edit', 'db3', '--output', '/x', '--dry-run'],
			['--dry-run', 'profile', 'add', 'db9', '--server', 'mysql://db9'],
		])
			expect(await run(...words), words.join(' ')).toMatchObject({ code: 0, stdout: expect.stringMatching(/^Would /) });
		expect(await list()).toEqual(kept);
		expect((await run('profile', 'remove', 'db3')).code).toBe(0);
		expect((await list()).profiles).toEqual([]);
		expect(await run('profile', 'remove', 'db3')).toMatchObject({ code: 2, stderr: expect.stringContaining('There is no profile db3.') });
	});

	it('keeps a damaged profile file as it is in a dry run', async () => {
		const file = join(home.dir, 'damaged.json');
		await writeFile(file, '{"profiles"');
		expect(await run('-n', '--config', file, 'list', home.dir)).toMatchObject({ code: 2, stderr: expect.stringContaining(file) });
		expect(await readFile(file, 'utf8')).toBe('{"profiles"');
	});

	it('takes another file for them', async () => {
		const file = join(home.dir, 'mine', 'profiles.json');
		expect((await run('profile', 'add', 'db4', '--server', 'mysql://db4', '--config', file)).code).toBe(0);
		expect(existsSync(file)).toBe(true);
		expect((await run('profile', 'list', '--json')).last.profiles).toEqual([]);
	});

	it('refuses a password in a profile’s URL and keeps nothing', async () => {
		const { code, stdout, stderr } = await run('profile', 'add', 'db5', '--server', 'mysql://u:hunter2@db5');
		expect(code).toBe(2);
		expect(stdout + stderr).not.toContain('hunter2');
		expect((await run('profile', 'list', '--json')).last.profiles).toEqual([]);
	});

	it('17: a typo in config.json ends a command with exit 2, by line and column, and leaves the file', async () => {
		const folder = join(home.dir, 'config', 'lockstep');
		const text = '{"profiles": [\n  {"name": "db3",\n   "bagde": "prod"}\n]}\n';
		await mkdir(folder, { recursive: true });
		await writeFile(join(folder, 'config.json'), text);
		for (const args of [
			['profile', 'add', 'db6', '--server', 'mysql://db6'],
			['profile', 'list'],
			['status', '--server', 'db3'],
		]) {
			const { code, stderr } = await run(...args);
			expect({ code, stderr }, args.join(' ')).toMatchObject({
				code: 2,
				stderr: expect.stringContaining('config.json:3:4: unknown key "bagde".'),
			});
			expect(stderr).toContain('Did you mean "badge"?');
		}
		expect(await readdir(folder)).toEqual(['config.json']);
		expect(await readFile(join(folder, 'config.json'), 'utf8')).toBe(text);
		await rm(join(folder, 'config.json'));
	});

	it('believes no journal in a folder that others may write to', async () => {
		await mkdir(join(home.state, 'runs'), { recursive: true, mode: 0o700 });
		await chmod(home.state, 0o777);
		for (const args of [['undo', '--yes'], ['recover', '--yes'], ['attach']])
			expect(await run(...args), args[0]).toMatchObject({ code: 2, stderr: expect.stringContaining(`${home.state} cannot be trusted.`) });
		await chmod(home.state, 0o700);
	});

	it('has nothing to undo', async () => {
		expect(await run('undo', '--yes')).toMatchObject({ code: 2, stderr: expect.stringContaining('There is no run to undo.') });
	});

	it('undoes the newest set-up that changed something, whatever was refused or rolled back after it', async () => {
		const runs = join(home.state, 'runs');
		const start = (run: string, runbook: string): RunEvent => ({
			...{ type: 'run-started', runbook, title: run, key: run, servers: {}, identities: {}, afterFailure: 'keep', steps: [] },
			...{ resumes: null, carried: { touched: [], outputs: {} }, request: {} },
		});
		const action = { id: 'x', kind: 'sql', on: 'replica', text: 'X', why: '', changes: true } as const;
		const change: RunEvent = { type: 'action-started', step: 'clear-replica', undoing: false, action };
		const ended = (outcome: 'done' | 'failed' | 'undone'): RunEvent => ({
			...{ type: 'run-ended', outcome, open: false, warnings: [], failure: null, summary: {} },
		});
		const write = (run: string, ...events: readonly RunEvent[]) => {
			const journal = openJournal(runs, run);
			for (const event of events) journal.write({ v: 2, run, seq: 1, at: '2026-01-01T00:00:00.000Z', ...event });
			journal.close();
		};
		write('1-older', start('1-older', 'provision-replica'), change, ended('done'));
		write('2-wanted', start('2-wanted', 'provision-replica'), change, ended('done'));
		write('3-refused', start('3-refused', 'provision-replica'), ended('failed'));
		write('4-recovered', start('4-recovered', 'locked-dump'), change, ended('undone'));
		write('5-drilled', start('5-drilled', 'drill'), change, ended('done'));
		expect(await run('undo', '--no-input')).toMatchObject({ code: 2, stderr: expect.stringContaining('2-wanted') });
		// Once it was taken back, an older one is not the next by itself.
		write('2-wanted', ended('undone'));
		expect(await run('undo', '--yes')).toMatchObject({ code: 2, stderr: expect.stringContaining('undone already') });
	});

	it('20: lists runs by their journals; attach without a name shows the last one, and ends as it did', async () => {
		const failure = { class: 'Busy', step: null, description: { message: 'Another run is at work there.' }, checks: [], left: [] };
		const journal = openJournal(join(home.state, 'runs'), '6-failed');
		const at = { v: 2, run: '6-failed', seq: 1, at: '2026-01-01T00:00:00.000Z' } as const;
		journal.write({
			...{
				...at,
				type: 'run-started',
				runbook: 'locked-dump',
				title: 'Back up',
				key: '6',
				servers: {},
				identities: {},
				afterFailure: 'put-back',
			},
			...{ steps: [], resumes: null, carried: { touched: [], outputs: {} }, request: {} },
		});
		journal.write({ ...at, type: 'run-ended', outcome: 'failed', open: false, warnings: [], failure, summary: {} });
		journal.close();
		const [last] = (await run('runs', '--json')).lines;
		expect(last).toMatchObject({ type: 'runs', partial_backups: [], newer: [] });
		expect(last.runs.map(({ run, state }: { run: string; state: string }) => [run, state])).toEqual(
			['6-failed', '5-drilled', '4-recovered', '3-refused', '2-wanted', '1-older'].map((each) => [each, 'finished']),
		);
		expect(await run('attach', '--no-input')).toMatchObject({ code: 10, stderr: expect.stringContaining('Another run is at work there.') });
		const { code, stdout } = await run('runs', '1-older');
		expect([code, stdout]).toEqual([0, expect.stringContaining('lockstep undo 1-older')]);
		expect(await run('runs', 'no-such')).toMatchObject({ code: 2, stderr: expect.stringContaining('There is no run no-such.') });
	});

	it('says that no sandbox is up, and takes none down', async () => {
		expect(await run('sandbox', 'status', '--json')).toMatchObject({ code: 0, last: { type: 'summary', running: false, exit_code: 0 } });
		expect(await run('sandbox', 'down', '--json')).toMatchObject({ code: 0, last: { type: 'summary', was_running: false } });
	});

	it('leaves a folder that is no sandbox’s alone', async () => {
		const dir = join(home.dir, 'precious');
		await mkdir(dir);
		await writeFile(join(dir, 'letter'), 'dear');
		const up = await run('sandbox', 'up', '--dir', dir);
		expect(up).toMatchObject({ code: 2, stderr: expect.stringContaining('is not empty and holds no sandbox') });
		expect(await run('sandbox', 'down', '--dir', dir)).toMatchObject({ code: 0 });
		expect(await readFile(join(dir, 'letter'), 'utf8')).toBe('dear');
	});
});

describe.each(SANDBOX_KINDS)('demo and sandbox of %s', (kind) => {
	let home: Home;
	beforeAll(async () => {
		home = await makeHome();
	});
	afterAll(async () => {
		await lockstep(['sandbox', 'down', '--server', kind], { env: home.env });
		await home[Symbol.asyncDispose]();
	});
	const run = (...args: string[]) => lockstep([...args, '--server', kind], { env: home.env, boundMs: 200_000 });

	it('shows the whole journey, twice, and takes the pair down', { timeout: 240_000 }, async () => {
		const up = await run('sandbox', 'up', '--json');
		expect(up.code, up.stdout.slice(-2000) + up.stderr).toBe(0);
		onlyJson(up.stdout);
		expect(up.last).toMatchObject({ v: 2, type: 'summary', kind, exit_code: 0, primary: place(), replica: place() });
		const { primary, replica } = up.last;

		const first = await run('demo', '--json');
		expect(first.code, first.stdout.slice(-2000) + first.stderr).toBe(0);
		onlyJson(first.stdout);
		expect(first.last).toMatchObject({ type: 'summary', exit_code: 0, primary: place(primary.port), replica: place(replica.port) });
		expect((await verifyBackup(first.last.backup)).checks.filter(({ status }) => status !== 'ok')).toEqual([]);
		expect(existsSync(join(first.last.backup, 'manifest.json'))).toBe(true);
		const runs = [...new Set(first.lines.flatMap((line) => (line.run ? [line.run] : [])))];
		expect(runs).toEqual([expect.stringMatching(/-provision-/), expect.stringMatching(/-backup-/)]);

		// The second time the replica holds data: the same on every kind.
		if (kind === SANDBOX_KINDS[0]) {
			const second = await run('demo', '--json');
			expect(second.code, second.stdout.slice(-2000) + second.stderr).toBe(0);
			expect(second.last.backup).not.toBe(first.last.backup);
			expect(existsSync(join(second.last.backup, 'manifest.json'))).toBe(true);
		}

		const server = `mysql://root@127.0.0.1:${replica.port}`;
		const status = await lockstep(['status', '--server', server, '--json'], { env: home.env });
		expect(status).toMatchObject({ code: 0, stderr: '' });
		expect(status.lines).toHaveLength(1);
		expect(status.last).toMatchObject({
			...{ v: 2, type: 'status', name: `127.0.0.1:${replica.port}`, healthy: true, troubles: [], readOnly: true },
			replication: { source: `127.0.0.1:${primary.port}`, io: 'yes', sql: 'yes', encrypted: true, error: null },
		});
		const text = await lockstep(['status', '--server', server], { env: home.env });
		expect(text).toMatchObject({ code: 0, stdout: expect.stringContaining(`127.0.0.1:${primary.port}`) });

		expect((await run('sandbox', 'status', '--json')).last).toMatchObject({ running: true, primary: place(primary.port) });
		for (const words of [['demo'], ['sandbox', 'up'], ['sandbox', 'down']])
			expect(await lockstep(['-n', ...words, '--server', kind], { env: home.env }), words.join(' ')).toMatchObject({ code: 0 });
		expect((await run('sandbox', 'status', '--json')).last).toMatchObject({ running: true, writer: expect.any(Number) });
		const down = await run('sandbox', 'down', '--json');
		expect(down).toMatchObject({ code: 0, last: { type: 'summary', was_running: true, exit_code: 0 } });
		expect(existsSync(up.last.dir)).toBe(false);
		const gone = await lockstep(['status', '--server', server, '--json'], { env: home.env });
		expect(gone).toMatchObject({ code: 5, last: { type: 'error', class: 'ConnectError', exit_code: 5 } });
	});
});
