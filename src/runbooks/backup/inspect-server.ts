import { type Check, must, note, should } from '../../core/check.ts';
import { bytes } from '../../core/format.ts';
import type { Consent } from '../../core/model.ts';
import { namesOption } from '../../core/names.ts';
import type { OutsideObject } from '../../core/outside.ts';
import { shellWord } from '../../core/shell.ts';
import type { FolderFacts, Step } from '../../core/step.ts';
import type { ToolFault, UnopenedTable } from '../../dialects/common/fits.ts';
import type { Gap } from '../../dialects/common/gaps.ts';
import type { Identity } from '../../dialects/contract/identity.ts';
import type { Need } from '../../dialects/contract/objects.ts';
import type { Channel, Connection } from '../../dialects/contract/replication.ts';
import { applierGaps } from '../shared/gaps.ts';
import { dataFolderOf, findTool, readIdentity, requirePrivileges } from '../shared/inspect.ts';
import { outsideChecks, readOutside } from '../shared/outside.ts';
import { preparedChecks, preparedThatStay } from '../shared/prepared.ts';
import {
	describeElsewhere,
	misledCheck,
	privilegeCheck,
	qualified,
	type Server,
	selectableCheck,
	some,
	titleOf,
	toolFaultsCheck,
} from '../shared/server.ts';
import { unopenedCheck, unopenedTables } from '../shared/unopened.ts';
import { type ViewFault, viewFaults, viewsCheck } from '../shared/views.ts';
import { type Blocker, blockersOf } from './blockers.ts';
import { byVendor, chooseStrategy, heldBytes, holdsRows } from './dump-strategy.ts';
import type { BackupEnv, DumpStrategy } from './env.ts';
import { seesPrepared } from './guard.ts';
import { predictLock } from './prediction.ts';
import { dataChecks, guardNote, inTheWay, lockTime, replicationChecks } from './server-checks.ts';

export type ServerFacts = {
	readonly identity: Identity;
	readonly held: readonly string[];
	/** A replica with tables in memory, which may write to its log when they are first opened. */
	readonly disabled: boolean;
	readonly channels: readonly Channel[];
	/** What this replica leaves out of what its sources write. */
	readonly gaps: readonly Gap[];
	readonly replicas: readonly Connection[];
	/** Who meets the lock now. */
	readonly blockers: readonly Blocker[];
	readonly openTemporaryTables: number;
	/** Prepared XA transactions that stay; null where the account may not see them. */
	readonly prepared: readonly string[] | null;
	readonly databases: readonly string[];
	readonly tables: number;
	/** Of the databases that will be dumped, as the server estimates. */
	readonly bytes: number;
	readonly withoutSnapshots: readonly string[];
	/** Tables whose rows are stored elsewhere, with their engines. */
	readonly elsewhere: readonly string[];
	readonly outside: readonly OutsideObject[];
	/** What the dump tool cannot be told. */
	readonly misledBy: readonly { readonly setting: string; readonly hint: string }[];
	/** What the vendor's tool cannot write, where it is to write all. */
	readonly toolFaults: readonly ToolFault[];
	/** Those of the tables to dump that cannot be opened. */
	readonly unopened: readonly UnopenedTable[];
	/** Those of the views to dump that the vendor's tool cannot write, where it is to write all. */
	readonly viewFaults: readonly ViewFault[];
	/** Folders among the server's data that are no databases. */
	readonly strayFolders: readonly string[];
	readonly strategy: DumpStrategy;
	/** What holds the lock. */
	readonly heldBytes: number;
	readonly folder: FolderFacts;
	/** Where the server's own files are; null where they cannot be seen from here. */
	readonly dataFolder: FolderFacts | null;
	/** Whether something of the dump is written by the vendor's tool. */
	readonly needsTool: boolean;
	readonly tool: string | null;
	/** Tools that go by its name and are not fit. */
	readonly unfit: readonly string[];
};

/** Of a dump's size on disk against the data's, at worst. */
const RATIO = { zstd: 0.6, gzip: 0.6, none: 1.4 } as const;

