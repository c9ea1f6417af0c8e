import { type Check, must, note, should } from '../../core/check.ts';
import { bytes, plural } from '../../core/format.ts';
import { shellWord } from '../../core/shell.ts';
import type { Step } from '../../core/step.ts';
import type { Gap } from '../../dialects/common/gaps.ts';
import type { Identity } from '../../dialects/contract/identity.ts';
import type { Channel } from '../../dialects/contract/replication.ts';
import { seesPrepared } from '../backup/guard.ts';
import { applierGaps, describeGap, gapChecks, logGaps } from '../shared/gaps.ts';
import { findTool, readIdentity } from '../shared/inspect.ts';
import { preparedChecks, preparedThatStay } from '../shared/prepared.ts';
import { misledCheck, privilegeCheck, qualified, type Server, selectableCheck, some, titleOf } from '../shared/server.ts';
import type { ProvisionEnv } from './env.ts';

export type PrimaryFacts = {
	readonly identity: Identity;
	readonly held: readonly string[];
	readonly databases: number;
	/** Names of those that the dump tool cannot select. */
	readonly unselectable?: readonly string[];
	readonly tables: number;
	readonly bytes: number;
	/** Tables whose engine has no snapshots. */
	/** What the dump tool cannot be told. */
	readonly misledBy: readonly { readonly setting: string; readonly hint: string }[];
	readonly withoutSnapshots: readonly string[];
	readonly dumpTool: string | null;
	readonly client: string | null;
	/** Tools that go by their names and are not fit. */
	readonly unfit: readonly string[];
	/** XA transactions that stay prepared, null where the account may not see them. */
	readonly prepared: readonly string[] | null;
	/** Its own sources, where it is a replica itself. */
	readonly channels: readonly Channel[];
	/** What its binary log, and where it is a replica itself its applier, leaves out. */
	readonly gaps: { readonly log: readonly Gap[]; readonly applier: readonly Gap[] };
};

