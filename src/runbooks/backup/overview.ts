import type { Overview } from '../../core/director.ts';
import { bytes, plural } from '../../core/format.ts';
import type { BackupEnv } from './env.ts';
import type { ServerFacts } from './inspect-server.ts';
import { describePrediction, predictLock } from './prediction.ts';

/** What is locked, for how long, how much is dumped, and where to. Pure. */
export function backupOverview(env: BackupEnv, facts: ServerFacts): Overview {
	const { server, paths } = env;
	const { strategy, heldBytes, bytes: size, channels } = facts;
	const [source] = channels;
	const { predicted, limitSeconds: limit, isInstant } = predictLock(env, strategy, heldBytes);
	const time = isInstant ? 'for milliseconds, until every connection has its snapshot' : describePrediction(predicted);
	const who = source === undefined ? 'its clients’ writes wait' : 'replication waits, reads continue';
	const lock = `global read lock, ${time}`;
	return {
		lines: [
			{ label: 'From', text: `${server.name}${source === undefined ? '' : `, replica of ${source.host}:${source.port}`}` },
			{ label: 'To', text: paths.final },
			{ label: 'Size', text: `~${bytes(size)} in ${plural(facts.databases.length, 'database')}, ${plural(facts.tables, 'table')}` },
			{ label: 'Lock', text: `${lock}${limit === null ? ', no limit' : `, at most ${plural(Math.ceil(limit / 60), 'minute')}`}; ${who}` },
		],
		effect: `${server.name}: ${lock}, while ~${bytes(size)} are backed up.`,
	};
}
