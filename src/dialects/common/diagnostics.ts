// What both vendors are asked in the same words for lockstep doctor.
import { dirname } from 'node:path';
import { list, query, type Row, raw, type Statement, shown, sql } from '../../sql/sql.ts';
import type { AccountLimits, ServerFolder } from '../contract/diagnostics.ts';

const DAY = 86_400;

export const folders = query<readonly ServerFolder[]>(
	sql`SELECT @@datadir AS data, @@relay_log_basename AS relay, @@log_bin_basename AS log, @@tmpdir AS temporary`,
	(rows) => {
		const row = rows[0] ?? {};
		const all: readonly (readonly [ServerFolder['use'], string | null])[] = [
			['data', row.data ?? null],
			['relay', row.relay ? dirname(row.relay) : null],
			['log', row.log ? dirname(row.log) : null],
			// Several, separated by colons, are used in turn.
			...(row.temporary ?? '').split(':').map((path) => ['temporary', path] as const),
		];
		return all.flatMap(([use, path]) => (path ? [{ use, path }] : []));
	},
);

export const clock = query(sql`SELECT UNIX_TIMESTAMP(NOW(6)) AS now`, (rows) => Number(rows[0]?.now ?? 0));

/** Grantees of one of these privileges, without the server's own accounts. */
export const granteesOf = (...privileges: readonly string[]) =>
	query<readonly string[]>(
		sql`SELECT DISTINCT GRANTEE AS grantee FROM information_schema.USER_PRIVILEGES WHERE PRIVILEGE_TYPE IN (${list(privileges)}) ORDER BY 1`,
		(rows) => rows.map((row) => row.grantee ?? '').filter((grantee) => !/^'(?:mysql|mariadb)\.\w+'@'localhost'$/.test(grantee)),
	);

export const logBytes = query(sql`SHOW BINARY LOGS`, (rows) => rows.reduce((sum, row) => sum + Number(row.File_size ?? 0), 0));

const LIMITS = ['max_user_connections', 'max_connections', 'max_questions', 'max_updates'] as const;

/** Reads `account`, `locked`, `expired`, `lifetime` (days; 0 or none: for ever), `changed` and `now` (seconds since 1970), and the limits. */
export function accountLimits(row: Row): AccountLimits {
	const lifetime = Number(row.lifetime ?? 0);
	const since = (Number(row.now) - Number(row.changed ?? row.now)) / DAY;
	return {
		account: row.account ?? '',
		locked: row.locked === '1',
		expired: row.expired === '1' || (lifetime > 0 && since >= lifetime),
		expiresInDays: lifetime > 0 ? Math.max(0, Math.floor(lifetime - since)) : null,
		limits: LIMITS.flatMap((name) => (Number(row[name] ?? 0) > 0 ? [`${name} = ${row[name]}`] : [])),
	};
}

/** A line to copy. */
export const line = (statement: Statement): string => `${shown(statement)};`;

/** `user@host` of an {@link AccountLimits} as a statement takes it. */
export function accountIn(text: string) {
	const at = text.lastIndexOf('@');
	return raw(`${shown(sql`${text.slice(0, at)}`)}@${shown(sql`${text.slice(at + 1)}`)}`);
}
