import { useEffect, useState } from 'react';

/** Draws again every `ms`, for clocks that run while nothing happens. */
export function useTick(ms: number): void {
	const [, setCount] = useState(0);
	useEffect(() => {
		const timer = setInterval(() => setCount((count) => count + 1), ms);
		return () => clearInterval(timer);
	}, [ms]);
}
