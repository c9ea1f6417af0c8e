import { statfs } from 'node:fs/promises';
import { newestBackup } from '../archive/list.ts';
import { proofsOf } from '../archive/records.ts';
import type { BackupFolderState } from '../core/status-report.ts';

/** The last complete backup in a folder, how it was proven, and the room beside it. Never rejects: what cannot be read is null. */
export async function stateOfFolder(path: string | null): Promise<BackupFolderState> {
	if (path === null) return { lastBackup: null, disk: null };
	const [lastBackup, disk] = await Promise.all([lastBackupIn(path).catch(() => null), diskOf(path)]);
	return { lastBackup, disk };
}

async function diskOf(path: string): Promise<BackupFolderState['disk']> {
	const disk = await statfs(path).catch(() => null);
	return disk === null ? null : { path, freeBytes: disk.bavail * disk.bsize };
}

async function lastBackupIn(folder: string): Promise<BackupFolderState['lastBackup']> {
	const found = await newestBackup(folder);
	if (found === null) return null;
	const { manifest } = found;
	return {
		path: found.path,
		finished: manifest.finished,
		bytes: manifest.totals.bytes,
		rawBytes: manifest.totals.raw_bytes,
		heldMs: manifest.consistency.held_ms,
		...(await proofsOf(found.path)),
	};
}
