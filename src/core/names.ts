import { UserError } from './errors.ts';
import { shellWord } from './shell.ts';

/** The rest of a back-quoted name from `from` on, its two closing characters read as one; null where it does not end. */
function quoted(text: string, from: number): { readonly name: string; readonly end: number } | null {
	const match = /^((?:[^`]|``)*)`/.exec(text.slice(from));
	return match === null ? null : { name: (match[1] ?? '').replaceAll('``', '`'), end: from + match[0].length };
}

/**
 * A list of names of databases, or of tables as `database.table`: separated by commas, blanks around a name dropped. A name, or either part
 * of a table's, may stand in back-quotes, a back-quote in it doubled; then it may hold commas and blanks. Throws UserError.
 */
export function parseNames(text: string, flag: string): string[] {
	const names: string[] = [];
	let at = 0;
	while (at <= text.length) {
		let name = '';
		let kept = 0;
		let isStart = true;
		for (; at < text.length && text[at] !== ','; ) {
			const char = text[at] ?? '';
			if (char === '`' && isStart) {
				const found = quoted(text, at + 1);
				if (found === null)
					throw new UserError({
						message: `${flag}: a back-quote in ${text} is not closed.`,
						hints: [`A name with commas stands in back-quotes, a back-quote in it is doubled:  ${flag} '\`a,b\`,\`c\`\`d\`'`],
					});
				name += found.name;
				kept = name.length;
				at = found.end;
				isStart = false;
				continue;
			}
			if (name !== '' || char.trim() !== '') {
				name += char;
				isStart = char === '.';
			}
			at++;
		}
		names.push(name.slice(0, kept) + name.slice(kept).trimEnd());
		at++;
	}
	return names.filter((name) => name !== '');
}

/** Such a list again: `parseNames` gives back the same names. */
export function formatNames(names: readonly string[]): string {
	return names.map((name) => (/^`|\.`|,/.test(name) || name !== name.trim() ? `\`${name.replaceAll('`', '``')}\`` : name)).join(',');
}

/** An option that takes such a list, as it is typed into a shell: `--ignore-table 'd.a b'`. */
export const namesOption = (option: string, names: readonly string[]): string => `${option} ${shellWord(formatNames(names))}`;
