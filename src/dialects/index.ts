import { UserError } from '../core/errors.ts';
import { type Query, query, sql } from '../sql/sql.ts';
import type { Dialect } from './dialect.ts';
import { mariadb } from './mariadb/index.ts';

/** Every kind of server that lockstep knows: a new one is a folder and a line here. */
export const DIALECTS: readonly Dialect[] = [mariadb];

const version = query(sql`SELECT VERSION() AS version, @@version_comment AS comment`, (rows) => ({
	version: rows[0]?.version ?? '',
	comment: rows[0]?.comment ?? '',
}));

/** Finds the dialect of a server by what it says of itself. */
export async function detect(look: <T>(query: Query<T>) => Promise<T>, name: string): Promise<Dialect> {
	const found = await look(version);
	if (/mariadb/i.test(`${found.version} ${found.comment}`)) return mariadb;
	throw new UserError({
		what: `${name} is not a MariaDB server: it says ${found.version} (${found.comment}).`,
		mend: ['This version of lockstep works with MariaDB 10.11 and newer.'],
	});
}
