import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Halt } from '../../src/engine/halt.ts';
import { lockstep, urlOf } from '../support/cli.ts';
import { record } from '../support/faults.ts';
import { free, type Killed, kill, replicates, statementsIn, wentOn, words } from '../support/kills.ts';
import { type Client, openClient, stateOf } from '../support/runs.ts';
import { ask, ownSandbox, SANDBOX_KINDS, type Sandbox, value } from '../support/servers.ts';

/** The promise is two seconds, and the table tells what it was; a busy machine is given more. */
const SOON_MS = 10_000;
const WRITE = 'UPDATE crm.accounts SET balance = balance WHERE id = 1';
const GO_ON = /The same command goes on from there; lockstep undo --yes\s+takes it back\./;

// As for a locked dump: `before` one action and `after` the one before it leave the same but for a line of the journal, so that each matrix
// takes one of the two and all of them together both.
describe.each(SANDBOX_KINDS)('every action of provisioning on %s, kill -9', (kind) => {
	let pair: Sandbox & AsyncDisposable;
	let client: Client;
	let env: NodeJS.ProcessEnv;
	let before: Awaited<ReturnType<typeof both>>;

	const both = async () => ({ primary: await stateOf(pair.primary, 'settings'), replica: await stateOf(pair.replica) });

	beforeAll(async () => {
		[pair, client] = await Promise.all([ownSandbox(kind, { rows: 1, writesPerSecond: 20 }), openClient()]);
		env = client.context().env;
		before = await both();
	});
	afterAll(async () => {
		await pair?.[Symbol.asyncDispose]();
		await client?.[Symbol.asyncDispose]();
	});

	const attempt = (halt: Halt): Promise<Killed> =>
		kill(['provision', '--primary', urlOf(pair.primary), '--replica', urlOf(pair.replica), '--yes'], env, halt);

	/** Nothing is locked, nobody of ours is there; a comparison that was cut off has let replication go on. */
	async function unlocked({ events, where }: Killed): Promise<void> {
		await free(pair.primary, WRITE, where);
		await free(pair.replica, null, where);
		if (events.some((event) => event.type === 'step-started' && event.step === 'compare')) {
			await replicates(pair.replica, where);
			const [status] = await ask(pair.replica, 'SHOW SLAVE STATUS');
			// One that is told to run to a position would stop there, later.
			expect(status?.Until_Condition, where).toBe('None');
		}
	}

	/** Taken back, both servers are what they were before the run. */
	async function undone(where: string): Promise<void> {
		const { end } = await client.undo();
		expect([end.outcome, end.failure?.told], where).toEqual(['undone', undefined]);
		expect(await both(), where).toEqual(before);
	}

	const everyAction = async (halt: Omit<Halt, 'at'>, left: (killed: Killed) => Promise<void>): Promise<number> => {
		for (let at = 1; ; at++) {
			const killed = await attempt({ ...halt, at });
			if (!killed.hit) {
				expect(killed.ended.code, words(killed.ended)).toBe(0);
				expect(at).toBeGreaterThan(18);
			} else await left(killed);
			await undone(killed.where);
			if (!killed.hit) return at - 1;
		}
	};

	test('of the engine: what must not stay is put back, the rest can be gone on with', { timeout: 300_000 }, async () => {
		let worst = 0;
		const points = await everyAction({ when: 'after', whom: ['engine'] }, async (killed) => {
			const { ended, where, freeMs } = killed;
			expect(ended.code, `${where}\n${words(ended)}`).toBe(9);
			expect(ended.stderr, where).toContain('The process that did this run died.');
			expect(ended.stderr, where).toMatch(GO_ON);
			expect(freeMs, where).toBeLessThan(SOON_MS);
			worst = Math.max(worst, freeMs ?? 0);
			await unlocked(killed);
		});
		record({
			fault: 'provision: kill -9 of the engine, every action',
			kind,
			freeMs: worst,
			outcome: `exit 9, nothing locked, undo takes it back (${points} of ${points})`,
		});
	});

	test('of the watcher: the engine goes on to the end', { timeout: 300_000 }, async () => {
		const points = await everyAction({ when: 'after', whom: ['watcher'] }, async (killed) => {
			const { where } = killed;
			const { outcome, failure } = await wentOn(env);
			expect([outcome, failure], where).toEqual(['done', null]);
			await replicates(pair.replica, where);
			expect(await value(pair.replica, 'SELECT @@read_only'), where).toBe('1');
			await unlocked(killed);
		});
		record({
			fault: 'provision: kill -9 of the watcher, every action',
			kind,
			freeMs: null,
			outcome: `a whole replica (${points} of ${points})`,
		});
	});

	test('of both: lockstep recover puts back what must not stay', { timeout: 300_000 }, async () => {
		let worst: number | null = null;
		const points = await everyAction({ when: 'before', whom: ['engine', 'watcher'] }, async (killed) => {
			const { where, run, events } = killed;
			const now = await both();
			const stopped = now.replica.channels.some((channel) => channel.endsWith('No No'));
			const compared = events.some((event) => event.type === 'step-started' && event.step === 'compare');
			const found = await lockstep(['recover'], { env });
			const statements = statementsIn(found);
			const cutOff = compared && stopped;
			if (cutOff) {
				expect(found.code, `${where}\n${words(found)}`).toBe(9);
				expect(found.stdout, where).toContain(run);
				// One that was told to run to a position has to be stopped for it to forget that.
				expect([['START SLAVE'], ['STOP SLAVE', 'START SLAVE']], where).toContainEqual(statements);
				expect(await both(), where).toEqual(now);
				const put = await lockstep(['recover', '--yes'], { env });
				expect(put.code, `${where}\n${words(put)}`).toBe(0);
				worst = Math.max(worst ?? 0, Math.round(put.ms));
			} else {
				// All that it did may stay, so there is nothing to consent to.
				expect([found.code, statements], `${where}\n${words(found)}`).toEqual([0, []]);
			}
			await unlocked(killed);
			const last = compared ? await lockstep(['recover'], { env }) : found;
			expect(last.code, `${where}\n${words(last)}`).toBe(0);
			expect(last.stdout, where).toMatch(/^Nothing is left to be put back: /);
			expect(last.stdout, where).toContain(`Unfinished:  ${run}   the same command goes on from there; lockstep undo ${run} --yes`);
		});
		record({
			fault: 'provision: kill -9 of both, every action',
			kind,
			freeMs: worst,
			outcome: `lockstep recover --yes, then undo takes it back (${points} of ${points})`,
		});
	});
});