export const inspectPrimary: Step<ProvisionEnv, PrimaryFacts, null> = {
	id: 'inspect-primary',
	title: 'Check the primary',
	why: 'Everything that could stop this half-way is checked before anything changes: privileges, binary log, server id, TLS, and tables whose engine cannot show one moment to a reader while others write.',
	async inspect(at) {
		const { primary, replica, runQuery, tool } = at;
		const { dialect } = primary;
		const { identity, held } = await readIdentity(primary, runQuery, 'primary');
		// Without them it cannot be asked, and all that are missing are to be named at once.
		const maySee = dialect.privileges.missing(held, dialect.privileges.needs.provisionPrimary).length === 0;
		const channels = maySee ? await runQuery('primary', dialect.channel.status) : [];
		const tables = await runQuery('primary', dialect.catalogue.tables);
		const databases = await runQuery('primary', dialect.catalogue.databases);
		const dump = await findTool(tool, 'primary', dialect.tools.dumpForSeed('primary', [], { versioned: false }).names);
		const client = await findTool(tool, 'replica', replica.dialect.tools.load('replica').names);
		return {
			identity,
			held,
			databases: databases.length,
			unselectable: databases.filter((database) => dialect.tools.cannotSelect(database)),
			tables: tables.filter((table) => table.kind === 'table').length,
			bytes: tables.reduce((sum, table) => sum + table.bytes, 0),
			misledBy: await runQuery('primary', dialect.tools.misledBy),
			withoutSnapshots: tables
				.filter((table) => table.kind === 'table' && table.ownRows && !table.transactional && !table.inMemory)
				.map(qualified),
			dumpTool: dump.tool,
			client: client.tool,
			unfit: [...new Set([...dump.unfit, ...client.unfit])],
			channels,
			prepared: maySee && seesPrepared(primary, held) ? await preparedThatStay(at, 'primary', dialect) : null,
			gaps: {
				log: maySee ? await logGaps(primary, runQuery, 'primary') : [],
				applier: channels.length === 0 ? [] : await applierGaps(primary, channels, runQuery, 'primary'),
			},
		};
	},
	checks({ primary, replica, source, tls, facts, clone, backup }) {
		const dumps = clone === undefined && backup === undefined;
		const { identity } = facts;
		const { hints, terms, features } = primary.dialect;
		const { names } = primary.dialect.tools.dumpForSeed('primary', [], { versioned: false });
		const day = 86_400;
		const checks: Check[] = [
			...selectableCheck(primary, dumps ? (facts.unselectable ?? []) : [], [
				'Copy it from a backup by our own engine:  --seed BACKUP, made with lockstep backup --engine parallel',
			]),
			note(
				'PRIMARY',
				`${primary.name} is ${titleOf(primary, identity)}`,
				`${facts.databases} databases, ${facts.tables} tables, ~${bytes(facts.bytes)}`,
			),
			privilegeCheck('PRIMARY-PRIVILEGES', primary, identity.account, {
				held: facts.held,
				needed: [
					...primary.dialect.privileges.needs.provisionPrimary,
					...(facts.channels.length === 0 ? [] : primary.dialect.privileges.needs.unlogged),
				],
			}),
			must('PRIMARY-BINLOG', { pass: 'The primary writes a binary log', fail: 'The primary writes no binary log' }, identity.binaryLog, {
				expected: 'log_bin is on',
				wrong: 'it is off: there is nothing that a replica could follow',
				hints: hints.binaryLog,
			}),
			must('PRIMARY-NETWORK', { pass: 'A replica can reach the primary', fail: 'No replica can reach the primary' }, source.port > 0, {
				expected: 'a port',
				wrong: 'it takes connections over its socket only (skip_networking)',
				hints: [
					'In the primary’s option file:  remove skip_networking',
					'then restart the primary; or name another way to it:  --source HOST:PORT',
				],
			}),
			must('PRIMARY-SERVER-ID', { pass: 'The primary has a server id', fail: 'The primary has no server id' }, identity.serverId > 0, {
				expected: 'a server_id above 0',
				found: String(identity.serverId),
				hints: hints.primaryId,
			}),
		];
		checks.push(
			...preparedChecks(primary, identity.account, facts.prepared),
			...gapChecks(
				'PRIMARY-FILTERS',
				{ pass: 'The primary logs all changes', fail: 'The primary does not log all changes' },
				facts.gaps.log,
				'no filter of its binary log',
			),
			...chainChecks(primary, facts),
		);
		if (dumps) {
			checks.push(
				must(
					'PRIMARY-TOOLS',
					{
						pass: 'The vendor’s dump tool and client are on this machine',
						fail: 'The vendor’s dump tool or client is missing on this machine',
					},
					facts.dumpTool !== null && facts.client !== null,
					{
						expected: `${names.join(' or ')}, and ${replica.dialect.tools.load('replica').names.join(' or ')}, ${identity.series} or newer`,
						found: [
							facts.dumpTool ?? `no ${names[0]}`,
							facts.client ?? `no ${replica.dialect.tools.load('replica').names[0]}`,
							...(facts.dumpTool === null || facts.client === null ? facts.unfit : []),
						].join('; '),
						hints: hints.tools,
					},
				),
			);
		}
		if (dumps) checks.push(...misledCheck(facts.misledBy));
		if (features.gtidOptional) {
			checks.push(
				must('PRIMARY-GTID', { pass: 'The primary writes GTIDs', fail: 'The primary writes no GTIDs' }, identity.gtidStrict, {
					expected: terms.gtidStrict,
					wrong: 'not both on: a replica could not ask for what is missing',
					hints: hints.strict,
				}),
			);
		}
		checks.push(tlsCheck(primary, identity, tls));
		if (identity.cluster) {
			checks.push({
				id: 'PRIMARY-CLUSTER',
				title: 'The primary is part of a cluster',
				status: 'warning',
				found: 'its GTIDs follow other rules',
			});
		}
		// What of them a CLONE cannot bring it says itself; a backup is of one moment.
		if (dumps) checks.push(enginesCheck(facts.withoutSnapshots));
		checks.push(
			should(
				'PRIMARY-RETENTION',
				{ pass: 'The primary keeps its binary logs for a day or longer', fail: 'The primary keeps its binary logs for less than a day' },
				identity.binlogExpireSeconds === 0 || identity.binlogExpireSeconds >= day,
				{
					found:
						identity.binlogExpireSeconds === 0 ? 'they are never purged by age' : `${Math.round(identity.binlogExpireSeconds / 3600)} h`,
					hints: hints.retention,
				},
			),
		);
		return checks;
	},
	consents({ primary, account, operator, facts }) {
		if (facts.channels.length === 0) return [];
		const of = sourcesOf(facts.channels);
		return [
			{
				name: primary.name,
				reason: `${primary.name} is itself a replica of ${of}: the accounts are created on it past its binary log (sql_log_bin = 0), so that its own replication is not disturbed`,
				affected: [account, ...(operator === null ? [] : [operator])].map(({ user, host }) => `account ${user}@${host}`),
				hints: [`Or give the new replica the top of the chain as its primary:  ${primaryOptions(facts.channels)}`],
			},
		];
	},
	plan: () => [],
};

