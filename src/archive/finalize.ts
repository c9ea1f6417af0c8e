import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { VerifyFailed } from '../core/errors.ts';
import { hashFile, type Sum, sumOf, sumsText } from './checksums.ts';
import { changeSourceFile, FILES } from './layout.ts';
import { type Manifest, manifestText } from './manifest.ts';
import { writeFileDurably } from './write.ts';

/** What a run writes beside its dumps. */
const OURS: ReadonlySet<string> = new Set([...Object.values(FILES), changeSourceFile('vendor'), changeSourceFile('parallel'), 'metadata']);
/** For mydumper's loader. */
const MARK = /-schema\.sql$/;
const UNSUMMED: ReadonlySet<string> = new Set([FILES.sums, FILES.manifest]);

/**
 * Completes a backup's folder: SHA256SUMS over everything in it, the logs as they are by now, then the manifest, last. The sum of the manifest
 * is in SHA256SUMS too. A crash before the last line leaves a folder without manifest: no backup.
 */
export async function finalize(folder: string, manifest: Manifest): Promise<void> {
	const text = manifestText(manifest);
	// The dumps were summed as they were written; what the disk gives back now is for `verifyBackup`.
	const sums: Sum[] = manifest.files.map(({ path, sha256 }) => ({ path, sha256 }));
	const known = new Set(sums.map(({ path }) => path));
	const strangers: string[] = [];
	for (const path of await readdir(folder)) {
		if (known.has(path) || UNSUMMED.has(path)) continue;
		if (!OURS.has(path) && !MARK.test(path)) strangers.push(path);
		sums.push({ path, sha256: (await hashFile(join(folder, path))).sha256 });
	}
	if (strangers.length > 0)
		throw new VerifyFailed(
			strangers.map((path) => ({
				id: 'BACKUP-FILE',
				title: path,
				status: 'fail',
				expected: 'nothing of this name',
				found: 'a file that this run did not write',
			})),
			`Something else has written into ${folder}: it is not made a backup.`,
		);
	await writeFileDurably(join(folder, FILES.sums), sumsText([...sums, sumOf(FILES.manifest, text)]));
	await writeFileDurably(join(folder, FILES.manifest), text);
}
