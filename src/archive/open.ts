import { constants, createReadStream, type ReadStream } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { UserError } from '../core/errors.ts';
import { fileProblem } from './problem.ts';

/** No manifest is larger: some hundred bytes a file, and one line of SHA256SUMS is shorter. */
const LARGEST_TEXT = 256 * 1024 ** 2;

const notPlain = (path: string, what: string): UserError =>
	new UserError({
		message: `${path} is ${what}.`,
		reason: 'A backup holds plain files only.',
		hints: ['Get this file from a copy of the backup.'],
	});

/**
 * Opens a file of a backup's folder, which anybody may have changed: no link is followed, a pipe or a device neither waits nor reads without an
 * end. Throws the system's error where it cannot be opened, UserError where it is no plain file.
 */
export async function openPlain(path: string): Promise<FileHandle> {
	const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch(
		(cause: NodeJS.ErrnoException) => {
			if (cause.code === 'ELOOP') throw notPlain(path, 'a symbolic link');
			if (cause.code === 'ENXIO' || cause.code === 'ENODEV') throw notPlain(path, 'no plain file');
			throw cause;
		},
	);
	if ((await handle.stat()).isFile()) return handle;
	await handle.close();
	throw notPlain(path, 'no plain file');
}

/** Reads a small file of a backup as text. Throws as {@link openPlain} does. */
export async function readText(folder: string, name: string, most = LARGEST_TEXT): Promise<string> {
	const path = join(folder, name);
	await using handle = await openPlain(path);
	if ((await handle.stat()).size > most)
		throw new UserError({ message: `${path} is too large to be what it is called.`, hints: ['Get this file from a copy of the backup.'] });
	return await handle.readFile('utf8');
}

/** The bytes of a file of a backup. Throws UserError where it cannot be opened. */
export async function openStream(
	path: string,
	options: { readonly highWaterMark: number; readonly signal?: AbortSignal | undefined },
): Promise<ReadStream> {
	const handle = await openPlain(path).catch((cause) => {
		throw fileProblem('The file cannot be read', path, cause);
	});
	return createReadStream(path, { fd: handle, ...options });
}
