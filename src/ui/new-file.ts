import { writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { resolve } from 'node:path';

/** A file that a person has written. */
export type NewFile = {
	/** Relative to the folder that the program was started in; `~` is the person's home. */
	readonly path: string;
	readonly text: string;
	readonly mode: number;
	/** What is in it, in a few words. */
	readonly what: string;
};

/** Writes a file that does not exist yet, and gives its whole path. Throws the system's error, and where there is one of that name. */
export function writeNewFile({ path, text, mode }: Omit<NewFile, 'what'>): string {
	const whole = resolve(path.replace(/^~(?=\/|$)/, homedir()));
	try {
		writeFileSync(whole, text, { flag: 'wx', mode });
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
		throw new Error(`${whole} exists, and is left as it is: give another name.`, { cause: error });
	}
	return whole;
}
