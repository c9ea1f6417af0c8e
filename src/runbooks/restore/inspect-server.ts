import { type Check, must, note, should, warning } from '../../core/check.ts';
import { bytes, plural } from '../../core/format.ts';
import type { ReadContext, Step } from '../../core/step.ts';
import type { Identity } from '../../dialects/contract/identity.ts';
import type { Need, ObjectName } from '../../dialects/contract/objects.ts';
import { compareSeries, seriesOf } from '../../dialects/series.ts';
import { freeBytesOf, readIdentity, requirePrivileges } from '../shared/inspect.ts';
import { readOnlyDatabases, writableCheck } from '../shared/read-only-databases.ts';
import { privilegeCheck, qualified, some, titleOf } from '../shared/server.ts';
import { allFiles, cleared, filesOf, parallel, type RestoreEnv, tablesOf } from './env.ts';
import { overtakenBy } from './existing-rows.ts';
import { inspectLacks, type Lacks, lackChecks } from './missing-on-server.ts';

type Facts = {
	readonly identity: Identity;
	readonly held: readonly string[];
	readonly databases: readonly string[];
	readonly tables: readonly ObjectName[];
	/** Databases that no client may change. */
	readonly readOnly?: readonly string[];
	/** Where it replicates from. */
	readonly sources: readonly string[];
	/** How many replicate from it. */
	readonly replicas: number;
	readonly localInfile: boolean;
	/** Engines of the backup that the server cannot make tables of, each with why. */
	readonly engines: readonly (readonly [engine: string, why: string])[];
	/** max_allowed_packet, bytes. */
	readonly packet: number;
	/** What the server lacks outside its databases, or refuses. */
	readonly lacks: Lacks;
	/** What something else put there since this restore was interrupted. */
	readonly strays: readonly string[];
	/** Bytes free where its data is; null where that cannot be seen from here. */
	readonly freeBytes: number | null;
};

/** Rows need more room as pages and keys than as text. */
const ROOM = 1.4;
const AT_LEAST = 64 * 1024 ** 2;

const capitals = (name: string): boolean => name !== name.toLowerCase();

/** What the restore needs of the server, by what is to be done there. */
function needsOf(env: RestoreEnv, identity: Identity, localInfile: boolean): readonly Need[] {
	const { load } = env.server.dialect;
	return [
		...load.needs,
		...(env.accounts ? load.accountNeeds : []),
		...(identity.readOnly === 'OFF' ? [] : load.readOnlyNeeds),
		...(parallel(env) && !localInfile ? load.localInfileNeeds : []),
	].filter((need, index, all) => all.findIndex((other) => other.privilege === need.privilege) === index);
}

const privilegesOf = (env: RestoreEnv, identity: Identity, held: readonly string[], localInfile: boolean): Check =>
	privilegeCheck('SERVER-PRIVILEGES', env.server, identity.account, { held, needed: needsOf(env, identity, localInfile) });

const tablesIn = (env: Pick<RestoreEnv, 'manifest' | 'databases' | 'only'>, engine: string) =>
	tablesOf(env).filter((table) => table.engine?.toUpperCase() === engine.toUpperCase());

/** Where an engine is missing, a server may make the table in another one and say nothing. */
async function barredEngines(env: RestoreEnv & Pick<ReadContext, 'runQuery'>): Promise<Facts['engines']> {
	const judge = await env.runQuery('server', env.server.dialect.load.engines);
	const wanted = [...new Set(tablesOf(env).flatMap(({ engine }) => (engine === null ? [] : [engine])))];
	return wanted.flatMap((engine) => {
		const why = judge(engine);
		return why === null ? [] : [[engine, why] as const];
	});
}

/** A value that is converted while it is loaded, JSON above all, must fit into the server's packet; others are taken at any size. */
function packetCheck(env: Pick<RestoreEnv, 'manifest' | 'databases' | 'only'>, packet: number): Check {
	const large = tablesOf(env).filter(
		(table) => (table.largest_row ?? 0) > packet && table.load.some(([, expression]) => expression?.startsWith('CONVERT(') === true),
	);
	const most = large.reduce((largest, table) => Math.max(largest, table.largest_row ?? 0), 0);
	return must(
		'SERVER-PACKET',
		{ pass: 'The server takes the largest rows', fail: 'The server does not take the largest rows' },
		large.length === 0,
		{
			expected: `max_allowed_packet of at least ${bytes(most)}`,
			wrong: `it is ${bytes(packet)}, and rows of these tables are larger: ${some(large.map(qualified))}`,
			hints: [`SET GLOBAL max_allowed_packet = ${Math.min(2 ** 30, 2 ** Math.ceil(Math.log2(2 * most + 1024)))};`],
		},
	);
}

