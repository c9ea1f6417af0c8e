import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Ended, filesWith, type Home, makeHome, type Running, start, type Tap, tapped, urlOf } from '../support/cli.ts';
import { IN_ORDER } from '../support/in-order.ts';
import { ask, ownSandbox, rootSession, SANDBOX_KINDS, type Sandbox, value } from '../support/servers.ts';
import { isMysql } from '../support/words.ts';

const PRIMARY = 'canary-Pr1mary"\\\' x';
const REPLICA = 'canary-Repl1ca#%$;';
const words = ({ stdout, stderr }: Ended) => stdout.slice(-3000) + stderr;

/** Command lines and environments of a process and all below it, again and again while it runs, and what the servers show of statements. */
async function watch(running: Running, pair: Sandbox) {
	const seen = { commands: new Set<string>(), environments: new Set<string>(), statements: new Set<string>(), children: new Set<number>() };
	let over = false;
	void running.ended.then(() => {
		over = true;
	});
	await using primary = await rootSession(pair.primary);
	await using replica = await rootSession(pair.replica);
	const family = new Set([running.pid]);
	while (!over) {
		for (const name of await readdir('/proc')) {
			const pid = Number(name);
			if (!Number.isInteger(pid)) continue;
			const read = (file: string) => readFile(`/proc/${pid}/${file}`, 'utf8').catch(() => '');
			const parent = Number(/^\d+ \(.*\) \S (\d+)/s.exec(await read('stat'))?.[1]);
			if (!family.has(pid) && !family.has(parent)) continue;
			family.add(pid);
			const command = await read('cmdline');
			seen.commands.add(command);
			// Its own environment is where the test put the passwords; a child that is not yet another program still shows its parent's.
			if (pid === running.pid || command === (await readFile(`/proc/${parent}/cmdline`, 'utf8').catch(() => ''))) continue;
			seen.children.add(pid);
			seen.environments.add(await read('environ'));
		}
		for (const session of [primary, replica])
			for (const row of await session.query({ pieces: ['SHOW FULL PROCESSLIST'] })) seen.statements.add(row.Info ?? '');
		await pause(10);
	}
	// What the servers themselves have kept of statements. MariaDB's have that switched off.
	for (const session of [primary, replica])
		for (const table of ['events_statements_history_long', 'events_statements_history', 'events_statements_summary_by_digest'])
			for (const row of await session.query({ pieces: [`SELECT * FROM performance_schema.${table}`] }))
				for (const text of Object.values(row)) seen.statements.add(text ?? '');
	return seen;
}

