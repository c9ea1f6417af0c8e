import { describe, expect, test } from 'vitest';
import { changeSourceSql } from '../../src/archive/change-source.ts';
import type { Manifest } from '../../src/archive/manifest.ts';
import { show } from '../../src/core/shown-action.ts';
import type { Dialect } from '../../src/dialects/contract/dialect.ts';
import type { Activity } from '../../src/dialects/contract/locks.ts';
import { mariadb } from '../../src/dialects/mariadb/index.ts';
import { byHand as mysqlByHand } from '../../src/dialects/mysql/by-hand.ts';
import { mysql as mysqlFor } from '../../src/dialects/mysql/index.ts';
import { pauseApplier } from '../../src/runbooks/backup/applier.ts';
import { blockersOf, mayBeKilled, stillTheSame } from '../../src/runbooks/backup/blockers.ts';
import { lockAndDump } from '../../src/runbooks/backup/lock-and-dump.ts';
import { lockLimit, predictHeld } from '../../src/runbooks/backup/prediction.ts';

const mysql = mysqlFor({ newWords: true, binaryLog: true, performanceSchema: true, histogramData: true, libraries: true });
type At = Parameters<NonNullable<typeof lockAndDump.undo>>[0];
const texts = (actions: readonly Parameters<typeof show>[0][] | undefined) => actions?.map((action) => show(action).text);

const VENDORS: readonly { dialect: Dialect; off: string | null; starts: readonly string[] }[] = [
	{ dialect: mariadb, off: null, starts: ['START SLAVE SQL_THREAD', "START SLAVE 'x' SQL_THREAD"] },
	{ dialect: mysql, off: 'OFF', starts: ["START REPLICA SQL_THREAD FOR CHANNEL ''", "START REPLICA SQL_THREAD FOR CHANNEL 'x'"] },
];

describe.each(VENDORS)('rolls back only what is ours on $dialect.title', ({ dialect, off, starts }) => {
	const at = { server: { name: 'db3', dialect } } as never as At;
	/** `off`: what a server without super_read_only on says of it. */
	const readOnly = (now: string, before: string, later = 0, superNow = off, refuses?: boolean) => {
		const facts = { readOnly: now, superReadOnly: superNow, startedAt: 1000 + later };
		const origin = { readOnly: before, superReadOnly: off, startedAt: 1000, ...(refuses !== undefined && { refuses }) };
		const seen = { ...at, facts, origin } as typeof at;
		return [texts(lockAndDump.undo?.(seen)), lockAndDump.drift?.(seen).length];
	};
	test('read_only that this run set, on a server that was not restarted', () => {
		const restored = off === null ? 'SET GLOBAL read_only = OFF' : 'SET GLOBAL read_only = IF(@@GLOBAL.super_read_only, 1, 0)';
		expect(readOnly('ON', 'OFF', 5)).toEqual([[restored], 0]);
		expect(readOnly('ON', 'OFF', 5, off, true)).toEqual([[restored], 0]);
		// Where the lock is held for milliseconds the run sets nothing.
		expect(readOnly('ON', 'OFF', 5, off, false)).toEqual([[], 1]);
		expect(readOnly('OFF', 'OFF', 60)).toEqual([[], 0]);
		expect(readOnly('ON', 'OFF', 60)).toEqual([[], 1]);
		expect(readOnly('OFF', 'ON')).toEqual([[], 1]);
		expect(readOnly('NO_LOCK', 'OFF')).toEqual([[], 1]);
	});
	if (off !== null) {
		test('not read_only where a stronger setting was turned on since: that would end it as well', () => {
			expect(readOnly('ON', 'OFF', 5, 'ON')).toEqual([[], 1]);
		});
	}

	test('the SQL thread of each channel that is still there', () => {
		const applier = (running: string[], channels: string[], later = 0) => {
			const facts = { running, channels, startedAt: 1000 + later };
			const seen = { ...at, facts, origin: { running: ['', 'x'], channels: ['', 'x'], startedAt: 1000 } } as never;
			return [texts(pauseApplier.undo?.(seen)), pauseApplier.drift?.(seen).length];
		};
		expect(applier([], ['', 'x'])).toEqual([starts, 0]);
		expect(applier([''], [''])).toEqual([[], 1]);
		expect(applier([''], ['', 'x'], 60)).toEqual([[], 1]);
		expect(applier(['', 'x'], ['', 'x'], 60)).toEqual([[], 0]);
	});
});

