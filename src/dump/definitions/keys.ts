// Which keys of a table can be made after its rows, read from its definition by tokens: a name may hold line ends and words of SQL.
import type { KeyLines } from '../../dialects/common/load.ts';
import { readTableDefinition } from './table.ts';
import { isWord, type Token } from './tokens.ts';

/** The parts of a table's definition that can be taken away and made again: ordinary and unique secondary keys, foreign keys. */
export function keyLines(definition: string): KeyLines {
	const table = readTableDefinition(definition);
	if (table === null) return [];
	const keys = table.keys.filter(({ tokens: [first] }) => isWord(first, 'KEY', 'UNIQUE'));
	const foreign = table.constraints.filter(({ tokens }) => isWord(tokens[0], 'CONSTRAINT') && isWord(tokens[2], 'FOREIGN'));
	return [...keys, ...foreign].map(({ sql }) => sql);
}

/** Whether the keys of such a table can come after its rows: it is ordered by a primary key, and no counter rests on another one. */
export function keysMayWait(definition: string): boolean {
	const table = readTableDefinition(definition);
	const primary = table?.keys.find(({ name }) => name === 'PRIMARY');
	if (table === null || primary === undefined || table.options.get('ENGINE') !== 'InnoDB') return false;
	if ([...table.options.keys()].some((option) => /SYSTEM VERSIONING/.test(option))) return false;
	const first = primary.tokens.find((token: Token) => token.kind === 'name')?.text;
	const counters = table.columns.filter(({ tokens }) => tokens.some((token) => isWord(token, 'AUTO_INCREMENT')));
	return counters.every(({ name }) => name === first);
}
