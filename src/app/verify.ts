import { basename } from 'node:path';
import { readFolderName } from '../archive/layout.ts';
import { readManifest } from '../archive/manifest.ts';
import { backupFolder } from '../archive/read.ts';
import { recordPath, writeRecord } from '../archive/records.ts';
import { verifyBackup } from '../archive/verify.ts';
import type { Verified, VerifyRecord } from '../core/backups.ts';
import { failed, problemWords } from '../core/check.ts';
import { LockstepError, VerifyFailed } from '../core/errors.ts';
import { FORMAT, type Recorded } from '../core/events.ts';
import type { Json } from '../core/json.ts';
import { meter, type Progress } from '../core/progress.ts';
import type { AppContext } from './context.ts';

const HINTS = 'Do not restore from it. Take another backup, or get what is named from a copy of this one.';

export type At = { readonly done: number; readonly total: number; readonly current: string | null };

/** How far a reading is, with rate and time left. */
export function measuring(context: AppContext, on: (progress: Progress) => void): (at: At) => void {
	const measure = meter(() => context.now().getTime());
	return ({ done, total, current }) => on({ unit: 'bytes', done, total, estimated: false, ...measure(done, total), current });
}

/** Events for a verification, which is no run, so that its progress is reported like a run's. */
export function verifyEvents(context: AppContext, print: (event: Recorded) => void): (at: At) => void {
	let seq = 0;
	return measuring(context, (progress) => {
		// What is over at once needs no lines.
		if (progress.elapsedMs < 1000) return;
		print({ v: FORMAT, run: 'verify', seq: ++seq, at: context.now().toISOString(), type: 'progress', step: 'verify', progress });
	});
}

/** The fields of its last JSON line. */
export const verifiedFields = ({ folder, record, notes, written }: Verified): { readonly [key: string]: Json } => {
	const { files, bytes, raw_bytes, rows, ms, manifest_sha256 } = record;
	const found = notes.map((note) => `${note.title}: ${note.found}`);
	return { backup: folder, ok: true, files, bytes, raw_bytes, rows, ms, manifest_sha256, record: written, notes: found };
};

/** Reads the whole backup. */
async function read(context: AppContext, folder: string, onProgress: (at: At) => void) {
	const began = context.now();
	const verification = await verifyBackup(folder, { signal: context.signal, onProgress });
	const problems = failed(verification.checks);
	const { manifestSha256, sumsSha256, files, bytes: size, rawBytes, rows } = verification;
	const record: VerifyRecord = {
		...{ format: 1, type: 'verify', backup: basename(verification.folder), at: context.now().toISOString() },
		tool: { name: 'lockstep', version: context.version },
		ok: problems.length === 0,
		...{ manifest_sha256: manifestSha256, sums_sha256: sumsSha256, files, bytes: size, raw_bytes: rawBytes, rows },
		ms: context.now().getTime() - began.getTime(),
		problems: problems.map(problemWords),
	};
	return { verification, record, problems };
}

/**
 * Reads the whole backup and writes down beside it what that came to.
 * @param warn told where it cannot be written down
 * @throws VerifyFailed where it is not what it was; the signal's reason
 */
export async function verifyAndRecord(
	context: AppContext,
	given: string,
	{ onProgress, warn }: { readonly onProgress: (at: At) => void; readonly warn: (text: string) => void },
): Promise<Verified> {
	const folder = await backupFolder(given);
	const { verification, record, problems } = await read(context, folder, onProgress);
	// A folder that cannot be written, as a medium that is read-only, is proven all the same.
	const isPartial = readFolderName(basename(folder))?.partial ?? false;
	const path = await (isPartial ? Promise.resolve(null) : writeRecord(verification.folder, record)).catch((error: unknown) => {
		if (!(error instanceof LockstepError)) throw error;
		warn(`The proof holds, but cannot be written down. ${error.description.message}`);
		return null;
	});
	if (problems.length > 0) {
		const checks = problems.map((check, index) => (index === problems.length - 1 ? { ...check, hints: [HINTS] } : check));
		const words = problems.length === 1 ? 'something is' : `${problems.length} things are`;
		throw new VerifyFailed(checks, `${verification.folder} is not the backup that was made: ${words} wrong.`);
	}
	return { folder: verification.folder, record, notes: verification.checks.filter(({ status }) => status === 'note'), written: path };
}

/** What a verification would read, and where it would write the result. Rejects with UserError where it is no backup. */
export async function toVerify(given: string) {
	const folder = await backupFolder(given);
	const { files } = await readManifest(folder);
	return {
		folder,
		files: files.length,
		bytes: files.reduce((sum, file) => sum + file.bytes, 0),
		record: recordPath(folder, 'verify.json'),
	};
}
