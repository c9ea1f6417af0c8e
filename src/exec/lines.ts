import { StringDecoder } from 'node:string_decoder';

/** Longer lines are given in pieces: no tool's output may fill the memory. */
const LONGEST = 64 * 1024;

/** Cuts bytes into lines without their ends (`\n`, `\r\n`, `\r` of progress bars); empty lines are left out. */
export function lineReader(onLine: (line: string) => void): { push(chunk: Buffer): void; flush(): void } {
	const decoder = new StringDecoder('utf8');
	let rest = '';
	const take = (text: string) => {
		const lines = (rest + text).split(/[\r\n]+/);
		rest = lines.pop() ?? '';
		for (const line of lines) if (line !== '') onLine(line);
		while (rest.length > LONGEST) {
			onLine(rest.slice(0, LONGEST));
			rest = rest.slice(LONGEST);
		}
	};
	return {
		push: (chunk) => take(decoder.write(chunk)),
		flush: () => take(`${decoder.end()}\n`),
	};
}
