import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { foldersOf } from '../../src/archive/layout.ts';
import type { Executor } from '../../src/core/executor.ts';
import type { Json } from '../../src/core/json.ts';
import { show } from '../../src/core/shown-action.ts';
import type { AnyStep, Outputs } from '../../src/core/step.ts';
import { openExecutor } from '../../src/executor/executor.ts';
import type { BackupEnv } from '../../src/runbooks/backup/env.ts';
import { lockedDump } from '../../src/runbooks/backup/index.ts';
import { provisionReplica } from '../../src/runbooks/provision-replica/index.ts';
import { type Client, openClient, provisionParts } from '../support/runs.ts';
import { SANDBOX_KINDS, type Sandbox, sharedSandbox } from '../support/servers.ts';

function frozen<T>(value: T): T {
	if (typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype)
		Object.values(value).forEach(frozen);
	return Object.freeze(value);
}

/** Looks with every step and has it planned twice, with nothing to look with and nothing that can be changed. */
async function planned<Env extends Outputs>(steps: readonly AnyStep<Env>[], env: Env, executor: Executor) {
	const ids: string[] = [];
	const outputs: { [step: string]: Json } = {};
	for (const step of steps) {
		const facts: Json = frozen(await step.inspect({ ...env, ...executor, outputs }));
		// Facts are what a journal brings back.
		expect(JSON.parse(JSON.stringify(facts)), step.id).toEqual(facts);
		const at = { ...env, outputs: frozen({ ...outputs }), facts, origin: facts };
		const once = step.plan(at);
		expect(step.plan(at), step.id).toEqual(once);
		expect(new Set(once.map((action) => action.id)).size, `${step.id}: ids`).toBe(once.length);
		expect(step.checks?.(at), step.id).toEqual(step.checks?.(at));
		expect(step.consents?.(at), step.id).toEqual(step.consents?.(at));
		// Nothing has been done yet, so there is nothing to take back.
		expect(step.undo?.({ ...at, made: null }) ?? [], `${step.id}: undo`).toEqual([]);
		for (const action of once) expect(show(action).why, `${step.id}: ${action.id}`).not.toBe('');
		ids.push(...once.filter((action) => show(action).changes).map((action) => `${step.id} ${action.id}`));
		if (step.previewOutput !== undefined) outputs[step.id] = step.previewOutput as Json;
	}
	return ids;
}

describe.each(SANDBOX_KINDS)('plans made of facts of %s', (kind) => {
	let pair: Sandbox;
	let client: Client;
	let folder: string;
	beforeAll(async () => {
		[pair, client, folder] = await Promise.all([sharedSandbox(kind), openClient(), mkdtemp(join(tmpdir(), 'lockstep-plans-'))]);
	});
	afterAll(async () => {
		await client?.[Symbol.asyncDispose]();
		await rm(folder, { recursive: true, force: true });
	});

	test('are the same each time, for provisioning', async () => {
		const { context, env, reach } = await provisionParts(client, pair);
		await using executor = openExecutor({ reach, env: context.env, signal: context.signal });
		const ids = await planned(provisionReplica.steps, env, executor);
		expect(ids).toEqual(expect.arrayContaining(['create-account create', 'seed copy', 'connect configure', 'start start']));
	});

	test('are the same each time, for a locked dump', async () => {
		const { context, env: parts, reach } = await provisionParts(client, pair);
		await using executor = openExecutor({ reach: { server: reach.primary }, env: context.env, signal: context.signal });
		const env: BackupEnv = {
			...{ outputs: {}, server: parts.primary, paths: { to: folder, label: 'x', ...foldersOf(folder, 'x') }, databases: null },
			...{
				ignoreTables: [],
				compress: 'zstd',
				level: null,
				engine: 'vendor',
				lockFor: null,
				connections: 2,
				lockWaitSeconds: 5,
				longQueries: 'wait',
				maxLockSeconds: null,
				history: [],
				stopApplier: true,
				profile: null,
			},
			...{ started: new Date(), program: { name: 'lockstep', version: '0' }, transcript: () => ({ log: '', jsonl: '' }) },
		};
		const ids = await planned(lockedDump.steps, env, executor);
		expect(ids).toEqual(
			expect.arrayContaining(['lock-and-dump lock', 'lock-and-dump read-only', 'lock-and-dump unlock', 'finalize publish']),
		);
	});
});
