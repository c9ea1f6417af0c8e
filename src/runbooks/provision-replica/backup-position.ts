import type { LogPosition, Manifest } from '../../archive/manifest.ts';
import { type Check, must, note, warning } from '../../core/check.ts';
import type { Observed, ReadContext, Step } from '../../core/step.ts';
import type { Identity } from '../../dialects/contract/identity.ts';
import { some } from '../shared/server.ts';
import type { SeedOutput } from './env.ts';
import type { FromBackupEnv } from './on-replica.ts';

type Facts = {
	/** Where a replica with the backup's data starts; null where the backup does not tell. */
	readonly gtid: string | null;
	/** Why it is one of this primary, in words; null where that cannot be shown. */
	readonly ours: string | null;
	/** What of it the primary has never written. */
	readonly unknown: string;
	/** What is in no log of the primary any more. */
	readonly purged: string;
	readonly databases: readonly string[];
};

const LOOPBACK = new Set(['localhost', '127.0.0.1', '::1']);

/** Whether the backup is one of this very server. */
function isSelf({ server }: Manifest, identity: Identity, port: number): boolean {
	if (server.server_uuid !== null || identity.serverUuid !== null) return server.server_uuid === identity.serverUuid;
	return server.server_id === identity.serverId && server.hostname === identity.hostname && server.port === port;
}

/** Whether the server that was backed up named the primary as its source; a machine of its own it calls by that machine's name, or not. */
function isSource({ server, position: { source } }: Manifest, at: FromBackupEnv, identity: Identity): boolean {
	if (source === null) return false;
	const places = [at.source, at.primary, { host: identity.hostname, port: at.primary.port }];
	const host = LOOPBACK.has(source.host) ? server.hostname : source.host;
	return places.some((each) => each.port === source.port && (LOOPBACK.has(each.host) ? identity.hostname : each.host) === host);
}

const sorted = (gtid: string): string =>
	gtid
		.split(',')
		.map((part) => part.trim())
		.toSorted()
		.join(',');

/** The position that counts, and what shows that it is this primary's. */
async function positionOf(
	at: FromBackupEnv & ReadContext,
	identity: Identity,
): Promise<{ readonly place: LogPosition | null; readonly ours: string | null }> {
	const { manifest, primary, runQuery } = at;
	const { self, source } = manifest.position;
	const { positions } = primary.dialect;
	if (isSelf(manifest, identity, primary.port)) return { place: self, ours: 'it is of this primary' };
	const place = source ?? self;
	if (place === null) return { place, ours: null };
	if (isSource(manifest, at, identity)) return { place, ours: 'the server that was backed up replicated from it' };
	if (positions.at === null) return { place, ours: place.gtid === null || place.gtid === '' ? null : 'its transactions are the primary’s' };
	if (place.file === null || place.pos === null || !place.gtid) return { place, ours: null };
	const there = await runQuery('primary', positions.at(place.file, place.pos)).catch(() => null);
	return { place, ours: there !== null && sorted(there) === sorted(place.gtid) ? 'the primary’s log has it at the same place' : null };
}

