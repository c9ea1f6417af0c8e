import type { Action } from '../../core/action.ts';
import { must } from '../../core/check.ts';
import type { Thing } from '../../core/model.ts';
import type { Observed, Step } from '../../core/step.ts';
import type { CloneStatus } from '../../dialects/contract/clone.ts';
import type { Position } from '../../dialects/contract/positions.ts';
import type { Statement } from '../../sql/sql.ts';
import { change, changes } from '../shared/change.ts';
import { type ProvisionEnv, seeded } from './env.ts';
import { arrived, cloneStatus } from './inspect-clone.ts';

type Facts = {
	readonly databases: readonly string[];
	readonly configured: boolean;
	/** Where its channels come from. */
	readonly sources?: readonly string[];
	readonly position: Position;
	readonly binaryLog: boolean;
	readonly clone: CloneStatus | null;
};

type Loss = [kind: Thing['kind'], name: string];

/**
 * Whether what is there is what this work has brought: also by a CLONE whose run died before it could say so. What came of a backup until
 * an interruption is resumed.
 */
const brought = ({ facts, origin, ...env }: ProvisionEnv & Observed<Facts>): boolean =>
	seeded(env) !== undefined ||
	(env.backup !== undefined && env.outputs['clear-replica'] !== undefined) ||
	arrived(env, facts.clone, origin.clone, facts.position.replicated);

export const clearReplica: Step<ProvisionEnv, Facts, null> = {
	id: 'clear-replica',
	title: 'Make the replica empty',
	why: 'Position and data must belong to the same moment, so the replica starts from nothing: no channel, no database of users, no position of its own. On an empty server there is nothing to do. None of it reaches the binary log.',
	async inspect(at) {
		const { replica, runQuery } = at;
		const { catalogue, channel, positions, identity } = replica.dialect;
		const channels = await runQuery('replica', channel.status);
		return {
			databases: await runQuery('replica', catalogue.databases),
			configured: channels.length > 0,
			sources: channels.map(({ host, port }) => `${host}:${port}`),
			position: await runQuery('replica', positions.current),
			binaryLog: (await runQuery('replica', identity)).binaryLog,
			clone: await cloneStatus(at),
		};
	},
	plan(at) {
		if (brought(at)) return [];
		const { replica, facts } = at;
		const { catalogue, channel, locks, positions } = replica.dialect;
		const actions: Action[] = [];
		const act = (id: string, why: string, statement: Statement, ...destroys: Loss[]) =>
			actions.push({ ...change('replica', id, why, statement), destroys: destroys.map(([kind, name]) => ({ on: 'replica', kind, name })) });
		if (facts.configured) {
			act('stop', 'it replicates already', channel.stop);
			act(
				'forget-channel',
				'where it replicated from',
				channel.forget,
				...(facts.sources ?? []).map((name): Loss => ['replication', name]),
			);
		}
		if (facts.databases.length > 0) {
			act('unlogged', 'not for the binary log', locks.unlogged);
			for (const database of facts.databases)
				act(`drop-${database}`, 'its data is replaced', catalogue.drop(database), ['database', database]);
			act('logged', 'as before', locks.logged);
		}
		if (facts.binaryLog && !positions.logHoldsPosition && facts.position.written !== '')
			act('forget-log', 'its own transactions would clash with the primary’s', positions.forgetLog, [
				'binary log',
				`(${facts.position.written})`,
			]);
		if (facts.position.replicated !== '')
			actions.push(
				...changes('replica', 'forget-position', 'an old position', positions.setReplicated('')).map((action) => ({
					...action,
					destroys: [{ on: 'replica', kind: 'position' as const, name: facts.position.replicated }],
				})),
			);
		return actions;
	},
	async verify(at) {
		if (brought(at)) return [];
		const { replica, runQuery } = at;
		const { catalogue, channel, positions } = replica.dialect;
		const databases = await runQuery('replica', catalogue.databases);
		const channels = await runQuery('replica', channel.status);
		const position = await runQuery('replica', positions.current);
		return [
			must(
				'CLEAR',
				{ pass: 'The replica is empty', fail: 'The replica is not empty' },
				databases.length === 0 && channels.length === 0 && position.gtid === '',
				{
					expected: 'no databases, no channel, no position',
					found: `${databases.length} databases, ${channels.length} channels, position ${position.gtid || '(empty)'}`,
				},
			),
		];
	},
};
