import { changeSourceSql } from '../../archive/change-source.ts';
import { changeSourceFile, FILES, levelOf, markFile } from '../../archive/layout.ts';
import { buildManifest, countObjects, type Manifest, type ManifestFile, type ManifestTable, manifestText } from '../../archive/manifest.ts';
import { MARK, metadataText } from '../../archive/mydumper.ts';
import { readmeText, replicaStatusText, tableSizesTsv, variablesTsv } from '../../archive/texts.ts';
import type { Action, FileAction, ReadTable, RowsFile } from '../../core/action.ts';
import { changedJsonWarning } from '../../core/changed-json.ts';
import { fail, must } from '../../core/check.ts';
import { VerifyFailed } from '../../core/errors.ts';
import type { OutsideObject } from '../../core/outside.ts';
import type { Step } from '../../core/step.ts';
import type { Gap } from '../../dialects/common/gaps.ts';
import type { TableFacts } from '../../dialects/contract/catalogue.ts';
import type { Identity } from '../../dialects/contract/identity.ts';
import type { Channel } from '../../dialects/contract/replication.ts';
import { applierGaps, describeGap } from '../shared/gaps.ts';
import { describeOutside, readOutside } from '../shared/outside.ts';
import { describeElsewhere } from '../shared/server.ts';
import { engineOf } from './dump-strategy.ts';
import { type BackupEnv, type DumpedFile, dumped, type LockedDumpOutput } from './env.ts';

type Facts = {
	readonly identity: Identity;
	readonly channels: readonly Channel[];
	/** What this replica leaves out of what its sources write. */
	readonly gaps: readonly Gap[];
	readonly tables: readonly TableFacts[];
	readonly variables: readonly (readonly [string, string])[];
	readonly outside: readonly OutsideObject[];
	readonly client: { readonly path: string; readonly version: string } | null;
};

const fileOf = (file: DumpedFile): ManifestFile => ({
	path: file.path,
	kind: file.kind,
	...(file.database === null ? {} : { database: file.database }),
	bytes: file.bytes,
	raw_bytes: file.rawBytes,
	sha256: file.sha256,
	// A list of JSON has none: its size and sum say that it is whole.
	footer: file.kind === 'definitions' || file.found.footer,
	...(file.kind === 'definitions'
		? {}
		: {
				rows: file.found.rows,
				tables: file.found.databases.reduce((sum, database) => sum + database.tables.length, 0),
				objects: countObjects(file.found.databases),
			}),
});

const rowsFileOf = ({ path, kind, database, table, chunk, format, rows, bytes, rawBytes, sha256 }: RowsFile): ManifestFile => ({
	...{ path, kind, database, table, chunk, bytes, raw_bytes: rawBytes, sha256, footer: true },
	...(kind === 'rows' ? { format, rows } : {}),
});

function tableOf(all: readonly TableFacts[], { database, name, rows, digest, loaded, load, largest }: ReadTable): ManifestTable {
	const known = all.find((table) => table.database === database && table.name === name);
	const once = loaded === undefined ? {} : { digest_loaded: loaded };
	return {
		database,
		name,
		engine: known?.engine ?? null,
		rows,
		digest,
		...once,
		data_bytes: known?.bytes ?? 0,
		load,
		...(largest === undefined ? {} : { largest_row: largest }),
	};
}

/** Only beside plain files: its loader would take compressed rows for rows. */
const marks = ({ compress, ...env }: BackupEnv): string[] => {
	const files = dumped(env)?.rows.files.filter((file) => file.kind === 'rows' && file.format === 'tsv') ?? [];
	return compress === 'none' ? [...new Map(files.map(({ database, path }) => [database, markFile(path)])).values()] : [];
};

