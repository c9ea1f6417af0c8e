import { closing, isWord, itemsOf, signAt, type Token, tokensOf } from './tokens.ts';

/** A column, key or constraint, by its name, with its own text as the server prints it. */
export type TablePart = { readonly name: string; readonly sql: string; readonly tokens: readonly Token[] };

/** A table as its SHOW CREATE TABLE says it. */
export type TableDefinition = {
	readonly columns: readonly TablePart[];
	/** The primary one by the name `PRIMARY`. */
	readonly keys: readonly TablePart[];
	/** Foreign keys and checks. */
	readonly constraints: readonly TablePart[];
	/** `ENGINE`, `COMMENT`, `DEFAULT CHARSET` … by their names in capitals; one without a value is ''. */
	readonly options: ReadonlyMap<string, string>;
	/** What follows PARTITION BY; null where it has none. */
	readonly partitions: readonly Token[] | null;
};

const KEY = ['KEY', 'INDEX'];
const BEFORE_KEY = ['PRIMARY', 'UNIQUE', 'FULLTEXT', 'SPATIAL', 'VECTOR'];

/**
 * Reads a CREATE TABLE as SHOW CREATE TABLE prints it, by its tokens: a name may hold line ends, commas, brackets and words of SQL.
 * Null where it is none.
 */
export function readTableDefinition(sql: string): TableDefinition | null {
	const tokens = tokensOf(sql);
	const open = signAt(tokens, '(');
	const close = open < 0 ? -1 : closing(tokens, open);
	if (!isWord(tokens[0], 'CREATE') || close < 0) return null;
	const columns: TablePart[] = [];
	const keys: TablePart[] = [];
	const constraints: TablePart[] = [];
	for (const item of itemsOf(tokens.slice(open + 1, close))) {
		const [first, second] = item as [Token, ...Token[]];
		const part = (name: string): TablePart => ({ name, sql: sql.slice(first.from, item.at(-1)?.end), tokens: item });
		if (first.kind === 'name') columns.push(part(first.text));
		else if (isWord(first, ...KEY) || (isWord(first, ...BEFORE_KEY) && isWord(second, ...KEY)))
			keys.push(part(isWord(first, 'PRIMARY') ? 'PRIMARY' : (nameIn(item) ?? '')));
		else constraints.push(part(isWord(first, 'CONSTRAINT') ? (nameIn(item) ?? '') : sql.slice(first.from, item.at(-1)?.end)));
	}
	const rest = tokens.slice(close + 1);
	const by = rest.findIndex((token, at) => isWord(token, 'PARTITION') && isWord(rest[at + 1], 'BY'));
	return {
		...{ columns, keys, constraints },
		options: optionsOf(by < 0 ? rest : rest.slice(0, by), sql),
		partitions: by < 0 ? null : rest.slice(by),
	};
}

const nameIn = (tokens: readonly Token[]): string | undefined => tokens.find((token) => token.kind === 'name')?.text;

/** `ENGINE=InnoDB COMMENT='…' WITH SYSTEM VERSIONING` as pairs. */
function optionsOf(tokens: readonly Token[], sql: string): ReadonlyMap<string, string> {
	const options = new Map<string, string>();
	let words: string[] = [];
	const flush = () => {
		if (words.length > 0) options.set(words.join(' '), '');
		words = [];
	};
	for (let at = 0; at < tokens.length; at++) {
		const token = tokens[at] as Token;
		const next = tokens[at + 1];
		if (token.kind === 'sign' && token.text === '=' && next !== undefined) {
			const end = next.text === '(' ? closing(tokens, at + 1) : at + 1;
			options.set(words.join(' '), sql.slice(next.from, tokens[end]?.end));
			words = [];
			at = end < 0 ? tokens.length : end;
		} else if (token.kind === 'name' && words.length > 0 && words.at(-1) === 'TABLESPACE') {
			options.set('TABLESPACE', sql.slice(token.from, token.end));
			words = [];
		} else if (token.kind === 'word' || token.kind === 'name') {
			// The first word of an option that has none before it.
			if (words.length > 0 && tokens[at + 1]?.text === '=' && !/^(DEFAULT|DATA|INDEX|CHARACTER|SECONDARY)$/.test(words.at(-1) ?? ''))
				flush();
			words.push(token.kind === 'name' ? token.text : token.text.toUpperCase());
		}
	}
	flush();
	return options;
}