/** In the place of a copy: what the restore's steps loaded is of a moment that the backup names. */
export const backupPosition: Step<FromBackupEnv, Facts, SeedOutput> = {
	id: 'seed',
	title: 'Take the backup’s position',
	why: 'A backup names the moment of its data: where the replica that it was taken of stood in the primary’s log, or where the primary itself stood. From there on the new replica asks the primary for everything; so that must be this primary’s own position, and all that came after it must still be in its binary logs. Otherwise replication would stop with error 1236 after hours of loading: it is checked before anything changes, and once more now.',
	async inspect(at) {
		const { primary, runQuery } = at;
		const { positions, identity, catalogue } = primary.dialect;
		const { place, ours } = await positionOf(at, await runQuery('primary', identity));
		const gtid = place?.gtid ?? null;
		// Of another kind's position it could not even tell.
		const sameKind = at.manifest.server.flavor === primary.dialect.id;
		return {
			gtid,
			ours,
			unknown: gtid === null || !sameKind ? '' : await runQuery('primary', positions.unknown(gtid)),
			purged: await positions.purged((query) => runQuery('primary', query)),
			databases: await runQuery('primary', catalogue.databases),
		};
	},
	checks({ manifest, primary, replica, facts }: FromBackupEnv & Observed<Facts>): readonly Check[] {
		const { positions, hints } = primary.dialect;
		const { gtid, ours, unknown, purged } = facts;
		const otherwise = 'Or copy by the stream, which needs no backup:  --seed dump';
		const of = `${manifest.server.host}:${manifest.server.port} (${manifest.server.hostname})`;
		const followed =
			manifest.position.source === null ? '' : `, which replicated from ${manifest.position.source.host}:${manifest.position.source.port}`;
		if (manifest.server.flavor !== primary.dialect.id) return [];
		const checks: Check[] = [
			must('SEED-POSITION', { pass: 'The backup names a position', fail: 'The backup names no position' }, gtid !== null, {
				expected: 'a GTID position, of the server or of its source',
				wrong: 'it has none: the server that was backed up wrote no binary log and was not a replica',
				hints: ['Take another backup, of the primary or of a replica of it.', otherwise],
			}),
		];
		if (gtid === null) return checks;
		checks.push(
			must(
				'SEED-PRIMARY',
				{ pass: 'The backup is of this primary’s data', fail: 'The backup is not of this primary’s data' },
				ours !== null && unknown === '',
				{
					expected: `a backup of ${primary.name}, or of a replica of it`,
					found: ours ?? '',
					wrong:
						unknown === ''
							? `it is of ${of}${followed}, and nothing shows that its position ${gtid || '(empty)'} is one of ${primary.name}`
							: `it is of ${of}${followed}: ${primary.name} has never written ${unknown}`,
					hints: [
						'Take another backup, of this primary or of a replica of it; or give the primary that it belongs to with --primary.',
						otherwise,
					],
				},
			),
			must(
				'SEED-LOGS',
				{
					pass: 'What came after the backup is still in the primary’s binary logs',
					fail: 'What came after the backup is no longer in the primary’s binary logs',
				},
				positions.contains(gtid, purged),
				{
					expected: `nothing purged beyond ${gtid || '(empty)'}`,
					found: 'yes',
					wrong: `purged up to ${purged}: the replica could never get what is between (error 1236)`,
					hints: [
						'Take a newer backup; have the primary keep its binary logs for longer than the time between two of them.',
						...hints.retention,
						otherwise,
					],
				},
			),
			must(
				'SEED-WHOLE',
				{ pass: 'No table was left out of the backup', fail: 'Some tables were left out of the backup' },
				manifest.dump.ignored_tables.length === 0,
				{
					wrong: `without ${some(manifest.dump.ignored_tables)}: replication would stop at the first change to them`,
					hints: ['Take a backup without --ignore-table.', otherwise],
				},
			),
			must(
				'SEED-ACCOUNTS',
				{ pass: 'The backup holds the accounts', fail: 'The backup holds no accounts' },
				manifest.files.some((file) => file.kind === 'accounts'),
				{
					wrong: 'it has none: replication would stop at the first change to one that the replica lacks (error 1396)',
					hints: ['Take another backup.', otherwise],
				},
			),
		);
		const lacking = facts.databases.filter((name) => !manifest.dump.databases.includes(name));
		if (lacking.length > 0)
			checks.push(
				warning('SEED-DATABASES', 'The backup lacks databases of the primary', {
					wrong: `not in it: ${some(lacking)}. What was made since then comes through replication; one that was left out (--databases) does not, and replication stops there`,
				}),
			);
		checks.push(note('SEED-START', `${replica.name} will start from ${gtid || 'the first log'}`, ours ?? ''));
		return checks;
	},
	plan: () => [],
	async run({ manifest, facts, outputs }) {
		const proven = outputs.prove as { readonly tables: number; readonly rows: number } | undefined;
		return {
			gtid: facts.gtid ?? '',
			databases: manifest.dump.databases,
			tables: proven?.tables ?? manifest.totals.tables,
			rows: proven?.rows ?? null,
			rawBytes: manifest.totals.raw_bytes,
		};
	},
	previewOutput: { gtid: '<the position of the backup>', databases: [], tables: -1, rows: 0, rawBytes: 0 },
};
