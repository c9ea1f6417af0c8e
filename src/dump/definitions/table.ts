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
	const parts = itemsOf(tokens.slice(open + 1, close)).map((item) => partOf(item, sql));
	const of = (wanted: PartGroup): readonly TablePart[] => parts.filter(({ group }) => group === wanted).map(({ part }) => part);
	const rest = tokens.slice(close + 1);
	const by = rest.findIndex((token, at) => isWord(token, 'PARTITION') && isWord(rest[at + 1], 'BY'));
	return {
		columns: of('columns'),
		keys: of('keys'),
		constraints: of('constraints'),
		options: optionsOf(by < 0 ? rest : rest.slice(0, by), sql),
		partitions: by < 0 ? null : rest.slice(by),
	};
}

type PartGroup = 'columns' | 'keys' | 'constraints';

function partOf(item: readonly Token[], sql: string): { readonly group: PartGroup; readonly part: TablePart } {
	const [first, second] = item as [Token, ...Token[]];
	const own = sql.slice(first.from, item.at(-1)?.end);
	const part = (name: string | undefined): TablePart => ({ name: name ?? '', sql: own, tokens: item });
	if (first.kind === 'name') return { group: 'columns', part: part(first.text) };
	if (isWord(first, ...KEY) || (isWord(first, ...BEFORE_KEY) && isWord(second, ...KEY)))
		return { group: 'keys', part: part(isWord(first, 'PRIMARY') ? 'PRIMARY' : nameIn(item)) };
	return { group: 'constraints', part: part(isWord(first, 'CONSTRAINT') ? nameIn(item) : own) };
}

const nameIn = (tokens: readonly Token[]): string | undefined => tokens.find((token) => token.kind === 'name')?.text;

/** The index of a value's last token; -1 where its brackets do not close. */
const endOfValue = (tokens: readonly Token[], at: number): number => (tokens[at]?.text === '(' ? closing(tokens, at) : at);
const wordOf = ({ kind, text }: Token): string => (kind === 'name' ? text : text.toUpperCase());

const FIRST_OF_TWO = /^(DEFAULT|DATA|INDEX|CHARACTER|SECONDARY)$/;

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
			const end = endOfValue(tokens, at + 1);
			options.set(words.join(' '), sql.slice(next.from, tokens[end]?.end));
			words = [];
			at = end < 0 ? tokens.length : end;
		} else if (token.kind === 'name' && words.at(-1) === 'TABLESPACE') {
			options.set('TABLESPACE', sql.slice(token.from, token.end));
			words = [];
		} else if (token.kind === 'word' || token.kind === 'name') {
			// The first word of an option that has none before it.
			if (next?.text === '=' && !FIRST_OF_TWO.test(words.at(-1) ?? '')) flush();
			words.push(wordOf(token));
		}
	}
	flush();
	return options;
}
