import { useEffect, useState } from 'react';
import type { RunCard } from '../../app/wizard-backend.ts';
import { useApp } from '../app-context.ts';

/** The runs of this machine that are not over, and how many there are in all. */
export type OpenRuns = { readonly runs: readonly RunCard[]; readonly ran: number };

/** Asked anew in each round. */
export function useOpenRuns(round: number): OpenRuns {
	const app = useApp();
	const [runs, setRuns] = useState<readonly RunCard[]>([]);
	const [ran, setRan] = useState(0);
	// biome-ignore lint/correctness/useExhaustiveDependencies: asked anew on demand.
	useEffect(() => {
		let mine = true;
		const read = async () => {
			let found: readonly RunCard[] = [];
			let all = 0;
			try {
				all = app.backend.countRuns();
				found = await app.backend.runs();
			} catch {
				// A folder of journals that cannot be read is no reason to show no home.
			}
			if (!mine) return;
			setRuns(found);
			setRan(all);
		};
		void read();
		return () => {
			mine = false;
		};
	}, [round]);
	return { runs, ran };
}
