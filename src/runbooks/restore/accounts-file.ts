import type { AccountName } from '../../dialects/contract/accounts.ts';
import { accountOf } from '../../dump/sql/accounts.ts';
import { filesOf, type RestoreEnv, statementsOf } from './env.ts';

type Holder = Parameters<typeof filesOf>[0] & Pick<RestoreEnv, 'folder'>;

/** As `user@host` or `role NAME`. */
export const accountKey = ({ user, host, role }: AccountName): string => (role ? `role ${user}` : `${user}@${host}`);

/** A statement about an account, without comments. */
export type AccountStatement = { readonly account: string; readonly text: string };

/** The statements about accounts in a backup, each with its account as `user@host` or `role NAME`. */
export async function accountStatements(env: Holder): Promise<readonly AccountStatement[]> {
	const found: AccountStatement[] = [];
	for (const file of filesOf(env, 'accounts')) {
		for await (const statement of statementsOf(env, file)) {
			const text = statement.text.toString();
			const account = accountOf(text);
			if (account !== null) found.push({ account, text });
		}
	}
	return found;
}

/** The accounts that a backup's file makes, as `user@host` or `role NAME`. */
export const accountsIn = async (env: Holder): Promise<ReadonlySet<string>> =>
	new Set((await accountStatements(env)).map(({ account }) => account));

/** Those of them with REVOKEs, which a server takes only with `partial_revokes = ON`. */
export const restrictedOf = (all: readonly AccountStatement[]): ReadonlySet<string> =>
	new Set(all.filter(({ text }) => /^\s*REVOKE\b/i.test(text)).map(({ account }) => account));
