import { UserError } from '../../core/errors.ts';
import { createTokenReader, type Readable, readableTokens, type TokenReader } from './token-reader.ts';

const isName = (token: Readable | undefined): token is Readable => token !== undefined && token.kind !== 'sign';

const unquoted = ({ kind, text }: Readable): string =>
	kind === 'text' ? text.slice(1, -1).replaceAll(/\\(.)|''/g, (all, sign) => sign ?? all[0]) : text;

/** `user@host`, or `role NAME` where no host follows; null where no name comes next, or more than a name. */
function takeAccount(read: TokenReader<Readable>): string | null {
	const user = read.peek();
	if (!isName(user)) return null;
	read.next();
	const host = read.takeSign('@') ? read.next() : null;
	// CURRENT_USER(), a list, or a name without quotes that needs some.
	if (host === undefined || host?.kind === 'sign' || (read.peek()?.kind === 'sign' && !read.isSign(';'))) return null;
	return host === null ? `role ${unquoted(user)}` : `${unquoted(user)}@${unquoted(host)}`;
}

/** Goes on behind the first of these that comes next. */
const takeOne = (read: TokenReader<Readable>, ...words: readonly string[]): boolean => words.some((each) => read.take(...each.split(' ')));

/** The account that a statement makes or changes, as `user@host` or `role NAME`; null where it is about none. */
export function accountOf(statement: string): string | null {
	const read = createTokenReader(readableTokens(statement));
	if (takeOne(read, 'CREATE USER', 'CREATE ROLE', 'ALTER USER', 'ALTER ROLE')) {
		takeOne(read, 'IF NOT EXISTS', 'IF EXISTS');
		return takeAccount(read);
	}
	if (!takeOne(read, 'GRANT', 'REVOKE', 'SET DEFAULT ROLE')) return null;
	let account: string | null = null;
	// The last one: privileges of columns and routines come before it.
	while (!read.isOver) {
		if (takeOne(read, 'TO', 'FOR', 'FROM')) account = takeAccount(read);
		else read.next();
	}
	return account;
}

/** Whether a statement is about accounts, even where it is not understood about which. */
function concernsAccounts(statement: string): boolean {
	const read = createTokenReader(readableTokens(statement));
	return takeOne(read, 'GRANT', 'REVOKE', 'CREATE USER', 'ALTER USER', 'DROP USER', 'SET DEFAULT ROLE');
}

/** The client's own role, by which roles are handed on, is granted to whoever loads. */
const TO_LOADER = /\sCURRENT_USER\(\)/i;

/** Whether a statement makes or changes none of these accounts. Throws UserError where that is in doubt. */
export function isOfNone(statement: string, accounts: ReadonlySet<string>): boolean {
	const account = accountOf(statement);
	if (account === null && concernsAccounts(statement) && !TO_LOADER.test(statement)) {
		throw new UserError({
			message: 'A statement about an account is not understood, so it cannot be known whether that account exists already.',
			hints: ['Load the accounts by hand: README.txt of the backup says how.'],
		});
	}
	return account === null || !accounts.has(account);
}
