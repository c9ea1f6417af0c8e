import { join } from 'node:path';
import { changeSourceFile } from '../archive/layout.ts';
import type { Manifest } from '../archive/manifest.ts';
import { readText } from '../archive/open.ts';
import { fileProblem } from '../archive/problem.ts';
import { type Check, must, note } from '../core/check.ts';
import type { Talk } from './drill-server.ts';

/** The statement that stands ready in change-source.sql, for the position that it sets. */
const READY = /^SET GLOBAL gtid_(?:slave_pos|purged) = '([^']*)';$/m;

/**
 * Gives the restored server the backup's position, as `change-source.sql` has it, and reads it back. The server is nobody's: its own log is
 * emptied first.
 * @returns the position that it stands at; null where the backup names none by GTID
 */
export async function setPosition(
	at: Talk,
	folder: string,
	manifest: Manifest,
): Promise<{ readonly checks: readonly Check[]; readonly gtid: string | null }> {
	const { positions } = at.dialect;
	const { source, self } = manifest.position;
	const gtid = source?.gtid || self?.gtid || null;
	if (gtid === null) {
		const by = source?.file ?? self?.file ?? null;
		return {
			gtid: null,
			checks: [
				note('DRILL-POSITION', 'The backup names no GTID', by === null ? 'no binary log' : 'file and position only: nothing to set'),
			],
		};
	}
	const file = changeSourceFile(manifest.dump.engine);
	const text = await readText(folder, file).catch((cause) => {
		throw fileProblem('The file cannot be read', join(folder, file), cause);
	});
	const ready = READY.exec(text)?.[1] ?? null;
	const inFile = must('DRILL-CHANGE-SOURCE', `${file} has the position of the manifest`, ready !== null && alike(at, ready, gtid), {
		expected: gtid,
		found: ready ?? 'no statement ready',
	});
	await at.say(positions.forgetLog);
	for (const statement of positions.setReplicated(ready ?? gtid)) await at.say(statement);
	const { replicated } = await at.look(positions.current);
	const set = must('DRILL-POSITION', 'The restored server stands at the backup’s position', alike(at, replicated, gtid), {
		expected: gtid,
		found: replicated || 'none',
	});
	return { gtid: replicated, checks: [inFile, set] };
}

const alike = ({ dialect: { positions } }: Talk, a: string, b: string): boolean => positions.includes(a, b) && positions.includes(b, a);
