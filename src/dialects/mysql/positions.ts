import { query, sql } from '../../sql/sql.ts';
import type { Positions } from '../contract/positions.ts';
import { canonical, contains, countMissing, union } from './gtid-set.ts';
import type { Probe } from './probe.ts';

export function positions({ newWords, binaryLog }: Probe): Positions {
	const forgetLog = newWords ? sql`RESET BINARY LOGS AND GTIDS` : sql`RESET MASTER`;
	const logStatus = newWords ? sql`SHOW BINARY LOG STATUS` : sql`SHOW MASTER STATUS`;
	return {
		// One statement, so that place and set belong to one moment.
		current: query(binaryLog ? logStatus : sql`SELECT @@global.gtid_executed AS Executed_Gtid_Set`, (rows) => {
			const row = rows[0] ?? {};
			const gtid = canonical(row.Executed_Gtid_Set ?? '');
			return { file: row.File || null, pos: row.File ? Number(row.Position) : null, gtid, written: gtid, replicated: gtid };
		}),
		snapshot: (runQuery) => runQuery(query(sql`SELECT @@global.gtid_executed AS gtid`, (rows) => canonical(rows[0]?.gtid ?? ''))),
		// A transaction is owned from before it is in the log until it is in gtid_executed, and in between others see its rows. So if nothing is
		// owned after a snapshot was opened, what the snapshot shows is executed now; and if no more is than before, it is just that.
		async settled(runQuery) {
			const owned = await runQuery(query(sql`SELECT @@global.gtid_owned AS gtid`, (rows) => rows[0]?.gtid ?? ''));
			const executed = await runQuery(query(sql`SELECT @@global.gtid_executed AS gtid`, (rows) => canonical(rows[0]?.gtid ?? '')));
			return owned.trim() === '' ? executed : null;
		},
		logHoldsPosition: true,
		// Only what the server does not have can be set: so it forgets what it has.
		setReplicated: (gtid) => (gtid === '' ? [forgetLog] : [forgetLog, sql`SET GLOBAL gtid_purged = ${gtid}`]),
		contains,
		union,
		countMissing,
		wait: (gtid, seconds) =>
			query(sql`SELECT WAIT_FOR_EXECUTED_GTID_SET(${gtid}, ${seconds}) AS waited`, (rows) => rows[0]?.waited === '0'),
		forgetLog,
		own: query(sql`SELECT @@global.gtid_executed AS gtid, @@server_uuid AS uuid`, (rows) =>
			canonical(rows[0]?.gtid ?? '')
				.split(',')
				.map((part) => part.trim())
				.filter((part) => part.toLowerCase().startsWith(`${rows[0]?.uuid?.toLowerCase()}:`))
				.join(','),
		),
		purged: (runQuery) => runQuery(query(sql`SELECT @@global.gtid_purged AS gtid`, (rows) => canonical(rows[0]?.gtid ?? ''))),
		unknown: (gtid) => query(sql`SELECT GTID_SUBTRACT(${gtid}, @@global.gtid_executed) AS gtid`, (rows) => canonical(rows[0]?.gtid ?? '')),
		// The uuid of whoever wrote it is in every one.
		at: null,
	};
}
