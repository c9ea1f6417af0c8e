import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, link, lstat, mkdir, open, readdir, rename, rm, symlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { PassThrough, Transform, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip, createZstdCompress, constants as zlib } from 'node:zlib';
import type { Compression } from '../core/action.ts';
import { UserError } from '../core/errors.ts';
import { FILES, foldersOf, labelFor, levelOf } from './layout.ts';
import { fileProblem } from './problem.ts';

/** Makes a folder's own entries durable: a file's name is on disk only when its folder is. */
export async function fsyncFolder(path: string): Promise<void> {
	try {
		await using folder = await open(path, constants.O_RDONLY | constants.O_DIRECTORY);
		await folder.sync();
	} catch (cause) {
		throw fileProblem('The folder cannot be written to disk', path, cause);
	}
}

/**
 * Makes `<to>/<label>.partial`, for this user only, and claims the label by it: of two runs in one second the second gets another.
 * @param to the folder of all backups; made where it is missing
 */
export async function reserveFolder(
	to: string,
	at: Date,
): Promise<{ readonly label: string; readonly partial: string; readonly final: string }> {
	try {
		await mkdir(to, { recursive: true, mode: 0o700 });
		for (;;) {
			const label = labelFor(at, await readdir(to));
			const { partial, final } = foldersOf(to, label);
			try {
				await mkdir(partial, { mode: 0o700 });
				await fsyncFolder(to);
				return { label, partial, final };
			} catch (cause) {
				if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') throw cause;
			}
		}
	} catch (cause) {
		throw fileProblem('The backup folder cannot be made', to, cause);
	}
}

/** Writes a whole file: a crash leaves the old one, the new one, or a `.new` beside it, never half of it under its name. */
export async function writeFileDurably(path: string, text: string, mode = 0o600): Promise<void> {
	const fresh = `${path}.new`;
	try {
		await rm(fresh, { force: true });
		{
			await using file = await open(fresh, 'wx', mode);
			await file.writeFile(text);
			await file.sync();
		}
		await rename(fresh, path);
	} catch (cause) {
		await rm(fresh, { force: true }).catch(() => undefined);
		throw fileProblem('The file cannot be written', path, cause);
	}
	await fsyncFolder(dirname(path));
}

/** Writes a new file that this user alone may read; folders above it are made, 0700. Never replaces anything. */
export async function writeNewFile(path: string, text: string): Promise<void> {
	const fresh = `${path}.new`;
	try {
		await mkdir(dirname(path), { recursive: true, mode: 0o700 });
		await rm(fresh, { force: true });
		{
			await using file = await open(fresh, 'wx', 0o600);
			await file.writeFile(text);
			await file.sync();
		}
		// Unlike rename() it refuses a name that is taken.
		await link(fresh, path);
	} catch (cause) {
		throw fileProblem('The file cannot be written', path, cause);
	} finally {
		await rm(fresh, { force: true }).catch(() => undefined);
	}
	await fsyncFolder(dirname(path));
}

/** Gives a finished backup its final name. Refuses one without manifest, and never replaces anything. A crash leaves one name or the other. */
export async function publish(partial: string, final: string): Promise<void> {
	await lstat(join(partial, FILES.manifest)).catch((cause) => {
		throw new UserError(
			{ message: `The backup is not complete, so it is not published: ${partial}`, reason: 'It has no manifest.json.' },
			{ cause },
		);
	});
	// rename() would replace an empty folder without a word.
	const there = await lstat(final).catch(() => null);
	if (there !== null) throw fileProblem('The backup cannot be published', final, Object.assign(new Error('it exists'), { code: 'EEXIST' }));
	await fsyncFolder(partial);
	try {
		await rename(partial, final);
	} catch (cause) {
		throw fileProblem('The backup cannot be published', final, cause);
	}
	await fsyncFolder(dirname(final));
}

/** Points the link `<to>/latest` at a backup beside it, in one step: whoever reads it sees the old or the new one. */
export async function pointLatest(link: string, label: string): Promise<void> {
	const fresh = join(dirname(link), `.${basename(link)}.${label}`);
	try {
		await rm(fresh, { force: true });
		await symlink(label, fresh);
		await rename(fresh, link);
	} catch (cause) {
		await rm(fresh, { force: true }).catch(() => undefined);
		throw fileProblem('The link to the latest backup cannot be set', link, cause);
	}
	await fsyncFolder(dirname(link));
}

/** A finished file: `bytes` and `sha256` as it is on disk, `rawBytes` as it was before compression. */
export type Written = { readonly bytes: number; readonly rawBytes: number; readonly sha256: string };

/** A file being written. */
export interface FileStream {
	/** Takes the raw bytes, with back-pressure; on any failure it is destroyed with the same error that `done` rejects with. */
	readonly input: Writable;
	/** Ends when the file is complete and synced. Destroying `input` rejects it and leaves a cut-off file. */
	readonly done: Promise<Written>;
	/** So far, for a progress line. */
	readonly bytes: number;
	readonly rawBytes: number;
}

function compressor(compress: Compression, level: number): Transform {
	const chunkSize = 256 * 1024;
	switch (compress) {
		case 'zstd':
			// With a checksum of its own, so that `zstd -t` proves the file.
			return createZstdCompress({
				chunkSize,
				params: { [zlib.ZSTD_c_compressionLevel]: level, [zlib.ZSTD_c_checksumFlag]: 1 },
			});
		case 'gzip':
			return createGzip({ chunkSize, level });
		case 'none':
			return new PassThrough();
	}
}

/** Writes all of a chunk: a disk that fills up takes part of it first. */
async function writeAll(file: FileHandle, chunk: Buffer): Promise<void> {
	for (let from = 0; from < chunk.length; ) {
		const { bytesWritten } = await file.write(chunk, from, chunk.length - from);
		from += bytesWritten;
	}
}

/**
 * Opens a new file (0600; one that exists is refused) that takes raw bytes: raw → zstd, gzip or nothing → SHA-256 → disk → fsync.
 * Failures of the disk come as a UserError naming the path and what to do.
 * @param options.level as `levelOf` takes it
 */
export async function writeStream(path: string, options: { compress: Compression; level?: number | null }): Promise<FileStream> {
	const file = await open(path, 'wx', 0o600).catch((cause) => {
		throw fileProblem('The file cannot be made', path, cause);
	});
	const hash = createHash('sha256');
	let bytes = 0;
	let rawBytes = 0;
	const problem = (cause: unknown) => fileProblem('The file cannot be written', path, cause);
	const disk = new Writable({
		highWaterMark: 1024 * 1024,
		write(chunk: Buffer, _encoding, done) {
			hash.update(chunk);
			writeAll(file, chunk).then(
				() => {
					bytes += chunk.length;
					done();
				},
				(cause) => done(problem(cause)),
			);
		},
		final(done) {
			file.sync().then(
				() => done(),
				(cause) => done(problem(cause)),
			);
		},
		destroy(error, done) {
			file.close().then(
				() => done(error),
				(cause) => done(error ?? problem(cause)),
			);
		},
	});
	const input = new Transform({
		transform(chunk: Buffer, _encoding, done) {
			rawBytes += chunk.length;
			done(null, chunk);
		},
	});
	const done = pipeline(input, compressor(options.compress, levelOf(options.compress, options.level)), disk).then(() => ({
		bytes,
		rawBytes,
		sha256: hash.digest('hex'),
	}));
	// Whoever writes hears of a failure through `input` first, and may come to `done` only later.
	done.catch(() => undefined);
	return {
		input,
		done,
		get bytes() {
			return bytes;
		},
		get rawBytes() {
			return rawBytes;
		},
	};
}
