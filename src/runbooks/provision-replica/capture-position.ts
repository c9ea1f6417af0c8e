import { must, note } from '../../core/check.ts';
import type { Step } from '../../core/step.ts';
import type { Position } from '../../dialects/contract/positions.ts';
import type { CaptureOutput, ProvisionEnv } from './env.ts';

type Facts = { readonly position: Position; readonly follows: boolean };

export const capturePosition: Step<ProvisionEnv, Facts, CaptureOutput> = {
	id: 'capture-position',
	title: 'Capture the primary’s position',
	why: 'gtid_current_pos (in MySQL: gtid_executed) is what the manual says to start from, but MariaDB’s can name transactions that were never in this server’s binary log; a replica that starts there stops with error 1236. So it is compared with gtid_binlog_pos, and the position really used is the one of the copied data.',
	inspect: async ({ primary, runQuery }) => ({
		position: await runQuery('primary', primary.dialect.positions.current),
		follows: (await runQuery('primary', primary.dialect.channel.status)).length > 0,
	}),
	checks({ primary, facts: { position, follows } }) {
		const { terms } = primary.dialect;
		// A replica has what was copied to it, which is in no log of its own; what it hands on is what it has logged since.
		const sound = follows || primary.dialect.positions.contains(position.written, position.gtid);
		return [
			must(
				'POSITION',
				{ pass: `${terms.position} is in the primary’s own binary log`, fail: `${terms.position} is not in the primary’s own binary log` },
				sound,
				{
					expected: `${terms.written} holds all of ${position.gtid || '(empty)'}`,
					found: `${terms.written} = ${position.written || '(empty)'}`,
					hints: primary.dialect.hints.strayPosition,
				},
			),
			...(position.gtid === ''
				? [note('POSITION-EMPTY', 'The primary’s position is empty', 'it has written nothing yet: the replica starts from its first log')]
				: []),
		];
	},
	plan: () => [],
	run: async ({ facts: { position } }) => ({ position }),
	previewOutput: { position: { file: null, pos: null, gtid: '', written: '', replicated: '' } },
};