export const inspectServer: Step<BackupEnv, ServerFacts, null> = {
	id: 'inspect-server',
	title: 'Check the server and the folder',
	why: 'A lock that waits behind a long statement makes every client wait behind the lock; a disk that fills up loses the backup and, with the relay logs, the replica. So both are checked before anything is locked. Nothing is changed here.',
	async inspect(at) {
		const { server, databases, paths, ignoreTables, stopApplier, runQuery: ask, folderFacts, tool, longQueries } = at;
		const { dialect } = server;
		const { identity, held } = await readIdentity(server, ask, 'server');
		const all = await ask('server', dialect.catalogue.databases);
		const needed = needs(server, { stopApplier, longQueries });
		// Without them the other looks cannot even be taken, and all that are missing are to be named at once.
		const mustHold = (needs: typeof needed) =>
			requirePrivileges(privilegeCheck('PRIVILEGES', server, identity.account, { held, needed: needs }));
		mustHold(needed);
		const channels = await ask('server', dialect.channel.status);
		// Before anything opens a table: that would write to the log already.
		const disabled = channels.length > 0 && (await ask('server', dialect.catalogue.inMemory)).length > 0;
		if (disabled) mustHold([...needed, ...dialect.privileges.needs.unlogged]);
		const wanted = databases ?? all;
		const ignored = new Set(ignoreTables);
		const tables = (await ask('server', dialect.catalogue.tables)).filter(
			(table) => wanted.includes(table.database) && !ignored.has(`${table.database}.${table.name}`),
		);
		const strategy = chooseStrategy(at, { clientsWait: writable({ channels, identity }), tables });
		const search = await findTool(tool, 'server', dialect.tools.dumpDatabase('server', '', [], { versioned: false }).names);
		return {
			identity,
			held,
			disabled,
			channels,
			gaps: channels.length === 0 ? [] : await applierGaps(server, channels, ask, 'server'),
			replicas: await ask('server', dialect.channel.connected),
			blockers: blockersOf(await ask('server', dialect.locks.activity)),
			prepared: seesPrepared(server, held) ? await preparedThatStay(at, 'server', dialect) : null,
			openTemporaryTables: await ask('server', dialect.channel.openTemporaryTables),
			databases: all,
			tables: tables.filter((table) => table.kind === 'table').length,
			bytes: tables.reduce((sum, table) => sum + table.bytes, 0),
			withoutSnapshots: tables.filter((table) => holdsRows(table) && !table.transactional && !table.inMemory).map(qualified),
			elsewhere: tables.filter((table) => !table.ownRows).map(describeElsewhere),
			outside: await readOutside(server, ask),
			misledBy: await ask('server', dialect.tools.misledBy),
			toolFaults: strategy.engine === 'vendor' ? await ask('server', dialect.fits.toolFaults) : [],
			unopened: (await unopenedTables(dialect, ask, 'server')).filter(
				(table) => wanted.includes(table.database) && !ignored.has(`${table.database}.${table.name}`),
			),
			viewFaults:
				strategy.engine === 'vendor'
					? await viewFaults(
							{ dialect, runQuery: ask, role: 'server' },
							tables.filter(({ kind }) => kind === 'view'),
							({ database, name }) => ignored.has(`${database}.${name}`),
						)
					: [],
			strayFolders: (await ask('server', dialect.fits.strayFolders)).filter((folder) => !wanted.includes(folder)),
			strategy,
			heldBytes: heldBytes(strategy, tables),
			folder: await folderFacts(paths.to),
			dataFolder: await dataFolderOf(server, identity, folderFacts),
			needsTool: strategy.engine === 'vendor' || tables.some((table) => holdsRows(table) && byVendor(table)),
			tool: search.tool,
			unfit: search.unfit,
		};
	},
	checks({ facts, ...env }) {
		const { server, paths, databases, ignoreTables, compress, lockWaitSeconds } = env;
		const { identity, channels } = facts;
		const room = facts.bytes * RATIO[compress] + 16 * 1024 ** 2;
		const unknown = (databases ?? []).filter((name) => !facts.databases.includes(name));
		const oddTables = ignoreTables.filter((name) => !facts.databases.some((database) => name.startsWith(`${database}.`)));
		const checks: Check[] = [
			note(
				'SERVER',
				`${server.name} is ${titleOf(server, identity)}${channels.length > 0 ? `, replica of ${channels.map(({ host, port }) => `${host}:${port}`).join(' and ')}` : ''}`,
				`${(databases ?? facts.databases).length} databases, ${facts.tables} tables, ~${bytes(facts.bytes)}`,
			),
			privilegeCheck('PRIVILEGES', server, identity.account, {
				held: facts.held,
				needed: [...needs(server, env), ...(facts.disabled ? server.dialect.privileges.needs.unlogged : [])],
			}),
			...(facts.needsTool ? [toolCheck(server, facts)] : []),
			...misledCheck(facts.misledBy),
			...selectableCheck(server, facts.strategy.engine === 'vendor' ? (databases ?? facts.databases) : [], ['--engine parallel']),
			...toolFaultsCheck('TOOL-OBJECTS', facts.toolFaults, databases ?? facts.databases, ['--engine parallel']),
			...unopenedCheck(
				'TABLES',
				facts.unopened,
				(table) => `Or leave it out of the backup:  ${namesOption('--ignore-table', [`${table.database}.${table.name}`])}`,
			),
			...viewsCheck(facts.viewFaults),
			...outsideChecks(server, facts.outside),
			must('DATABASES', { pass: 'All databases asked for exist', fail: 'Some databases asked for do not exist' }, unknown.length === 0, {
				expected: some(databases ?? facts.databases),
				found: unknown.length === 0 ? 'all' : `there is no ${some(unknown)}`,
				hints: [`There are: ${some(facts.databases, 20)}`],
			}),
			must(
				'IGNORED',
				{ pass: 'Tables to leave out are named database.table', fail: 'Some tables to leave out are not named database.table' },
				oddTables.length === 0,
				{
					found: oddTables.length === 0 ? 'all' : some(oddTables),
					hints: ['--ignore-table=DATABASE.TABLE'],
				},
			),
			must(
				'FOLDER',
				{ pass: 'The folder can be written', fail: 'The folder cannot be written' },
				facts.folder.writable && (!facts.folder.exists || facts.folder.isFolder),
				{
					expected: `${paths.to} can be written, or made`,
					found: describeFolder(facts.folder),
					hints: ['Give another folder with --to, or let this user write there.'],
				},
			),
			must(
				'FOLDER-WRITERS',
				{ pass: 'Not every user can write to the folder', fail: 'Every user of this machine can write to the folder' },
				facts.folder.exposedTo !== 'everybody',
				{
					expected: `only its owner and group can write to ${facts.folder.nearest}`,
					found: 'as it must be',
					wrong: 'every user of this machine can replace or delete a backup there',
					hints: [`chmod o-w ${shellWord(facts.folder.nearest)}`, 'Or give another folder with --to.'],
				},
			),
			should(
				'FOLDER-OWNER',
				{ pass: 'The folder belongs to this user or to root', fail: 'The folder belongs to another user' },
				facts.folder.exposedTo !== 'its owner',
				{
					expected: `${facts.folder.nearest} belongs to this user or to root`,
					found: 'as it must be',
					wrong: 'another user owns it, and can replace or delete a backup there',
					hints: ['Give another folder with --to, or run the backup as the owner of this one.'],
				},
			),
			must('SPACE', { pass: 'There is room for the dump', fail: 'There is too little room for the dump' }, facts.folder.freeBytes >= room, {
				expected: `~${bytes(room)} free at ${facts.folder.nearest}`,
				found: bytes(facts.folder.freeBytes),
				hints: ['Free some space, give another folder with --to, or leave databases out with --databases.'],
			}),
			should(
				'TEMPORARY-TABLES',
				{ pass: 'The applier holds no temporary table open', fail: 'The applier holds temporary tables open' },
				facts.openTemporaryTables === 0,
				{
					expected: '0',
					found: String(facts.openTemporaryTables),
					hints: [
						`They would be missing from a replica made of this backup: it is waited until they are gone, at most ${lockWaitSeconds} s (--lock-wait).`,
					],
				},
			),
			...preparedChecks(server, identity.account, facts.prepared),
			...(facts.strategy.lock === 'snapshot' ? [guardNote(server, facts)] : []),
			inTheWay(env, facts),
			note('ENGINE', 'How it is made', facts.strategy.why),
			lockTime(env, facts),
		];
		checks.push(...replicationChecks(facts), ...dataChecks(facts));
		return checks;
	},
	consents(at) {
		const { server, facts } = at;
		const consents: Consent[] = [];
		const { isInstant } = predictLock(at, facts.strategy, facts.heldBytes);
		const long = isInstant ? 'for milliseconds, when the lock is taken' : 'for as long as the lock is held';
		if (writable(facts)) {
			consents.push({
				name: server.name,
				reason: `${server.name} is no replica: its clients’ writes wait or are refused ${long}`,
				affected: [`every client that writes to ${server.name}`],
			});
		} else if (facts.replicas.length > 0) {
			consents.push({
				name: server.name,
				reason: `${server.name} has replicas of its own: they stand still ${long}`,
				affected: facts.replicas.map((replica) => `${replica.user}@${replica.host}`),
			});
		}
		return consents;
	},
	plan: () => [],
};

