/** How many letters must be changed, put in, left out or swapped with their neighbour, the usual slip, to make one word the other. Libraries that are kept count a swap as two. */
function distance(a: string, b: string): number {
	const rows = [Array.from({ length: b.length + 1 }, (_, at) => at)];
	for (let i = 1; i <= a.length; i++) {
		const [before = [], row] = [rows[i - 1], [i]];
		for (let j = 1; j <= b.length; j++) {
			const isSame = a[i - 1] === b[j - 1];
			const isSwapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
			const ways = [(before[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (before[j - 1] ?? 0) + (isSame ? 0 : 1)];
			row.push(Math.min(...ways, ...(isSwapped ? [(rows[i - 2]?.[j - 2] ?? 0) + 1] : [])));
		}
		rows.push(row);
	}
	return rows[a.length]?.[b.length] ?? 0;
}

/** The known words that somebody may have meant, closest first: at most two changes away, and of short words one. Case does not count. */
export function suggestions(word: string, known: readonly string[]): readonly string[] {
	const most = Math.min(2, Math.floor(word.length / 3));
	return known
		.map((each) => ({ each, away: distance(word.toLowerCase(), each.toLowerCase()) }))
		.filter(({ away }) => away <= most)
		.sort((a, b) => a.away - b.away)
		.map(({ each }) => each);
}
