import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { statusOf } from '../../src/app/status-report.ts';
import { Stopped } from '../../src/core/errors.ts';
import type { RunEnd } from '../../src/core/runner.ts';
import type { BackupRequest } from '../../src/requests/backup.ts';
import type { ProvisionRequest } from '../../src/requests/provision.ts';
import { urlOf } from '../support/cli.ts';
import { IN_ORDER } from '../support/in-order.ts';
import { type Client, nameOf, openClient, provisionRequest } from '../support/runs.ts';
import { ask, ownSandbox, rootSession, SANDBOX_KINDS, type Sandbox, type SandboxServer, value } from '../support/servers.ts';

const OPS = "'ops'@'127.0.0.1'";

const done = (end: RunEnd) => expect([end.outcome, end.failure?.description, end.failure?.checks]).toEqual(['done', undefined, undefined]);
const failing = (end: RunEnd) => (end.failure?.checks ?? []).filter((check) => check.status === 'fail');

/** Those that are held everywhere, sorted. */
async function granted(server: SandboxServer): Promise<string[]> {
	const lines = (await ask(server, `SHOW GRANTS FOR ${OPS}`)).map((row) => Object.values(row)[0] ?? '');
	return lines
		.flatMap((line) => /^GRANT (.+?) ON \*\.\*/.exec(line)?.[1]?.split(/, ?/) ?? [])
		.filter((name) => name !== 'USAGE')
		.sort();
}

const there = (server: SandboxServer) => value(server, "SELECT COUNT(*) FROM mysql.user WHERE User = 'ops'");

