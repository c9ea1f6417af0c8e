import { basename } from 'node:path';
import { readFolderName } from '../archive/layout.ts';
import { backupFolder } from '../archive/read.ts';
import { writeRecord } from '../archive/records.ts';
import { type Verification, verifyBackup } from '../archive/verify.ts';
import type { VerifyRecord } from '../core/backups.ts';
import type { Check } from '../core/check.ts';
import { failed } from '../core/check.ts';
import { LockstepError, VerifyFailed } from '../core/errors.ts';
import { meter } from '../core/progress.ts';
import { renderVerified } from '../telling/backups.ts';
import type { Context, Ending } from './context.ts';

/** One line of what was wrong. */
export const problemWords = ({ title, expected, found }: Check): string =>
	`${title}: ${[expected === undefined ? null : `expected ${expected}`, found === undefined ? null : `found ${found}`].filter(Boolean).join(', ')}`;

const MEND = 'Do not restore from it. Take another backup, or get what is named from a copy of this one.';

/** Events for a command that is no run, so that its progress is told like a run's. */
export function progressTeller(context: Context, name: string) {
	const measure = meter(() => context.now().getTime());
	const began = context.now().getTime();
	let seq = 0;
	return ({ done, total, current }: { readonly done: number; readonly total: number; readonly current: string | null }) => {
		const at = context.now().toISOString();
		// What is over at once needs no lines.
		if (context.now().getTime() - began < 1000) return;
		const progress = { unit: 'bytes' as const, done, total, estimated: false, ...measure(done, total), current };
		context.print({ v: 1, run: name, seq: ++seq, at, type: 'progress', step: name, progress });
	};
}

/** Reads the whole backup, writes down beside it what that came to, and throws VerifyFailed where it is not what it was. */
export async function verified(context: Context, folder: string): Promise<{ verification: Verification; record: VerifyRecord }> {
	const began = context.now();
	const verification = await verifyBackup(folder, { signal: context.signal, onProgress: progressTeller(context, 'verify') });
	const problems = failed(verification.checks);
	const { manifestSha256, sumsSha256, files, bytes, rawBytes, rows } = verification;
	const record: VerifyRecord = {
		...{ format: 1, type: 'verify', backup: basename(verification.folder), at: context.now().toISOString() },
		tool: { name: 'lockstep', version: context.version },
		ok: problems.length === 0,
		...{ manifest_sha256: manifestSha256, sums_sha256: sumsSha256, files, bytes, raw_bytes: rawBytes, rows },
		ms: context.now().getTime() - began.getTime(),
		problems: problems.map(problemWords),
	};
	return { verification, record };
}

export async function verify(context: Context, given: string): Promise<Ending> {
	const { stderr, color, ascii, width } = context;
	const folder = await backupFolder(given);
	const { verification, record } = await verified(context, folder);
	// A folder that cannot be written, as a medium that is read-only, is proven all the same.
	const isPartial = readFolderName(basename(folder))?.partial ?? false;
	const path = await (isPartial ? Promise.resolve(null) : writeRecord(verification.folder, record)).catch((error: unknown) => {
		if (!(error instanceof LockstepError)) throw error;
		stderr.write(`The proof holds, but cannot be written down. ${error.told.what}\n`);
		return null;
	});
	const problems = failed(verification.checks);
	if (problems.length > 0) {
		const checks = problems.map((check, index) => (index === problems.length - 1 ? { ...check, mend: [MEND] } : check));
		const words = problems.length === 1 ? 'something is' : `${problems.length} things are`;
		throw new VerifyFailed(checks, `${verification.folder} is not the backup that was made: ${words} wrong.`);
	}
	const notes = verification.checks.filter(({ status }) => status === 'note');
	return {
		end: null,
		extra: {
			...{
				backup: verification.folder,
				ok: true,
				files: record.files,
				bytes: record.bytes,
				raw_bytes: record.raw_bytes,
				rows: record.rows,
			},
			...{
				ms: record.ms,
				manifest_sha256: record.manifest_sha256,
				record: path,
				notes: notes.map(({ title, found }) => `${title}: ${found}`),
			},
		},
		next: context.flags.quiet ? [] : [renderVerified(verification.folder, record, notes, { color, ascii, width })],
	};
}
