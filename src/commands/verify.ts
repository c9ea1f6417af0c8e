import { measuring, verifyAndRecord } from '../app/verify.ts';
import { readManifest } from '../archive/manifest.ts';
import { backupFolder } from '../archive/read.ts';
import { recordPath } from '../archive/records.ts';
import { FORMAT } from '../core/events.ts';
import { bytes, plural } from '../core/format.ts';
import { renderVerified } from '../render/backups.ts';
import { chooseBackup } from './choose-backup.ts';
import type { CommandResult, Context } from './context.ts';

/** Events for a command that is no run, so that its progress is told like a run's. */
function progressReporter(context: Context, name: string) {
	let seq = 0;
	return measuring(context, (progress) => {
		// What is over at once needs no lines.
		if (progress.elapsedMs < 1000) return;
		context.print({ v: FORMAT, run: name, seq: ++seq, at: context.now().toISOString(), type: 'progress', step: name, progress });
	});
}

export async function verify(context: Context, given: string | undefined): Promise<CommandResult> {
	if (given === undefined) return chooseBackup(context, 'verify');
	const { stderr, color, ascii, width } = context;
	if (context.flags.dryRun) return preview(await backupFolder(given));
	const { folder, record, notes, written } = await verifyAndRecord(context, given, {
		onProgress: progressReporter(context, 'verify'),
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
