import { useEffect, useState } from 'react';
import type { ServerCard, ServerSeen, StatusReport } from '../../core/status-report.ts';
import { useApp } from '../app-context.ts';
import { useTick } from './use-tick.ts';

/** While a server is waited for it is shown for how long. */
const WAITING_MS = 1000;
/** Ages are told in minutes. */
const AGES_MS = 30_000;

export type Watching = {
	readonly everyMs: number;
	/** Another round asks all of them anew. */
	readonly round: number;
	/** What the only server has just said. */
	readonly first?: StatusReport;
};

const answered = (report: StatusReport): ServerSeen => {
	const { lastBackup, disk } = report;
	return { state: 'answers', report, since: null, failure: null, folder: { lastBackup, disk } };
};

/** Asks each of these servers again and again, for itself, while the screen is there: what is known of them, by their names for commands. */
export function useWatched(cards: readonly ServerCard[], { everyMs, round, first }: Watching): ReadonlyMap<string, ServerSeen> {
	const { backend, seen } = useApp();
	const [shown, setShown] = useState<ReadonlyMap<string, ServerSeen>>(() => {
		const [card] = cards;
		if (card !== undefined && first !== undefined) seen.set(card.server, answered(first));
		return new Map(seen);
	});
	const names = cards.map(({ server, output }) => `${server}\t${output}`).join('\n');
	// biome-ignore lint/correctness/useExhaustiveDependencies: begun for other servers or on demand, not for every drawing.
	useEffect(() => {
		const stop = new AbortController();
		for (const card of cards) {
			const on = (latest: ServerSeen) => {
				seen.set(card.server, latest);
				setShown(new Map(seen));
			};
			backend.watchServer(card, { on, from: seen.get(card.server), everyMs, signal: stop.signal });
		}
		return () => stop.abort();
	}, [backend, names, everyMs, round]);
	useTick(cards.some(({ server }) => shown.get(server)?.since !== null) ? WAITING_MS : AGES_MS);
	return shown;
}
