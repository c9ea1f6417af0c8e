// Preloaded by `node --import`, at work in the engine's process only: its file calls below some folders are told, and one of them fails.
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';

/** In the environment's FILE_ERRORS, as JSON. */
export type FileErrors = {
	/** Calls for what lies elsewhere are let be. */
	readonly under: readonly string[];
	/** Takes a line of each call: its kind and path, with a backup's and a run's name in capitals. */
	readonly log: string;
	/** Of the calls of this line the n-th, from 1, fails in this way. */
	readonly fail: { readonly call: string; readonly nth: number; readonly code: 'EIO' | 'ENOSPC' } | null;
};

export const PRELOAD = fileURLToPath(import.meta.url);

const { appendFileSync, readlinkSync } = fs;
const FLAGS = /[wa+]/;

function failing({ under, log, fail }: FileErrors): void {
	let met = 0;
	/** Tells a call, and throws where it is the one. */
	const pass = (kind: string, path: string) => {
		if (!under.some((folder) => path === folder || path.startsWith(`${folder}/`))) return;
		const name = path.replaceAll(/\d{8}T\d{9}Z-backup-[0-9a-f]+/g, 'RUN').replaceAll(/\d{8}T\d{6}Z(-\d\d)?/g, 'LABEL');
		const call = `${kind} ${name}`;
		appendFileSync(log, `${call}\n`);
		if (fail === null || call !== fail.call || ++met !== fail.nth) return;
		const errno = -constants.errno[fail.code];
		throw Object.assign(new Error(`${fail.code}: made by a test, ${kind} '${path}'`), { code: fail.code, errno, syscall: kind, path });
	};
	const pathOf = (fd: number) => readlinkSync(`/proc/self/fd/${fd}`);
	// biome-ignore lint/suspicious/noExplicitAny: functions of any shape are wrapped
	const wrap = (on: any, name: string, before: (...args: any[]) => void, promised: boolean) => {
		const real = on[name];
		const plain = (self: unknown, args: unknown[]) => {
			before.apply(self, args);
			return real.apply(self, args);
		};
		on[name] = promised
			? async function (this: unknown, ...args: unknown[]) {
					return plain(this, args);
				}
			: function (this: unknown, ...args: unknown[]) {
					return plain(this, args);
				};
	};
	const opened = (path: unknown, flags: unknown = 'r') => {
		const writes = typeof flags === 'number' ? (flags & (fs.constants.O_WRONLY | fs.constants.O_RDWR)) !== 0 : FLAGS.test(String(flags));
		if (writes) pass('open', String(path));
	};
	for (const [on, promised, suffix] of [
		[fs.promises, true, ''],
		[fs, false, 'Sync'],
	] as const) {
		wrap(on, `open${suffix}`, opened, promised);
		wrap(on, `mkdir${suffix}`, (path) => pass('mkdir', String(path)), promised);
		wrap(on, `rename${suffix}`, (_, to) => pass('rename', String(to)), promised);
		wrap(on, `symlink${suffix}`, (_, path) => pass('symlink', String(path)), promised);
	}
	wrap(fs, 'fsyncSync', (fd) => pass('fsync', pathOf(fd)), false);
	wrap(fs, 'writeSync', (fd) => pass('write', pathOf(fd)), false);
	syncBuiltinESMExports();
	// What a handle can do is on what all handles share.
	void fs.promises.open('/dev/null', 'r').then(async (file) => {
		const kind = Object.getPrototypeOf(file);
		wrap(
			kind,
			'sync',
			function (this: typeof file) {
				pass('fsync', pathOf(this.fd));
			},
			true,
		);
		for (const name of ['write', 'writeFile'])
			wrap(
				kind,
				name,
				function (this: typeof file) {
					pass('write', pathOf(this.fd));
				},
				true,
			);
		await file.close();
	});
}

if (process.env.FILE_ERRORS !== undefined && /\/daemon\/main\.js$/.test(process.argv[1] ?? ''))
	failing(JSON.parse(process.env.FILE_ERRORS));
