import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Recorded } from '../../src/core/events.ts';
import { openJournal, readJournal } from '../../src/core/journal.ts';
import { type RunRecord, runRecordOf } from '../../src/core/run-record.ts';
import { type RunEnd, run, undo } from '../../src/core/runner.ts';
import { openExecutor } from '../../src/executor/executor.ts';
import { flagDirector } from '../../src/headless/director-flags.ts';
import type { ProvisionEnv } from '../../src/runbooks/provision-replica/env.ts';
import { provisionReplica } from '../../src/runbooks/provision-replica/index.ts';
import { stopWriter } from '../../src/sandbox/sandbox.ts';
import { contentsOf } from '../support/contents.ts';
import { shareOf } from '../support/faults.ts';
import { type Break, breaking, type Client, caughtUp, openClient, provisionParts, stateOf } from '../support/runs.ts';
import { ownSandbox, SANDBOX_KINDS, type Sandbox, value } from '../support/servers.ts';

const director = flagDirector({ yes: true, dryRun: false });
const now = () => new Date();

/**
 * Not every run has it, or as often: a replica that stands at the position already neither waits for it nor is let run to it; MySQL's snapshot
 * is taken again, at last under a lock of milliseconds, where something was committed around it.
 */
const SOMETIMES = /^(catch-up wait|compare run-until|seed copy|(seed|compare) (lock|settle)-snapshot-\d)$/;
/** A run does without it, with a warning, where the server refuses it. */
const DISPENSABLE = /^protect packet$/;
/** What only one vendor's runs do. */
const OWN = /super-read-only|^protect events|^set-position (set|forget-log)/;

