import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Recorded } from '../../src/core/events.ts';
import type { CrashPoint } from '../../src/daemon/crash-point.ts';
import { lockstep, urlOf } from '../support/cli.ts';
import { record, sampleOf, shareOf } from '../support/faults.ts';
import { free, type Killed, kill, replicates, statementsIn, wentOn, words } from '../support/kills.ts';
import { type Client, openClient, stateOf } from '../support/runs.ts';
import { ownSandbox, SANDBOX_KINDS, type Sandbox, type SandboxKind, value } from '../support/servers.ts';
import { expectWithin } from '../support/within.ts';
import { channelsOf, superReadOnlyOf, wordsOf } from '../support/words.ts';

/** The promise is two seconds, and the table tells what it was; a busy machine is given more. */
const SOON_MS = 10_000;
const WRITE = 'UPDATE crm.accounts SET balance = balance WHERE id = 1';
const GO_ON = /The same command resumes it; lockstep undo --yes\s+undoes it\./;

const MATRICES = ['engine', 'watcher', 'both'] as const;
type Matrix = (typeof MATRICES)[number];
/** The names of a run's actions; the same name is the same point on whatever kind. */
const points = new Map<SandboxKind, readonly string[]>();
/** Those that were met, by name. */
const met = new Map<Matrix, Set<string>>(MATRICES.map((matrix) => [matrix, new Set()]));

/** Only where the primary wrote something between the replica's stop and the snapshot, or around the snapshot again and again. */
const CHANCE = /^(compare run-until|(seed|compare) (lock|settle)-snapshot-\d)$/;
const MOST_TRIES = 3;
/** MariaDB has them alone: each of its kinds meets them. What only the last kind has is left for it. */
const MARIADB_ONLY = ['set-position set'];

const namesOf = (events: readonly Recorded[]): string[] =>
	events.flatMap((event) => (event.type === 'action-started' && !event.undoing ? [`${event.step} ${event.action.id}`] : []));

/** A kind's share of its points, and of the last kind also what nobody else has met: all together meet each. */
function partOf(kind: SandboxKind, matrix: Matrix): readonly string[] {
	const all = points.get(kind) ?? [];
	const share = shareOf(kind, all);
	// The engine takes no notice of a watcher's death, wherever that happens.
	if (matrix === 'watcher') return sampleOf(share);
	const last = points.size === SANDBOX_KINDS.length;
	return all.filter((name) => share.includes(name) || MARIADB_ONLY.includes(name) || (last && !met.get(matrix)?.has(name)));
}