function manifestOf(
	env: BackupEnv,
	facts: Facts,
	dump: LockedDumpOutput,
	{ caughtUpMs, finished }: { readonly caughtUpMs: number | null; readonly finished: Date },
): Manifest {
	const { identity } = facts;
	const { position, channel, channels, changedJson = [] } = dump;
	const elsewhere = facts.tables.filter(
		(table) =>
			!table.ownRows &&
			dump.files.some((file) => file.database === table.database) &&
			!env.ignoreTables.includes(`${table.database}.${table.name}`),
	);
	const databases = dump.files.flatMap((file) => (file.database === null || file.kind === 'post' ? [] : [file.database]));
	const place = (each: Channel) => ({
		...{ host: each.host, port: each.port, file: each.sourceFile, pos: each.sourcePos },
		// The server's position in all domains: a source passes over those that it does not know.
		gtid: position.replicated,
	});
	return buildManifest({
		tool: env.program,
		id: env.paths.label,
		profile: env.profile,
		tags: {},
		started: env.started,
		finished,
		server: {
			flavor: env.server.dialect.id,
			version: identity.version,
			host: env.server.host,
			port: env.server.port,
			server_id: identity.serverId,
			server_uuid: identity.serverUuid,
			hostname: identity.hostname,
			sql_mode: identity.sqlMode,
			character_set: identity.characterSet,
			time_zone: identity.timeZone,
			lower_case_table_names: identity.lowerCaseTableNames,
		},
		consistency: {
			method: dump.strategy.lock === 'held' ? 'lock' : 'snapshot',
			statement: dump.statement,
			requested: new Date(dump.requested),
			acquired: new Date(dump.acquired),
			released: new Date(dump.released),
			connection_id: dump.connectionId,
			connection_alive_at_end: true,
			...(dump.guard == null ? {} : { guard: dump.guard }),
		},
		position: {
			source: channel === null ? null : place(channel),
			sources: channels.map((each) => ({ name: each.name, ...place(each) })),
			self: position.file === null ? null : { file: position.file, pos: position.pos, gtid: position.written },
		},
		dump: {
			client: facts.client?.path.split('/').at(-1) ?? '',
			client_version: facts.client?.version ?? '',
			argv: dump.argv,
			databases,
			ignored_tables: env.ignoreTables,
			compression: env.compress,
			level: levelOf(env.compress, env.level),
			engine: dump.strategy.engine,
			why: dump.strategy.why,
			...(dump.strategy.engine === 'parallel' ? { workers: env.connections } : {}),
		},
		files: [...dump.files.map(fileOf), ...dump.rows.files.map(rowsFileOf)],
		...(dump.strategy.engine === 'parallel' ? { tables: dump.rows.tables.map((table) => tableOf(facts.tables, table)) } : {}),
		rowsEstimated: facts.tables.reduce((sum, table) => sum + table.rows, 0),
		dataBytes: facts.tables
			.filter((table) => databases.includes(table.database) && !env.ignoreTables.includes(`${table.database}.${table.name}`))
			.reduce((sum, table) => sum + table.bytes, 0),
		replica: { before: channel, after: facts.channels[0] ?? null, caught_up_ms: caughtUpMs },
		outside: facts.outside,
		...(changedJson.length === 0 ? {} : { changed_json: changedJson }),
		warnings: [
			...facts.outside.map((each) => `No restore creates the ${describeOutside(each)}.`),
			...(changedJson.length === 0 ? [] : [changedJsonWarning(changedJson)]),
			...facts.gaps.map((gap) => `The replica is partial: ${describeGap(gap)}`),
			...(elsewhere.length === 0
				? []
				: [`Rows of these tables are stored elsewhere and are not in the backup: ${elsewhere.map(describeElsewhere).join(', ')}`]),
		],
	});
}

