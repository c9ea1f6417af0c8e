/** Control characters, and those that turn the direction of a line or are not seen at all. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;

/**
 * One word of a shell's command line. What a terminal would obey or not show is written as `$'…'`, which bash, zsh and ksh know: what is shown
 * can be copied, and is one line.
 */
export function shellWord(text: string): string {
	if (/^[\w@%+=:,./-]+$/.test(text)) return text;
	if (!UNSEEN.test(text)) return `'${text.replaceAll("'", "'\\''")}'`;
	const escaped = text.replaceAll(/[\\']|[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (char) =>
		char === '\\' || char === "'" ? `\\${char}` : [...Buffer.from(char)].map((byte) => `\\${byte.toString(8).padStart(3, '0')}`).join(''),
	);
	return `$'${escaped}'`;
}
