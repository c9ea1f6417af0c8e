// What a field for a server offers for what is typed into it. Pure.
import type { ServerSuggestion } from '../app/wizard-backend.ts';

/** A line of the list below the field; null where the text stands for itself. */
export type ComboRow = Pick<ServerSuggestion, 'value' | 'label' | 'about' | 'badge'> & { readonly kind: ServerSuggestion['kind'] | null };

/** A slash begins a filter as in other lists, until a second one makes it a path. */
const needleOf = (text: string): string =>
	text
		.trim()
		.replace(/^\/(?=[^/]*$)/, '')
		.toLowerCase();

const isExact = ({ value, label }: ServerSuggestion, needle: string): boolean =>
	value.toLowerCase() === needle || label.toLowerCase() === needle;

function rankOf(row: ServerSuggestion, needle: string): number {
	if (isExact(row, needle)) return 0;
	return row.label.toLowerCase().startsWith(needle) ? 1 : 2;
}

/** The suggestions that hold what is typed, the closest first, and the text itself at the end. */
export function comboRows(suggestions: readonly ServerSuggestion[], text: string): readonly ComboRow[] {
	const needle = needleOf(text);
	if (needle === '') return suggestions;
	const found = suggestions
		.filter(({ value, label, about }) => `${value} ${label} ${about}`.toLowerCase().includes(needle))
		.toSorted((a, b) => rankOf(a, needle) - rankOf(b, needle));
	const itself: ComboRow = { value: text.trim(), label: text.trim(), about: 'as an address', badge: null, kind: null };
	return found.some((row) => isExact(row, needle)) ? found : [...found, itself];
}

/**
 * The row that Enter takes; -1 for none. What says more than a name is an address, unless it is offered as it is. `preselect`: whether an empty
 * field has one.
 */
export function comboChoice(rows: readonly ComboRow[], text: string, preselect: boolean): number {
	const needle = needleOf(text);
	if (rows.length === 0) return -1;
	if (needle === '') return preselect ? 0 : -1;
	const [first] = rows;
	const isClose = first !== undefined && first.kind !== null && rankOf(first as ServerSuggestion, needle) < 2;
	const isAddress = /[:@/]/.test(needle);
	if (isClose && (!isAddress || rankOf(first as ServerSuggestion, needle) === 0)) return 0;
	return text.trim().startsWith('/') && needle !== text.trim() && rows.length > 1 ? 0 : rows.length - 1;
}
