import { join } from 'node:path';
import type { Check } from '../core/check.ts';
import { UserError, VerifyFailed } from '../core/errors.ts';
import { hashFile, parseSums } from './checksums.ts';
import { FILES } from './layout.ts';
import { type Manifest, readManifest } from './manifest.ts';
import { readText } from './open.ts';
import { totalProblems } from './verify-counts.ts';

/**
 * The manifest of a backup of which something is to be run: it is the one that SHA256SUMS knows, both name the same sums, and its totals are
 * those of its parts. What a file holds is compared with it when that file is read.
 * @throws UserError where it cannot be read; VerifyFailed where it was changed
 */
export async function readBoundManifest(folder: string): Promise<Manifest> {
	const manifest = await readManifest(folder);
	const checks: Check[] = [];
	const wrong = (title: string, expected: string, found: string) =>
		checks.push({
			...{ id: 'BACKUP-FILE', title, status: 'fail', expected, found },
			hints: ['Do not restore from it. Take another backup, or get this file from a copy of the backup.'],
		});
	const text = await readText(folder, FILES.sums).catch((cause: NodeJS.ErrnoException) => {
		if (cause.code !== 'ENOENT') throw cause;
		wrong(FILES.sums, 'the file', 'missing');
		return null;
	});
	if (text !== null) {
		const sums = new Map(sumsIn(text).map(({ path, sha256 }) => [path, sha256]));
		const { sha256: own } = await hashFile(join(folder, FILES.manifest));
		for (const { path, sha256 } of [{ path: FILES.manifest, sha256: own }, ...manifest.files]) {
			const sum = sums.get(path);
			if (sum !== sha256) wrong(path, `sha256 ${sum ?? 'in a line of its own'} (SHA256SUMS)`, sha256);
		}
	}
	// A restore has no use for the statements that load rows with other tools: older backups may lack them.
	for (const { expected, found } of totalProblems(manifest, { loaders: false })) wrong(FILES.manifest, expected, found);
	if (checks.length > 0) throw new VerifyFailed(checks, `${folder} is not the backup that was made: nothing of it was used.`);
	return manifest;
}

function sumsIn(text: string) {
	try {
		return parseSums(text);
	} catch (error) {
		if (error instanceof UserError) return [];
		throw error;
	}
}
