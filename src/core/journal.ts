import {
	closeSync,
	existsSync,
	fstatSync,
	fsyncSync,
	lstatSync,
	mkdirSync,
	openSync,
	readdirSync,
	readFileSync,
	readSync,
	statSync,
	writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { UserError } from './errors.ts';
import { isRunEvent } from './event-schema.ts';
import { DURABLE, FORMAT, PASSING, type Recorded } from './events.ts';
import { withStepsOfToday } from './renamed-steps.ts';
import { shellWord } from './shell.ts';

/** Where a run's events are kept: one JSON line each, the durable ones synced before anything goes on. */
export interface Journal {
	readonly path: string;
	write(event: Recorded): void;
	close(): void;
}

const LEFT_OUT: ReadonlySet<Recorded['type']> = new Set([...PASSING, 'looking', 'review']);

function syncFolder(path: string): void {
	const fd = openSync(path, 'r');
	try {
		fsyncSync(fd);
	} finally {
		closeSync(fd);
	}
}

/** What begins a line of its own where the last one was torn. */
function afterTorn(fd: number): string {
	const { size } = fstatSync(fd);
	if (size === 0) return '';
	const last = Buffer.alloc(1);
	readSync(fd, last, 0, 1, size - 1);
	return last.toString() === '\n' ? '' : '\n';
}

const STICKY = 0o1000;

/**
 * Throws UserError where a folder or file of journals is not this user's alone to write, or could be put in its place by another user: its
 * events are believed, and passwords sent to the servers that it names.
 */
function proveOwn(path: string, is: 'folder' | 'file'): void {
	const distrusted = (why: string, hint: string): UserError =>
		new UserError({ message: `${path} cannot be trusted.`, reason: why, hints: [hint] });
	const elsewhere = 'Run lockstep as its owner, or set XDG_STATE_HOME to a folder of your own.';
	const mine = process.getuid?.();
	const { uid, mode } = statSync(path);
	if (is === 'file' && !lstatSync(path).isFile())
		throw distrusted('It is no plain file.', `Move it away: mv ${shellWord(path)} ${shellWord(`${path}.bad`)}`);
	if (mine !== undefined && uid !== mine) throw distrusted(`It belongs to another user (uid ${uid}).`, elsewhere);
	if ((mode & 0o022) !== 0) throw distrusted('Other users may write to it.', `chmod go-w ${shellWord(path)}`);
	if (is === 'folder') proveParent(dirname(path));
}

/** A folder whose owner, or everybody, could rename the folder of journals. */
function proveParent(path: string): void {
	const { uid, mode } = statSync(path);
	const mine = process.getuid?.();
	const what = `${path} cannot be trusted.`;
	if (mine !== undefined && uid !== mine && uid !== 0)
		throw new UserError({
			message: what,
			reason: `It belongs to another user (uid ${uid}).`,
			hints: ['Set XDG_STATE_HOME to a folder of your own.'],
		});
	if ((mode & 0o022) !== 0 && (mode & STICKY) === 0)
		throw new UserError({ message: what, reason: 'Other users may write to it.', hints: [`chmod go-w ${shellWord(path)}`] });
}

/** Makes the folder of journals, for its owner only, and gives what `use` makes of it. Throws UserError where it cannot be written. */
export function inJournals<T>(folder: string, use: () => T): T {
	try {
		mkdirSync(folder, { recursive: true, mode: 0o700 });
		proveOwn(folder, 'folder');
		return use();
	} catch (cause) {
		if (cause instanceof UserError) throw cause;
		throw new UserError(
			{
				message: `The journal cannot be written: ${folder}`,
				reason: cause instanceof Error ? cause.message : String(cause),
				hints: ['Nothing was changed. Set XDG_STATE_HOME to a writable folder, or make this one writable.'],
			},
			{ cause },
		);
	}
}

/** Opens `<folder>/<run>.jsonl` for appending. */
export function openJournal(folder: string, run: string): Journal {
	const path = join(folder, `${run}.jsonl`);
	const fd = inJournals(folder, () => {
		const opened = openSync(path, 'a+', 0o600);
		syncFolder(folder);
		return opened;
	});
	let before = afterTorn(fd);
	return {
		path,
		write(event) {
			if (LEFT_OUT.has(event.type)) return;
			const line = Buffer.from(`${before}${JSON.stringify(event)}\n`);
			try {
				// A disk that is nearly full takes a part of a line only.
				for (let at = 0; at < line.length; ) at += writeSync(fd, line, at);
				before = '';
				if (DURABLE.has(event.type)) fsyncSync(fd);
			} catch (cause) {
				before = '\n';
				throw new UserError(
					{
						message: `The journal cannot be written any more: ${path}`,
						reason: cause instanceof Error ? cause.message : String(cause),
						hints: ['Free some space there, or set XDG_STATE_HOME to another folder. Nothing is changed that is not written down first.'],
					},
					{ cause },
				);
			}
		},
		close: () => closeSync(fd),
	};
}

/** What a journal tells. `newer`: lines of a newer lockstep follow, which this one does not judge. */
export interface ReadJournal {
	readonly events: Recorded[];
	readonly newer: boolean;
}

/** What version 1 wrote, in the words of today: a reviver of `JSON.parse`, called from the inside out. */
function upgraded(_name: string, value: unknown): unknown {
	if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
	const { mend: hints, told: description, ...rest } = value as { readonly [field: string]: unknown };
	return {
		...rest,
		...(hints !== undefined && { hints }),
		...(typeof description === 'object' &&
			description !== null && { description: descriptionOf(description as { readonly [field: string]: unknown }) }),
	};
}

const descriptionOf = ({ what, why, words, ...rest }: { readonly [field: string]: unknown }) => ({
	...rest,
	message: what,
	...(why !== undefined && { reason: why }),
	...(words !== undefined && { details: words }),
});

/** Whether a line that is JSON is an event as well. */
const isRecorded = (line: object): line is Recorded => typeof (line as { readonly run?: unknown }).run === 'string' && isRunEvent(line);

/** A journal's events; a torn or damaged line, as a crash or a full disk leaves it, is passed over. Throws UserError where it is not this user's. */
export function readJournal(path: string): ReadJournal {
	const events: Recorded[] = [];
	proveOwn(dirname(path), 'folder');
	proveOwn(path, 'file');
	for (const line of readFileSync(path, 'utf8').split('\n')) {
		if (line === '') continue;
		let read: { readonly v?: unknown } | null;
		try {
			read = JSON.parse(line);
		} catch {
			continue;
		}
		if (typeof read !== 'object' || read === null) continue;
		const event = read.v === 1 ? { ...(JSON.parse(line, upgraded) as object), v: FORMAT } : read;
		if (event.v !== FORMAT) return { events, newer: true };
		if (isRecorded(event)) events.push(withStepsOfToday(event));
	}
	return { events, newer: false };
}

/** All journals of a folder, newest run first. Throws UserError where it is not this user's. */
export function journals(folder: string): string[] {
	if (!existsSync(folder)) return [];
	proveOwn(folder, 'folder');
	return readdirSync(folder)
		.filter((name) => name.endsWith('.jsonl'))
		.sort()
		.reverse()
		.map((name) => join(folder, name));
}
