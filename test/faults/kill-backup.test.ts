import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { CrashPoint } from '../../src/daemon/crash-point.ts';
import { lockstep, start, urlOf } from '../support/cli.ts';
import { record, sampleOf, shareOf } from '../support/faults.ts';
import { actionsOf, free, type Killed, kill, replicates, statementsIn, wentOn, words } from '../support/kills.ts';
import { type Client, caughtUp, openClient, provisionRequest, stateOf } from '../support/runs.ts';
import { ask, ownSandbox, rootSession, SANDBOX_KINDS, type Sandbox, value } from '../support/servers.ts';
import { expectWithin } from '../support/within.ts';
import { isMysql, wordsOf } from '../support/words.ts';

/** The promise is two seconds, and the table tells what it was; a busy machine is given more. */
const SOON_MS = 10_000;
const WRITE = 'UPDATE crm.accounts SET balance = balance WHERE id = 1';
/** How the backup is made, with how many actions that every kind of server has, in the same order. */
const WAYS = {
	vendor: { flags: ['--engine', 'vendor'], actions: 25 },
	held: { flags: ['--engine', 'parallel', '--lock', 'held'], actions: 31 },
	snapshot: { flags: ['--engine', 'parallel', '--lock', 'snapshot'], actions: 35 },
} as const;
type Way = keyof typeof WAYS;
/** Actions that only one vendor has. */
const OWN: readonly string[] = ['bound-lock', 'json-moment', 'json-types'];
/** While whoever asked for it waits for the applier to stop. */
const STOPPING = { mariadb: 'Killing slave', mysql: 'Killing replica' };
/** MySQL would start every channel where none is named. */
const RESUME = { mariadb: 'START SLAVE SQL_THREAD', mysql: "START REPLICA SQL_THREAD FOR CHANNEL ''" };

