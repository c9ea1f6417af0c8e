import type { ShownAction } from '../core/shown-action.ts';
import { type Line, type Span, span } from './page.ts';

const PARTS = /('(?:''|\\.|[^'\\])*'|"(?:""|\\.|[^"\\])*")|(`(?:``|[^`])*`)|\b([A-Z][A-Z_]+)\b/g;
const DESTROYS = /^\s*(?:\/\*.*?\*\/\s*)?(?:DROP|TRUNCATE|RESET|DELETE|PURGE)\b/;

/** Control characters as what stands for them: a tab is seen, and copied as the server reads it. */
const visible = (text: string): string => text.replaceAll('\t', String.raw`\t`);

function toneOf(quoted: string | undefined, name: string | undefined): Span['tone'] {
	if (quoted !== undefined) return 'good';
	return name === undefined ? 'key' : 'bold';
}

/** One line of a statement: its keywords, names and texts told apart. Other text stays plain. */
function sqlSpans(text: string): Span[] {
	const spans: Span[] = [];
	let from = 0;
	for (const found of text.matchAll(PARTS)) {
		if (found.index > from) spans.push(span(text.slice(from, found.index)));
		const [whole, quoted, name] = found;
		spans.push(span(whole, toneOf(quoted, name)));
		from = found.index + whole.length;
	}
	if (from < text.length) spans.push(span(text.slice(from)));
	return spans;
}

type Sent = Pick<ShownAction, 'kind' | 'text' | 'changes' | 'destroys'>;

/** Whether it drops, empties or resets something: by what it says of itself, or by its statement. */
export const isDestructive = ({ changes, destroys, text }: Sent): boolean =>
	changes && ((destroys?.length ?? 0) > 0 || DESTROYS.test(text));

/** The statement or command of an action, line by line. Red where it destroys something; unbroken, so that it can be copied. */
export function actionText(action: Sent): Line[] {
	const isRed = isDestructive(action);
	return action.text.split('\n').map((each) => {
		const text = visible(each);
		if (isRed) return [span(text, 'bad')];
		return action.kind === 'sql' ? sqlSpans(text) : [span(text, action.changes ? 'key' : 'plain')];
	});
}
