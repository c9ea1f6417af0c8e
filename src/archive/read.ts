import { createHash } from 'node:crypto';
import { lstat, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough, type Readable, type Transform } from 'node:stream';
import { createGunzip, createZstdDecompress, constants as zlib } from 'node:zlib';
import type { Check } from '../core/check.ts';
import { LockstepError, UserError, VerifyFailed } from '../core/errors.ts';
import type { ManifestFile } from './manifest.ts';
import { openStream } from './open.ts';
import { fileProblem } from './problem.ts';

/** A file of a backup as its manifest knows it. */
export type KnownFile = Pick<ManifestFile, 'path' | 'bytes' | 'sha256'> & Partial<Pick<ManifestFile, 'raw_bytes'>>;

const CHUNK = 256 * 1024;
/** As much memory as `zstd` itself lets a file ask for: 128 MiB. */
export const WINDOW_LOG = 27;

const HINTS = ['Do not restore from it. Take another backup, or get this file from a copy of the backup.'];

/** What is thrown where a file's content is not what a backup holds. */
export const broken = (path: string, expected: string, found: string, cause?: unknown): VerifyFailed =>
	new VerifyFailed(
		[{ id: 'BACKUP-FILE', title: path, status: 'fail', expected, found, hints: HINTS }],
		'A file of the backup is not what was written.',
		{ cause },
	);

function decompressor(path: string): Transform {
	if (path.endsWith('.zst')) return createZstdDecompress({ chunkSize: CHUNK, params: { [zlib.ZSTD_d_windowLogMax]: WINDOW_LOG } });
	return path.endsWith('.gz') ? createGunzip({ chunkSize: CHUNK }) : new PassThrough({ highWaterMark: CHUNK });
}

/**
 * The raw bytes of a file of a backup, which are whole only where this comes to its end: size and sum are compared before it does. Throws
 * VerifyFailed where the file is not what the manifest says, UserError where it cannot be read.
 */
export async function* readKnown(folder: string, file: KnownFile): AsyncGenerator<Buffer> {
	const path = join(folder, file.path);
	const hash = createHash('sha256');
	let bytes = 0;
	const input = await openStream(path, { highWaterMark: CHUNK });
	const raw = decompressor(file.path);
	input.on('data', (chunk) => {
		hash.update(chunk);
		bytes += chunk.length;
	});
	input.on('error', (error) => raw.destroy(fileProblem('The file cannot be read', path, error)));
	input.pipe(raw);
	try {
		let unpacked = 0;
		for await (const chunk of raw as AsyncIterable<Buffer>) {
			unpacked += chunk.length;
			// A few bytes may become more than any memory or disk holds.
			if (file.raw_bytes !== undefined && unpacked > file.raw_bytes) throw broken(file.path, `${file.raw_bytes} bytes unpacked`, 'more');
			yield chunk;
		}
	} catch (cause) {
		if (cause instanceof LockstepError) throw cause;
		throw broken(file.path, 'a whole compressed file', cause instanceof Error ? cause.message : String(cause), cause);
	} finally {
		input.destroy();
		raw.destroy();
	}
	// A decompressor may have had enough before the end of its file.
	if (bytes !== file.bytes) throw broken(file.path, `${file.bytes} bytes`, `${bytes} bytes`);
	const sha256 = hash.digest('hex');
	if (sha256 !== file.sha256) throw broken(file.path, file.sha256, sha256);
}

/** Reads a file as it is on disk, and judges its size and its sum. `onBytes` is told as it goes. */
export async function judgeFile(
	folder: string,
	file: KnownFile,
	options: { readonly signal: AbortSignal; readonly onBytes?: (bytes: number) => void },
): Promise<Check> {
	const check = { id: 'BACKUP-FILE', title: file.path } as const;
	const wrong = (expected: string, found: string): Check => ({ ...check, status: 'fail', expected, found, hints: HINTS });
	const path = join(folder, file.path);
	const there = await lstat(path).catch(() => null);
	if (there === null) return wrong('the file', 'missing');
	if (!there.isFile()) return wrong('a file', there.isSymbolicLink() ? 'a symbolic link' : 'no plain file');
	if (there.size !== file.bytes) return wrong(`${file.bytes} bytes`, `${there.size} bytes`);
	const hash = createHash('sha256');
	try {
		const input: Readable = await openStream(path, { highWaterMark: 1024 * 1024, signal: options.signal });
		for await (const chunk of input) {
			hash.update(chunk as Buffer);
			options.onBytes?.((chunk as Buffer).length);
		}
	} catch (cause) {
		options.signal.throwIfAborted();
		throw fileProblem('The file cannot be read', path, cause);
	}
	const sha256 = hash.digest('hex');
	return sha256 === file.sha256 ? { ...check, status: 'ok', found: `${file.bytes} bytes` } : wrong(file.sha256, sha256);
}

/** The folder that a backup's path leads to: `latest` is a link, and what it names may change while it is read. */
export async function backupFolder(path: string): Promise<string> {
	return realpath(path).catch((cause) => {
		throw new UserError(
			{
				message: `There is no backup: ${path}`,
				details: cause instanceof Error ? cause.message : String(cause),
				hints: ['Name the folder of one backup, as 20261121T020000Z, or the link `latest` beside it.'],
			},
			{ cause },
		);
	});
}
