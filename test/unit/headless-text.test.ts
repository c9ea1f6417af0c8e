import { describe, expect, test } from 'vitest';
import type { Recorded, RunEvent } from '../../src/core/events.ts';
import { fold, NOTHING_YET } from '../../src/core/state.ts';
import { renderFailure } from '../../src/render/failure.ts';
import { renderReview } from '../../src/render/review.ts';
import { renderSummary } from '../../src/render/summary.ts';
import { textPrinter } from '../../src/render/text-printer.ts';
import { CANARY, collector, FAILURE, failedChecks, firstHalf, opening, progressAt, recorder, review, secondHalf } from '../ui/story.ts';

const recordAll = (events: readonly RunEvent[]): Recorded[] => {
	const record = recorder();
	return events.map((event) => record(event, event.type === 'progress' ? 4000 : 100));
};
const journey = (kind: 'backup' | 'provision') =>
	recordAll([...opening(kind), { type: 'reviewed', go: true, typed: [] }, ...firstHalf(kind), ...secondHalf(kind)]);

function printed(events: readonly Recorded[], options: Partial<Parameters<typeof textPrinter>[0]> = {}): string[] {
	const { out, text } = collector();
	const print = textPrinter({ out, color: false, quiet: false, verbose: false, ascii: false, ...options });
	for (const event of events) print(event);
	return text().split('\n').slice(0, -1);
}

describe('the text printer', () => {
	test('prints a backup as one line a happening', () => {
		expect(printed(journey('backup'))).toEqual([
			'02:00:00 Locked dump of db3-backup  server db3-backup',
			'02:00:00   ▲ 2 tables use Aria: consistent only thanks to the lock  shop.log, shop.session',
			'02:00:00 ✓ Check the server  0.4 s',
			'02:00:01 ▸ Dump under the lock',
			'02:00:01   ▲ READ LOCK HELD on db3-backup since 02:00:01 UTC: replication waits, reads continue',
			'02:00:13   19 %, 8.0 GiB / ~42.1 GiB, 116.9 MiB/s, table 41 of 212, shop.orders, left ~5:01, lock held 1:10, lag 70 s, 1710 transactions queued',
			'02:00:17   22 %, 9.3 GiB / ~42.1 GiB, 103.3 MiB/s, table 47 of 212, shop.order_items, left ~4:50, lock held 1:22, lag 81 s, 1980 transactions queued',
			'02:00:21   31 %, 13.1 GiB / ~42.1 GiB, 76.7 MiB/s, table 66 of 212, shop.order_items, left ~4:16, lock held 1:55, lag 115 s, 2790 transactions queued',
			'02:00:25   99 %, 42.1 GiB / ~42.1 GiB, 109.0 MiB/s, table 212 of 212, shop.order_items, left ~0:00, lock held 6:12, lag 372 s, 9000 transactions queued',
			'02:00:25   · Read lock on db3-backup released',
			'02:00:25 ✓ Dump under the lock  6:12',
			'02:00:26 ✓ Checksums, manifest, publish  0.4 s',
		]);
	});

	test('prints statements when verbose, never a secret', () => {
		const lines = printed(journey('provision'), { verbose: true }).join('\n');
		expect(lines).toContain("primary  CREATE USER 'repl'@'10.0.0.3' IDENTIFIED BY '********' REQUIRE SSL");
		expect(lines).not.toContain(CANARY);
	});

	test('quiet leaves only what needs attention', () => {
		expect(printed(journey('backup'), { quiet: true })).toEqual([
			'02:00:00   ▲ 2 tables use Aria: consistent only thanks to the lock  shop.log, shop.session',
		]);
	});

	test('says once what a step waits for', () => {
		const record = recorder();
		const wait = { on: 'server', text: 'SELECT 1', since: '2026-11-21T02:00:00.000Z' };
		const [started] = opening('backup');
		if (started === undefined) throw new Error('no beginning');
		const waits = [wait, null, wait].map((each): RunEvent => ({ type: 'waiting', step: 'dump', wait: each }));
		const lines = printed([started, ...waits].map((event) => record(event)));
		expect(lines.slice(1)).toEqual(['02:00:00   Waiting for db3-backup: SELECT 1']);
	});

	test('prints progress that stands still every 30 s', () => {
		const record = recorder();
		const events = Array.from({ length: 100 }, () => record({ type: 'progress', step: 'dump', progress: progressAt(0.42) }, 1000));
		expect(printed(events)).toHaveLength(4);
	});

	test('prints what is rolled back, and what is not', () => {
		const lines = printed(
			recordAll([
				...opening('backup'),
				{ type: 'undo-started', steps: ['dump'] },
				{ type: 'undo-done', left: ['server: SET GLOBAL read_only = OFF'], foreign: [], kept: false },
			]),
			{ ascii: true },
		);
		expect(lines.slice(-2)).toEqual([
			'02:00:00 < Rolling back: Dump under the lock',
			'02:00:00 x Not rolled back: server: SET GLOBAL read_only = OFF',
		]);
	});

	test('lets no control sequence of a server through', () => {
		const lines = printed(recordAll([{ type: 'note', step: null, level: 'note', text: 'a\x1b[2Jb\x1b]0;evil\x07c\x9b31md' }]));
		expect(lines.join('')).not.toMatch(/[\x00-\x1f\x7f-\x9f]/);
	});
});

