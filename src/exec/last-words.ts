import { withoutValues } from '../core/values.ts';

/** So many of the first lines of a tool's stderr, and of the last, are kept, each cut to so many characters. */
const FIRST = 4;
const LAST = 16;
const LONGEST = 400;

/** A line without what it quotes of rows, and no longer than a line should be. */
export function withoutRows(line: string): string {
	const [, head = '', number, text = line] = /^(ERROR (\d+) \(\w+\)[^:]*: )(.*)$/s.exec(line) ?? [];
	const safeText = `${head}${withoutValues(text, number === undefined ? null : Number(number))}`;
	return safeText.length <= LONGEST ? safeText : `${safeText.slice(0, LONGEST)} …`;
}

const ECHO = /^-{10,}$/;
const REFUSAL = /^(?:ERROR \d+|[\w./-]+: )/;

/** Collects the first and last lines that a tool says, and drops the statements that MariaDB's client repeats before an error. */
export function lastWords(): { push(line: string): string | null; readonly lines: readonly string[] } {
	const first: string[] = [];
	const last: string[] = [];
	let echoing = false;
	let dropped = 0;
	return {
		push(line) {
			if (ECHO.test(line)) {
				// What follows is a statement, whatever is in it, until a refusal.
				echoing = true;
				return null;
			}
			if (echoing && !REFUSAL.test(line)) return null;
			echoing = false;
			const safeText = withoutRows(line);
			if (first.length < FIRST) first.push(safeText);
			else last.push(safeText);
			if (last.length > LAST) {
				last.shift();
				dropped += 1;
			}
			return safeText;
		},
		get lines() {
			return dropped === 0 ? [...first, ...last] : [...first, `(${dropped} lines left out)`, ...last];
		},
	};
}

/** The number and the text of a server's refusal as its vendor's tools say it; null where none of the lines is one. */
export function refusalIn(lines: readonly string[]): { readonly code: number; readonly text: string } | null {
	for (const line of lines.toReversed()) {
		const found =
			/ERROR (\d+) \(\w+\)[^:]*: (.*)/.exec(line) ??
			/(?:Got e|E)rror:? (\d+)(?: \(\w+\))?:? (.*)/.exec(line) ??
			/Couldn't execute .*: (?=.*\((\d+)\)$)(.*) \(\d+\)$/.exec(line);
		if (found?.[1] !== undefined) return { code: Number(found[1]), text: found[2] ?? '' };
	}
	return null;
}
