import { type Check, must, note, should } from '../../core/check.ts';
import { CheckFailed } from '../../core/errors.ts';
import { bytes, duration } from '../../core/format.ts';
import type { Consent, FolderFacts, Step } from '../../core/step.ts';
import type { Activity, Channel, Connection, Identity } from '../../dialects/dialect.ts';
import { privilegeCheck, qualified, some, titleOf } from '../server.ts';
import { type BackupEnv, splitTable } from './env.ts';

type Facts = {
	readonly identity: Identity;
	readonly held: readonly string[];
	/** A replica with tables in memory, which may write to its log when they are first opened. */
	readonly asleep: boolean;
	readonly channels: readonly Channel[];
	readonly replicas: readonly Connection[];
	readonly activity: readonly Activity[];
	readonly openTemporaryTables: number;
	readonly databases: readonly string[];
	readonly tables: number;
	/** Of the databases that will be dumped, as the server estimates. */
	readonly bytes: number;
	readonly withoutSnapshots: readonly string[];
	readonly folder: FolderFacts;
	/** Where the server's own files are; null where they cannot be seen from here. */
	readonly dataFolder: FolderFacts | null;
	readonly tool: string | null;
};

/** Longer than this a statement or a transaction is one that others will wait for. */
const LONG_SECONDS = 10;
/** Of a dump's size on disk against the data's, at worst. */
const RATIO = { zstd: 0.6, gzip: 0.6, none: 1.4 } as const;
const RELAY_RESERVE = 32 * 1024 ** 2;

const MINE = new Set(['Daemon', 'Sleep', 'Binlog Dump', 'Binlog Dump GTID', 'Slave_IO', 'Slave_SQL', 'Slave_worker', 'Connect']);

/** Who would hold up the lock: statements that write and run long, and transactions that stay open. */
function inTheWay({ activity }: Facts, lockWaitsForReads: boolean): readonly Activity[] {
	return activity.filter((each) => {
		if (each.user === 'system user' || each.user === 'event_scheduler') return false;
		if (each.seconds < LONG_SECONDS) return false;
		if (each.transaction && each.command === 'Sleep') return true;
		if (MINE.has(each.command)) return false;
		return lockWaitsForReads || !/^\s*(SELECT|SHOW)\b/i.test(each.text);
	});
}

const tell = (each: Activity): string =>
	`${each.id} ${each.user}@${each.host.replace(/:\d+$/, '')} ${each.seconds} s: ${each.text.slice(0, 80).replaceAll(/\s+/g, ' ') || `${each.command}, open transaction`}`;

