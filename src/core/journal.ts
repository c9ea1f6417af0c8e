import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readdirSync, readFileSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { UserError } from './errors.ts';
import { DURABLE, type Recorded } from './events.ts';

/** Where a run's events are kept: one JSON line each, the durable ones synced before anything goes on. */
export interface Journal {
	readonly path: string;
	write(event: Recorded): void;
	close(): void;
}

const LEFT_OUT: ReadonlySet<Recorded['type']> = new Set(['progress', 'looking', 'review']);

function syncFolder(path: string): void {
	const fd = openSync(path, 'r');
	try {
		fsyncSync(fd);
	} finally {
		closeSync(fd);
	}
}

/** Opens `<folder>/<run>.jsonl` for appending; the folder is made, for its owner only. */
export function openJournal(folder: string, run: string): Journal {
	const path = join(folder, `${run}.jsonl`);
	let fd: number;
	try {
		mkdirSync(folder, { recursive: true, mode: 0o700 });
		fd = openSync(path, 'a', 0o600);
		syncFolder(dirname(path));
	} catch (cause) {
		throw new UserError(
			{
				what: `The journal cannot be written: ${path}`,
				why: cause instanceof Error ? cause.message : undefined,
				mend: ['Nothing was changed. Set XDG_STATE_HOME to a folder that can be written, or mend this one.'],
			},
			{ cause },
		);
	}
	return {
		path,
		write(event) {
			if (LEFT_OUT.has(event.type)) return;
			writeSync(fd, `${JSON.stringify(event)}\n`);
			if (DURABLE.has(event.type)) fsyncSync(fd);
		},
		close: () => closeSync(fd),
	};
}

/** A journal's events; a torn last line, as a crash leaves it, is passed over. */
export function readJournal(path: string): Recorded[] {
	const lines = readFileSync(path, 'utf8').split('\n');
	const events: Recorded[] = [];
	for (const line of lines) {
		if (line === '') continue;
		try {
			const event = JSON.parse(line) as Recorded;
			if (event.v !== 1) break; // A newer lockstep wrote it: not ours to judge.
			events.push(event);
		} catch {
			break;
		}
	}
	return events;
}

/** All journals of a folder, newest run first. */
export function journals(folder: string): string[] {
	if (!existsSync(folder)) return [];
	return readdirSync(folder)
		.filter((name) => name.endsWith('.jsonl'))
		.sort()
		.reverse()
		.map((name) => join(folder, name));
}
