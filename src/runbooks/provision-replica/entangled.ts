import { isMade } from '../../core/effects.ts';
import type { Consent, Thing } from '../../core/model.ts';
import type { ReadContext, SinceRun } from '../../core/step.ts';
import type { Channel } from '../../dialects/contract/replication.ts';
import { qualified, some } from '../shared/server.ts';
import { accountKey, type ProvisionEnv, seeded } from './env.ts';
import { databasesThere } from './seed.ts';

/** How long the replica may take to apply what the primary had written, before their tables are compared by name. */
const WAIT_SECONDS = 2;

/** Tables in the databases that the run made on the replica which the primary does not have, once the replica has applied all. */
async function strangers({ primary, replica, runQuery, effects }: ProvisionEnv & ReadContext & SinceRun): Promise<readonly string[]> {
	const { written } = await runQuery('primary', primary.dialect.positions.current);
	await runQuery('replica', replica.dialect.positions.wait(written, WAIT_SECONDS)).catch(() => false);
	const there = new Set((await runQuery('primary', primary.dialect.catalogue.tables)).map(qualified));
	return (await runQuery('replica', replica.dialect.catalogue.tables))
		.filter(({ database }) => isMade(effects.made, { on: 'replica', kind: 'database', name: database }))
		.map(qualified)
		.filter((name) => !there.has(name));
}

const isOurs =
	({ source, account }: ProvisionEnv) =>
	({ host, port, user }: Channel): boolean =>
		host === source.host && port === source.port && user === account.user;

/** Whom the replica follows where that is not this run's source. */
async function channelChanges(at: ProvisionEnv & ReadContext): Promise<readonly string[]> {
	const { replica, source, runQuery } = at;
	const channels = await runQuery('replica', replica.dialect.channel.status);
	if (channels.some(isOurs(at))) return [];
	const others = channels.map(({ host, port }) => `${host}:${port}`).join(', ');
	return [others === '' ? `it does not replicate from ${source.host}:${source.port} any more` : `it replicates from ${others}`];
}

/** What was written to the replica by others, or may be where it was protected from that. */
async function foreignWrites(at: ProvisionEnv & ReadContext & SinceRun, isProtected: boolean): Promise<readonly string[]> {
	const { replica, runQuery, absent } = at;
	const found: string[] = [];
	const { readOnly } = await runQuery('replica', replica.dialect.identity);
	if (isProtected && readOnly === 'OFF') found.push('it accepts writes of clients: read_only is OFF');
	const own = await runQuery('replica', replica.dialect.positions.own);
	if (own !== '') found.push(`it has transactions of its own: ${own}`);
	const extra = absent.has('primary') ? [] : await strangers(at);
	if (extra.length > 0) found.push(`it has tables that the primary does not have: ${some(extra)}`);
	return found;
}

/**
 * Whether the replica is still this run's own. One that was promoted by hand, or written to, holds what no run brought: its databases are not
 * dropped, nor its binary log reset, before its name is typed.
 */
export async function entangledReplica(at: ProvisionEnv & ReadContext & SinceRun): Promise<readonly Consent[]> {
	const { replica, effects, done, undoing, absent } = at;
	// Nothing is done there now.
	if (absent.has('replica')) return [];
	const brought = effects.made === null || effects.made.some(({ on, kind }) => on === 'replica' && kind === 'database');
	if (!brought && seeded(at) === undefined) return [];
	const affected: string[] = [];
	if (effects.made === null) affected.push('the run’s journal was written by an older lockstep: it does not name what the run made');
	const inForce = (step: string) => done.includes(step) && !undoing.includes(step);
	if (inForce('connect')) affected.push(...(await channelChanges(at)));
	if (seeded(at) !== undefined) affected.push(...(await foreignWrites(at, inForce('protect'))));
	if (affected.length === 0) return [];
	return [{ name: replica.name, reason: `${replica.name} is not as this run left it`, affected }];
}

/** A replica whose binary log has nothing of its own has nothing that did not come through its channel. */
async function broughtByItself({ replica, runQuery }: ProvisionEnv & ReadContext): Promise<readonly Thing[]> {
	const { identity, positions, catalogue, accounts } = replica.dialect;
	if (!(await runQuery('replica', identity)).binaryLog || (await runQuery('replica', positions.own)) !== '') return [];
	return [
		...databasesThere(await runQuery('replica', catalogue.databases)),
		...(await runQuery('replica', accounts.list)).map((who) => ({ on: 'replica', kind: 'account' as const, name: accountKey(who) })),
	];
}

/** What the primary has came through this run's channel, where it was not there in the beginning. */
export async function broughtByReplication(at: ProvisionEnv & ReadContext & SinceRun): Promise<readonly Thing[]> {
	const { primary, replica, runQuery, absent } = at;
	if (absent.has('replica') || !(await runQuery('replica', replica.dialect.channel.status)).some(isOurs(at))) return [];
	if (absent.has('primary')) return broughtByItself(at);
	const accounts = (await runQuery('primary', primary.dialect.accounts.list)).map(accountKey);
	return [
		...databasesThere(await runQuery('primary', primary.dialect.catalogue.databases)),
		...accounts.map((name) => ({ on: 'replica', kind: 'account' as const, name })),
	];
}
