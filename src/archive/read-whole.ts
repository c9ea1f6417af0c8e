import { createHash } from 'node:crypto';
import { once } from 'node:events';
import type { Transform } from 'node:stream';
import { createGunzip, createZstdDecompress, gzipSync, constants as zlib, zstdCompressSync } from 'node:zlib';
import type { Compression } from '../core/action.ts';
import { createDumpScanner, type DumpScan } from '../dump/sql/scan.ts';
import { openStream } from './open.ts';
import { fileProblem } from './problem.ts';
import { WINDOW_LOG } from './read.ts';

/** What is looked for in a file's raw bytes: a dump's objects and rows, lines, its text. */
export type ReadAs = 'dump' | 'lines' | 'text' | 'nothing';

/** All that one reading of a file tells. */
export type FileRead = {
	/** As on disk. */
	readonly bytes: number;
	readonly sha256: string;
	/** After decompression, as far as that went. */
	readonly rawBytes: number;
	/** Why it cannot be decompressed to its end, or what is behind that; null where all is well. */
	readonly broken: string | null;
	/** Of 'dump'. */
	readonly scan: DumpScan | null;
	/** Line feeds; of 'lines'. */
	readonly lines: number | null;
	/** Of 'text', its first 64 KiB. */
	readonly text: string | null;
};

const LARGEST_CHUNK = 256 * 1024;
const SMALLEST_CHUNK = 16 * 1024;
const TEXT = 64 * 1024;

export function compressionOf(path: string): Compression {
	if (path.endsWith('.zst')) return 'zstd';
	return path.endsWith('.gz') ? 'gzip' : 'none';
}

/**
 * Node's decompressors pass over bytes behind the last frame, and over one that has only begun, without a word. So an empty frame is put
 * behind the file: where that was not read to its own end, the bytes before it are no frame.
 */
const inflaters = {
	zstd: (chunkSize: number) => ({
		inflate: createZstdDecompress({ chunkSize, params: { [zlib.ZSTD_d_windowLogMax]: WINDOW_LOG } }) as Transform & {
			bytesWritten: number;
		},
		end: zstdCompressSync(''),
	}),
	gzip: (chunkSize: number) => ({ inflate: createGunzip({ chunkSize }) as Transform & { bytesWritten: number }, end: gzipSync('') }),
} as const;

function linesIn(chunk: Buffer): number {
	const { length } = chunk;
	let lines = 0;
	for (let i = 0; i < length; i++) if (chunk[i] === 10) lines++;
	return lines;
}

function sink(readAs: ReadAs) {
	const scanner = readAs === 'dump' ? createDumpScanner() : null;
	const texts: Buffer[] = [];
	let rawBytes = 0;
	let lines = 0;
	let kept = 0;
	return {
		take(chunk: Buffer): void {
			rawBytes += chunk.length;
			if (scanner !== null) scanner.write(chunk);
			else if (readAs === 'lines') lines += linesIn(chunk);
			else if (readAs === 'text' && kept < TEXT) {
				texts.push(chunk.subarray(0, TEXT - kept));
				kept += texts.at(-1)?.length ?? 0;
			}
		},
		end: () => ({
			rawBytes,
			scan: scanner?.end() ?? null,
			lines: readAs === 'lines' ? lines : null,
			text: readAs === 'text' ? Buffer.concat(texts).toString('utf8') : null,
		}),
	};
}

/**
 * Reads a file once, to its end: sums it, decompresses it, looks at what is in it. What is wrong with its content is told, not thrown.
 * @throws UserError where the system cannot read it; the signal's reason where that is aborted
 */
export async function readWhole(
	path: string,
	how: {
		readonly readAs: ReadAs;
		/** About how large it is: a small file takes little memory. */
		readonly size?: number;
		readonly onBytes?: (count: number) => void;
		readonly signal?: AbortSignal | undefined;
	},
): Promise<FileRead> {
	const compression = compressionOf(path);
	const chunk = Math.min(LARGEST_CHUNK, Math.max(SMALLEST_CHUNK, how.size ?? LARGEST_CHUNK));
	const hash = createHash('sha256');
	const into = sink(how.readAs);
	let bytes = 0;
	let broken: string | null = null;
	const unpack = compression === 'none' ? null : inflaters[compression](chunk);
	const { promise: over, resolve: isOver } = Promise.withResolvers<void>();
	unpack?.inflate
		.on('data', into.take)
		.once('end', isOver)
		.once('close', isOver)
		.once('error', (error) => {
			broken = `it cannot be decompressed: ${error.message}`;
			isOver();
		});
	try {
		for await (const piece of (await openStream(path, { highWaterMark: chunk, signal: how.signal })) as AsyncIterable<Buffer>) {
			bytes += piece.length;
			hash.update(piece);
			how.onBytes?.(piece.length);
			if (unpack === null) into.take(piece);
			else if (broken === null && !unpack.inflate.write(piece))
				await Promise.race([once(unpack.inflate, 'drain'), over]).catch(() => undefined);
		}
		if (unpack !== null && broken === null) {
			unpack.inflate.end(unpack.end);
			await over;
			if (bytes === 0) broken ??= 'it is empty';
			const behind = bytes + unpack.end.length - unpack.inflate.bytesWritten;
			if (broken === null && behind !== 0) broken = 'there are bytes behind its last frame';
		}
	} catch (cause) {
		how.signal?.throwIfAborted();
		throw fileProblem('The file cannot be read', path, cause);
	} finally {
		unpack?.inflate.destroy();
	}
	return { bytes, sha256: hash.digest('hex'), broken, ...into.end() };
}
