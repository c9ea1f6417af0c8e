import type { Dirent } from 'node:fs';
import { lstat, readdir, realpath } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { basename, join } from 'node:path';
import { changedJsonWarning } from '../core/changed-json.ts';
import type { Check } from '../core/check.ts';
import { UserError } from '../core/errors.ts';
import { parseSums, type Sum, sumsText } from './checksums.ts';
import { changeSourceFile, FILES, readFolderName } from './layout.ts';
import { type Manifest, type ManifestFile, readManifest } from './manifest.ts';
import { readText } from './open.ts';
import { fileProblem } from './problem.ts';
import { type FileReader, openFileReaders } from './read-threads.ts';
import type { FileRead, ReadAs } from './read-whole.ts';
import { counting, type Problem, positionProblems, readAsOf, totalProblems } from './verify-counts.ts';

/** What reading a whole backup came to. */
export type Verification = {
	/** The backup's own folder, links followed. */
	readonly folder: string;
	/** Null where it cannot be read. */
	readonly manifest: Manifest | null;
	/** Of manifest.json and SHA256SUMS as they are: what says whether a backup is still the one that was verified. */
	readonly manifestSha256: string | null;
	readonly sumsSha256: string | null;
	/** One for each file that is as it should be, one for each thing that is not; by name of file. */
	readonly checks: readonly Check[];
	readonly files: number;
	readonly bytes: number;
	readonly rawBytes: number;
	/** Rows counted. */
	readonly rows: number;
};

export type VerifyOptions = {
	readonly signal?: AbortSignal;
	/** How many files are read at once: as many as there are processors, at most four. */
	readonly atOnce?: number;
	/** Bytes on disk, of all; the file that was begun last. */
	readonly onProgress?: (at: { readonly done: number; readonly total: number; readonly current: string | null }) => void;
};

type Judged = { readonly checks: readonly Check[]; readonly read: FileRead | null };

function kindOf(entry: Dirent): string {
	if (entry.isDirectory()) return 'a folder';
	return entry.isSymbolicLink() ? 'a symbolic link' : 'no plain file';
}

const bad = (path: string, { expected, found }: Problem, id = 'BACKUP-FILE'): Check => ({
	id,
	title: path,
	status: 'fail',
	expected,
	found,
});

function readSums(text: string): { readonly sums: ReadonlyMap<string, string>; readonly problems: readonly Problem[] } {
	const problems: Problem[] = [];
	const sums: Sum[] = [];
	for (const [index, line] of text.split('\n').entries()) {
		try {
			sums.push(...parseSums(line));
		} catch (error) {
			if (!(error instanceof UserError)) throw error;
			problems.push({ expected: 'a sum and a name in each line', found: `line ${index + 1}: ${line.slice(0, 100)}` });
		}
	}
	if (problems.length === 0 && sumsText(sums) !== text)
		problems.push({
			expected: 'one line a file, sorted by name, as it was written',
			found: 'other signs between, other order or another end',
		});
	return { sums: new Map(sums.map(({ path, sha256 }) => [path, sha256])), problems };
}

/** Where a file's bytes are not those of its entry in the manifest and of its line in SHA256SUMS. */
function byteProblems(read: FileRead, file: ManifestFile | undefined, sum: string | undefined): Problem[] {
	const problems: Problem[] = [];
	const say = (expected: string, found: string) => problems.push({ expected, found });
	if (file !== undefined && file.bytes !== read.bytes) say(`${file.bytes} bytes`, `${read.bytes} bytes`);
	// Where the manifest bears the file out it is the line that was changed.
	if (sum !== undefined && sum !== read.sha256 && file?.sha256 !== read.sha256) say(`sha256 ${sum} (SHA256SUMS)`, read.sha256);
	if (file !== undefined && file.sha256 !== read.sha256 && file.sha256 !== sum) say(`sha256 ${file.sha256} (manifest.json)`, read.sha256);
	if (read.broken !== null) say('a file that decompresses to its last byte', read.broken);
	return problems;
}

