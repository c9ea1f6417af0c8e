import { duration } from './format.ts';
import type { StatusReport } from './status-report.ts';

/** What a person expects of a server; what is left out may be anything. */
export interface Expected {
	/** `HOST:PORT` of its source, as the server itself names it. */
	readonly replicaOf?: string | undefined;
	readonly readOnly?: boolean | undefined;
	readonly maxLagSeconds?: number | undefined;
	/** Since its last complete backup. */
	readonly maxBackupAgeSeconds?: number | undefined;
}

/** Something that is expected of a server, and what is the case. */
export interface Expectation {
	readonly id: 'replica-of' | 'read-only' | 'lag' | 'backup-age';
	readonly expected: string;
	readonly found: string;
	readonly isMet: boolean;
}

type Seen = Pick<StatusReport, 'replication' | 'readOnly' | 'lastBackup'>;

const seconds = (value: number): string => duration(value * 1000);

function replicaOf(source: string, { replication }: Seen): Expectation {
	const sources = replication?.source.toLowerCase().split(', ') ?? [];
	return {
		id: 'replica-of',
		expected: `replica of ${source}`,
		found: replication === null ? 'not a replica' : `replica of ${replication.source}`,
		isMet: sources.includes(source.toLowerCase()),
	};
}

function lag(most: number, { replication }: Seen): Expectation {
	const now = replication?.lagSeconds ?? null;
	const found = replication === null ? 'not a replica' : 'lag unknown';
	return {
		id: 'lag',
		expected: `lag at most ${seconds(most)}`,
		found: now === null ? found : `lag ${seconds(now)}`,
		isMet: now !== null && now <= most,
	};
}

function backupAge(most: number, { lastBackup }: Seen, now: Date): Expectation {
	const age = lastBackup === null ? null : (now.getTime() - Date.parse(lastBackup.finished)) / 1000;
	return {
		id: 'backup-age',
		expected: `backup at most ${seconds(most)} old`,
		found: age === null ? 'no backup' : `last backup ${seconds(age)} old`,
		isMet: age !== null && age <= most,
	};
}

/** Each expectation, with whether it is met. What is not known meets none. Pure. */
export function checkExpectations(expected: Expected, seen: Seen, now: Date): readonly Expectation[] {
	const { replicaOf: source, readOnly, maxLagSeconds, maxBackupAgeSeconds } = expected;
	return [
		...(source === undefined ? [] : [replicaOf(source, seen)]),
		...(readOnly === undefined
			? []
			: [
					{
						id: 'read-only' as const,
						expected: readOnly ? 'read-only' : 'writable',
						found: seen.readOnly ? 'read-only' : 'writable',
						isMet: seen.readOnly === readOnly,
					},
				]),
		...(maxLagSeconds === undefined ? [] : [lag(maxLagSeconds, seen)]),
		...(maxBackupAgeSeconds === undefined ? [] : [backupAge(maxBackupAgeSeconds, seen, now)]),
	];
}

/** What is not as expected, in a sentence. */
export const unmetWords = ({ expected, found }: Expectation): string => `Not as expected: ${found} (expected: ${expected}).`;
