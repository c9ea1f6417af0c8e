import { readKnown } from '../../archive/read.ts';
import { statements } from '../../dump/load/cut.ts';
import { accountOf } from '../../dump/load/filter.ts';
import { filesOf, type RestoreEnv } from './env.ts';

/** The accounts that a backup's file makes, as `user@host` or `role NAME`. */
export async function accountsIn(env: RestoreEnv): Promise<ReadonlySet<string>> {
	const found = new Set<string>();
	for (const file of filesOf(env, 'accounts')) {
		const chunks: Buffer[] = [];
		for await (const chunk of readKnown(env.folder, file)) chunks.push(chunk);
		for (const statement of statements(Buffer.concat(chunks).toString('latin1'))) {
			const account = accountOf(statement);
			if (account !== null) found.add(account);
		}
	}
	return found;
}