function diskCheck(env: RestoreEnv, { identity, freeBytes }: Facts, room: number): Check {
	if (freeBytes === null)
		return note(
			'SERVER-DISK',
			'Free space on the server cannot be seen from here',
			`about ${bytes(room)} will be needed in ${identity.dataDir}`,
		);
	// How much of a database's dump its single tables are is not known yet: it may be next to nothing.
	const unknown = env.only !== null && !parallel(env);
	const titles = { pass: 'The server has room for the data', fail: 'The server has too little room for the data' };
	return (unknown ? should : must)('SERVER-DISK', titles, freeBytes >= room || cleared(env), {
		expected: `${unknown ? 'at most ' : ''}~${bytes(room)} free in ${identity.dataDir}`,
		found: bytes(freeBytes),
		hints: ['Free some space there, or take a server with a larger disk.'],
	});
}

/** What becomes of what is loaded where the server is a replica, or has some. */
function replicationChecks({ identity, replicas }: Facts, logged: boolean): Check[] {
	const checks: Check[] = [];
	if (identity.readOnly !== 'OFF')
		checks.push(
			warning('SERVER-READ-ONLY', 'The server is a protected replica', {
				wrong: `read_only is ${identity.readOnly}: this account may write there all the same`,
			}),
		);
	if (replicas > 0 && !logged)
		checks.push(
			warning('SERVER-REPLICAS', 'Replicas of the server do not get what is loaded', {
				wrong: `${plural(replicas, 'replica')} will not get what is loaded, and differ from it from then on`,
				hints: ['To have it replicated:  --write-binlog'],
			}),
		);
	if (logged && !identity.binaryLog)
		checks.push(
			warning('SERVER-BINLOG', 'The server has no binary log to write to', { wrong: 'log_bin is OFF: --write-binlog does nothing here' }),
		);
	return checks;
}

const eventsNote = (events: number, { eventScheduler }: Identity): Check =>
	note(
		'EVENTS',
		`${plural(events, 'event')} ${events === 1 ? 'comes' : 'come'} with it`,
		eventScheduler === 'ON'
			? 'the event scheduler is ON: it is turned OFF while they come, and those that would fire are disabled; the summary says how to enable them'
			: `the event scheduler is ${eventScheduler}: they come as they were, and fire only when it is turned on`,
	);

