/** Compares `10.11` and `11.8` by their numbers. */
export function compareSeries(a: string, b: string): number {
	const numbers = (text: string) => (/^\d+(\.\d+)*/.exec(text)?.[0] ?? '0').split('.').map(Number);
	const [left, right] = [numbers(a), numbers(b)];
	for (let at = 0; at < Math.max(left.length, right.length); at++) {
		const difference = (left[at] ?? 0) - (right[at] ?? 0);
		if (difference !== 0) return difference;
	}
	return 0;
}

/** `11.8` of `5.5.5-11.8.6-MariaDB-log`. */
export const seriesOf = (version: string): string => /(\d+\.\d+)/.exec(version.replace(/^5\.5\.5-/, ''))?.[1] ?? version;
