import { readKnown } from '../../archive/read.ts';
import type { AccountName } from '../../dialects/dialect.ts';
import { bare, statements } from '../../dump/load/cut.ts';
import { accountOf } from '../../dump/load/filter.ts';
import { filesOf, type RestoreEnv } from './env.ts';

type Holder = Parameters<typeof filesOf>[0] & Pick<RestoreEnv, 'folder'>;

/** As `user@host` or `role NAME`. */
export const accountKey = ({ user, host, role }: AccountName): string => (role ? `role ${user}` : `${user}@${host}`);

/** The accounts that a backup's file makes, as `user@host` or `role NAME`. */
export const accountsIn = (env: Holder): Promise<ReadonlySet<string>> => accountsOf(env, /^/);

/** Those of them with REVOKEs, which a server takes only with `partial_revokes = ON`. */
export const restrictedIn = (env: Holder): Promise<ReadonlySet<string>> => accountsOf(env, /^\s*REVOKE\b/i);

async function accountsOf(env: Holder, pattern: RegExp): Promise<ReadonlySet<string>> {
	const found = new Set<string>();
	for (const file of filesOf(env, 'accounts')) {
		const chunks: Buffer[] = [];
		for await (const chunk of readKnown(env.folder, file)) chunks.push(chunk);
		for (const statement of statements(Buffer.concat(chunks).toString('latin1'))) {
			const account = pattern.test(bare(statement)) ? accountOf(statement) : null;
			if (account !== null) found.add(account);
		}
	}
	return found;
}