export const inspectServer: Step<RestoreEnv, Facts, null> = {
	id: 'inspect-server',
	title: 'Check the server',
	why: 'A backup goes into a server of its own kind that is not older. What is in its way there is named before anything is touched, and is only overwritten where the server’s name was typed. What is loaded does not go to its binary log, unless that was asked for: so a replica that is made from it starts with an empty one.',
	async inspect(env) {
		const { server, runQuery, folderFacts, databases } = env;
		const { dialect } = server;
		const { identity, held } = await readIdentity(server, runQuery, 'server');
		const localInfile = await runQuery('server', dialect.load.localInfile);
		// Without them the rest cannot even be asked, and all that are missing are to be named at once.
		requirePrivileges(privilegesOf(env, identity, held, localInfile));
		const there = await runQuery('server', dialect.catalogue.databases);
		return {
			identity,
			held,
			databases: there,
			tables: (await runQuery('server', dialect.catalogue.tables))
				.filter((table) => databases.includes(table.database))
				.map(({ database, name }) => ({ database, name })),
			readOnly: await readOnlyDatabases(server, runQuery, 'server'),
			sources: (await runQuery('server', dialect.channel.status)).map((channel) => `${channel.host}:${channel.port}`),
			replicas: (await runQuery('server', dialect.channel.connected)).length,
			engines: await barredEngines(env),
			packet: await runQuery('server', dialect.fits.packet),
			lacks: await inspectLacks(env),
			strays: overtakenBy(env).map(({ words }) => words),
			localInfile,
			freeBytes: await freeBytesOf(server, identity, folderFacts),
		};
	},
	checks({ facts, origin, ...env }) {
		const { server, manifest, logged } = env;
		const { identity } = facts;
		const before = seriesOf(manifest.server.version);
		const sameKind = manifest.server.flavor === server.dialect.id;
		const files = allFiles(env).filter((file) => file.kind !== 'accounts' && file.kind !== 'definitions');
		const size = files.reduce((sum, file) => sum + file.raw_bytes, 0);
		const share = manifest.totals.raw_bytes > 0 ? size / manifest.totals.raw_bytes : 1;
		const room = Math.max(size, (manifest.totals.data_bytes ?? 0) * share) * ROOM + AT_LEAST;
		const cases = identity.lowerCaseTableNames === manifest.server.lower_case_table_names;
		const upper = env.databases.some(capitals) || (manifest.tables ?? []).some((table) => capitals(table.name)) || !parallel(env);
		const events = [...filesOf(env, 'database'), ...filesOf(env, 'post')].reduce((sum, file) => sum + (file.objects?.events ?? 0), 0);
		const checks: Check[] = [
			note(
				'SERVER',
				`${server.name} is ${titleOf(server, identity)}`,
				facts.databases.length === 0 ? 'empty' : plural(facts.databases.length, 'database'),
			),
			privilegesOf({ ...env, server, manifest, logged }, identity, facts.held, facts.localInfile),
		];
		if (sameKind) {
			checks.push(
				must(
					'SERVER-VERSION',
					{ pass: 'The server is not older than the backup’s', fail: 'The server is older than the backup’s' },
					compareSeries(identity.series, before) >= 0,
					{
						expected: `${before} or newer`,
						wrong: `${identity.series}: an older server does not know all that a newer one wrote`,
						hints: ['Take a server of that version or a newer one.'],
					},
				),
				must(
					'SERVER-CASE',
					{ pass: 'Names mean the same on the server', fail: 'Names do not mean the same on the server' },
					cases || !upper,
					{
						expected: `lower_case_table_names = ${manifest.server.lower_case_table_names}`,
						wrong: `it is ${identity.lowerCaseTableNames}: names that differ in case only would become one`,
						hints: ['It can be set only when a server is initialised: take one that has the backup’s value.'],
					},
				),
			);
		}
		if (sameKind) {
			checks.push(
				must(
					'SERVER-ENGINES',
					{ pass: 'The server has every engine of the backup', fail: 'The server lacks engines of the backup' },
					facts.engines.length === 0,
					{
						wrong: some(facts.engines.map(([engine, why]) => `${engine} (${some(tablesIn(env, engine).map(qualified), 3)}): ${why}`)),
						hints: facts.engines.flatMap(([engine]) => server.dialect.load.engineHints(engine)),
					},
				),
				packetCheck(env, facts.packet),
				...lackChecks(server, identity.account, facts.lacks),
			);
		}
		// This run itself makes some read-only at its end.
		const guarded = (facts.readOnly ?? []).filter((name) => env.databases.includes(name) && (origin.readOnly ?? []).includes(name));
		checks.push(
			...writableCheck('SERVER-DATABASES', server, guarded),
			must('SERVER-WRITABLE', { pass: 'The server takes writes', fail: 'The server takes no writes' }, identity.superReadOnly !== 'ON', {
				expected: 'super_read_only is OFF',
				wrong: 'super_read_only is ON: no account may write there',
				hints: ['SET GLOBAL super_read_only = OFF;', 'Set it back when the restore is done.'],
			}),
			diskCheck(env, facts, room),
			...replicationChecks(facts, logged),
		);
		if (parallel(env) && !facts.localInfile)
			checks.push(note('LOCAL-INFILE', 'local_infile is OFF there', 'it is turned ON while the rows are loaded, and OFF again'));
		if (events > 0 && env.only === null) checks.push(eventsNote(events, identity));
		if (env.only !== null)
			checks.push(
				note('ONLY-TABLES', 'Tables, their rows and their triggers are restored', 'not the views, routines and events of their databases'),
			);
		return checks;
	},
	consents({ facts, origin, server, databases, only, ...env }) {
		const affected: string[] = [];
		const ownSources = origin.sources.filter((source) => facts.sources.includes(source));
		affected.push(...ownSources.map((source) => `it replicates from ${source}: what is loaded is not there`));
		// What this work itself brought is not asked about again.
		if (!cleared(env)) {
			if (only === null) {
				for (const name of databases.filter((each) => facts.databases.includes(each))) {
					const held = facts.tables.filter((table) => table.database === name);
					affected.push(`database ${name} (${plural(held.length, 'table')}) is overwritten`);
				}
			} else {
				const names = only.filter(({ database, name }) => facts.tables.some((table) => table.database === database && table.name === name));
				affected.push(...names.map((table) => `table ${qualified(table)} is overwritten`));
			}
			affected.push(...facts.strays.map((words) => `not by this restore, which was interrupted: ${words}`));
		}
		if (affected.length === 0) return [];
		return [{ name: server.name, reason: `Something on ${server.name} is in the way of this restore`, affected }];
	},
	plan: () => [],
};
