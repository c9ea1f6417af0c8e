import type { Stats } from 'node:fs';
import { access, constants, mkdir, readdir, rm, rmdir, stat, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { finalize } from '../archive/finalize.ts';
import type { Manifest } from '../archive/manifest.ts';
import { fsyncFolder, pointLatest, publish, writeFileDurably, writeNewFile } from '../archive/write.ts';
import type { FileAction } from '../core/action.ts';
import { UserError } from '../core/errors.ts';
import type { FolderFacts } from '../core/step.ts';

/** Performs an action in the file system. Throws UserError where a folder cannot be made. */
export async function fileEffect(action: FileAction): Promise<undefined> {
	switch (action.op) {
		case 'folder':
			try {
				await mkdir(dirname(action.path), { recursive: true, mode: 0o700 });
				await mkdir(action.path, { mode: 0o700 });
			} catch (cause) {
				throw new UserError(
					{
						message: `The folder cannot be made: ${action.path}`,
						reason: cause instanceof Error ? cause.message : String(cause),
						hints: ['Give another folder with --to, or let this user write there.'],
					},
					{ cause },
				);
			}
			await fsyncFolder(dirname(action.path));
			return;
		case 'write':
			return void (await writeFileDurably(action.path, action.text ?? ''));
		case 'secret':
			if (action.secret === undefined) throw new TypeError('a secret file without its secret');
			return void (await writeNewFile(action.path, `${action.secret.reveal()}\n`));
		case 'remove-folder':
			await rmdir(action.path);
			return void (await fsyncFolder(dirname(action.path)));
		case 'remove':
			await rm(action.path, { force: true });
			return void (await fsyncFolder(dirname(action.path)));
		case 'finalize':
			return void (await finalize(action.path, JSON.parse(action.text ?? '') as Manifest));
		case 'publish':
			return void (await publish(action.path, action.to ?? ''));
		case 'latest':
			return void (await pointLatest(action.path, action.to ?? ''));
	}
}

/** In a sticky folder, such as /tmp, users can replace and delete only what is theirs; root can do so anywhere. */
function exposure({ mode, uid }: Stats): FolderFacts['exposedTo'] {
	if ((mode & 0o002) !== 0 && (mode & 0o1000) === 0) return 'everybody';
	return uid === 0 || uid === process.getuid?.() ? null : 'its owner';
}

/** Looks at a folder, or at the nearest one above it. */
export async function folderFacts(path: string): Promise<FolderFacts> {
	const there = await stat(path).catch(() => null);
	let nearest = path;
	let found = there;
	while (found === null && dirname(nearest) !== nearest) {
		nearest = dirname(nearest);
		found = await stat(nearest).catch(() => null);
	}
	// Nothing can be made below a file.
	const writable =
		(found?.isDirectory() ?? false) &&
		(await access(nearest, constants.W_OK).then(
			() => true,
			() => false,
		));
	const disk = await statfs(nearest);
	return {
		path,
		exists: there !== null,
		isFolder: there?.isDirectory() ?? false,
		writable,
		nearest,
		freeBytes: disk.bavail * disk.bsize,
		exposedTo: found === null ? null : exposure(found),
		entries: there?.isDirectory() ? await readdir(path).catch(() => []) : [],
	};
}
