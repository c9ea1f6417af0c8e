import type { Overview } from '../../core/director.ts';
import { bytes } from '../../core/format.ts';
import type { DrillEnv } from './env.ts';

/** Which backup is restored where, and what is left of it. Pure. */
export function drillOverview({ folder, throwaway, rawBytes, results, replication }: DrillEnv): Overview {
	const size = bytes(rawBytes);
	return {
		lines: [
			{ label: 'From', text: folder },
			{
				label: 'To',
				text: `a throwaway ${throwaway.vendor === 'mysql' ? 'MySQL' : 'MariaDB'} ${throwaway.series} in ${throwaway.folder}`.replace(
					'  ',
					' ',
				),
			},
			{ label: 'Size', text: `~${size} of text` },
			...(replication === null ? [] : [{ label: 'Follows', text: `${replication.primary.name}, until it has caught up` }]),
			{ label: 'Leaves', text: `only the report: ${results.report}` },
		],
		effect: `A throwaway server on this machine is loaded with ~${size}, checked, and removed.`,
	};
}
