import { createHash } from 'node:crypto';
import { closeSync, fsync, openSync, writeSync } from 'node:fs';
import { promisify } from 'node:util';
import { constants, createZstdCompress, gzipSync } from 'node:zlib';
import { fileProblem } from '../../archive/problem.ts';
import type { Packing } from './reader-wire.ts';

/** One file in the making. Everything but its end happens at once, in the caller's thread. */
export interface PackedFile {
	readonly bytes: number;
	/** `text` is valid during the call only. */
	write(text: Uint8Array): void;
	/** Brings it to the disk. Gives the SHA-256 of what it holds. */
	finish(): Promise<string>;
	/** Lets go of it, whole or not. */
	abandon(): void;
}

const OURS_ALONE = 0o600;

/**
 * Blocks are compressed for themselves, each a frame (zstd) or a member (gzip): by the formats' rules such a file is one, and `zstd`, `gzip`, Node
 * and mydumper read it so. In the reader's own thread that is the cheapest there is: no copy, no queue, no second thread, and no memory that
 * grows; the ratio is the same to a tenth of a percent from 256 KiB on. Throws UserError where the file system refuses.
 */
export function packTo(path: string, { compress, level }: Packing): PackedFile {
	const pack = packer(compress, level);
	const hash = createHash('sha256');
	const refused = (error: unknown) => fileProblem('Rows cannot be written', path, error);
	let handle: number | null = null;
	try {
		handle = openSync(path, 'wx', OURS_ALONE);
	} catch (error) {
		throw refused(error);
	}
	let bytes = 0;
	const put = (block: Uint8Array) => {
		hash.update(block);
		try {
			for (let at = 0; at < block.length; ) at += writeSync(handle as number, block, at);
		} catch (error) {
			throw refused(error);
		}
		bytes += block.length;
	};
	const abandon = () => {
		if (handle !== null) closeSync(handle);
		handle = null;
	};
	return {
		get bytes() {
			return bytes;
		},
		write: (text) => put(pack(text)),
		finish: async () => {
			// Not even an empty file may be one that the tools refuse.
			if (bytes === 0) put(pack(new Uint8Array()));
			await promisify(fsync)(handle as number).catch((error) => Promise.reject(refused(error)));
			abandon();
			return hash.digest('hex');
		},
		abandon,
	};
}

/** A block of text has 0.7 MB at most: room for what it becomes even where nothing can be compressed. */
const FRAME_BYTES = 2 ** 20;
/** As long as the thread, by level. */
const framers = new Map<number, (text: Uint8Array) => Uint8Array>();

/** What minizlib, too, takes of Node's compressors, which keep it for those who did before there was a documented way. */
type Reusable = ReturnType<typeof createZstdCompress> & {
	_handle: { close(): void } | null;
	_processChunk(text: Uint8Array, flush: number): Buffer;
};

/**
 * Gives a frame a call, valid until the next one. As `zstdCompressSync`, but in the same memory each time: with a new context and new memory
 * a block the collector was at work for a tenth of a dump.
 */
function blocks(level: number): (text: Uint8Array) => Uint8Array {
	const known = framers.get(level);
	if (known !== undefined) return known;
	const params = { [constants.ZSTD_c_compressionLevel]: level, [constants.ZSTD_c_checksumFlag]: 1 };
	const stream = createZstdCompress({ chunkSize: FRAME_BYTES, params }) as Reusable;
	const handle = stream._handle as NonNullable<Reusable['_handle']>;
	// A call ends what it worked with, as if there were no other.
	handle.close = () => {};
	const made = (text: Uint8Array) => {
		try {
			return stream._processChunk(text, constants.ZSTD_e_end);
		} finally {
			stream._handle = handle;
			stream.removeAllListeners('error');
		}
	};
	framers.set(level, made);
	return made;
}

function packer(compress: Packing['compress'], level: number): (text: Uint8Array) => Uint8Array {
	switch (compress) {
		case 'zstd':
			return blocks(level);
		case 'gzip':
			return (text) => gzipSync(text, { level, chunkSize: Math.max(1024, text.length >> 1) });
		case 'none':
			return (text) => text;
	}
}
