import type { Overview } from '../../core/director.ts';
import { bytes, plural } from '../../core/format.ts';
import { some } from '../shared/server.ts';
import { allFiles, cleared, type RestoreEnv, tablesOf } from './env.ts';

/** Which backup, into which server, how much. Pure. */
export function restoreOverview(env: RestoreEnv, there: readonly string[]): Overview {
	const { server, folder, databases, only, accounts, logged } = env;
	const size = bytes(allFiles(env).reduce((sum, file) => sum + file.raw_bytes, 0));
	const replaced = only === null && !cleared(env) ? databases.filter((database) => there.includes(database)) : [];
	const tables = only?.length ?? tablesOf(env).length;
	return {
		lines: [
			{ label: 'From', text: folder },
			{ label: 'To', text: server.name },
			{
				label: 'Size',
				text: `~${size} of text in ${plural(databases.length, 'database')} (${some(databases, 4)})${tables > 0 ? `, ${plural(tables, 'table')}` : ''}`,
			},
			{
				label: 'With it',
				text: `${accounts ? 'accounts too' : 'accounts are not restored'}, ${logged ? 'written to the binary log' : 'not written to the binary log'}`,
			},
		],
		effect: `${server.name}: ${size} will be loaded${replaced.length === 0 ? '' : `, and ${some(replaced, 4)} replaced`}.`,
	};
}