// As for a locked dump: `before` one action and `after` the one before it leave the same but for a line of the journal, so that each matrix
// takes one of the two and all of them together both.
describe.each(SANDBOX_KINDS)('every action of provisioning on %s, kill -9', (kind) => {
	let pair: Sandbox & AsyncDisposable;
	let client: Client;
	let env: NodeJS.ProcessEnv;
	let before: Awaited<ReturnType<typeof both>>;
	const its = wordsOf(kind);

	const both = async () => ({ primary: await stateOf(pair.primary, 'settings'), replica: await stateOf(pair.replica) });

	beforeAll(async () => {
		[pair, client] = await Promise.all([ownSandbox(kind, { rows: 1, writesPerSecond: 20 }), openClient()]);
		env = client.context().env;
		before = await both();
		const { ended, events } = await attempt({ at: 1000, when: 'after', target: ['engine'] });
		expect(ended.code, words(ended)).toBe(0);
		const names = [...new Set(namesOf(events))];
		expect(names.length).toBeGreaterThan(18);
		points.set(kind, names);
		await undone('untouched');
	});
	afterAll(async () => {
		await pair?.[Symbol.asyncDispose]();
		await client?.[Symbol.asyncDispose]();
	});

	const attempt = (halt: CrashPoint): Promise<Killed> =>
		kill(['provision', '--primary', urlOf(pair.primary), '--replica', urlOf(pair.replica), '--yes'], env, halt);

	/** Nothing is locked, nobody of ours is there; a comparison that was cut off has let replication go on. */
	async function unlocked({ events, where }: Killed): Promise<void> {
		await free(pair.primary, WRITE, where);
		await free(pair.replica, null, where);
		if (events.some((event) => event.type === 'step-started' && event.step === 'compare')) {
			await replicates(pair.replica, where);
			const [channel] = await channelsOf(kind, pair.replica);
			// One that is told to run to a position would stop there, later.
			expect(channel?.until, where).toBe('None');
		}
	}

	/** Taken back, both servers are what they were before the run. */
	async function undone(where: string): Promise<void> {
		const { end } = await client.undo();
		expect([end.outcome, end.failure?.description], where).toEqual(['undone', undefined]);
		expect(await both(), where).toEqual(before);
	}

	/** `12 of 36` */
	const everyAction = async (matrix: Matrix, halt: Omit<CrashPoint, 'at'>, left: (killed: Killed) => Promise<void>): Promise<string> => {
		const part = partOf(kind, matrix);
		let here = 0;
		next: for (const name of part) {
			// By its name: a snapshot that was not had at once is taken again, and moves whatever comes after it.
			for (let tries = 1; ; tries++) {
				const killed = await attempt({ ...halt, at: name });
				if (killed.hit) await left(killed);
				await undone(killed.where);
				if (killed.hit) break;
				expect(name, `${killed.where}\n${words(killed.ended)}`).toMatch(CHANCE);
				if (tries === MOST_TRIES) continue next;
			}
			met.get(matrix)?.add(name);
			here += 1;
		}
		return `${here} of ${points.get(kind)?.length}`;
	};

	test('of the daemon: what must not stay is rolled back, the rest can be resumed', { timeout: 300_000 }, async () => {
		let worst = 0;
		const many = await everyAction('engine', { when: 'after', target: ['engine'] }, async (killed) => {
			const { ended, where, freeMs } = killed;
			expect(ended.code, `${where}\n${words(ended)}`).toBe(9);
			expect(ended.stderr, where).toContain('The process of this run died');
			expect(ended.stderr, where).toMatch(GO_ON);
			expectWithin(freeMs, SOON_MS, where);
			worst = Math.max(worst, freeMs ?? 0);
			await unlocked(killed);
		});
		record({
			fault: 'provision: kill -9 of the engine, every action',
			kind,
			freeMs: worst,
			outcome: `exit 9, nothing locked, undo undoes it (${many})`,
		});
	});

	test('of the watcher: the daemon continues to the end', { timeout: 300_000 }, async () => {
		const many = await everyAction('watcher', { when: 'after', target: ['watcher'] }, async (killed) => {
			const { where } = killed;
			const { outcome, failure } = await wentOn(env);
			expect([outcome, failure], where).toEqual(['done', null]);
			await replicates(pair.replica, where);
			expect(await value(pair.replica, 'SELECT @@read_only'), where).toBe('1');
			expect(await superReadOnlyOf(pair.replica), where).not.toBe('OFF');
			await unlocked(killed);
		});
		record({
			fault: 'provision: kill -9 of the watcher, every action',
			kind,
			freeMs: null,
			outcome: `a whole replica (${many})`,
		});
	});

	test('of both: lockstep recover rolls back what must not stay', { timeout: 300_000 }, async () => {
		let worst: number | null = null;
		const many = await everyAction('both', { when: 'before', target: ['engine', 'watcher'] }, async (killed) => {
			const { where, run, events } = killed;
			const now = await both();
			// MySQL's IO thread goes on where its SQL thread has come to the end that it was told.
			const stopped = (await channelsOf(kind, pair.replica)).some(({ sql, until }) => sql !== 'Yes' || until !== 'None');
			const compared = events.some((event) => event.type === 'step-started' && event.step === 'compare');
			const found = await lockstep(['recover'], { env });
			const statements = statementsIn(found);
			const cutOff = compared && stopped;
			if (cutOff) {
				expect(found.code, `${where}\n${words(found)}`).toBe(9);
				expect(found.stdout, where).toContain(run);
				// One that was told to run to a position has to be stopped for it to forget that.
				expect([[its.start], [its.pause, its.start]], where).toContainEqual(statements);
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
			expect(last.stdout, where).toMatch(/^Nothing to roll back: /);
			expect(last.stdout, where).toContain(`Unfinished:  ${run}   the same command resumes it; lockstep undo ${run} --yes`);
		});
		record({
			fault: 'provision: kill -9 of both, every action',
			kind,
			freeMs: worst,
			outcome: `lockstep recover --yes, then undo undoes it (${many})`,
		});
	});
});

// Where only one of the kinds is asked for there is nothing to say.
test.each(MATRICES.filter((matrix) => matrix !== 'watcher'))('all points of provisioning are met by the kinds together: %s', (matrix) => {
	const missed = [...points.values()].flat().filter((name) => !CHANCE.test(name) && !met.get(matrix)?.has(name));
	expect(points.size < SANDBOX_KINDS.length ? [] : missed).toEqual([]);
});
