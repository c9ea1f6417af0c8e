import { lstat, readdir, readlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type * as z from 'zod/mini';
import {
	type BackupCard,
	type BackupReport,
	type BackupTable,
	DRILL_RECORD,
	type DrillRecord,
	type Proof,
	VERIFY_RECORD,
	type VerifyRecord,
} from '../core/backups.ts';
import { parseJson } from '../core/schema.ts';
import { sourcesOf } from './change-source.ts';
import { hashFile } from './checksums.ts';
import { FILES } from './layout.ts';
import type { Found } from './list.ts';
import type { Manifest } from './manifest.ts';
import { readText } from './open.ts';
import { writeFileDurably } from './write.ts';

const LARGEST_RECORD = 16 * 1024 ** 2;

/** Beside a backup's folder, never in it: verify tells every file there that is not the backup's own. */
export const recordPath = (folder: string, name: 'verify.json' | 'drill.json' | 'drill.md'): string =>
	join(dirname(folder), `${basename(folder)}.${name}`);

/** @throws UserError where it cannot be written: the proof holds all the same */
export async function writeRecord(folder: string, record: VerifyRecord | DrillRecord): Promise<string> {
	const path = recordPath(folder, `${record.type}.json`);
	await writeFileDurably(path, `${JSON.stringify(record, null, 2)}\n`);
	return path;
}

/** Null where there is none, or one that nobody can rest on. */
async function readRecord<T>(folder: string, type: 'verify' | 'drill', schema: z.ZodMiniType<T>): Promise<T | null> {
	const text = await readText(dirname(folder), basename(recordPath(folder, `${type}.json`)), LARGEST_RECORD).catch(() => '');
	return parseJson(schema, text);
}

type Sealed = { readonly manifest_sha256: string | null; readonly sums_sha256: string | null };

/** What a backup is known by: its manifest holds the dumps' sums, SHA256SUMS all others. */
export async function fingerprintOf(folder: string): Promise<Sealed> {
	const sum = (name: string) =>
		hashFile(join(folder, name)).then(
			({ sha256 }) => sha256,
			() => null,
		);
	return { manifest_sha256: await sum(FILES.manifest), sums_sha256: await sum(FILES.sums) };
}

function proof(record: VerifyRecord | DrillRecord | null, fingerprint: Sealed): Proof {
	if (record === null) return { state: 'none' };
	const same = record.manifest_sha256 === fingerprint.manifest_sha256 && record.sums_sha256 === fingerprint.sums_sha256;
	const ms = record.type === 'drill' ? record.recovery_ms : record.ms;
	const outcome = record.ok ? 'ok' : 'failed';
	return { state: same ? outcome : 'stale', at: record.at, problems: record.problems, ms };
}

/** Of the files in it; 0 where it does not exist. */
export async function bytesIn(folder: string): Promise<number> {
	const names = await readdir(folder).catch((): string[] => []);
	const sizes = await Promise.all(names.map(async (name) => (await lstat(join(folder, name)).catch(() => null))?.size ?? 0));
	return sizes.reduce((sum, size) => sum + size, 0);
}

async function recordsOf(folder: string) {
	const verify = await readRecord(folder, 'verify', VERIFY_RECORD);
	const drill = await readRecord(folder, 'drill', DRILL_RECORD);
	// What there is no record of need not be read.
	const fingerprint = verify === null && drill === null ? { manifest_sha256: null, sums_sha256: null } : await fingerprintOf(folder);
	return { verify, drill, verified: proof(verify, fingerprint), drilled: proof(drill, fingerprint) };
}

/** Whether the backup in a folder was verified and drilled. */
export async function proofsOf(folder: string): Promise<Pick<BackupCard, 'verified' | 'drilled'>> {
	const { verified, drilled } = await recordsOf(folder);
	return { verified, drilled };
}

async function recorded(found: Found) {
	const { verify, drill, verified, drilled } = await recordsOf(found.path);
	const latest = await readlink(join(dirname(found.path), 'latest')).catch(() => '');
	const manifest = found.state === 'complete' ? found.manifest : null;
	const card: BackupCard = {
		label: found.label,
		path: found.path,
		state: found.state,
		// Only journals tell more.
		...{ partial: found.state === 'partial' ? 'unknown' : null, run: null },
		problem: found.state === 'damaged' ? found.problem : null,
		latest: basename(latest) === basename(found.path),
		bytes: await bytesIn(found.path),
		raw_bytes: manifest?.totals.raw_bytes ?? null,
		started: manifest?.started ?? null,
		finished: manifest?.finished ?? null,
		server: manifest === null ? null : serverOf(manifest),
		profile: manifest?.profile ?? null,
		engine: manifest === null ? null : (manifest.dump.engine ?? 'vendor'),
		compression: manifest?.dump.compression ?? null,
		held_ms: manifest?.consistency.held_ms ?? null,
		lock: manifest?.consistency.method ?? null,
		databases: manifest?.totals.databases ?? null,
		tables: manifest?.totals.tables ?? null,
		warnings: manifest?.warnings ?? [],
		verified,
		drilled,
	};
	return { card, verify, drill };
}

const serverOf = ({ server: { flavor, version, host, port } }: Manifest) => ({ flavor, version, host, port });

/** What a list shows of a backup. */
export const cardOf = async (found: Found): Promise<BackupCard> => (await recorded(found)).card;

/** All there is to say of a complete one. */
export async function reportOf(found: Extract<Found, { state: 'complete' }>): Promise<BackupReport> {
	const { manifest } = found;
	const { position, server, dump, files } = manifest;
	const { card, verify, drill } = await recorded(found);
	const tables = await tablesOf(found.path, manifest);
	const sum = (numbers: readonly (number | undefined)[]) => numbers.reduce<number>((all, one) => all + (one ?? 0), 0);
	const place = ({ file, pos, gtid }: { file: string | null; pos: number | null; gtid: string | null }) => ({ file, pos, gtid });
	return {
		...card,
		client: `${dump.client} ${dump.client_version}`,
		why: dump.why ?? null,
		position: [
			...sourcesOf(position).map((source) => ({
				of: `source ${source.host}:${source.port}${source.name && ` (channel ${source.name})`}`,
				...place(source),
			})),
			...(position.self === null ? [] : [{ of: `itself ${server.host}:${server.port}`, ...place(position.self) }]),
		],
		databaseList: dump.databases.map((name) => {
			const own = files.filter((file) => file.database === name);
			return {
				name,
				rows: sum(own.map((file) => file.rows)),
				raw_bytes: sum(own.map((file) => file.raw_bytes)),
				bytes: sum(own.map((file) => file.bytes)),
				tables: tables.get(name) ?? [],
			};
		}),
		fileList: files.map(({ path, kind, bytes }) => ({ path, kind, bytes })),
		verify,
		drill,
	};
}

/** Every table with its size, the largest first: by the manifest where it has them, else as the server estimated them then. */
async function tablesOf(folder: string, { tables, dump }: Manifest): Promise<ReadonlyMap<string, readonly BackupTable[]>> {
	const found: (BackupTable & { database: string })[] = (tables ?? []).map(({ database, name, engine, rows, data_bytes }) => ({
		...{ database, name, engine, rows, bytes: data_bytes, estimated: false },
	}));
	if (tables === undefined) {
		const text = await readText(folder, FILES.tableSizes).catch(() => '');
		for (const line of text.split('\n').slice(1, -1)) {
			const [database, name, engine = null, rows, bytes] = line.split('\t').map(cell);
			if (database && name && !dump.ignored_tables.includes(`${database}.${name}`))
				found.push({ database, name, engine, rows: figure(rows), bytes: figure(bytes), estimated: true });
		}
	}
	const map = new Map<string, BackupTable[]>();
	for (const { database, ...table } of found.toSorted((a, b) => (b.bytes ?? 0) - (a.bytes ?? 0)))
		map.set(database, [...(map.get(database) ?? []), table]);
	return map;
}

const SIGNS: Readonly<Record<string, string>> = { t: '\t', n: '\n', r: '\r', '0': '\0' };
/** A cell of a table of ours, as `texts.ts` writes it. */
const cell = (text: string): string | null =>
	text === '\\N'
		? null
		: text.replaceAll(/\\(?:x([\da-f]{2})|u\{([\da-f]{1,5}|10[\da-f]{4})\}|(.))/g, (_, byte?: string, code?: string, sign = '') =>
				byte === undefined && code === undefined ? (SIGNS[sign] ?? sign) : String.fromCodePoint(Number.parseInt(byte ?? code ?? '', 16)),
			);
const figure = (text: string | null | undefined): number | null => (text == null || !/^\d+$/.test(text) ? null : Number(text));
