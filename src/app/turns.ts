/** Waits for its turn; what it gives ends the turn. */
export type Turn = () => Promise<() => void>;

/**
 * Turns for work of which no more than so many is to be begun at once: a burst of logins makes each of them slow. A turn ends by itself after
 * `mostMs`, so that what hangs holds up nothing; it may go on.
 */
export function makeTurns(atOnce: number, mostMs: number): Turn {
	let free = atOnce;
	const waiting: (() => void)[] = [];
	const pass = () => {
		const next = waiting.shift();
		if (next === undefined) free++;
		else next();
	};
	return async () => {
		if (free > 0) free--;
		else await new Promise<void>((resolve) => waiting.push(resolve));
		let isOver = false;
		const end = () => {
			if (isOver) return;
			isOver = true;
			clearTimeout(timer);
			pass();
		};
		const timer = setTimeout(end, mostMs).unref();
		return end;
	};
}
