import type { Action } from '../../core/action.ts';
import { must } from '../../core/check.ts';
import type { Step } from '../../core/step.ts';
import type { Position } from '../../dialects/contract/positions.ts';
import { change, changes } from '../shared/change.ts';
import { type ProvisionEnv, seeded } from './env.ts';

type Facts = { readonly position: Position; readonly binaryLog: boolean };

/** Of a replica that cannot be reached: not what it was before. */
const UNKNOWN = 'unknown';

export const setPosition: Step<ProvisionEnv, Facts, null> = {
	id: 'set-position',
	title: 'Set the replica’s position',
	why: 'From here on the replica asks the primary for exactly what came after its data: gtid_slave_pos (in MySQL: gtid_purged) is the position of the copied snapshot, not of now.',
	async inspect({ replica, runQuery }) {
		return {
			position: await runQuery('replica', replica.dialect.positions.current),
			binaryLog: (await runQuery('replica', replica.dialect.identity)).binaryLog,
		};
	},
	plan({ replica, facts, outputs }) {
		const gtid = seeded({ outputs })?.gtid ?? '';
		if (facts.position.replicated === gtid) return [];
		return changes('replica', 'set', 'the position of the copied data', replica.dialect.positions.setReplicated(gtid));
	},
	async verify({ replica, runQuery, outputs }) {
		const { positions } = replica.dialect;
		const gtid = seeded({ outputs })?.gtid ?? '';
		const { replicated } = await runQuery('replica', positions.current);
		return [
			must(
				'POSITION-SET',
				{ pass: 'The replica stands at its data’s position, or beyond', fail: 'The replica does not stand at its data’s position' },
				positions.contains(replicated, gtid),
				{
					expected: gtid,
					found: replicated,
				},
			),
		];
	},
	async inspectReachable(at) {
		if (!at.absent.has('replica')) return setPosition.inspect(at);
		return { ...at.origin, position: { ...at.origin.position, gtid: UNKNOWN, written: UNKNOWN, replicated: UNKNOWN } };
	},
	undo({ replica, facts, origin }) {
		const { positions } = replica.dialect;
		const actions: Action[] = [];
		if (facts.binaryLog && !positions.logHoldsPosition && origin.position.written === '' && facts.position.written !== '')
			actions.push(change('replica', 'forget-log', 'it was empty before', positions.forgetLog));
		if (facts.position.replicated !== origin.position.replicated)
			actions.push(...changes('replica', 'position-back', 'as it was', positions.setReplicated(origin.position.replicated)));
		return actions;
	},
};
