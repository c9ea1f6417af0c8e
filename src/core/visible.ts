/** Control characters, and those that turn the direction of a line or are not seen at all. */
export const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

const NAMES: { readonly [char: string]: string } = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** How {@link visible} writes one of {@link UNSEEN}. */
export const notation = (char: string): string => {
	const code = char.codePointAt(0) ?? 0;
	return NAMES[char] ?? (code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`);
};

/**
 * Text as a terminal may show it, on one line: what comes from a server, a tool or a file can hold escape sequences, ends of lines and changes of
 * direction, which would move the cursor or make a line say something else. Each is written out (`\x1b`, `\n`, `\u{202e}`), none is dropped.
 */
export const visible = (text: string): string => text.replaceAll(UNSEEN, notation);
