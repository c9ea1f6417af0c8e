import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Recorded } from '../../src/core/events.ts';
import { openJournal, readJournal } from '../../src/core/journal.ts';
import { type Past, pastOf } from '../../src/core/past.ts';
import { type RunEnd, run, takeBack } from '../../src/core/runner.ts';
import { flagDirector } from '../../src/headless/director-flags.ts';
import type { ProvisionEnv } from '../../src/runbooks/provision-replica/env.ts';
import { provisionReplica } from '../../src/runbooks/provision-replica/index.ts';
import { stopWriter } from '../../src/sandbox/sandbox.ts';
import { openWorld } from '../../src/world.ts';
import { contentsOf } from '../support/contents.ts';
import { type Break, breaking, type Client, caughtUp, openClient, provisionParts, stateOf } from '../support/runs.ts';
import { ownSandbox, SANDBOX_KINDS, type Sandbox, value } from '../support/servers.ts';

const director = flagDirector({ yes: true, dryRun: false });
const now = () => new Date();

describe.each(SANDBOX_KINDS)('every action of provisioning on %s', (kind) => {
	let pair: Sandbox & AsyncDisposable;
	let client: Client;
	let folder: string;
	let before: Awaited<ReturnType<typeof both>>;
	let runs = 0;

	const both = async () => ({ primary: await stateOf(pair.primary, 'settings'), replica: await stateOf(pair.replica) });

	beforeAll(async () => {
		[pair, client, folder] = await Promise.all([
			ownSandbox(kind, { rows: 1, writesPerSecond: 20 }),
			openClient(),
			mkdtemp(join(tmpdir(), 'lockstep-contract-')),
		]);
		before = await both();
	});
	afterAll(async () => {
		await pair?.[Symbol.asyncDispose]();
		await client?.[Symbol.asyncDispose]();
		await rm(folder, { recursive: true, force: true });
	});

	/** One run as a process of its own would do it: nothing but the journal of `past` is known of earlier ones. */
	async function attempt(past: Past | undefined, wish: Break | null, how = run): Promise<{ end: RunEnd; past: Past; performed: number }> {
		runs++;
		const { context, request, env, names, reach } = await provisionParts(client, pair);
		await using real = openWorld({ reach, env: context.env, signal: context.signal });
		const world = breaking(real, wish);
		const journal = openJournal(folder, `run-${runs}`);
		const sink = (event: Recorded) => {
			// A process that died writes no more.
			if (!world.dead) journal.write(event);
		};
		const common = { run: `run-${runs}`, runbook: provisionReplica, env, world, director, sink, now, signal: context.signal };
		const end = await how({
			...common,
			...{ key: 'contract', servers: names, identities: {}, request },
			...(past === undefined ? {} : { past }),
		} as Parameters<typeof takeBack>[0] & Parameters<typeof run<ProvisionEnv>>[0]);
		journal.close();
		const told = pastOf(readJournal(journal.path));
		if (told === undefined) throw new Error('the journal tells of no run');
		return { end, past: told, performed: world.performed };
	}

	const proven = ({ end }: { end: RunEnd }, where: string) =>
		expect([end.outcome, end.failure?.told, end.failure?.checks], where).toEqual(['done', undefined, undefined]);

	async function undone(past: Past, where: string) {
		if (past.touched.length > 0) {
			const { end } = await attempt(past, null, takeBack as typeof run);
			expect([end.outcome, end.failure?.told], where).toEqual(['undone', undefined]);
		}
		expect(await both(), where).toEqual(before);
	}

	const MATRIX = [
		{ when: 'after', as: 'crash', from: 1, resume: true },
		// What is left to go on with is what breaking after the action before it leaves.
		{ when: 'before', as: 'error', from: 1, resume: false },
		// Only the comparison puts something back by itself: elsewhere this is the same as a crash.
		{ when: 'after', as: 'error', from: 15, resume: true },
	] as const;

	test.each(MATRIX)(
		'can be gone on with, and taken back, when it breaks $when it ($as)',
		{ timeout: 300_000 },
		async ({ from, resume, ...wish }) => {
			for (let at = from; ; at++) {
				const broken = await attempt(undefined, { ...wish, at });
				const where = `action ${at}, in ${broken.past.touched.at(-1)}`;
				// How many there are depends on where the writer is: a replica that stands at the position already is not let run to it.
				if (broken.performed < at) {
					proven(broken, 'untouched');
					await undone(broken.past, 'untouched');
					expect(at).toBeGreaterThan(15);
					return;
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

	test('is taken back to the end when taking back breaks after every action', { timeout: 200_000 }, async () => {
		for (let at = 1; ; at++) {
			const whole = await attempt(undefined, null);
			proven(whole, 'untouched');
			const broken = await attempt(whole.past, { when: 'after', as: 'crash', at }, takeBack as typeof run);
			if (broken.performed < at) {
				expect([broken.end.outcome, at > 8]).toEqual(['undone', true]);
				expect(await both()).toEqual(before);
				return;
			}
			expect(broken.past.open, `action ${at}`).toBe(true);
			await undone(broken.past, `action ${at} of taking back`);
		}
	});

	test('gives equal contents when it was broken all along the way', { timeout: 120_000 }, async () => {
		let past: Past | undefined;
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
