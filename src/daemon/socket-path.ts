import { lstatSync, mkdirSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { UserError } from '../core/errors.ts';

/** sun_path of unix(7), less its final zero. */
const LONGEST = 107;

function ownFolder(path: string): boolean {
	try {
		// Not with `recursive`: in a file system that makes no folders, such as /proc, Node then tries for ever.
		if (lstatSync(path, { throwIfNoEntry: false }) === undefined) mkdirSync(path, { mode: 0o700 });
		const found = lstatSync(path);
		// In a folder that everybody may write, somebody else may have been first.
		return found.isDirectory() && found.uid === userInfo().uid && (found.mode & 0o077) === 0;
	} catch {
		return false;
	}
}

/** Where the engine of a run is listened to: a socket for its owner only. Throws UserError where no folder for it can be had. */
export function socketPath(env: NodeJS.ProcessEnv, run: string): string {
	const runtime = env.XDG_RUNTIME_DIR;
	const mine = `lockstep-${userInfo().uid}`;
	const folders = [
		...(runtime !== undefined && isAbsolute(runtime) ? [join(runtime, 'lockstep')] : []),
		join(tmpdir(), mine),
		`/tmp/${mine}`,
	];
	for (const folder of folders) {
		const path = join(folder, `${run}.sock`);
		if (Buffer.byteLength(path) <= LONGEST && ownFolder(folder)) return path;
	}
	throw new UserError({
		message: 'There is no folder for the socket by which a run is watched.',
		reason: `None of these can be used by this user alone: ${folders.join(', ')}`,
		hints: ['Set XDG_RUNTIME_DIR to a short path of a folder of your own.'],
	});
}
