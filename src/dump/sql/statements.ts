import { createLexer } from './lexer.ts';

/** The statements of a text that a person typed, whole and without their semicolons, as the vendors' own clients tell them apart. */
export function statementsIn(text: string): readonly string[] {
	const bytes = Buffer.from(text);
	const ends: number[] = [];
	const lexer = createLexer({ statement: ({ end }) => void ends.push(end), endRows: (end) => void ends.push(end) });
	lexer.write(bytes);
	lexer.end();
	return [...ends, bytes.length]
		.map((end, index) =>
			bytes
				.toString('utf8', ends[index - 1] ?? 0, end)
				.replace(/;\s*$/, '')
				.trim(),
		)
		.filter((statement) => statement !== '');
}