const sourcesOf = (channels: readonly Channel[]): string => [...new Set(channels.map(({ host, port }) => `${host}:${port}`))].join(', ');

/** As they are typed into a shell. */
const primaryOptions = (channels: readonly Channel[]): string =>
	[...new Set(channels.map(({ host, port }) => `--primary ${shellWord(`mysql://USER@${host}:${port}`)}`))].join('  or  ');

/** `tables`: those that no snapshot can hold still. */
const enginesCheck = (tables: readonly string[]): Check =>
	should(
		'PRIMARY-ENGINES',
		{ pass: 'All tables of the primary have snapshots', fail: `The primary has ${plural(tables.length, 'table')} without a snapshot` },
		tables.length === 0,
		{
			found: 'yes',
			wrong: `${some(tables)}: what is written to them during the copy may differ; the comparison at the end will show it`,
			hints: ['ALTER TABLE … ENGINE=InnoDB, or keep them unwritten while the copy runs'],
		},
	);

/** `wanted`: unless the person said that the channel may be unencrypted. */
function tlsCheck({ dialect }: Server, identity: Identity, wanted: boolean): Check {
	if (!wanted)
		return {
			id: 'PRIMARY-TLS',
			title: 'The channel will NOT be encrypted',
			status: 'warning',
			found: '--no-tls was given: data and password travel in the clear',
		};
	return must('PRIMARY-TLS', { pass: 'The primary offers TLS', fail: 'The primary offers no TLS' }, identity.tls, {
		expected: 'ssl_cert and ssl_key are set',
		wrong: 'it has none: the replica’s copy of all your data would travel in the clear',
		hints: [...dialect.hints.tls, 'or say in words that the channel may be unencrypted:  --no-tls'],
	});
}

/** A primary that is a replica itself hands on only what it logs, and is only as fresh as its own replication. */
function chainChecks({ name, dialect }: Server, { identity, channels, gaps }: PrimaryFacts): Check[] {
	if (channels.length === 0) return [];
	const { hints, terms } = dialect;
	const standing = channels.filter(({ io, sql }) => io !== 'yes' || sql !== 'yes');
	return [
		note('PRIMARY-CHAIN', `${name} is itself a replica`, `it replicates from ${sourcesOf(channels)}`),
		must(
			'PRIMARY-UPDATES',
			{ pass: 'The primary logs what it replicates', fail: 'The primary does not log what it replicates' },
			identity.logsReplicaUpdates,
			{
				expected: `${terms.logsReplicaUpdates} = ON`,
				wrong: `${terms.logsReplicaUpdates} is OFF: a replica of it would never get what it replicates from ${sourcesOf(channels)}`,
				hints: [
					`In the option file of ${name}:  ${terms.logsReplicaUpdates} = ON`,
					`then restart it; or replicate from the top of the chain:  ${primaryOptions(channels)}`,
				],
			},
		),
		should(
			'PRIMARY-REPLICATES',
			{ pass: 'The primary’s own replication runs', fail: 'The primary’s own replication does not run' },
			standing.length === 0,
			{
				expected: 'both threads run',
				wrong: standing
					.map(({ host, port, io, sql, ioError, sqlError }) => `from ${host}:${port}: ${sqlError ?? ioError ?? `io ${io}, sql ${sql}`}`)
					.join('; '),
				hints: standing.flatMap((channel) => hints.channelError(channel.sqlError ?? channel.ioError, { channel, name })),
			},
		),
		should(
			'PRIMARY-PARTIAL',
			{ pass: 'The primary itself applies all changes of its source', fail: 'The primary itself leaves out changes of its source' },
			gaps.applier.length === 0,
			{
				expected: 'no replication filter, no error passed over',
				wrong: gaps.applier.map(describeGap).join('; '),
				hints: gaps.applier.flatMap(({ hints }) => hints),
			},
		),
	];
}