const toolCheck = ({ dialect }: Server, { identity, tool, unfit }: ServerFacts): Check =>
	must(
		'TOOL',
		{ pass: 'The vendor’s dump tool is on this machine', fail: 'The vendor’s dump tool is missing on this machine' },
		tool !== null,
		{
			expected: `${dialect.tools.dumpDatabase('server', '', [], { versioned: false }).names.join(' or ')}, ${identity.series} or newer`,
			found: tool ?? (unfit.join('; ') || 'none'),
			hints: dialect.hints.tools,
		},
	);

function describeFolder({ exists, isFolder, writable: canWrite, nearest }: FolderFacts): string {
	if (!exists) return `it can${canWrite ? '' : 'not'} be made in ${nearest}`;
	if (!isFolder) return 'it is not a folder';
	return canWrite ? 'a folder that can be written' : 'no permission to write there';
}

/** A server of its own: its clients write to it. */
const writable = ({ channels, identity }: Pick<ServerFacts, 'channels' | 'identity'>): boolean =>
	channels.length === 0 && identity.readOnly === 'OFF';

const needs = ({ dialect }: Server, { stopApplier, longQueries }: Pick<BackupEnv, 'stopApplier' | 'longQueries'>): readonly Need[] => [
	...dialect.privileges.needs.backup,
	...(stopApplier ? dialect.privileges.needs.stopApplier : []),
	...(longQueries === 'kill' ? dialect.privileges.needs.kill : []),
];