test('who may be killed is the cause, long at it, never a thread of the server’s, and still the same', () => {
	const someone: Activity = {
		...{
			id: 7,
			user: 'app',
			host: 'h:1',
			database: null,
			command: 'Query',
			seconds: 20,
			milliseconds: 20_000,
			state: '',
			text: 'UPDATE t SET n = 1',
		},
		...{ transactionSeconds: null, usesTables: true, locked: [], waitsForRows: false, blocks: 0 },
	};
	const killed = (more: Partial<Activity>) => blockersOf([{ ...someone, ...more }], [9]).filter((each) => mayBeKilled(each, false)).length;
	expect(killed({})).toBe(1);
	const spared: Partial<Activity>[] = [
		...[
			{ seconds: 9 },
			{ user: 'system user' },
			{ user: 'event_scheduler' },
			{ command: 'Binlog Dump' },
			{ id: 9 },
			{ waitsForRows: true },
		],
		...[{ text: '/* x */ (SELECT 1)' }, { command: 'Killed' }, { command: 'Sleep', text: '', transactionSeconds: 99 }],
	];
	for (const more of spared) expect(killed(more), JSON.stringify(more)).toBe(0);
	// Where the lock waits for those who only read, as in MySQL, they are in its way.
	const behindReads = (more: Partial<Activity>) => blockersOf([{ ...someone, ...more }]).filter((each) => mayBeKilled(each, true)).length;
	expect(
		[{ text: 'SELECT 1' }, { text: 'SELECT 1', seconds: 9 }, { command: 'Sleep', text: '', transactionSeconds: 99 }].map(behindReads),
	).toEqual([1, 0, 0]);
	expect(killed({ text: 'SELECT 1 FROM t FOR UPDATE' })).toBe(1);
	expect(killed({ command: 'Sleep', text: '', locked: ['a.t'] })).toBe(1);
	expect(killed({ command: 'Sleep', text: '', seconds: 0, transactionSeconds: 30, blocks: 1 })).toBe(1);
	const [seen] = blockersOf([someone]);
	if (seen === undefined) throw new Error('nobody');
	expect(stillTheSame(seen, { ...seen, seconds: 21 })).toBe(true);
	for (const more of [{ seconds: 3 }, { text: 'UPDATE u' }, { user: 'other' }])
		expect(stillTheSame(seen, { ...seen, ...more })).toBe(false);
});

test('a rate is measured only where a backup like it held enough', () => {
	const before = { heldMs: 60_000, dataBytes: 1e9, compress: 'zstd', engine: 'vendor' } as const;
	expect(predictHeld(2e9, { compress: 'zstd', engine: 'vendor' }, [before])).toEqual({ ms: 120_000, measured: true, lastMs: 60_000 });
	expect(predictHeld(2e9, { compress: 'gzip', engine: 'vendor' }, [before]).measured).toBe(false);
	expect(predictHeld(5e9, { compress: 'zstd', engine: 'vendor' }, [before]).measured).toBe(false);
});

test('the lock has a limit by default, chosen from the prediction; 0 is none', () => {
	const limit = (ms: number, measured: boolean) => lockLimit('auto', { ms, measured, lastMs: null });
	expect([limit(1_000, true), limit(240_000, true), limit(240_000, false)]).toEqual([300, 720, 1440]);
	expect([lockLimit(null, { ms: 1, measured: true, lastMs: 1 }), lockLimit(5, { ms: 9e9, measured: true, lastMs: 1 })]).toEqual([null, 5]);
});

test('every channel has its statement in change-source.sql, and positions of several are one', () => {
	const place = { host: 'a', port: 1, file: 'l.1', pos: 4, gtid: '0-1-9,7-2-3' };
	const position = {
		source: place,
		sources: [
			{ name: '', ...place },
			{ name: "q'", ...place, host: 'b' },
		],
		self: null,
	};
	const text = changeSourceSql(
		{ id: 'x', server: { flavor: 'mariadb', host: 'c', port: 3 }, position } as never as Manifest,
		mariadb.byHand,
	);
	expect(text).toContain('\nCHANGE MASTER TO\n');
	expect(text).toContain("\nCHANGE MASTER 'q\\'' TO\n");
	expect(text).toContain("\nSET GLOBAL gtid_slave_pos = '0-1-9,7-2-3';\nSTART SLAVE;\nSTART SLAVE 'q\\'';\n");
	expect(mariadb.positions.union(['0-1-9,7-2-1', '7-2-3', ''])).toBe('0-1-9,7-2-3');
	const [a, b] = ['4be10f82-e5d5-11f1-a2a5-02fc00000001', '4be10f82-e5d5-11f1-a2a5-02fc00000002'];
	const sets = {
		source: { ...place, gtid: `${a}:1-9,${b}:1-3` },
		sources: position.sources.map((each) => ({ ...each, gtid: `${a}:1-9,${b}:1-3` })),
		self: null,
	};
	const other = changeSourceSql(
		{ id: 'x', server: { flavor: 'mysql', host: 'c', port: 3 }, position: sets } as never as Manifest,
		mysqlByHand,
	);
	expect(other).toContain('SOURCE_AUTO_POSITION = 1;\nCHANGE REPLICATION SOURCE TO\n');
	expect(other).toContain("SOURCE_AUTO_POSITION = 1 FOR CHANNEL 'q\\'';\n");
	expect(other).toContain(`\nSET GLOBAL gtid_purged = '${a}:1-9,${b}:1-3';\nSTART REPLICA;\nSTART REPLICA FOR CHANNEL 'q\\'';\n`);
	expect(mysql.positions.union([`${a}:1-5`, `${a}:6-9,${b}:1-3`, ''])).toBe(`${a}:1-9,${b}:1-3`);
});