/**
 * Reads every file of a backup once, to its end, and judges it: that it is there and a plain file, its size, its sum by SHA256SUMS and
 * by the manifest, that it decompresses to its last byte, footer, what is in it by the manifest's counts; that nothing is in the folder that
 * does not belong there; the manifest's own sums. So no changed byte in the folder passes. All that is wrong is told, not the first only.
 * @throws UserError where the folder cannot be read, is no backup's, or is one of a newer format; the signal's reason
 */
export async function verifyBackup(given: string, options: VerifyOptions = {}): Promise<Verification> {
	const { signal } = options;
	const folder = await realpath(given).catch((cause) => {
		throw fileProblem('The backup cannot be read', given, cause);
	});
	const entries = new Map(
		(
			await readdir(folder, { withFileTypes: true }).catch((cause) => {
				throw fileProblem('The backup cannot be read', folder, cause);
			})
		).map((entry) => [entry.name, entry]),
	);
	const name = readFolderName(basename(folder));
	const { manifest, refused } = await readManifest(folder).then(
		(manifest) => ({ manifest, refused: null }),
		(refused: unknown) => {
			if (!(refused instanceof UserError)) throw refused;
			// Nothing in it is a backup's: it was named by mistake.
			if (name === null && !entries.has(FILES.manifest) && !entries.has(FILES.sums)) throw refused;
			return { manifest: null, refused };
		},
	);
	const sumsFile = entries.get(FILES.sums)?.isFile() ? await readText(folder, FILES.sums) : null;
	const { sums, problems: ofSums } = readSums(sumsFile ?? '');
	const inManifest = new Map((manifest?.files ?? []).map((file) => [file.path, file]));
	const countsOf = manifest === null ? null : counting(manifest);
	const changeSource = changeSourceFile(
		manifest === null && entries.has(changeSourceFile('parallel')) ? 'parallel' : manifest?.dump.engine,
	);
	const ours = new Set<string>([...Object.values(FILES), changeSource]);
	const belongs = (path: string) => inManifest.has(path) || sums.has(path) || ours.has(path);

	/** Lines that are wrong where both a file and the manifest say so. */
	const otherSums = (): Problem[] => [
		...(sums.size === 0 ? [{ expected: 'a sum for each file', found: 'none' }] : []),
		...[...inManifest.values()].flatMap(({ path, sha256 }) => {
			const sum = sums.get(path);
			return sum === undefined || sum === sha256 ? [] : [{ expected: `${sha256}  ${path} (manifest.json)`, found: sum }];
		}),
	];

	const wrongIn = (path: string, read: FileRead): Problem[] => {
		const file = inManifest.get(path);
		const sum = sums.get(path);
		const problems: Problem[] = [];
		if (path === FILES.sums) problems.push(...ofSums, ...otherSums());
		else if (sum === undefined && !isLog(path)) problems.push({ expected: 'a line in SHA256SUMS', found: 'none' });
		problems.push(...byteProblems(read, file, sum));
		if (path === FILES.manifest && refused !== null)
			problems.push({ expected: 'a manifest that can be read', found: refused.description.reason ?? refused.description.message });
		if (manifest !== null && path === FILES.manifest) problems.push(...totalProblems(manifest));
		if (manifest !== null && path === changeSource) problems.push(...positionProblems(manifest, read.text ?? ''));
		if (file !== undefined) problems.push(...(countsOf?.(file, read) ?? []));
		return problems;
	};

	const readAsFor = (path: string): ReadAs => {
		if (path === changeSource) return 'text';
		const file = inManifest.get(path);
		return file === undefined ? 'nothing' : readAsOf(file);
	};

	const judge = async (reader: FileReader, path: string, size: number, onBytes: (count: number) => void): Promise<Judged> => {
		const entry = entries.get(path);
		if (entry === undefined) return { checks: [bad(path, { expected: 'the file', found: 'missing' })], read: null };
		if (!belongs(path)) {
			const found = entry.isFile() ? 'a file that neither SHA256SUMS nor the manifest knows' : kindOf(entry);
			return { checks: [bad(path, { expected: 'nothing of this name', found })], read: null };
		}
		if (!entry.isFile()) return { checks: [bad(path, { expected: 'a plain file', found: kindOf(entry) })], read: null };
		const read = await reader.read({ path: join(folder, path), readAs: readAsFor(path), size }, onBytes);
		const problems = wrongIn(path, read);
		if (problems.length > 0) return { checks: problems.map((problem) => bad(path, problem)), read };
		const proven = path === FILES.sums || sums.has(path);
		const found = proven ? `${read.bytes} bytes, sha256 ${read.sha256}` : 'nothing in the backup says whether it is as it was written';
		return { checks: [{ id: 'BACKUP-FILE', title: path, status: proven ? 'ok' : 'note', found }], read };
	};

	const wanted = [FILES.manifest, FILES.sums, changeSource, FILES.readme, ...inManifest.keys(), ...sums.keys(), ...entries.keys()];
	const sized = await Promise.all(
		[...new Set(wanted)].map(async (path) => ({
			path,
			bytes: belongs(path) ? ((await lstat(join(folder, path)).catch(() => null))?.size ?? 0) : 0,
		})),
	);
	const total = sized.reduce((sum, { bytes }) => sum + bytes, 0);
	// The largest first, so that none is left for the end alone.
	const queue = sized.toSorted((a, b) => b.bytes - a.bytes);
	const judged = new Map<string, Judged>();
	let done = 0;
	const work = async (reader: FileReader) => {
		for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
			const { path, bytes } = next;
			judged.set(
				path,
				await judge(reader, path, bytes, (count) => {
					done += count;
					options.onProgress?.({ done, total, current: path });
				}),
			);
		}
	};
	const readers = openFileReaders(options.atOnce ?? Math.min(4, availableParallelism()), total, signal);
	try {
		await Promise.all(readers.map(work));
	} finally {
		await Promise.all(readers.map((reader) => reader[Symbol.asyncDispose]()));
	}

	const reads = [...judged.values()].flatMap(({ read }) => (read === null ? [] : [read]));
	const sumOf = (path: string) => judged.get(path)?.read?.sha256 ?? null;
	// Not damaged, but not for this version either.
	if (refused?.description.message.includes('newer lockstep') && sumOf(FILES.manifest) === sums.get(FILES.manifest)) throw refused;
	const checks = [...judged.keys()].sort().flatMap((path) => judged.get(path)?.checks ?? []);
	return {
		folder,
		manifest,
		manifestSha256: sumOf(FILES.manifest),
		sumsSha256: sumOf(FILES.sums),
		checks: [...ofFolder(folder, manifest), ...checks],
		files: reads.length,
		bytes: reads.reduce((sum, read) => sum + read.bytes, 0),
		rawBytes: reads.reduce((sum, read) => sum + read.rawBytes, 0),
		rows: [...judged].reduce(
			// A list of definitions has lines, too.
			(sum, [path, { read }]) => sum + (read?.scan?.rows ?? 0) + (inManifest.get(path)?.kind === 'rows' ? (read?.lines ?? 0) : 0),
			0,
		),
	};
}

const isLog = (path: string): boolean => path === FILES.log || path === FILES.events;

function ofFolder(folder: string, manifest: Manifest | null): Check[] {
	const name = basename(folder);
	if (readFolderName(name)?.partial)
		return [bad(name, { expected: 'a finished backup', found: 'one that is being made or has failed (.partial)' }, 'BACKUP-COMPLETE')];
	if (manifest === null) return [];
	const changed = manifest.changed_json ?? [];
	const json: Check[] =
		changed.length === 0
			? []
			: [{ id: 'JSON-TYPES', title: 'Types inside JSON columns change', status: 'note', found: changedJsonWarning(changed) }];
	if (manifest.id === name) return json;
	return [
		...json,
		{ id: 'BACKUP-NAME', title: name, status: 'note', found: `the folder of the backup ${manifest.id} was given another name` },
	];
}