// The kinds share the actions between them (support/faults.ts).
describe.each(SANDBOX_KINDS)('every action of provisioning on %s', (kind) => {
	let pair: Sandbox & AsyncDisposable;
	let client: Client;
	let folder: string;
	let before: Awaited<ReturnType<typeof both>>;
	/** Of a run that nothing breaks, and of taking it back. */
	let actions: readonly string[];
	let takenBack: readonly string[];
	let runs = 0;

	const both = async () => ({ primary: await stateOf(pair.primary, 'settings'), replica: await stateOf(pair.replica) });

	beforeAll(async () => {
		[pair, client, folder] = await Promise.all([
			ownSandbox(kind, { rows: 1, writesPerSecond: 8 }),
			openClient(),
			mkdtemp(join(tmpdir(), 'lockstep-contract-')),
		]);
		before = await both();
		const whole = await attempt(undefined, null);
		proven(whole, 'untouched');
		const back = await attempt(whole.past, null, undo as typeof run);
		expect([back.end.outcome, await both()]).toEqual(['undone', before]);
		[actions, takenBack] = [whole.actions, back.actions];
		expect(actions.length).toBeGreaterThan(15);
		expect(takenBack.length).toBeGreaterThan(8);
	});
	afterAll(async () => {
		await pair?.[Symbol.asyncDispose]();
		await client?.[Symbol.asyncDispose]();
		await rm(folder, { recursive: true, force: true });
	});

	/** One run as a process of its own would do it: nothing but the journal of `past` is known of earlier ones. */
	async function attempt(past: RunRecord | undefined, wish: Break | null, how = run) {
		runs++;
		const { context, request, env, names, reach } = await provisionParts(client, pair);
		await using real = openExecutor({ reach, env: context.env, signal: context.signal });
		const executor = breaking(real, wish);
		const journal = openJournal(folder, `run-${runs}`);
		const actions: string[] = [];
		const sink = (event: Recorded) => {
			if (event.type === 'action-started') actions.push(`${event.step} ${event.action.id}`);
			// A process that died writes no more.
			if (!executor.dead) journal.write(event);
		};
		const common = { run: `run-${runs}`, runbook: provisionReplica, env, executor, director, sink, now, signal: context.signal };
		const end = await how({
			...common,
			...{ key: 'contract', servers: names, identities: {}, request },
			...(past === undefined ? {} : { record: past }),
		} as Parameters<typeof undo>[0] & Parameters<typeof run<ProvisionEnv>>[0]);
		journal.close();
		const told = runRecordOf(readJournal(journal.path));
		if (told === undefined) throw new Error('the journal tells of no run');
		return { end, past: told, actions };
	}

	const proven = ({ end }: { end: RunEnd }, where: string) =>
		expect([end.outcome, end.failure?.description, end.failure?.checks], where).toEqual(['done', undefined, undefined]);

	async function undone(past: RunRecord, where: string) {
		if (past.touched.length > 0) {
			const { end } = await attempt(past, null, undo as typeof run);
			expect([end.outcome, end.failure?.description], where).toEqual(['undone', undefined]);
		}
		expect(await both(), where).toEqual(before);
	}

	/** Which of these this kind breaks at, counted from 1. */
	function mine(all: readonly string[]): { readonly at: number; readonly id: string }[] {
		const points = all.map((id, index) => ({ at: index + 1, id }));
		const always = ({ id }: { id: string }) => OWN.test(id) || SOMETIMES.test(id);
		return [
			...points.filter(always),
			...shareOf(
				kind,
				points.filter((point) => !always(point)),
			),
		];
	}

	const MATRIX = [
		{ when: 'after', as: 'crash', of: /./, resume: true },
		// What is left to go on with is what breaking after the action before it leaves.
		{ when: 'before', as: 'error', of: /./, resume: false },
		// Only the comparison puts something back by itself: elsewhere this is the same as a crash.
		{ when: 'after', as: 'error', of: /^compare /, resume: true },
	] as const;

	test.each(MATRIX)(
		'can be resumed, and undone, when it breaks $when it ($as, $of)',
		{ timeout: 300_000 },
		async ({ of, resume, ...wish }) => {
			for (const { at, id } of mine(actions).filter((point) => of.test(point.id))) {
				const broken = await attempt(undefined, { ...wish, at });
				const where = `action ${at}, ${id}`;
				// A copy that is given up is no place to break at.
				if (broken.actions.length < at || (broken.end.outcome === 'done' && SOMETIMES.test(id))) {
					const there = [...broken.actions];
					const missing = actions.filter((each) => (there.includes(each) ? there.splice(there.indexOf(each), 1).length === 0 : true));
					expect(
						missing.filter((each) => !SOMETIMES.test(each)),
						where,
					).toEqual([]);
					proven(broken, where);
					await undone(broken.past, where);
					continue;
				}
				if (wish.as === 'error' && DISPENSABLE.test(id)) {
					proven(broken, where);
					await undone(broken.past, where);
					continue;
				}
				expect([broken.end.outcome, broken.end.open], where).toEqual(['failed', broken.past.touched.length > 0]);
				await undone(broken.past, `${where}, taken back at once`);
				if (!resume) continue;
				const again = await attempt(undefined, { ...wish, at });
				const resumed = again.end.outcome === 'done' ? again : await attempt(again.past.open ? again.past : undefined, null);
				proven(resumed, `${where}, gone on with`);
				expect(await value(pair.replica, 'SELECT @@read_only'), where).toBe('1');
				await undone(resumed.past, `${where}, gone on with and taken back`);
			}
		},
	);

	test('is rolled back to the end when the roll-back breaks after every action', { timeout: 200_000 }, async () => {
		for (const { at, id } of mine(takenBack)) {
			const whole = await attempt(undefined, null);
			proven(whole, 'untouched');
			const broken = await attempt(whole.past, { when: 'after', as: 'crash', at }, undo as typeof run);
			const where = `action ${at} of taking back, ${id}`;
			expect(broken.past.open, where).toBe(true);
			await undone(broken.past, where);
		}
	});

	test('gives equal contents when it was broken all along the way', { timeout: 120_000 }, async () => {
		let past: RunRecord | undefined;
		let end: RunEnd | undefined;
		// Each process gets three actions further than the one before it.
		for (let tries = 1; end?.outcome !== 'done'; tries++) {
			expect(tries).toBeLessThan(25);
			const tried = await attempt(past, tries < 20 ? { when: 'after', as: tries % 2 ? 'crash' : 'error', at: 3 } : null);
			({ end } = tried);
			past = tried.past.open ? tried.past : past;
		}
		await stopWriter(pair);
		await caughtUp(pair);
		expect(await contentsOf(pair.replica)).toEqual(await contentsOf(pair.primary));
	});
});