describe('a plan as text', () => {
	const consent = { name: 'db3-backup', reason: 'db3-backup holds data that will be replaced.', affected: ['shop', 'crm'] };

	test('has every statement whole, by step and place, what is typed, and the checks', () => {
		const text = renderReview(review('provision', [consent], failedChecks), {
			width: 80,
			color: false,
			servers: { primary: 'db1', replica: 'db3-backup' },
		});
		for (const part of [
			"CREATE USER 'repl'@'10.0.0.3' IDENTIFIED BY '********' REQUIRE SSL",
			'mariadb-dump --defaults-extra-file=/dev/fd/3 --single-transaction --all-databases | mariadb --defaults-extra-file=/dev/fd/3',
			'on primary db1',
			'on replica db3-backup',
			'by hand, by you',
			'read_only = ON',
			'--confirm db3-backup',
			"GRANT RELOAD, REPLICATION CLIENT ON *.* TO 'backup'@'10.%';",
			'3 passed, 1 warning, 1 failed',
		])
			expect(text).toContain(part);
		expect(text.indexOf('CREATE USER')).toBeLessThan(text.indexOf('START SLAVE'));
		expect(text).not.toContain(CANARY);
		expect(text).not.toContain('\x1b');
	});
});

describe('a failure', () => {
	test('says what, why, the state, what to do, and the server’s message', () => {
		expect(renderFailure(FAILURE, { width: 80, color: false }).split('\n')).toEqual([
			'✗ The stream from db1 to db3-backup broke off.',
			'  why    The replica ran out of space.',
			'  state  Its steps and its journal show what the run changed.',
			'',
			'  What to do',
			'    Free space on db3-backup, then try again.',
			'    df -h /var/lib/mysql',
			'',
			"    ERROR 1114 (HY000) at line 812: The table 'orders' is full",
		]);
	});

	test('lists every failed check with its hints, and what is left', () => {
		const text = renderFailure(
			{
				class: 'LeftChanged',
				step: null,
				description: { message: 'Not as it was.' },
				checks: failedChecks.slice(0, 1),
				left: ['server: SET GLOBAL read_only = OFF'],
			},
			{ width: 80, color: true },
		);
		expect(text).toContain('\x1b[36mserver: SET GLOBAL read_only = OFF');
		expect(text).toContain('GRANT RELOAD');
		expect(text).toContain('CHANGED');
	});
});

describe('a summary', () => {
	const summed = (kind: 'backup' | 'provision') => {
		const events = journey(kind);
		const state = events.reduce(fold, NOTHING_YET);
		if (state.end === null) throw new Error('the story has no end');
		return renderSummary(state.end, state, { width: 80, color: false, next: ['lockstep status'] });
	};

	test('of a backup', () => {
		expect(summed('backup').split('\n')).toEqual([
			'✓ Backup complete: /srv/backup/db3-backup/20261121T020000Z',
			'  6 databases, 212 tables, 42.1 GiB -> 10.0 GiB zstd, 6:12 (115.6 MiB/s)',
			'  Read lock held 5:58 · replication caught up 41 s after unlock',
			'  Position of db1:3306: mysql-bin.000213:88112  gtid 0-1-84213',
			'  Its own position: db3-bin.000007:342  gtid 0-1-84213',
			'  Consistency: FLUSH TABLES WITH READ LOCK',
			'  Checksums ok · all dump files complete · not yet test-restored',
			'Next:  lockstep status',
		]);
	});

	test('of a new replica', () => {
		expect(summed('provision')).toContain("Account 'repl'@'10.0.0.3', encrypted, as the primary sees it");
	});

	test('bears it that fields are missing', () => {
		const end = {
			type: 'run-ended',
			outcome: 'done',
			open: false,
			warnings: ['look at this'],
			failure: null,
			summary: { backup: '/b' },
		} as const;
		expect(renderSummary(end, NOTHING_YET, { width: 80, color: false }).split('\n')).toEqual([
			'✓ Backup complete: /b',
			'  Checksums ok · all dump files complete · not yet test-restored',
			'  ▲ look at this',
		]);
	});
});
