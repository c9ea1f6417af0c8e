import { basename } from 'node:path';
import { readFolderName } from '../archive/layout.ts';
import { readManifest } from '../archive/manifest.ts';
import { backupFolder } from '../archive/read.ts';
import { recordPath, writeRecord } from '../archive/records.ts';
import { verifyBackup } from '../archive/verify.ts';
import type { Verified, VerifyRecord } from '../core/backups.ts';
import type { Check } from '../core/check.ts';
import { failed } from '../core/check.ts';
import { LockstepError, VerifyFailed } from '../core/errors.ts';
import { FORMAT } from '../core/events.ts';
import { bytes, plural } from '../core/format.ts';
import { meter, type Progress } from '../core/progress.ts';
import { renderVerified } from '../render/backups.ts';
import type { CommandResult, Context } from './context.ts';

/** One line of what was wrong. */
export const problemWords = ({ title, expected, found }: Check): string =>
	`${title}: ${[expected === undefined ? null : `expected ${expected}`, found === undefined ? null : `found ${found}`].filter(Boolean).join(', ')}`;

const HINTS = 'Do not restore from it. Take another backup, or get what is named from a copy of this one.';

type At = { readonly done: number; readonly total: number; readonly current: string | null };

/** How far a reading is, with rate and time left. */
export function measuring(context: Context, on: (progress: Progress) => void): (at: At) => void {
	const measure = meter(() => context.now().getTime());
	return ({ done, total, current }) => on({ unit: 'bytes', done, total, estimated: false, ...measure(done, total), current });
}

/** Events for a command that is no run, so that its progress is told like a run's. */
function progressTeller(context: Context, name: string) {
	let seq = 0;
	return measuring(context, (progress) => {
		// What is over at once needs no lines.
		if (progress.elapsedMs < 1000) return;
		context.print({ v: FORMAT, run: name, seq: ++seq, at: context.now().toISOString(), type: 'progress', step: name, progress });
	});
}

/** Reads the whole backup. */
async function read(context: Context, folder: string, onProgress: (at: At) => void) {
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
	context: Context,
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

export async function verify(context: Context, given: string): Promise<CommandResult> {
	const { stderr, color, ascii, width } = context;
	if (context.flags.dryRun) return preview(await backupFolder(given));
	const { folder, record, notes, written } = await verifyAndRecord(context, given, {
		onProgress: progressTeller(context, 'verify'),
		warn: (text) => void stderr.write(`${text}\n`),
	});
	const { files, bytes: size, raw_bytes, rows, ms, manifest_sha256 } = record;
	return {
		end: null,
		extra: {
			...{ backup: folder, ok: true, files, bytes: size, raw_bytes, rows, ms, manifest_sha256, record: written },
			notes: notes.map(({ title, found }) => `${title}: ${found}`),
		},
		next: context.flags.quiet ? [] : [renderVerified(folder, record, notes, { color, ascii, width })],
	};
}

/** What would be read and written. */
async function preview(folder: string): Promise<CommandResult> {
	const { files } = await readManifest(folder);
	const size = files.reduce((sum, file) => sum + file.bytes, 0);
	return {
		end: null,
		extra: { dry_run: true, backup: folder, files: files.length, bytes: size },
		next: [
			`Would read ${plural(files.length, 'file')}, ${bytes(size)}, of ${folder}.`,
			`Would write the result to ${recordPath(folder, 'verify.json')}`,
		],
	};
}
