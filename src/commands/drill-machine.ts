import { statfs } from 'node:fs/promises';
import { must } from '../core/check.ts';
import { CheckFailed } from '../core/errors.ts';
import { bytes } from '../core/format.ts';
import type { Failure } from '../core/model.ts';
import { shellWord } from '../core/shell.ts';
import { LACKS } from '../runbooks/restore-backup/lacks.ts';
import type { EphemeralServer } from '../sandbox/ephemeral-server.ts';

/** With less than this free, whatever a server says is about its disk. */
const LEAST_FREE = 32 * 1024 * 1024;
/** Checks of the throwaway server, not of the backup. */
const OF_THE_SERVER: ReadonlySet<string> = new Set(['SERVER-DISK', 'SERVER-PRIVILEGES', 'LOCAL-INFILE', 'TOOLS', ...LACKS]);
/** What both vendors' servers and tools say where a disk, a quota or the memory is spent. */
const SPENT = /No space left on device|[Dd]isk (?:is )?full|ENOSPC|EDQUOT|Disk quota exceeded|ENOMEM|Cannot allocate memory|Out of memory/;

/** Why it was this machine that a drill failed by, and so says nothing of the backup; null where it was not. */
async function machineTrouble(throwaway: EphemeralServer, { description: told, checks }: Failure): Promise<string | null> {
	const wrong = checks.filter(({ status, id }) => status === 'fail' && OF_THE_SERVER.has(id));
	if (wrong.length > 0)
		return wrong.map(({ title, expected, found }) => `${title}: ${found ?? 'no'} (needed: ${expected ?? 'yes'})`).join('; ');
	if (!(await throwaway.alive())) return 'the throwaway server was killed, or ended by itself';
	const words = [told.message, told.reason, told.details].filter(Boolean).join(' ');
	const disk = await statfs(throwaway.folder).catch(() => null);
	const free = disk === null ? 0 : disk.bavail * disk.bsize;
	if (free < LEAST_FREE) return `${bytes(free)} are free in ${throwaway.folder}`;
	return SPENT.test(words) ? words : null;
}

/** Throws CheckFailed where the machine, not the backup, made the drill fail: no record is written of that. */
export async function proveMachine(throwaway: EphemeralServer, failure: Failure, backup: string): Promise<void> {
	const trouble = await machineTrouble(throwaway, failure);
	if (trouble === null) return;
	const lacks = failure.checks.some(({ status, id }) => status === 'fail' && (LACKS as readonly string[]).includes(id));
	throw new CheckFailed(
		[
			must('DRILL-MACHINE', 'This machine can restore the backup', false, {
				found: trouble,
				hints: lacks
					? [
							'A drill’s throwaway server cannot have it. Restore into a test server that has it:',
							`lockstep restore ${shellWord(backup)} --server URL`,
						]
					: [
							'Free memory or disk space here, then the same command again.',
							`Or another disk:  lockstep drill ${shellWord(backup)} --dir FOLDER`,
						],
			}),
		],
		'The drill could not be done on this machine. It says nothing about the backup: no result is recorded.',
	);
}