// What a kill after an action leaves on server and disk is what one before the next action leaves, but for the line in the journal that
// announces that one: so one of the three matrices takes `before`, which has every line, and the others `after`, which has every deed. The
// kinds share the actions between them, unless LOCKSTEP_FAULTS_ALL says that each meets all.
describe.each(SANDBOX_KINDS)('every action of a locked dump on %s, kill -9', (kind) => {
	const vendor = isMysql(kind) ? 'mysql' : 'mariadb';
	let pair: Sandbox & AsyncDisposable;
	let client: Client;
	let env: NodeJS.ProcessEnv;
	let before: Awaited<ReturnType<typeof stateOf>>;
	let to: string;
	let runs = 0;

	beforeAll(async () => {
		[pair, client] = await Promise.all([ownSandbox(kind, { rows: 1, writesPerSecond: 8 }), openClient()]);
		env = client.context().env;
		const { end } = await client.run(provisionRequest(pair));
		expect(end.failure).toBeNull();
		// The most there is to put back: a server that was not read-only, its SQL thread stopped for the backup.
		await ask(pair.replica, 'SET GLOBAL read_only = OFF');
		before = await stateOf(pair.replica, 'settings');
		expect(before.channels).toEqual([expect.stringMatching(/Yes Yes$/)]);
	});
	afterAll(async () => {
		await pair?.[Symbol.asyncDispose]();
		await client?.[Symbol.asyncDispose]();
	});

	const attempt = (halt: CrashPoint, way: Way): Promise<Killed> => {
		to = join(client.home, `to-${++runs}`);
		return kill(
			['backup', ...WAYS[way].flags, '--server', urlOf(pair.replica), '--to', to, '--yes', '--stop-applier', '--compress', 'none'],
			env,
			halt,
		);
	};

	/** The server is as it was, and whatever has a backup's name is a whole one. Gives their names. */
	async function asBefore(where: string): Promise<string[]> {
		await replicates(pair.replica, where);
		expect(await stateOf(pair.replica, 'settings'), where).toEqual(before);
		await free(pair.replica, WRITE, where);
		const published = (await readdir(to).catch(() => [])).filter((name) => name !== 'latest' && !name.endsWith('.partial'));
		for (const name of published) {
			expect(execFileSync('sha256sum', ['-c', '--strict', '--quiet', 'SHA256SUMS'], { cwd: join(to, name), encoding: 'utf8' }), where).toBe(
				'',
			);
			expect(existsSync(join(to, name, 'manifest.json')), where).toBe(true);
		}
		return published;
	}

	const everyAction = async (
		way: Way,
		halt: Omit<CrashPoint, 'at'>,
		left: (killed: Killed) => Promise<void>,
		of: (points: readonly number[]) => readonly number[] = (points) => points,
	): Promise<string> => {
		const untouched = await attempt({ at: 1000, when: 'before', target: ['engine'] }, way);
		expect(untouched.ended.code, words(untouched.ended)).toBe(0);
		expect(await asBefore('untouched')).toHaveLength(1);
		const actions = actionsOf(untouched.events);
		const shared = actions.filter(({ id }) => !OWN.includes(id));
		expect(shared.map(({ id }) => id)).toHaveLength(WAYS[way].actions);
		const mine = of([...shareOf(kind, shared), ...actions.filter(({ id }) => OWN.includes(id))].map(({ at }) => at));
		for (const at of mine) {
			const killed = await attempt({ ...halt, at }, way);
			expect(killed.hit, `${killed.where}\n${words(killed.ended)}`).toBe(true);
			await left(killed);
		}
		await caughtUp(pair);
		return `${mine.length} of ${actions.length}`;
	};

	test('of the daemon: its watcher rolls back at once', { timeout: 300_000 }, async () => {
		let worst = 0;
		const points = await everyAction('vendor', { when: 'after', target: ['engine'] }, async ({ ended, where, freeMs }) => {
			expect(ended.code, `${where}\n${words(ended)}`).toBe(1);
			expect(ended.stderr, where).toContain('The process of this run died');
			expectWithin(freeMs, SOON_MS, where);
			worst = Math.max(worst, freeMs ?? 0);
			// Its name comes with the last action but one.
			expect(await asBefore(where), where).toHaveLength(/finalize (publish|latest)/.test(where) ? 1 : 0);
		});
		record({
			fault: 'backup: kill -9 of the engine, every action',
			kind,
			freeMs: worst,
			outcome: `exit 1, all rolled back (${points})`,
		});
	});

	test('of the watcher: the daemon continues to the end', { timeout: 300_000 }, async () => {
		// The engine takes no notice of a watcher's death, wherever that happens.
		const points = await everyAction(
			'held',
			{ when: 'after', target: ['watcher'] },
			async ({ where }) => {
				const { outcome, failure } = await wentOn(env);
				expect([outcome, failure], where).toEqual(['done', null]);
				expect(await asBefore(where), where).toHaveLength(1);
			},
			sampleOf,
		);
		record({
			fault: 'backup: kill -9 of the watcher, every action',
			kind,
			freeMs: null,
			outcome: `a whole backup (${points})`,
		});
	});

	test('of both: lockstep recover rolls back', { timeout: 300_000 }, async () => {
		let worst = 0;
		const points = await everyAction('snapshot', { when: 'before', target: ['engine', 'watcher'] }, async ({ where, run }) => {
			const now = await stateOf(pair.replica, 'settings');
			const found = await lockstep(['recover'], { env });
			const statements = [
				...(now.variables.read_only === 'ON' ? [wordsOf(kind).restoreReadOnly] : []),
				...(now.channels[0]?.endsWith('Yes No') ? [RESUME[vendor]] : []),
			];
			expect(found.stdout, `${where}\n${words(found)}`).toContain(run);
			expect(statementsIn(found), `${where}\n${words(found)}`).toEqual(statements);
			if (statements.length === 0) {
				expect(found.code, `${where}\n${words(found)}`).toBe(0);
				// Only its journal is closed: there is nothing to consent to.
				expect(found.stdout, where).toContain(`Rolled back: ${run}`);
			} else {
				expect(found.code, `${where}\n${words(found)}`).toBe(9);
				expect(found.stderr, where).toContain('lockstep recover --yes');
				expect(await stateOf(pair.replica, 'settings'), where).toEqual(now);
				const put = await lockstep(['recover', '--yes'], { env });
				expect(put.code, `${where}\n${words(put)}`).toBe(0);
				expect(put.stdout, where).toContain(`Rolled back: ${run}`);
				worst = Math.max(worst, Math.round(put.ms));
			}
			expect(await asBefore(where), where).toHaveLength(/finalize latest/.test(where) ? 1 : 0);
			const again = await lockstep(['recover'], { env });
			expect([again.code, again.stdout], where).toEqual([0, expect.stringMatching(/^Nothing to roll back: /)]);
		});
		record({
			fault: 'backup: kill -9 of both, every action',
			kind,
			freeMs: worst,
			outcome: `rolled back by lockstep recover --yes (${points})`,
		});
	});

	// Between before and after: what is still on its way to the server when who sent it is gone comes true later.
	test.each([
		['SIGKILL', 1],
		['SIGTERM', 143],
	] as const)('%s of the engine while a busy applier is being stopped: it runs again', { timeout: 60_000 }, async (signal, exit) => {
		const waiting = (where: string) =>
			vi.waitUntil(
				async () => Number(await value(pair.replica, `SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE ${where}`)) > 0,
				{ timeout: 15_000, interval: 20 },
			);
		await using other = await rootSession(pair.replica);
		await other.query({ pieces: ['LOCK TABLES crm.accounts WRITE'] });
		await waiting("USER = 'system user' AND STATE = 'Waiting for table metadata lock'");
		to = join(client.home, `to-${++runs}`);
		const args = ['backup', '--engine', 'vendor', '--server', urlOf(pair.replica), '--to', to, '--yes', '--stop-applier', '--json'];
		const running = start(args, { env });
		const engine = await running.line((line) => line.type === 'engine');
		await waiting(`STATE = '${STOPPING[vendor]}'`);
		process.kill(engine.pid, signal);
		// The start is on its way before the stop is at its end.
		await waiting(`INFO = "${RESUME[vendor]}"`);
		await other.query({ pieces: ['UNLOCK TABLES'] });
		const ended = await running.ended;
		expect(ended.code, words(ended)).toBe(exit);
		expect(await asBefore(signal)).toEqual([]);
		await caughtUp(pair);
		record({
			fault: `${signal} of the engine while a busy applier is being stopped`,
			kind,
			freeMs: null,
			outcome: `exit ${exit}, it runs again`,
		});
	});
});
