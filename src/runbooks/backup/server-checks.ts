import { type Check, must, note, should, warning } from '../../core/check.ts';
import { bytes, duration, plural } from '../../core/format.ts';
import type { Channel } from '../../dialects/contract/replication.ts';
import { describeGap } from '../shared/gaps.ts';
import { type Server, some } from '../shared/server.ts';
import { describeBlocker, holdsUp, isLong, worthWaitingFor } from './blockers.ts';
import type { BackupEnv } from './env.ts';
import { mayGuard } from './guard.ts';
import type { ServerFacts } from './inspect-server.ts';
import { describePrediction, predictLock } from './prediction.ts';

const RELAY_RESERVE = 32 * 1024 ** 2;

/** How a replica stands with its sources. */
export function replicationChecks({ identity, channels, dataFolder, gaps }: ServerFacts): Check[] {
	const checks: Check[] = [];
	if (channels.length > 0 && dataFolder !== null)
		checks.push(
			must(
				'RELAY-SPACE',
				{
					pass: 'There is room for the relay logs that grow meanwhile',
					fail: 'There is too little room for the relay logs that grow meanwhile',
				},
				!dataFolder.exists || dataFolder.freeBytes >= RELAY_RESERVE,
				{
					expected: `${bytes(RELAY_RESERVE)} at least in ${identity.dataDir}`,
					found: bytes(dataFolder.freeBytes),
					hints: ['Free some space there first: a full disk would stop replication.'],
				},
			),
		);
	checks.push(...channels.map((channel) => replicates(channel, channels.length > 1)));
	if (gaps.length > 0)
		checks.push(
			warning('PARTIAL', 'The replica leaves out changes of its source, and so does the backup', {
				wrong: gaps.map(describeGap).join('; '),
				hints: [...gaps.flatMap(({ hints }) => hints), 'What is missing already comes only with another copy:  lockstep provision'],
			}),
		);
	for (const channel of channels.filter((each) => each.delaySeconds > 0))
		checks.push(
			note(
				'DELAYED',
				`${channels.length > 1 ? `Channel ${channel.name || 'default'}` : 'This replica'} is delayed on purpose`,
				`the backup is of ${duration(channel.delaySeconds * 1000)} ago, and it is not waited for at the end`,
			),
		);
	if (channels.length > 0 && identity.readOnly === 'OFF')
		checks.push(note('WRITABLE', 'This replica is not read-only', 'clients that write to it will wait'));
	if (channels.length > 1) checks.push(note('CHANNELS', `It replicates from ${channels.length} sources`, 'the positions of all are noted'));
	return checks;
}

/** What of the server's data is not in the backup, or is only thanks to the lock. */
export function dataChecks({ strayFolders, elsewhere, withoutSnapshots }: ServerFacts): Check[] {
	const checks: Check[] = [];
	if (strayFolders.length > 0)
		checks.push(note('STRAY-FOLDERS', 'Folders among its data that are no databases are left out', some(strayFolders)));
	if (elsewhere.length > 0)
		checks.push(
			warning('ROWS-ELSEWHERE', 'Some tables do not hold their own rows', {
				found: `rows of ${plural(elsewhere.length, 'table')} are stored elsewhere and are not in the backup: ${some(elsewhere)}`,
				hints: ['Their definitions are in it. Back up the tables, or the server, that hold those rows.'],
			}),
		);
	if (withoutSnapshots.length > 0)
		checks.push(note('ENGINES', 'Tables without snapshots: consistent only thanks to the lock', some(withoutSnapshots)));
	return checks;
}

/** What waits while rows are read after the lock. */
export function guardNote(server: Server, { held }: ServerFacts): Check {
	const one = server.dialect.locks.definitionsGuard;
	const all = mayGuard(server, held);
	return note(
		'DEFINITIONS-GUARD',
		'What waits while rows are read',
		all
			? 'statements that define tables, views, routines or accounts (CREATE, ALTER, DROP, RENAME, TRUNCATE); all other statements continue'
			: `ALTER, DROP, RENAME and TRUNCATE of the tables that are read, and later statements on such a table${one === null ? '' : ` (with ${one.privilege} only the former would wait)`}; all other statements continue`,
	);
}

