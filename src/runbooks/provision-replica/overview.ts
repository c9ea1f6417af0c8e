import type { Overview } from '../../core/director.ts';
import { bytes, duration, plural } from '../../core/format.ts';
import type { ProvisionEnv } from './env.ts';
import type { PrimaryFacts } from './inspect-primary.ts';
import type { ReplicaFacts } from './inspect-replica.ts';

function seedOf({ clone, backup, primary }: ProvisionEnv): string {
	if (clone !== undefined) return 'CLONE plugin, the replica restarts once';
	if (backup !== undefined) return 'an existing backup';
	return `a streamed dump; ${primary.name} is not locked for it`;
}

/** Which server is filled from which, with how much, and what goes there. Pure. */
export function provisionOverview(env: ProvisionEnv, primaryFacts: PrimaryFacts, replicaFacts: ReplicaFacts): Overview {
	const { primary, replica, tls, delaySeconds } = env;
	const { databases, tables, bytes: size } = primaryFacts;
	// What a resumed run finds there is its own.
	const replaced = env.outputs['clear-replica'] === undefined ? replicaFacts.databases.length : 0;
	const of = `~${bytes(size)} in ${plural(databases, 'database')}, ${plural(tables, 'table')}`;
	const delay = delaySeconds > 0 ? `, ${duration(delaySeconds * 1000)} behind on purpose` : '';
	return {
		lines: [
			{ label: 'From', text: `${primary.name} (primary; gets a replication account, nothing else changes)` },
			{ label: 'To', text: `${replica.name} (replica${replaced > 0 ? `; its ${plural(replaced, 'database')} will be replaced` : ''})` },
			{ label: 'Size', text: `${of}, by ${seedOf(env)}` },
			{ label: 'Channel', text: `${tls ? 'encrypted' : 'not encrypted (--no-tls)'}${delay}` },
		],
		effect: `${replica.name} (replica) will ${replaced > 0 ? 'be overwritten' : 'be filled'} with ~${bytes(size)} from ${primary.name}.`,
	};
}