/** Whether the account of whoever looks after the replica may do just that, and comes and goes as a whole. */
describe.each(SANDBOX_KINDS)('the operator’s account on %s', IN_ORDER, (kind) => {
	let pair: Sandbox & AsyncDisposable;
	let client: Client;
	let file: string;
	let wish: ProvisionRequest;

	beforeAll(async () => {
		[pair, client] = await Promise.all([ownSandbox(kind, { rows: 1, writesPerSecond: 8 }), openClient()]);
		// A replica must wake such a table without a word in its own log.
		await ask(pair.primary, 'CREATE TABLE shop.baskets (id INT PRIMARY KEY) ENGINE = MEMORY');
		file = join(client.home, 'keys', 'ops.password');
		wish = provisionRequest(pair, { operator: 'ops', operatorPasswordFile: file });
	});
	afterAll(async () => {
		await pair?.[Symbol.asyncDispose]();
		await client?.[Symbol.asyncDispose]();
	});

	const asOps = (server: SandboxServer) => ({ server: urlOf(server, 'ops'), passwordFile: file });
	const backup = (): BackupRequest => ({
		...{ kind: 'backup', server: asOps(pair.replica).server, reach: { server: { passwordFile: file } }, to: join(client.home, 'backups') },
		...{ compress: 'zstd', lockWaitSeconds: 20, longQueries: 'kill', maxLockSeconds: null, stopApplier: true },
	});
	/** On the replica, out of its log and past its read-only switches. */
	async function onReplica(...statements: string[]): Promise<void> {
		await using session = await rootSession(pair.replica);
		const closed = Object.values((await session.query({ pieces: ["SHOW GLOBAL VARIABLES LIKE 'super_read_only'"] }))[0] ?? {})[1] === 'ON';
		const around = (state: string) => (closed ? [`SET GLOBAL super_read_only = ${state}`] : []);
		for (const each of [...around('OFF'), 'SET sql_log_bin = 0', ...statements, ...around('ON')]) await session.query({ pieces: [each] });
	}

	test('an existing file is not overwritten', async () => {
		const taken = join(client.home, 'taken');
		await writeFile(taken, 'mine\n');
		const { end } = await client.dryRun({ ...wish, operatorPasswordFile: taken });
		expect(failing(end)).toMatchObject([{ id: 'OPERATOR-FILE' }]);
		expect(await readFile(taken, 'utf8')).toBe('mine\n');
	});

	test('a run that was stopped between account and file resumes with a password that is known', async () => {
		const stop = new AbortController();
		const { end } = await client.run(wish, {
			signal: stop.signal,
			on(event) {
				if (event.type === 'action-done' && event.step === 'create-operator' && event.action === 'create')
					stop.abort(new Stopped('By hand.'));
			},
		});
		expect(end).toMatchObject({ outcome: 'stopped', open: true, failure: { step: 'create-operator' } });
		expect(await readdir(client.home)).not.toContain('keys');
		const other = await client.run({ ...wish, operator: 'another' });
		expect(other.end.failure?.description.message).toContain('--operator ops@127.0.0.1');
		// It need not be asked for again.
		const { operator: _, operatorPasswordFile: __, ...plain } = wish;
		const { end: ended } = await client.run(plain);
		done(ended);
		expect(ended.summary).toMatchObject({ operator: 'ops@127.0.0.1', operatorPasswordFile: file });
	});

	test('it may read the primary’s status, and take backups of the replica', async () => {
		expect((await stat(file)).mode & 0o777).toBe(0o600);
		const [primary, replica] = [await granted(pair.primary), await granted(pair.replica)];
		expect(primary).toEqual(
			kind === 'mysql-9.7' ? ['PROCESS', 'REPLICATION CLIENT', 'SELECT'] : ['BINLOG MONITOR', 'PROCESS', 'SELECT', 'SLAVE MONITOR'],
		);
		expect(replica).toEqual(expect.arrayContaining([...primary, 'EVENT', 'SHOW VIEW', 'TRIGGER']));
		for (const server of [pair.primary, pair.replica]) {
			expect(Object.values((await ask(server, `SHOW CREATE USER ${OPS}`))[0] ?? {})[0]).toContain('REQUIRE SSL');
			expect((await statusOf(client.context(), asOps(server))).tls).not.toBeNull();
		}
		const { end } = await client.run(backup(), { confirm: [nameOf(pair.replica)] });
		done(end);
		expect(end.warnings).toEqual([]);
	});

	test('without any one of its privileges the check names it', async () => {
		const all = await granted(pair.replica);
		expect(all.length).toBeGreaterThan(9);
		for (const privilege of all) {
			await onReplica(`REVOKE ${privilege} ON *.* FROM ${OPS}`);
			const { end } = await client.dryRun(backup());
			await onReplica(`GRANT ${privilege} ON *.* TO ${OPS}`);
			const [check] = failing(end);
			expect(check, privilege).toMatchObject({ id: 'PRIVILEGES', hints: [`GRANT ${privilege} ON *.* TO 'ops'@'127.0.0.1';`] });
		}
		expect(await granted(pair.replica)).toEqual(all);
	});

	test('its password is in its file and nowhere else', async () => {
		const password = (await readFile(file, 'utf8')).trim();
		expect(password.length).toBeGreaterThan(30);
		const holding: string[] = [];
		for (const entry of await readdir(client.home, { recursive: true, withFileTypes: true })) {
			const path = join(entry.parentPath, entry.name);
			if (entry.isFile() && (await readFile(path)).includes(password)) holding.push(path);
		}
		expect(holding).toEqual([file]);
	});

	test('an undo drops it with its file', async () => {
		const provisioned = (await client.journals()).find((name) => name.includes('provision'));
		expect(provisioned).toBeDefined();
		const { end } = await client.undo('provision');
		expect(end).toMatchObject({ outcome: 'undone', failure: null });
		expect([await there(pair.primary), await there(pair.replica), (await readdir(client.home)).includes('keys')]).toEqual([
			'0',
			'0',
			false,
		]);
	});

	test('an older one keeps its password and its privileges', async () => {
		await ask(pair.primary, `CREATE USER ${OPS} IDENTIFIED BY 'Its-own-1'`);
		await ask(pair.primary, `GRANT PROCESS ON *.* TO ${OPS}`);
		const before = await ask(pair.primary, `SHOW CREATE USER ${OPS}`);
		const { end } = await client.run(wish);
		done(end);
		expect(end.summary).toMatchObject({ operator: 'ops@127.0.0.1', operatorPasswordFile: null });
		expect(await granted(pair.primary)).toContain('SELECT');
		expect((await client.undo('provision')).end).toMatchObject({ outcome: 'undone', failure: null });
		expect([await granted(pair.primary), await there(pair.replica)]).toEqual([['PROCESS'], '0']);
		expect(await ask(pair.primary, `SHOW CREATE USER ${OPS}`)).toEqual(before);
	});
});
