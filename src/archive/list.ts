import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { LockstepError } from '../core/errors.ts';
import { readFolderName } from './layout.ts';
import { type Manifest, readManifest } from './manifest.ts';
import { fileProblem } from './problem.ts';

/** A backup found in a folder of backups. `partial`: running or failed; `damaged`: has the final name, but no manifest that can be read. */
export type Found =
	| { readonly state: 'complete'; readonly label: string; readonly path: string; readonly manifest: Manifest }
	| { readonly state: 'partial'; readonly label: string; readonly path: string }
	| { readonly state: 'damaged'; readonly label: string; readonly path: string; readonly problem: string };

/** All backups in a folder, oldest first; anything else in it is passed over. None where the folder isn't there. */
export async function listBackups(folder: string): Promise<readonly Found[]> {
	const entries = await readdir(folder, { withFileTypes: true }).catch((cause) => {
		if (cause.code === 'ENOENT') return [];
		throw fileProblem('The backups cannot be listed', folder, cause);
	});
	const found: Found[] = [];
	for (const entry of entries.filter((entry) => entry.isDirectory()).sort((a, b) => (a.name < b.name ? -1 : 1))) {
		const name = readFolderName(entry.name);
		if (name === null) continue;
		const at = { label: name.label, path: join(folder, entry.name) };
		if (name.partial) {
			found.push({ state: 'partial', ...at });
			continue;
		}
		try {
			found.push({ state: 'complete', ...at, manifest: await readManifest(at.path) });
		} catch (error) {
			if (!(error instanceof LockstepError)) throw error;
			found.push({ state: 'damaged', ...at, problem: [error.told.what, error.told.why].filter(Boolean).join(' ') });
		}
	}
	return found;
}
