import type { Secret } from '../../sql/secret.ts';
import type { Query, Statement } from '../../sql/sql.ts';
import type { PasswordPolicy } from '../common/passwords.ts';

export type AccountName = { readonly user: string; readonly host: string; readonly role: boolean };

/** Accounts of the server. */
export interface Accounts {
	readonly list: Query<readonly AccountName[]>;
	exists(user: string, host: string): Query<boolean>;
	/** What a new password must have. */
	readonly passwordPolicy: Query<PasswordPolicy>;
	/** An account whose password never expires. */
	create(user: string, host: string, password: Secret, tls: boolean): Statement;
	setPassword(user: string, host: string, password: Secret, tls: boolean): Statement;
	grantReplication(user: string, host: string): Statement;
	drop(account: AccountName): Statement;
	/** Grants as people may see them, without hashes. */
	grants(user: string, host: string): Query<readonly string[]>;
	/** The statements that make the same account elsewhere; hashes are secrets. */
	recreate(account: AccountName): readonly Query<readonly Statement[]>[];
	/** What stands for everybody: its grants are copied, it is never created or dropped. Null where there is no such thing. */
	readonly everybody: AccountName | null;
	/** Accounts of the server itself, never copied. */
	isOwn(account: AccountName): boolean;
	requiresTls(user: string, host: string): Query<boolean>;
}
