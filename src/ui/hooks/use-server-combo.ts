import { useEffect, useState } from 'react';
import type { ServerSuggestion } from '../../app/wizard-backend.ts';
import type { ServerCard } from '../../core/status-report.ts';
import { useApp } from '../app-context.ts';
import { type ComboRow, comboChoice, comboRows } from '../combo.ts';

export type ServerCombo = {
	readonly rows: readonly ComboRow[];
	/** The row that is chosen; -1 for none. */
	readonly at: number;
	/** Moves among the rows; false where there is no further one. */
	readonly move: (by: number) => boolean;
	/** What the field comes to: the chosen row's value, else the text. */
	readonly taken: string;
};

/** There at once; the others take a moment to be found. */
const profilesOf = (cards: readonly ServerCard[]): readonly ServerSuggestion[] =>
	cards.map(({ name, server, address, badge }) => ({ value: name, label: name, about: address ?? server, kind: 'profile', badge }));

/** Moving goes away from the row that the text has chosen; typing, and another field, go back to it. */
export function useServerCombo(
	text: string,
	{
		field = '',
		preselect,
		order,
	}: {
		readonly field?: string;
		readonly preselect: boolean;
		readonly order?: (all: readonly ServerSuggestion[]) => readonly ServerSuggestion[];
	},
): ServerCombo {
	const { backend } = useApp();
	const [suggestions, setSuggestions] = useState<readonly ServerSuggestion[]>(() => profilesOf(backend.servers()));
	const [moved, setMoved] = useState<{ readonly place: string; readonly at: number } | null>(null);
	useEffect(() => {
		let mine = true;
		void backend.suggestServers().then((found) => mine && setSuggestions(found));
		return () => {
			mine = false;
		};
	}, [backend]);
	const rows = comboRows(order?.(suggestions) ?? suggestions, text);
	const place = `${field} ${text}`;
	const at = moved?.place === place ? Math.min(moved.at, rows.length - 1) : comboChoice(rows, text, preselect);
	return {
		rows,
		at,
		move(by) {
			const next = at + by;
			if (next < -1 || next >= rows.length || (next === -1 && preselect)) return false;
			setMoved({ place, at: next });
			return true;
		},
		taken: rows[at]?.value ?? text.trim(),
	};
}
