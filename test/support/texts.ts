export type Text = { readonly line: number; readonly text: string };

/**
 * Every text of two words and more in a source, each with its line, counted from 1: what is in quotes, and in a .tsx file what is between tags. Code
 * in `${…}` is `…`, and its own texts come by themselves.
 */
export function textsIn(source: string, isTsx = false): Text[] {
	const found: Text[] = [];
	let at = 0;
	let code = '';
	const add = (from: number, text: string) => {
		if (/\S \S/.test(text)) found.push({ line: source.slice(0, from).split('\n').length, text: text.trim() });
	};
	/** Up to the end of the source, or of the code in a template. */
	function scan(inTemplate: boolean): void {
		let depth = 0;
		while (at < source.length) {
			const here = source[at] ?? '';
			const two = source.slice(at, at + 2);
			if (two === '//') at = endOf(/\n|$/g);
			else if (two === '/*') at = endOf(/\*\//g);
			else if (here === '/' && /(?:^|[(,=:[!&|?{};>]|\breturn)\s*$/.test(code))
				at = endOf(/\/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\[\n])+\//g);
			else if (here === "'" || here === '"') {
				const from = at;
				at = endOf(here === "'" ? /'(?:\\.|[^'\\\n])*'/g : /"(?:\\.|[^"\\\n])*"/g);
				add(from, source.slice(from + 1, at - 1));
				code += 'x';
			} else if (here === '`') template();
			else {
				if (here === '{') depth++;
				if (here === '}' && depth-- === 0 && inTemplate) return;
				const between = isTsx && here === '>' ? /^>([^<>{}=;()]+)<[/A-Z{]/.exec(source.slice(at, at + 1000)) : null;
				if (between?.[1] !== undefined) add(at, between[1]);
				code = (code + here).slice(-20);
				at++;
			}
		}
	}
	function template(): void {
		const from = at++;
		let text = '';
		while (at < source.length && source[at] !== '`') {
			if (source.startsWith('${', at)) {
				at += 2;
				code = '{';
				scan(true);
				at++;
				text += '…';
			} else {
				const length = source[at] === '\\' ? 2 : 1;
				text += source.slice(at, at + length);
				at += length;
			}
		}
		at++;
		add(from, text);
		code += 'x';
	}
	function endOf(pattern: RegExp): number {
		pattern.lastIndex = at;
		return pattern.exec(source) === null ? source.length : pattern.lastIndex || source.length;
	}
	scan(false);
	return found;
}
