import { UserError } from '../core/errors.ts';

const KNOWN: Readonly<Record<string, { why: string; hint: string }>> = {
	ENOSPC: { why: 'The disk is full.', hint: 'Make room there, or choose a folder on a larger disk.' },
	EDQUOT: { why: 'The quota of this user is used up there.', hint: 'Make room, raise the quota, or choose another folder.' },
	EFBIG: {
		why: 'The file is larger than the file system or a limit (ulimit -f) lets it be.',
		hint: 'Raise the limit, or choose another file system.',
	},
	EACCES: { why: 'This user may not write there.', hint: 'Give this user the right to write there, or choose a folder of its own.' },
	EPERM: { why: 'The system forbids it there.', hint: 'Give this user the right to write there, or choose a folder of its own.' },
	EROFS: { why: 'The file system is mounted read-only.', hint: 'Choose a folder on a file system that can be written.' },
	EIO: { why: 'The disk reports an error.', hint: 'Check the system log (dmesg), and use another disk until this one is repaired.' },
	ENOENT: { why: 'The folder is not there (any more).', hint: 'Make the folder, or look whether its disk is mounted.' },
	ENOTDIR: { why: 'A part of the path is a file, not a folder.', hint: 'Choose another folder.' },
	EEXIST: { why: 'It exists already, and lockstep overwrites nothing.', hint: 'Move it away, or choose another folder.' },
	ENOTEMPTY: { why: 'It exists already, and lockstep overwrites nothing.', hint: 'Move it away, or choose another folder.' },
	EISDIR: { why: 'There is a folder of that name.', hint: 'Move it away, or choose another folder.' },
	ENAMETOOLONG: { why: 'The name is too long for this file system.', hint: 'Choose a folder with a shorter path.' },
};

/** What the system says of a file, in words: `what` is a sentence without its full stop, which the path follows. */
export function fileProblem(what: string, path: string, cause: unknown): UserError {
	if (cause instanceof UserError) return cause;
	const message = cause instanceof Error ? cause.message : String(cause);
	const known = KNOWN[(cause as { code?: string } | null)?.code ?? ''];
	return new UserError(
		{ message: `${what}: ${path}`, details: message, ...(known === undefined ? {} : { reason: known.why, hints: [known.hint] }) },
		{ cause },
	);
}
