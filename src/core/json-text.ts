// JSON with the place of every key and value: for a person's own file, whose mistakes are told by line and column.
// jsonc-parser was tried in its place: a quarter fewer lines, with a guard against deep nesting and an alias in the build beside them, and messages
// that do not say what is missing where.

/** A value in a text; `at`: where it begins. */
export interface JsonNode {
	readonly at: number;
	/** Of an object: where each key begins, and its value. */
	readonly keys?: ReadonlyMap<string, { readonly at: number; readonly node: JsonNode }>;
	readonly items?: readonly JsonNode[];
}

/** What is wrong with a text, and where. */
export class JsonTextError extends Error {
	override readonly name = 'JsonTextError';
	readonly at: number;
	constructor(message: string, at: number) {
		super(message);
		this.at = at;
	}
}

const WHITE = /[ \t\n\r]*/y;
const STRING = /"(?:[^"\\\p{Cc}]|[\x7f-\x9f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/uy;
const ATOM = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;
/** Deeper than any file of ours. */
const DEEPEST = 100;

class Reader {
	#at = 0;
	readonly #text: string;
	constructor(text: string) {
		this.#text = text;
	}

	document(): JsonNode {
		const node = this.#value(0);
		this.#skip();
		if (this.#at < this.#text.length) this.#fail('Something follows the end of the object');
		return node;
	}

	#fail(message: string): never {
		throw new JsonTextError(this.#at >= this.#text.length ? 'The file ends too early' : message, this.#at);
	}
	#match(pattern: RegExp): string | undefined {
		pattern.lastIndex = this.#at;
		const found = pattern.exec(this.#text)?.[0];
		if (found !== undefined) this.#at += found.length;
		return found;
	}
	#skip(): void {
		this.#match(WHITE);
	}
	/** Whether this sign comes next; it is passed then. */
	#takes(sign: string): boolean {
		this.#skip();
		if (this.#text[this.#at] !== sign) return false;
		this.#at++;
		return true;
	}

	#value(depth: number): JsonNode {
		this.#skip();
		const at = this.#at;
		if (depth > DEEPEST) this.#fail('It is nested too deeply');
		if (this.#takes('{')) return { at, keys: this.#keys(depth) };
		if (this.#takes('[')) return { at, items: this.#items(depth) };
		if ((this.#text[at] === '"' ? this.#match(STRING) : this.#match(ATOM)) === undefined)
			this.#fail(this.#text[at] === '"' ? 'A text has no end, or a sign that must be escaped' : 'A value is expected here');
		return { at };
	}

	#keys(depth: number): NonNullable<JsonNode['keys']> {
		const keys = new Map<string, { at: number; node: JsonNode }>();
		if (this.#takes('}')) return keys;
		do {
			this.#skip();
			const at = this.#at;
			const key = this.#match(STRING);
			if (key === undefined) this.#fail('A key in double quotes is expected here');
			if (!this.#takes(':')) this.#fail('A colon is expected here');
			keys.set(String(JSON.parse(key)), { at, node: this.#value(depth + 1) });
		} while (this.#takes(','));
		if (!this.#takes('}')) this.#fail('A comma or } is expected here');
		return keys;
	}

	#items(depth: number): readonly JsonNode[] {
		const items: JsonNode[] = [];
		if (this.#takes(']')) return items;
		do items.push(this.#value(depth + 1));
		while (this.#takes(','));
		if (!this.#takes(']')) this.#fail('A comma or ] is expected here');
		return items;
	}
}

/** Throws JsonTextError. */
export const readJsonText = (text: string): JsonNode => new Reader(text).document();

/** Where the value of a path is; where the path ends early, the last that is there. */
export function offsetOf(node: JsonNode, path: readonly PropertyKey[]): number {
	const [first, ...rest] = path;
	const next = typeof first === 'number' ? node.items?.[first] : node.keys?.get(String(first))?.node;
	return next === undefined ? node.at : offsetOf(next, rest);
}

/** `3:14` */
export function lineAndColumn(text: string, at: number): string {
	const before = text.slice(0, at).split('\n');
	return `${before.length}:${(before.at(-1) ?? '').length + 1}`;
}
