// Says in what two values differ without saying what they are: rows are customers', and what is said reaches screens, logs and journals.

/** The text of a value as LOAD DATA has it, or its beginning, and how long all of it is. */
export type ValueText = { readonly text: string; readonly bytes: number };

/** What kind of value each of two is, told apart where possible. */
export function kindsOf(expected: ValueText, found: ValueText): { readonly expected: string; readonly found: string } {
	const json = jsonKinds(expected, found);
	if (json !== null) return json;
	const [one, other] = [kindOf(expected), kindOf(found)];
	return one === other ? { expected: one, found: `another value: ${other}` } : { expected: one, found: other };
}

const plural = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`;

function kindOf({ text, bytes }: ValueText): string {
	if (text === '\\N') return 'NULL';
	if (bytes === 0) return 'an empty value';
	const digits = /^-?(\d+)(?:\.(\d+))?$/.exec(text);
	if (digits !== null && text.length === bytes) {
		const [, before = '', after] = digits;
		return after === undefined
			? `an integer of ${plural(before.length, 'digit')}`
			: `a number with ${plural(after.length, 'decimal place')}`;
	}
	if (/^-?\d(\.\d+)?e[+-]?\d+$/i.test(text)) return 'a floating-point number';
	if (/^\d{4}-\d\d-\d\d( \d\d:\d\d:\d\d(\.\d+)?)?$/.test(text)) return text.length > 10 ? 'a date and time' : 'a date';
	return `a value of ${plural(bytes, 'byte')}`;
}

const TOKEN = /"(?:[^"\\]|\\.)*"?|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null|[{}[\],:]/g;

/** Of two JSON documents: the first things in them that differ. Null where they are none, or where these are too far from their beginning. */
function jsonKinds(expected: ValueText, found: ValueText): { readonly expected: string; readonly found: string } | null {
	const [one, other] = [expected, found].map(({ text }) => text.replaceAll('\\\\', '\\'));
	if (one === undefined || other === undefined || !/^\s*[[{]/.test(one) || !/^\s*[[{]/.test(other)) return null;
	const [a, b] = [one.match(TOKEN) ?? [], other.match(TOKEN) ?? []];
	const at = a.findIndex((token, index) => token !== b[index]);
	const [wanted, there] = [a[at], b[at]];
	if (wanted === undefined || there === undefined) return null;
	const [before, after] = [jsonKind(wanted, there), jsonKind(there, wanted)];
	return { expected: `${before} in JSON`, found: `${before === after ? 'another: ' : ''}${after} in JSON` };
}

function jsonKind(token: string, other: string): string {
	if (/^-?\d/.test(token)) {
		const digits = token.replace(/[eE].*/, '').replaceAll(/\D/g, '').length;
		// Only a DECIMAL is written with zeros at its end, or with more digits than a DOUBLE has.
		if (!/[eE]/.test(token) && (/\.\d*0$/.test(token) || (digits > 17 && token.includes('.'))))
			return `a DECIMAL of ${plural(digits, 'digit')}`;
		return /[.eE]/.test(token) || /[.eE]/.test(other)
			? `a DOUBLE of ${plural(digits, 'digit')}`
			: `an integer of ${plural(digits, 'digit')}`;
	}
	if (token.startsWith('"')) return `text of ${plural(Buffer.byteLength(token) - 2, 'byte')}`;
	if (/^(true|false)$/.test(token)) return 'a boolean';
	return token === 'null' ? 'null' : 'an object or array of another size';
}