describe.each(SANDBOX_KINDS)('secrets on %s', IN_ORDER, (kind) => {
	let home: Home;
	let pair: Sandbox & AsyncDisposable;
	let tap: Tap;
	let generated: string;

	beforeAll(async () => {
		home = await makeHome();
		pair = await ownSandbox(kind);
		tap = await tapped(home, pair.binDir);
		for (const [server, password] of [
			[pair.primary, PRIMARY],
			[pair.replica, REPLICA],
		] as const) {
			const literal = `'${password.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;
			await ask(server, `CREATE USER operator@'127.0.0.1' IDENTIFIED BY ${literal}`);
			await ask(server, "GRANT ALL PRIVILEGES ON *.* TO operator@'127.0.0.1' WITH GRANT OPTION");
		}
	});
	afterAll(async () => {
		await tap?.open();
		await pair?.[Symbol.asyncDispose]();
		await home?.[Symbol.asyncDispose]();
	});

	const nowhere = async (ended: Ended, seen: Awaited<ReturnType<typeof watch>>, secrets: readonly string[]) => {
		expect(seen.children.size).toBeGreaterThan(0);
		for (const secret of secrets) {
			for (const form of new Set([secret, JSON.stringify(secret).slice(1, -1), secret.replaceAll("'", "''"), encodeURIComponent(secret)])) {
				expect(ended.stdout).not.toContain(form);
				expect(ended.stderr).not.toContain(form);
				expect((await filesWith(home.dir, form)).filter((path) => !secretFiles.includes(path))).toEqual([]);
				expect([...seen.commands].filter((text) => text.includes(form))).toEqual([]);
				expect([...seen.environments].filter((text) => text.includes(form))).toEqual([]);
			}
		}
	};
	let secretFiles: string[] = [];
	const toolsSeen: string[] = [];

	it('provisioning shows no password, nor the one that it generates', { timeout: 120_000 }, async () => {
		const running = start(
			[
				'provision',
				'--primary',
				urlOf(pair.primary, 'operator'),
				'--replica',
				urlOf(pair.replica, 'operator'),
				'--yes',
				'--json',
				'-v',
			].concat(['--confirm', `127.0.0.1:${pair.replica.port}`]),
			{ env: { ...home.env, LOCKSTEP_PRIMARY_PASSWORD: PRIMARY, LOCKSTEP_REPLICA_PASSWORD: REPLICA } },
		);
		const [seen, ended] = await Promise.all([watch(running, pair), running.ended]);
		expect(ended.code, words(ended)).toBe(0);
		// The replica itself keeps it in clear, which is how replication works.
		generated = isMysql(kind)
			? ((await value(pair.replica, 'SELECT User_password FROM mysql.slave_master_info')) ?? '')
			: ((await readFile(join(pair.replica.dataDir, 'master.info'), 'utf8')).split('\n')[5] ?? '');
		expect(generated).toMatch(/^[\w.+=@-]{32}$/);
		await nowhere(ended, seen, [PRIMARY, REPLICA, generated]);
		// Of the generated one MariaDB masks CREATE USER alone, MySQL all; the operators' own are in no statement.
		const secrets = isMysql(kind) ? [PRIMARY, REPLICA, generated] : [PRIMARY, REPLICA];
		expect([...seen.statements].filter((text) => secrets.some((secret) => text.includes(secret)))).toEqual([]);
		expect(ended.stdout).toMatch(/IDENTIFIED (WITH caching_sha2_password )?BY '\*{8}'/);
	});

	it.each(['LOCKSTEP_PASSWORD', '--password-file', '--defaults-extra-file', '--password-command'])(
		'a backup with the password by %s tells it nobody',
		{ timeout: 60_000 },
		async (way) => {
			const file = join(home.dir, 'password');
			const option = join(home.dir, 'extra.cnf');
			await writeFile(file, `${REPLICA}\n`, { mode: 0o600 });
			await writeFile(option, `[client]\npassword="${REPLICA}"\n`, { mode: 0o600 });
			secretFiles = [file, option];
			const given: Record<string, string[]> = {
				'--password-file': ['--password-file', file],
				'--password-command': ['--password-command', `cat ${file}`],
				'--defaults-extra-file': ['--defaults-extra-file', option],
			};
			const args = [
				'backup',
				'--engine',
				'vendor',
				'--server',
				urlOf(pair.replica, 'operator'),
				'--to',
				join(home.dir, 'backups'),
				'--yes',
				'-v',
			];
			const running = start([...args, ...(given[way] ?? [])], {
				env: { ...tap.env, ...(way === 'LOCKSTEP_PASSWORD' ? { LOCKSTEP_PASSWORD: REPLICA } : {}) },
			});
			const [seen, ended] = await Promise.all([watch(running, pair), running.ended]);
			expect(ended.code, words(ended)).toBe(0);
			await nowhere(ended, seen, [REPLICA]);
			expect((await filesWith(home.dir, generated)).filter((path) => !path.endsWith('.zst'))).toEqual([]);
			if (way === 'LOCKSTEP_PASSWORD')
				expect(
					[...seen.environments].filter((text) => text.includes(REPLICA)),
					'children do not get it',
				).toEqual([]);
			for (const command of seen.commands) expect(command).not.toMatch(/--password=/);
			for (const command of seen.commands) toolsSeen.push(command);
		},
	);

	// Of one backup alone the tool may be gone before it was looked for.
	it('gives its tools the password by a file that only they have', () => {
		expect(toolsSeen.join('\n')).toContain('--defaults-file=/dev/fd/3');
	});

	it('a wrong password is not repeated in the refusal', async () => {
		const running = start(
			['backup', '--engine', 'vendor', '--server', urlOf(pair.replica, 'operator'), '--to', join(home.dir, 'never'), '--yes'],
			{
				env: { ...home.env, LOCKSTEP_PASSWORD: 'canary-wrong' },
			},
		);
		const ended = await running.ended;
		expect(ended.code, words(ended)).toBe(5);
		expect(ended.stdout + ended.stderr).not.toContain('canary');
		expect(await filesWith(home.dir, 'canary-wrong')).toEqual([]);
	});
});
