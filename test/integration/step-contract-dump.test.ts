import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openServer } from '../../src/app/servers.ts';
import { foldersOf } from '../../src/archive/layout.ts';
import type { Recorded } from '../../src/core/events.ts';
import { run } from '../../src/core/runner.ts';
import { openExecutor } from '../../src/executor/executor.ts';
import { flagDirector } from '../../src/headless/director-flags.ts';
import type { BackupEnv } from '../../src/runbooks/backup/env.ts';
import { lockedDump } from '../../src/runbooks/backup/index.ts';
import { urlOf } from '../../src/sandbox/server.ts';
import { shareOf } from '../support/faults.ts';
import { type Break, breaking, type Client, caughtUp, openClient, provisionRequest, stateOf } from '../support/runs.ts';
import { ownSandbox, SANDBOX_KINDS, type Sandbox } from '../support/servers.ts';
import { aside, setReadOnly } from '../support/words.ts';

/** An action that no run has. */
const NEVER = 1000;
/** What only one vendor's runs do. */
const OWN: readonly (string | undefined)[] = ['bound-lock', 'json-moment', 'json-types'];

// The kinds share the actions between them (support/faults.ts).
describe.each(SANDBOX_KINDS)('every action of a locked dump on %s', (kind) => {
	let pair: Sandbox & AsyncDisposable;
	let client: Client;
	let folder: string;
	let runs = 0;

	beforeAll(async () => {
		[pair, client, folder] = await Promise.all([
			ownSandbox(kind, { rows: 1, writesPerSecond: 8 }),
			openClient(),
			mkdtemp(join(tmpdir(), 'lockstep-contract-')),
		]);
		const { end } = await client.run(provisionRequest(pair));
		expect(end.failure).toBeNull();
	});
	afterAll(async () => {
		await pair?.[Symbol.asyncDispose]();
		await client?.[Symbol.asyncDispose]();
		await rm(folder, { recursive: true, force: true });
	});

	async function attempt(wish: Break, stopApplier: boolean) {
		const context = client.context();
		const { reach, server } = await openServer(context, { role: 'server', server: urlOf(pair.replica) });
		const to = join(folder, `to-${++runs}`);
		const started = new Date();
		const label = '20260101T000000Z';
		const env: BackupEnv = {
			...{ outputs: {}, server, paths: { to, label, ...foldersOf(to, label) }, databases: null, ignoreTables: [], compress: 'none' },
			...{
				lockWaitSeconds: 10,
				level: null,
				engine: 'vendor',
				lockFor: null,
				connections: 2,
				longQueries: 'wait',
				maxLockSeconds: null,
				history: [],
				stopApplier,
				profile: null,
				started,
			},
			...{ program: { name: 'lockstep', version: '0.0.0' }, transcript: () => ({ log: 'log\n', jsonl: '{}\n' }) },
		};
		await using real = openExecutor({ reach: { server: reach }, env: context.env, signal: context.signal });
		const executor = breaking(real, wish);
		const events: Recorded[] = [];
		const end = await run<BackupEnv>({
			...{
				run: `run-${runs}`,
				runbook: lockedDump,
				env,
				executor,
				now: () => new Date(),
				signal: context.signal,
				key: 'contract',
			},
			director: flagDirector({ yes: true, dryRun: false }),
			...{ sink: (event: Recorded) => void events.push(event), servers: { server: server.name }, identities: {}, request: null },
		});
		const actions = events.filter((event) => event.type === 'action-started').map((event) => event.action.id);
		return { end, actions, broken: actions[wish.at - 1], paths: env.paths, to };
	}

	/** Somebody else's write, which must not have to wait for a lock of ours. */
	const write = () => aside(pair.replica, ['UPDATE crm.accounts SET balance = balance WHERE id = 1'], { timeoutMs: 2000 });

	test.each([
		{ readOnly: 'ON', stopApplier: true, when: 'before' },
		{ readOnly: 'OFF', stopApplier: true, when: 'after' },
		{ readOnly: 'OFF', stopApplier: false, when: 'before' },
		{ readOnly: 'ON', stopApplier: false, when: 'after' },
	] as const)(
		'leaves the server as it was when it breaks $when it (read_only $readOnly, --stop-applier $stopApplier)',
		{ timeout: 200_000 },
		async ({ readOnly, stopApplier, when }) => {
			await setReadOnly(pair.replica, readOnly === 'ON' ? '1' : '0');
			const before = await stateOf(pair.replica, 'settings');
			expect(before.variables.read_only).toBe(readOnly);
			expect(before.channels).toEqual([expect.stringMatching(/Yes Yes$/)]);
			const asBefore = async (where: string) => {
				expect(await stateOf(pair.replica, 'settings'), where).toEqual(before);
				await write();
			};
			const whole = await attempt({ at: NEVER, when, as: 'error' }, stopApplier);
			expect([whole.end.outcome, whole.end.failure]).toEqual(['done', null]);
			await asBefore('untouched');
			const shared = whole.actions.flatMap((id, index) => (OWN.includes(id) ? [] : [index + 1]));
			expect(shared.length).toBeGreaterThan(17);
			const own = whole.actions.flatMap((id, index) => (OWN.includes(id) ? [index + 1] : []));
			for (const at of [...shareOf(kind, shared), ...own]) {
				const { end, broken, paths, to } = await attempt({ at, when, as: 'error' }, stopApplier);
				const where = `action ${at}: ${broken}`;
				await asBefore(where);
				expect([end.outcome, end.open, end.failure?.description.message], where).toEqual([
					'failed',
					false,
					`Broken on purpose at action ${at}.`,
				]);
				// Whatever has a backup's name is one: it only ever appears whole.
				const published = broken === 'latest' || (broken === 'publish' && when === 'after');
				expect(existsSync(join(paths.final, 'manifest.json')), where).toBe(published);
				const left = published ? [paths.final] : broken === 'make' && when === 'before' ? [] : [paths.partial];
				const found = (await readdir(to).catch(() => [])).filter((name) => name !== 'latest').map((name) => join(to, name));
				expect(found, where).toEqual(left);
			}
			await caughtUp(pair);
		},
	);
});
