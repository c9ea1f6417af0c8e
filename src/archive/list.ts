import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { DumpEngine } from '../core/dump-engines.ts';
import { LockstepError } from '../core/errors.ts';
import { readFolderName } from './layout.ts';
import { type Manifest, readManifest } from './manifest.ts';
import { fileProblem } from './problem.ts';

/** A backup found in a folder of backups. `partial`: running or failed; `damaged`: has the final name, but no manifest that can be read. */
export type Found =
	| { readonly state: 'complete'; readonly label: string; readonly path: string; readonly manifest: Manifest }
	| { readonly state: 'partial'; readonly label: string; readonly path: string }
	| { readonly state: 'damaged'; readonly label: string; readonly path: string; readonly problem: string };

/** An earlier backup: how long its lock was held, for how much. */
export type HeldBefore = {
	readonly heldMs: number;
	/** Of the tables that were dumped, as the server estimated them. */
	readonly dataBytes: number;
	/** `zstd`, `gzip` or `none`. */
	readonly compress: string;
	readonly engine: DumpEngine;
};

/** What the complete backups of this very server in a folder tell, oldest first; none where the folder cannot be read. */
export async function heldBefore(
	folder: string,
	server: { readonly host: string; readonly port: number; readonly serverId: number },
): Promise<readonly HeldBefore[]> {
	const found = await listBackups(folder).catch((): readonly Found[] => []);
	return found.flatMap((each) => {
		if (each.state !== 'complete') return [];
		const { manifest } = each;
		const { host, port, server_id } = manifest.server;
		if (host !== server.host || port !== server.port || server_id !== server.serverId || manifest.consistency.method !== 'lock') return [];
		// Older versions did not say: the text is about as large as the data.
		const dataBytes = manifest.totals.data_bytes ?? manifest.totals.raw_bytes;
		return [
			{
				heldMs: manifest.consistency.held_ms,
				dataBytes,
				compress: manifest.dump.compression.replace(/:.*/, ''),
				engine: manifest.dump.engine ?? 'vendor',
			},
		];
	});
}

/** All backups in a folder, oldest first; anything else in it is passed over. None where the folder isn't there. */
export async function listBackups(folder: string): Promise<readonly Found[]> {
	const found: Found[] = [];
	for (const entry of await entriesOf(folder)) found.push(await foundAt(entry));
	return found;
}

/** The newest complete backup in a folder; those before it are not read. */
export async function newestBackup(folder: string): Promise<Extract<Found, { state: 'complete' }> | null> {
	for (const entry of (await entriesOf(folder)).toReversed()) {
		if (entry.partial) continue;
		const found = await foundAt(entry);
		if (found.state === 'complete') return found;
	}
	return null;
}

type Entry = { readonly label: string; readonly path: string; readonly partial: boolean };

async function entriesOf(folder: string): Promise<readonly Entry[]> {
	const entries = await readdir(folder, { withFileTypes: true }).catch((cause) => {
		if (cause.code === 'ENOENT') return [];
		throw fileProblem('The backups cannot be listed', folder, cause);
	});
	return (
		entries
			.filter((entry) => entry.isDirectory())
			.flatMap((entry) => {
				const name = readFolderName(entry.name);
				return name === null ? [] : [{ ...name, path: join(folder, entry.name) }];
			})
			// By name, with .partial behind it, the second of one second would come first.
			.toSorted((a, b) => (a.label < b.label ? -1 : 1))
	);
}

async function foundAt({ label, path, partial }: Entry): Promise<Found> {
	if (partial) return { state: 'partial', label, path };
	try {
		return { state: 'complete', label, path, manifest: await readManifest(path) };
	} catch (error) {
		if (!(error instanceof LockstepError)) throw error;
		return { state: 'damaged', label, path, problem: [error.description.message, error.description.reason].filter(Boolean).join(' ') };
	}
}
