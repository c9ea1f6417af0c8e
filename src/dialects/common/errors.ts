// What servers' error numbers mean here: both vendors share most of them, and no number of one means something else in the other.
import { ServerError } from '../../core/errors.ts';

const oneOf = (numbers: readonly number[]) => {
	const known = new Set(numbers);
	return (error: unknown): error is ServerError => error instanceof ServerError && error.code !== null && known.has(error.code);
};

/** Waited in vain: lock wait timeout (1205), time limit of a statement (MariaDB 1969, MySQL 3024). */
export const isWaitOver = oneOf([1205, 1969, 3024]);

/** The same, or it was killed (1317): a lock that is not held. */
export const isLockRefused = oneOf([1205, 1317, 1969, 3024]);

/** There is no session of this number any more. */
export const isSessionGone = oneOf([1094]);

/** No such database, column or table. */
export const isTableGone = oneOf([1049, 1054, 1146]);

/** The same, or its definition is not the one that the snapshot saw (1412). */
export const isTableChanged = oneOf([1049, 1054, 1146, 1412]);

/** Another session dropped it since it was listed: database, table, view, routine, trigger, event. */
export const isObjectGone = oneOf([1049, 1146, 1305, 1347, 1360, 1539]);

/** A privilege is missing: on a table, a column, or for the whole server. */
export const isPrivilegeMissing = oneOf([1142, 1143, 1227]);

/** A password that the server's policy refuses, beyond what its settings say. */
export const isPasswordRefused = oneOf([1819]);

/** Access denied, at the login: wrong password, or (MariaDB 1698) another way to log in. `cause`: what the driver said. */
export const isLoginRefused = ({ cause }: { readonly cause?: unknown }): boolean =>
	[1045, 1698].includes((cause as { readonly errno?: number } | undefined)?.errno ?? 0);

/** An index that a foreign key needs. */
export const isKeyNeeded = oneOf([1553]);

/**
 * What a client prints where a view or routine comes before what it is made of: no such database, table or function; or it is behind another
 * view (1356).
 */
export const needsAnotherFirst = (output: string): boolean => /ERROR (1049|1146|1305|1356) /.test(output);