export const look: Step<BackupEnv, Facts, null> = {
	id: 'look',
	title: 'Check the server and the folder',
	why: 'A lock that waits behind a long statement makes every client wait behind the lock; a disk that fills up loses the backup and, with the relay logs, the replica. So both are looked at before anything is locked. Nothing is changed here.',
	async inspect({ server, databases, paths, ignoreTables, stopApplier, look: ask, folderFacts, tool }) {
		const { dialect } = server;
		const identity = await ask('server', dialect.identity);
		const all = await ask('server', dialect.catalogue.databases);
		const held = await ask('server', dialect.privileges.held);
		const needed = [...dialect.privileges.needs.backup, ...(stopApplier ? dialect.privileges.needs.stopApplier : [])];
		// Without them the other looks cannot even be taken, and all that are missing are to be named at once.
		const mustHold = (needs: typeof needed) => {
			const check = privilegeCheck('PRIVILEGES', server, identity.account, held, needs);
			if (check.status === 'fail') throw new CheckFailed([check]);
		};
		mustHold(needed);
		const channels = await ask('server', dialect.channel.status);
		// Before anything opens a table: that would write to the log already.
		const asleep = channels.length > 0 && (await ask('server', dialect.catalogue.inMemory)).length > 0;
		if (asleep) mustHold([...needed, ...dialect.privileges.needs.unlogged]);
		const wanted = databases ?? all;
		const ignored = new Set(ignoreTables);
		const tables = (await ask('server', dialect.catalogue.tables)).filter(
			(table) => wanted.includes(table.database) && !ignored.has(`${table.database}.${table.name}`),
		);
		const found = await tool(dialect.tools.dumpAccounts('server').names, identity.series);
		return {
			identity,
			held,
			asleep,
			channels,
			replicas: await ask('server', dialect.channel.connected),
			activity: await ask('server', dialect.locks.activity),
			openTemporaryTables: await ask('server', dialect.channel.openTemporaryTables),
			databases: all,
			tables: tables.filter((table) => table.kind === 'table').length,
			bytes: tables.reduce((sum, table) => sum + table.bytes, 0),
			withoutSnapshots: tables.filter((table) => table.kind === 'table' && !table.transactional && !table.inMemory).map(qualified),
			folder: await folderFacts(paths.to),
			dataFolder: server.local ? await folderFacts(identity.dataDir) : null,
			tool: found && `${found.path} (${found.version})`,
		};
	},
	checks({ server, facts, paths, databases, ignoreTables, compress, stopApplier, longQueries, lockWaitSeconds }) {
		const { identity, channels } = facts;
		const { needs } = server.dialect.privileges;
		const room = facts.bytes * RATIO[compress] + 16 * 1024 ** 2;
		const unknown = (databases ?? []).filter((name) => !facts.databases.includes(name));
		const oddTables = ignoreTables.filter((name) => !name.includes('.') || !facts.databases.includes(splitTable(name).database));
		const waiters = inTheWay(facts, server.dialect.features.lockWaitsForReads);
		const channel = channels[0];
		const checks: Check[] = [
			note(
				'SERVER',
				`${server.name} is ${titleOf(server, identity)}${channel ? `, replica of ${channel.host}:${channel.port}` : ''}`,
				`${(databases ?? facts.databases).length} databases, ${facts.tables} tables, ~${bytes(facts.bytes)}`,
			),
			privilegeCheck('PRIVILEGES', server, identity.account, facts.held, [
				...needs.backup,
				...(stopApplier ? needs.stopApplier : []),
				...(facts.asleep ? needs.unlogged : []),
			]),
			must('TOOL', 'The vendor’s dump tool is on this machine', facts.tool !== null, {
				expected: server.dialect.tools.dumpAccounts('server').names.join(' or '),
				found: facts.tool ?? 'none',
				mend: server.dialect.mends.tools,
			}),
			must('DATABASES', 'All databases asked for are there', unknown.length === 0, {
				expected: some(databases ?? facts.databases),
				found: unknown.length === 0 ? 'all' : `there is no ${some(unknown)}`,
				mend: [`There are: ${some(facts.databases, 20)}`],
			}),
			must('IGNORED', 'Tables to leave out are named database.table', oddTables.length === 0, {
				found: oddTables.length === 0 ? 'all' : some(oddTables),
				mend: ['--ignore-table=DATABASE.TABLE'],
			}),
			must('FOLDER', 'The folder can be written', facts.folder.writable && (!facts.folder.exists || facts.folder.isFolder), {
				expected: `${paths.to} can be written, or made`,
				found: facts.folder.exists
					? facts.folder.isFolder
						? facts.folder.writable
							? 'a folder that can be written'
							: 'no permission to write there'
						: 'it is not a folder'
					: `it can${facts.folder.writable ? '' : 'not'} be made in ${facts.folder.nearest}`,
				mend: ['Give another folder with --to, or let this user write there.'],
			}),
			must('SPACE', 'There is room for the dump', facts.folder.freeBytes >= room, {
				expected: `~${bytes(room)} free at ${facts.folder.nearest}`,
				found: bytes(facts.folder.freeBytes),
				mend: ['Free some space, give another folder with --to, or leave databases out with --databases.'],
			}),
			must('TEMPORARY-TABLES', 'The applier holds no temporary table open', facts.openTemporaryTables === 0, {
				expected: '0',
				found: String(facts.openTemporaryTables),
				mend: ['They would be missing from a replica made of this backup: try again in a moment.'],
			}),
			{
				...must('LONG-QUERIES', 'Nobody would make the lock wait', waiters.length === 0, {
					found: waiters.length === 0 ? 'nobody' : waiters.map(tell).join('; '),
					mend: [`It is waited for, at most ${lockWaitSeconds} s (--lock-wait); meanwhile writes queue behind the lock.`],
				}),
				...(waiters.length > 0 && longQueries === 'wait' ? { status: 'warning' as const } : {}),
			},
		];
		if (channels.length > 0 && facts.dataFolder !== null) {
			checks.push(
				must(
					'RELAY-SPACE',
					'There is room for the relay logs that grow meanwhile',
					!facts.dataFolder.exists || facts.dataFolder.freeBytes >= RELAY_RESERVE,
					{
						expected: `${bytes(RELAY_RESERVE)} at least in ${identity.dataDir}`,
						found: bytes(facts.dataFolder.freeBytes),
						mend: ['Free some space there first: a full disk would stop replication.'],
					},
				),
			);
		}
		if (channel !== undefined) {
			const error = channel.sqlError ?? channel.ioError;
			checks.push(
				should('REPLICATION', 'It replicates', channel.io === 'yes' && channel.sql === 'yes' && error === null, {
					found:
						error ?? `io ${channel.io}, sql ${channel.sql}${channel.lagSeconds ? `, ${duration(channel.lagSeconds * 1000)} behind` : ''}`,
					mend: ['The backup will be of the moment at which replication stands.'],
				}),
			);
			if (identity.readOnly === 'OFF') checks.push(note('WRITABLE', 'This replica is not read-only', 'clients that write to it will wait'));
		}
		if (channels.length > 1)
			checks.push(note('CHANNELS', `It replicates from ${channels.length} sources`, 'the position of the first is noted as the source'));
		if (facts.withoutSnapshots.length > 0) {
			checks.push(note('ENGINES', 'Tables without snapshots: consistent only thanks to the lock', some(facts.withoutSnapshots)));
		}
		return checks;
	},
	consents({ server, facts }) {
		const consents: Consent[] = [];
		const writable = facts.channels.length === 0 && facts.identity.readOnly === 'OFF';
		if (writable) {
			consents.push({
				name: server.name,
				reason: `${server.name} is no replica: its clients’ writes wait or are refused for as long as the lock is held`,
				affected: [`every client that writes to ${server.name}`],
			});
		} else if (facts.replicas.length > 0) {
			consents.push({
				name: server.name,
				reason: `${server.name} has replicas of its own: they stand still for as long as the lock is held`,
				affected: facts.replicas.map((replica) => `${replica.user}@${replica.host}`),
			});
		}
		return consents;
	},
	plan: () => [],
};
