// What lessons do to servers and the dialects have no word for: mostly what nobody should do.
import type { Vendor } from '../core/vendors.ts';
import { type Fragment, raw, type Statement, sql } from '../sql/sql.ts';
import { configuration, type Pair, until } from './pair.ts';

/** Not for the binary log. */
export const UNLOGGED = 'SET SESSION sql_log_bin = 0';

/** A session of MariaDB's writes whole rows, as all of MySQL's do. */
export const WHOLE_ROWS: Readonly<Record<Vendor, readonly string[]>> = { mariadb: ["SET SESSION binlog_format = 'ROW'"], mysql: [] };

/** Lets the replica pass over the transaction that stopped it, and starts it. */
export async function skipTransaction({ vendor, replica, dialect }: Pair): Promise<void> {
	if (vendor === 'mariadb') {
		await replica.run(dialect.channel.stop, 'SET GLOBAL sql_slave_skip_counter = 1', dialect.channel.start);
		return;
	}
	const gtid = await replica.value(
		'SELECT APPLYING_TRANSACTION FROM performance_schema.replication_applier_status_by_worker WHERE LAST_ERROR_NUMBER NOT IN (0, 3030) LIMIT 1',
	);
	const [uuid = '', number = ''] = gtid.split(':');
	if (!/^[\da-f-]{36}$/.test(uuid) || !/^\d+$/.test(number)) throw new Error(`no failed transaction: ${gtid}`);
	await replica.run(
		dialect.channel.stop,
		`SET GTID_NEXT = '${uuid}:${number}'`,
		'BEGIN',
		'COMMIT',
		"SET GTID_NEXT = 'AUTOMATIC'",
		dialect.channel.start,
	);
}

/** Changes these options of the channel, stopped and started around it. Names are MariaDB's without their `MASTER_`. */
export async function changeChannel({ vendor, replica, dialect }: Pair, options: Statement): Promise<void> {
	const change = vendor === 'mariadb' ? sql`CHANGE MASTER TO ${options}` : sql`CHANGE REPLICATION SOURCE TO ${options}`;
	await replica.run(dialect.channel.stop, change, dialect.channel.start);
}

/** An option of a channel as the vendor names it. */
export const option = ({ vendor }: Pair, name: string): Fragment => raw(`${vendor === 'mariadb' ? 'MASTER' : 'SOURCE'}_${name}`);

/** The replica's data are the primary's again: both are stopped for a cold copy. */
export async function seedAgain(pair: Pair): Promise<void> {
	const fresh = await pair.copyPrimary();
	// Of a log that another server wrote, and so all of it.
	const { written } = await fresh.replica.query(fresh.dialect.positions.current);
	const { stop, start } = fresh.dialect.channel;
	await fresh.replica.run(stop, ...fresh.dialect.positions.setReplicated(written), configuration(fresh), start);
}

/** Stops the writer and waits until what it was at is written. */
export async function idle({ primary, dialect }: Pair): Promise<void> {
	await primary.run('SET GLOBAL event_scheduler = OFF');
	let { written } = await primary.query(dialect.positions.current);
	await until('an idle primary', async () => {
		const before = written;
		({ written } = await primary.query(dialect.positions.current));
		return before === written;
	});
}
