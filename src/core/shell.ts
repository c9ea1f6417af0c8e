import { UNSEEN } from './visible.ts';

/**
 * One word of a shell's command line. What a terminal would obey or not show is written as `$'…'`, which bash, zsh and ksh know: what is shown
 * can be copied, and is one line.
 */
export function shellWord(text: string): string {
	if (/^[\w@%+=:,./-]+$/.test(text)) return text;
	if (text.search(UNSEEN) === -1) return `'${text.replaceAll("'", "'\\''")}'`;
	const escaped = text.replaceAll(/[\\']|[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (char) =>
		char === '\\' || char === "'" ? `\\${char}` : [...Buffer.from(char)].map((byte) => `\\${byte.toString(8).padStart(3, '0')}`).join(''),
	);
	return `$'${escaped}'`;
}