/** Who would make the lock wait, or would wait for it, and what that means on this server. */
export function inTheWay({ server, longQueries, lockWaitSeconds }: BackupEnv, { blockers }: ServerFacts): Check {
	const { lockWaitsForReads } = server.dialect.features;
	const before = blockers.filter((each) => worthWaitingFor(each, lockWaitsForReads));
	// What they do is passed by, but their next COMMIT is not.
	const idle = blockers.filter((each) => each.how === 'idle' && isLong(each));
	const reads = blockers.filter((each) => each.how === 'reads' && isLong(each) && !holdsUp(each, lockWaitsForReads));
	const found = [
		...(before.length === 0 ? [] : [`the lock waits for: ${before.map(describeBlocker).join('; ')}`]),
		...(idle.length === 0 ? [] : [`its COMMIT will wait until the unlock: ${idle.map(describeBlocker).join('; ')}`]),
		...(reads.length === 0 ? [] : [`only reads, and the lock does not wait for it: ${reads.map(describeBlocker).join('; ')}`]),
	];
	const hints = {
		wait: `They are waited for, at most ${lockWaitSeconds} s (--lock-wait), without a lock that waits: no client queues behind it.`,
		abort: 'Try again when they are done, or see --long-queries wait and kill.',
		kill: 'Those that the lock waits for are killed when it is to be taken, if they are still at it.',
	}[longQueries];
	return {
		...must(
			'LONG-QUERIES',
			{ pass: 'No long-running statements', fail: 'Long-running statements are in the way of the lock' },
			before.length + idle.length === 0,
			{
				found: found.length === 0 ? 'none' : found.join(' · '),
				hints: [hints],
			},
		),
		...(before.length + idle.length > 0 && longQueries !== 'abort' ? { status: 'warning' as const } : {}),
	};
}

/** How long the lock will be held, and whether it may. */
export function lockTime(env: BackupEnv, { strategy, heldBytes: size }: ServerFacts): Check {
	const { maxLockSeconds } = env;
	const { predicted, limitSeconds: allowed, isInstant } = predictLock(env, strategy, size);
	const found = isInstant ? 'held for milliseconds' : describePrediction(predicted);
	if (typeof maxLockSeconds !== 'number') {
		const most =
			allowed === null
				? 'no limit (--max-lock-time 0)'
				: `at most ${duration(allowed * 1000)} (automatic; --max-lock-time DURATION sets it, 0 for no limit)`;
		return note('LOCK-TIME', 'How long the lock will be held', `${found}; ${most}`);
	}
	const limit = duration(maxLockSeconds * 1000);
	const check = must(
		'LOCK-TIME',
		{ pass: 'The lock will be held no longer than it may', fail: 'The lock would be held for longer than it may' },
		predicted.ms <= maxLockSeconds * 1000,
		{
			expected: `at most ${limit} (--max-lock-time)`,
			found,
			hints: [
				predicted.measured
					? 'Give it longer with --max-lock-time, or dump less at a time with --databases.'
					: `That is only assumed: after ${limit} the dump is stopped and the server freed.`,
			],
		},
	);
	return check.status === 'fail' && !predicted.measured ? { ...check, status: 'warning' } : check;
}

function replicates(channel: Channel, several: boolean): Check {
	const error = channel.sqlError ?? channel.ioError;
	const behind = channel.lagSeconds ? `, ${duration(channel.lagSeconds * 1000)} behind` : '';
	const subject = several ? `Channel ${channel.name || 'default'}` : 'The server';
	const from = several ? ` from ${channel.host}:${channel.port}` : '';
	const titles = { pass: `${subject} replicates${from}`, fail: `${subject} does not replicate${from}` };
	return should('REPLICATION', titles, channel.io === 'yes' && channel.sql === 'yes' && error === null, {
		found: error ?? `io ${channel.io}, sql ${channel.sql}${behind}`,
		hints: ['The backup will be of the moment at which replication stands.'],
	});
}
