import { UserError } from '../core/errors.ts';
import type { Vendor } from '../core/vendors.ts';
import { type Query, query, sql } from '../sql/sql.ts';
import type { Dialect } from './contract/dialect.ts';
import { mariadb } from './mariadb/index.ts';
import { mysql } from './mysql/index.ts';
import { probe } from './mysql/probe.ts';

const version = query(sql`SELECT VERSION() AS version, @@version_comment AS comment`, (rows) => ({
	version: rows[0]?.version ?? '',
	comment: rows[0]?.comment ?? '',
}));

/** The first MySQL that knows CHANGE REPLICATION SOURCE TO. */
const OLDEST = [8, 0, 23] as const;

function tooOld(text: string): boolean {
	const numbers = /^(\d+)\.(\d+)\.(\d+)/.exec(text)?.slice(1).map(Number);
	if (numbers === undefined) return true;
	const at = OLDEST.findIndex((number, index) => numbers[index] !== number);
	return at >= 0 && (numbers[at] ?? 0) < (OLDEST[at] ?? 0);
}

/**
 * Finds the dialect of a server: MariaDB says that it is one, and whatever else answers like MySQL is MySQL, of any maker and any number (after
 * 9.7 come years: 26.7). What its version knows is tried, not reckoned. Throws UserError where it is too old.
 */
export async function detect(runQuery: <T>(query: Query<T>) => Promise<T>, name: string): Promise<Dialect> {
	const found = await runQuery(version);
	if (/mariadb/i.test(`${found.version} ${found.comment}`)) return mariadb;
	if (tooOld(found.version)) {
		throw new UserError({
			message: `${name} is too old: it says ${found.version} (${found.comment}).`,
			reason: 'Before MySQL 8.0.23 there is no CHANGE REPLICATION SOURCE TO, and half of what is asked here has other names.',
			hints: ['This version of lockstep works with MariaDB 10.11 and newer and with MySQL 8.0.23 and newer.'],
		});
	}
	return mysql(await probe(runQuery));
}

const NEWEST: Readonly<Record<Vendor, Dialect>> = {
	mariadb,
	mysql: mysql({ newWords: true, binaryLog: true, performanceSchema: true, histogramData: true, libraries: true }),
};

/** The dialect of a server that is not there yet, in its newest words: for a plan. {@link detect} finds the one that counts. */
export const assumedDialect = (vendor: Vendor): Dialect => NEWEST[vendor];
