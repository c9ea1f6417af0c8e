import { query, sql } from '../../sql/sql.ts';
import type { Positions } from '../contract/positions.ts';

/** `0-101-9,1-7-3` → the last sequence number of each domain. The server id decides nothing. */
function domains(gtid: string): Map<string, bigint> {
	const found = new Map<string, bigint>();
	for (const part of gtid.split(',')) {
		const match = /^\s*(\d+)-\d+-(\d+)\s*$/.exec(part);
		if (match?.[1] !== undefined && match[2] !== undefined) found.set(match[1], BigInt(match[2]));
	}
	return found;
}

function lacking(have: string, want: string): number {
	const held = domains(have);
	let sum = 0n;
	for (const [domain, sequence] of domains(want)) {
		const there = held.get(domain) ?? 0n;
		if (sequence > there) sum += sequence - there;
	}
	return Number(sum);
}

/** Of each domain the later one. */
function union(gtids: readonly string[]): string {
	const latest = new Map<string, string>();
	const sequence = (gtid: string) => BigInt(gtid.split('-')[2] ?? '0');
	for (const part of gtids.flatMap((gtid) => gtid.split(','))) {
		const gtid = part.trim();
		if (!/^\d+-\d+-\d+$/.test(gtid)) continue;
		const domain = gtid.slice(0, gtid.indexOf('-'));
		const known = latest.get(domain);
		if (known === undefined || sequence(gtid) > sequence(known)) latest.set(domain, gtid);
	}
	return [...latest.values()].join(',');
}

/** The snapshot's own place in the binary log; without a log there is none. */
const snapshotPlace = query(sql`SHOW STATUS LIKE 'binlog_snapshot_%'`, (rows) => {
	const value = (name: string) => rows.find((row) => row.Variable_name?.toLowerCase() === name)?.Value ?? '';
	return { file: value('binlog_snapshot_file'), pos: Number(value('binlog_snapshot_position')) };
});

export const positions: Positions = {
	// One statement, so that the three belong to one moment.
	current: query(
		sql`SELECT @@global.gtid_current_pos AS current, @@global.gtid_binlog_pos AS written, @@global.gtid_slave_pos AS replicated,
 (SELECT VARIABLE_VALUE FROM information_schema.GLOBAL_STATUS WHERE VARIABLE_NAME = 'BINLOG_SNAPSHOT_FILE') AS file,
 (SELECT VARIABLE_VALUE FROM information_schema.GLOBAL_STATUS WHERE VARIABLE_NAME = 'BINLOG_SNAPSHOT_POSITION') AS pos`,
		(rows) => {
			const row = rows[0] ?? {};
			return {
				file: row.file || null,
				pos: row.file ? Number(row.pos) : null,
				gtid: row.current ?? '',
				written: row.written ?? '',
				replicated: row.replicated ?? '',
			};
		},
	),
	async snapshot(runQuery) {
		const { file, pos } = await runQuery(snapshotPlace);
		return file === '' ? '' : runQuery(query(sql`SELECT BINLOG_GTID_POS(${file}, ${pos}) AS gtid`, (rows) => rows[0]?.gtid ?? ''));
	},
	settled: null,
	logHoldsPosition: false,
	setReplicated: (gtid) => [sql`SET GLOBAL gtid_slave_pos = ${gtid}`],
	contains: (have, want) => lacking(have, want) === 0,
	union,
	countMissing: lacking,
	wait: (gtid, seconds) => query(sql`SELECT MASTER_GTID_WAIT(${gtid}, ${seconds}) AS waited`, (rows) => rows[0]?.waited === '0'),
	forgetLog: sql`RESET MASTER`,
	own: query(sql`SELECT @@global.gtid_binlog_state AS state, @@global.server_id AS id`, (rows) =>
		(rows[0]?.state ?? '')
			.split(',')
			.map((part) => part.trim())
			.filter((part) => part.split('-')[1] === rows[0]?.id)
			.join(','),
	),
	// Each log begins with the list of what the ones before it held.
	async purged(runQuery) {
		const oldest = await runQuery(query(sql`SHOW BINARY LOGS`, (rows) => rows[0]?.Log_name ?? null));
		if (oldest === null) return '';
		const list = query(sql`SHOW BINLOG EVENTS IN ${oldest} LIMIT 5`, (rows) => rows.find((row) => row.Event_type === 'Gtid_list')?.Info);
		return union([((await runQuery(list)) ?? '').replaceAll(/[[\]]/g, '')]);
	},
	// The state names the last transaction of every server that wrote in a domain; the position only the last of all.
	unknown: (gtid) =>
		query(sql`SELECT @@global.gtid_binlog_state AS state`, (rows) => {
			const parts = (text: string) =>
				text.split(',').flatMap((part) => [/^\s*(\d+-\d+)-(\d+)\s*$/.exec(part)].filter((match) => match !== null));
			const written = new Map(parts(rows[0]?.state ?? '').map(([, by, sequence]) => [by, BigInt(sequence ?? 0)]));
			return parts(gtid)
				.filter(([, by, sequence]) => BigInt(sequence ?? 0) > (written.get(by) ?? 0n))
				.map(([text]) => text.trim())
				.join(',');
		}),
	at: (file, pos) => query(sql`SELECT BINLOG_GTID_POS(${file}, ${pos}) AS gtid`, (rows) => rows[0]?.gtid ?? null),
};