export const finalize: Step<BackupEnv, Facts, null> = {
	id: 'finalize',
	title: 'Checksums, manifest, name',
	why: 'Beside the dumps goes what is needed to restore them without this program: how, the position, the server’s settings, checksums. The manifest is written last, and only then does the folder get a backup’s name.',
	async inspect({ server, runQuery, tool }) {
		const identity = await runQuery('server', server.dialect.identity);
		const channels = await runQuery('server', server.dialect.channel.status);
		return {
			identity,
			channels,
			gaps: channels.length === 0 ? [] : await applierGaps(server, channels, runQuery, 'server'),
			tables: (await runQuery('server', server.dialect.catalogue.tables)).filter((table) => table.kind === 'table'),
			variables: await runQuery('server', server.dialect.catalogue.variables),
			outside: await readOutside(server, runQuery),
			client: (await tool('server', server.dialect.tools.dumpDatabase('server', '', [], { versioned: false }).names)).tool,
		};
	},
	plan(env) {
		const { paths } = env;
		const write = (name: string, why: string): Action => ({ kind: 'file', id: name, why, op: 'write', path: `${paths.partial}/${name}` });
		return [
			write(FILES.readme, 'how to restore by hand'),
			write(changeSourceFile(engineOf(env)), 'how to attach a restored server'),
			...(engineOf(env) === 'parallel'
				? [write('metadata', 'for mydumper’s loader'), ...marks(env).map((name) => write(name, 'for mydumper’s loader'))]
				: []),
			write(FILES.variables, 'the server’s settings'),
			write(FILES.replicaStatus, 'replication under the lock and after'),
			write(FILES.tableSizes, 'how large the tables were'),
			write(FILES.log, 'every statement and command of this run'),
			write(FILES.events, 'the same as JSON lines'),
			{ kind: 'file', id: 'manifest', why: 'written last: its presence means complete', op: 'finalize', path: paths.partial },
			{ kind: 'file', id: 'publish', why: 'from now on it is a backup', op: 'publish', path: paths.partial, to: paths.final },
			{ kind: 'file', id: 'latest', why: 'the newest complete one', op: 'latest', path: paths.latest, to: paths.label },
		];
	},
	async run({ plan, perform, now, facts, ...env }) {
		const dump = dumped(env);
		if (dump === undefined) throw new TypeError('nothing was dumped');
		const cut = dump.files.filter((file) => file.kind !== 'definitions' && !file.found.footer);
		if (cut.length > 0) {
			throw new VerifyFailed([
				fail('FOOTER', 'Some files lack their footer', { found: `cut off: ${cut.map((file) => file.path).join(', ')}` }),
			]);
		}
		const caughtUp = env.outputs['catch-up'] as { ms: number | null } | undefined;
		const manifest = manifestOf(env, facts, dump, { caughtUpMs: caughtUp?.ms ?? null, finished: now() });
		const rows = (channels: readonly Channel[]) =>
			channels.map(({ gaps, ...channel }) =>
				Object.fromEntries(
					Object.entries({ ...channel, gaps: gaps.map(describeGap).join('; ') }).map(([key, value]) => [
						key,
						value === null ? null : String(value),
					]),
				),
			);
		const sizes = facts.tables.map((table) => ({
			database: table.database,
			table: table.name,
			engine: table.engine,
			rows: table.rows,
			dataBytes: table.bytes,
			indexBytes: null,
		}));
		const texts: Readonly<Record<string, () => string>> = {
			[FILES.readme]: () => readmeText(manifest, env.server.dialect.byHand),
			[changeSourceFile(engineOf(env))]: () => changeSourceSql(manifest, env.server.dialect.byHand),
			metadata: () => metadataText(manifest),
			...Object.fromEntries(marks(env).map((name) => [name, () => MARK])),
			[FILES.variables]: () => variablesTsv(new Map(facts.variables)),
			[FILES.replicaStatus]: () =>
				replicaStatusText([
					{ title: 'Under the lock', at: new Date(dump.acquired), rows: rows(dump.channels) },
					{ title: 'Afterwards', at: now(), rows: rows(facts.channels) },
				]),
			[FILES.tableSizes]: () => tableSizesTsv(sizes),
			[FILES.log]: () => env.transcript().log,
			[FILES.events]: () => env.transcript().jsonl,
			manifest: () => manifestText(manifest),
		};
		for (const action of plan) {
			const text = texts[action.id];
			await perform(text === undefined ? action : { ...(action as FileAction), text: text() });
		}
		return null;
	},
	async verify({ paths, folderFacts }) {
		const final = await folderFacts(paths.final);
		return [
			must(
				'PUBLISHED',
				{ pass: 'The backup has its name and its manifest', fail: 'The backup lacks its name or its manifest' },
				final.exists && final.entries.includes(FILES.manifest),
				{
					expected: paths.final,
				},
			),
		];
	},
};
