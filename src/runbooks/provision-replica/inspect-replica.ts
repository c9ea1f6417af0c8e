import { type Check, must, note, should } from '../../core/check.ts';
import { bytes } from '../../core/format.ts';
import type { Step } from '../../core/step.ts';
import type { Gap } from '../../dialects/common/gaps.ts';
import type { Identity } from '../../dialects/contract/identity.ts';
import type { Channel } from '../../dialects/contract/replication.ts';
import { compareSeries } from '../../dialects/series.ts';
import { applierGaps, gapChecks } from '../shared/gaps.ts';
import { freeBytesOf, readIdentity, requirePrivileges } from '../shared/inspect.ts';
import { readOnlyDatabases, writableCheck } from '../shared/read-only-databases.ts';
import { privilegeCheck, type Server, titleOf } from '../shared/server.ts';
import { type ProvisionEnv, seeded } from './env.ts';
import { distrusts, type Fits, inspectFits, primaryFits, replicaFits } from './fits.ts';

export type ReplicaFacts = {
	readonly identity: Identity;
	readonly held: readonly string[];
	readonly primary: {
		readonly serverId: number;
		readonly series: string;
		readonly dataDir: string;
		readonly hostname: string;
		readonly bytes: number;
		readonly databases: readonly string[];
	};
	readonly databases: readonly string[];
	/** Databases of it that no client may change, nor drop. */
	readonly readOnly?: readonly string[];
	readonly channels: readonly Channel[];
	/** What it would leave out of the primary's changes. */
	readonly gaps: readonly Gap[];
	/** Replicas of its own. */
	readonly replicas: readonly string[];
	readonly fits: Fits;
	/** Bytes free where its data is; null where that cannot be seen from here. */
	readonly freeBytes: number | null;
};

/** `code`: functions and triggers come to a server that does not trust those who create them. */
function privilegesOf(replica: Server, identity: Identity, held: readonly string[], code: boolean): Check {
	const { needs } = replica.dialect.privileges;
	return privilegeCheck('REPLICA-PRIVILEGES', replica, identity.account, {
		held,
		needed: [...needs.provisionReplica, ...(identity.eventScheduler === 'ON' ? needs.eventScheduler : []), ...(code ? needs.code : [])],
	});
}

const placeOf = ({ host, port }: { readonly host: string; readonly port: number }): string => `${host}:${port}`;

