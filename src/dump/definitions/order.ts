import type { Definition } from '../../core/definition.ts';
import { tokensOf } from './tokens.ts';

const keyOf = (database: string, name: string): string => JSON.stringify([database, name]);

/** What a view may name: every `database`.`name` in its text. */
function namedIn({ sql }: Definition): ReadonlySet<string> {
	const tokens = tokensOf(sql);
	const names = new Set<string>();
	for (let at = 0; at + 2 < tokens.length; at++) {
		const [one, dot, two] = tokens.slice(at, at + 3);
		// The sign, or within a word where one of them needs no quotes.
		if (one?.kind === 'name' && dot?.text === '.' && two?.kind === 'name') names.add(keyOf(one.text, two.text));
	}
	return names;
}

/**
 * The same definitions; a view that needs a table or view which is left out, itself or by another view, is `invalid` with the reason: no server
 * can create it from them. Pure.
 */
export function withoutBase(
	definitions: readonly Definition[],
	isLeftOut: (name: { readonly database: string; readonly name: string }) => boolean,
): readonly Definition[] {
	const reasons = new Map<Definition, string>();
	const lost = new Set<string>();
	for (const view of orderedViews(definitions.filter(({ kind }) => kind === 'view')))
		for (const key of namedIn(view)) {
			const [database = '', name = ''] = JSON.parse(key) as string[];
			if (!lost.has(key) && !isLeftOut({ database, name })) continue;
			reasons.set(view, `it needs ${database}.${name}, which is not in this backup`);
			lost.add(keyOf(view.database, view.name));
			break;
		}
	return definitions.map((each) => {
		const invalid = reasons.get(each);
		return invalid === undefined || each.invalid !== undefined ? each : { ...each, invalid };
	});
}

/** Views in an order in which each comes after those that it names. Pure. */
export function orderedViews(views: readonly Definition[]): readonly Definition[] {
	const byName = new Map(views.map((view) => [keyOf(view.database, view.name), view]));
	const done = new Set<string>();
	const ordered: Definition[] = [];
	// Without recursion: a chain of views may be long.
	for (const view of views) {
		const stack: { readonly view: Definition; readonly needs: Iterator<string> }[] = [];
		const enter = (next: Definition) => {
			const key = keyOf(next.database, next.name);
			if (done.has(key)) return;
			done.add(key);
			stack.push({ view: next, needs: namedIn(next).values() });
		};
		enter(view);
		for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
			const { done: end, value } = top.needs.next();
			if (end) {
				ordered.push(top.view);
				stack.pop();
				continue;
			}
			const needed = byName.get(value);
			if (needed !== undefined) enter(needed);
		}
	}
	return ordered;
}