export const inspectReplica: Step<ProvisionEnv, ReplicaFacts, null> = {
	id: 'inspect-replica',
	title: 'Check the replica',
	why: 'A replica must not be older than its primary, needs a server id of its own and room for the data. If it holds data or replicates already, that would be lost: its name must be typed first.',
	async inspect({ primary, replica, clone, backup, runQuery, folderFacts }) {
		const { identity, held } = await readIdentity(replica, runQuery, 'replica');
		// Without them the other looks cannot even be taken, and all that are missing are to be named at once.
		const settings = new Map(await runQuery('replica', replica.dialect.catalogue.variables));
		const distrusting = identity.binaryLog && !/^(ON|1)$/i.test(settings.get('log_bin_trust_function_creators') ?? '');
		const code = clone === undefined && distrusting && (await runQuery('primary', primary.dialect.fits.code)) > 0;
		requirePrivileges(privilegesOf(replica, identity, held, code));
		const source = await runQuery('primary', primary.dialect.identity);
		const tables = await runQuery('primary', primary.dialect.catalogue.tables);
		return {
			identity,
			held,
			primary: {
				serverId: source.serverId,
				series: source.series,
				dataDir: source.dataDir,
				hostname: source.hostname,
				bytes: tables.reduce((sum, table) => sum + table.bytes, 0),
				databases: await runQuery('primary', primary.dialect.catalogue.databases),
			},
			databases: await runQuery('replica', replica.dialect.catalogue.databases),
			readOnly: await readOnlyDatabases(replica, runQuery, 'replica'),
			channels: await runQuery('replica', replica.dialect.channel.status),
			// Those of a channel that is there go with it.
			replicas: (await runQuery('replica', replica.dialect.channel.connected)).map(
				({ user, host }) => `${user}@${host.replace(/:\d+$/, '')}`,
			),
			fits: await inspectFits({ primary, replica, dumps: clone === undefined && backup === undefined }, { runQuery }),
			gaps: await applierGaps(replica, [], runQuery, 'replica'),
			freeBytes: await freeBytesOf(replica, identity, folderFacts),
		};
	},
	checks({ primary, replica, facts, ...env }) {
		const { identity } = facts;
		const { hints, terms, features } = replica.dialect;
		const same =
			facts.primary.serverId === identity.serverId &&
			facts.primary.hostname === identity.hostname &&
			facts.primary.dataDir === identity.dataDir;
		const sameKind = primary.dialect.id === replica.dialect.id;
		const room = facts.primary.bytes * 1.5 + 64 * 1024 ** 2;
		const checks: Check[] = [
			...(sameKind ? primaryFits(facts.fits, env.tls) : []),
			note(
				'REPLICA',
				`${replica.name} is ${titleOf(replica, identity)}`,
				facts.databases.length === 0 ? 'empty' : `${facts.databases.length} databases`,
			),
			privilegesOf(replica, identity, facts.held, facts.fits.code > 0 && distrusts(facts.fits) && env.clone === undefined),
			must('REPLICA-OTHER', { pass: 'Primary and replica are two servers', fail: 'Primary and replica are one server' }, !same, {
				expected: 'two servers',
				wrong: 'both addresses lead to the same one',
				hints: ['Check --primary and --replica.'],
			}),
			must('REPLICA-KIND', { pass: 'Both servers are of the same kind', fail: 'The two servers are of different kinds' }, sameKind, {
				expected: primary.dialect.title,
				found: replica.dialect.title,
				hints: [`A ${replica.dialect.title} server cannot be a replica of a ${primary.dialect.title} primary: take one of the same kind.`],
			}),
			// Versions of two kinds have nothing to do with each other.
			...(sameKind
				? [
						must(
							'REPLICA-VERSION',
							{ pass: 'The replica is not older than the primary', fail: 'The replica is older than the primary' },
							compareSeries(identity.series, facts.primary.series) >= 0,
							{
								expected: `${facts.primary.series} or newer`,
								found: identity.series,
								hints: ['Upgrade the replica, or take another server.'],
							},
						),
					]
				: []),
			must(
				'REPLICA-SERVER-ID',
				{ pass: 'The server ids differ', fail: 'Both servers have the same server id' },
				same || facts.primary.serverId !== identity.serverId,
				{
					expected: `another one than the primary’s ${facts.primary.serverId}`,
					wrong: `both are ${identity.serverId}`,
					hints: hints.replicaId(identity.serverId + 1),
				},
			),
			must(
				'REPLICA-CHANNELS',
				{ pass: 'The replica has no named channels', fail: 'The replica has named channels' },
				facts.channels.every((channel) => channel.name === ''),
				{
					wrong: `it replicates from several sources: ${facts.channels.map((channel) => channel.name || 'default').join(', ')}`,
					hints: facts.channels.filter((channel) => channel.name !== '').map((channel) => hints.namedChannel(channel.name)),
				},
			),
			facts.freeBytes === null
				? note(
						'REPLICA-DISK',
						'Free space on the replica cannot be seen from here',
						`about ${bytes(room)} will be needed in ${identity.dataDir}`,
					)
				: must(
						'REPLICA-DISK',
						{ pass: 'The replica has room for the data', fail: 'The replica has too little room for the data' },
						facts.freeBytes >= room || seeded(env) !== undefined,
						{
							expected: `~${bytes(room)} free in ${identity.dataDir}`,
							found: bytes(facts.freeBytes),
							hints: ['Free some space there, or take a server with a larger disk.'],
						},
					),
			should(
				'REPLICA-BINLOG',
				{ pass: 'The replica logs what it replicates', fail: 'The replica does not log what it replicates' },
				identity.binaryLog && identity.logsReplicaUpdates,
				{
					wrong: `log_bin and ${terms.logsReplicaUpdates} are not both on: others cannot follow it, and its own GTIDs cannot be compared`,
					hints: ['See the option file’s lines in the plan.'],
				},
			),
			features.gtidOptional
				? must('REPLICA-GTID', { pass: 'The replica has GTIDs', fail: 'The replica has no GTIDs' }, identity.gtidStrict, {
						expected: terms.gtidStrict,
						wrong: 'not both on: it could not ask for what is missing',
						hints: hints.strict,
					})
				: should(
						'REPLICA-STRICT',
						{
							pass: 'The replica refuses writes that do not come from the primary’s log',
							fail: 'The replica takes writes that do not come from the primary’s log',
						},
						identity.gtidStrict,
						{
							wrong: `${terms.gtidStrict} is off: a stray local write would go unnoticed`,
							hints: hints.strict,
						},
					),
			should(
				'REPLICA-HALT',
				{ pass: 'The replica survives a crash', fail: 'The replica may not survive a crash' },
				identity.syncBinlog === 1 && identity.flushLogAtCommit === 1,
				{
					wrong: `sync_binlog = ${identity.syncBinlog}, innodb_flush_log_at_trx_commit = ${identity.flushLogAtCommit}: a power cut may lose its position`,
					hints: ['Set both to 1 (see the option file’s lines in the plan).'],
				},
			),
			...(sameKind ? replicaFits(facts.fits, env.clone === undefined ? 'all' : 'accounts') : []),
			...(env.clone === undefined
				? writableCheck('REPLICA-DATABASES', replica, seeded(env) === undefined ? (facts.readOnly ?? []) : [])
				: []),
			...gapChecks(
				'REPLICA-FILTERS',
				{ pass: 'The replica applies all changes', fail: 'The replica would leave out changes' },
				facts.gaps,
				'no replication filter, no error passed over',
			),
		];
		return checks;
	},
	consents({ replica, source, facts, origin, backup, outputs }) {
		// What an interrupted run of ours copied is not asked about again; what anybody else put there since is.
		const ours = [...facts.primary.databases, ...(outputs['clear-replica'] === undefined ? [] : (backup?.databases ?? []))];
		const foreign = facts.databases.filter((name) => origin.databases.includes(name) || !ours.includes(name));
		const before = origin.channels.map(placeOf);
		const channels = facts.channels.filter((channel) => before.includes(placeOf(channel)) || placeOf(channel) !== placeOf(source));
		const affected = [...foreign.map((name) => `database ${name}`), ...channels.map((channel) => `replication from ${placeOf(channel)}`)];
		const followers = facts.replicas ?? [];
		return [
			...(affected.length === 0
				? []
				: [{ name: replica.name, reason: `${replica.name} is not empty: all of this will be gone`, affected }]),
			// Also while this run is being resumed: they stand still, or differ, from then on.
			...(followers.length === 0
				? []
				: [
						{
							name: replica.name,
							reason: `${replica.name} has replicas of its own: its data and its binary log are replaced under them, and they must be seeded again`,
							affected: followers.map((who) => `replica ${who}`),
						},
					]),
		];
	},
	plan: () => [],
};
