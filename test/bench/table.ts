// The figures of `npm run bench`, as a person reads them.
export interface Sample {
	readonly wallMs: number;
	readonly clientMs: number;
	readonly serverMs: number;
	readonly memoryBytes: number;
	/** On disk; null for a restore. */
	readonly bytes: number | null;
}

export interface Row {
	readonly title: string;
	/** One a round that went well. */
	readonly samples: readonly Sample[];
	/** The longest that a client had to wait, a round each; empty where it was not measured. */
	readonly stallsMs: readonly number[];
	/** As the program itself recorded it, in the same runs. */
	readonly heldMs: readonly number[];
	/** Why there are no figures, or fewer. */
	readonly trouble?: string;
}

/** The middle one, or the mean of the two in the middle; NaN of nothing. */
export function median(values: readonly number[]): number {
	const sorted = values.toSorted((a, b) => a - b);
	const middle = Math.floor(sorted.length / 2);
	if (sorted.length % 2 === 1) return sorted[middle] as number;
	return ((sorted[middle - 1] ?? Number.NaN) + (sorted[middle] ?? Number.NaN)) / 2;
}

/** The places of `count` contestants in a round: everybody starts first once, and every second round goes backwards. */
export function orderOf(round: number, count: number): number[] {
	const places = Array.from({ length: count }, (_, at) => (at + Math.ceil(round / 2)) % count);
	return round % 2 === 1 ? places.reverse() : places;
}

const inCell = (text: string): string => text.replaceAll('|', '\\|').replaceAll(/\s+/g, ' ');
const number = (value: number, digits: number): string => (Number.isFinite(value) ? value.toFixed(digits) : '');
const middleOf = (row: Row, of: (sample: Sample) => number | null): number => median(row.samples.map((sample) => of(sample) ?? Number.NaN));

/** A row each, medians; `wall ×` is against the row called `against`. Markdown. */
export function benchTable(rows: readonly Row[], against: string, { dump }: { readonly dump: boolean }): string {
	const base = rows.find(({ title }) => title === against);
	const baseMs = base ? middleOf(base, ({ wallMs }) => wallMs) : Number.NaN;
	const head = [
		'how',
		'wall s',
		'wall ×',
		'client CPU s',
		'server CPU s',
		'memory MB',
		...(dump ? ['on disk MB', 'a client waited ms', 'lock held ms'] : []),
	];
	const cells = rows.map((row) => {
		const wallMs = middleOf(row, (sample) => sample.wallMs);
		return [
			row.trouble === undefined ? row.title : `${row.title} (${row.trouble})`,
			number(wallMs / 1000, 1),
			number(wallMs / baseMs, 2),
			number(middleOf(row, ({ clientMs }) => clientMs) / 1000, 1),
			number(middleOf(row, ({ serverMs }) => serverMs) / 1000, 1),
			number(middleOf(row, ({ memoryBytes }) => memoryBytes) / 1e6, 0),
			...(dump
				? [number(middleOf(row, ({ bytes }) => bytes) / 1e6, 0), number(median(row.stallsMs), 0), number(median(row.heldMs), 0)]
				: []),
		];
	});
	return [head, head.map((_, at) => (at === 0 ? '---' : '--:')), ...cells].map((row) => `| ${row.map(inCell).join(' | ')} |`).join('\n');
}

export interface Result {
	readonly server: string;
	readonly title: string;
	readonly version: string;
	readonly mydumper: string;
	/** Of the data set, as SQL text, about. */
	readonly bytes: number;
	readonly rounds: number;
	/** ISO time. */
	readonly at: string;
	readonly cpu: string;
	readonly cores: number;
	readonly memoryBytes: number;
	readonly dumps: readonly Row[];
	readonly restores: readonly Row[];
	/** Of the process that draws: processor over wall time. */
	readonly screens: readonly { readonly share: number; readonly wallMs: number }[];
}

/** Both tables, and what they were measured on. Markdown. */
export function page(result: Result): string {
	const { dumps, restores } = result;
	const zstd = dumps.find(({ title }) => title.endsWith('| zstd -1'))?.title ?? dumps[0]?.title ?? '';
	const client = restores[0]?.title ?? '';
	const machine = `${result.cores} cores (${result.cpu.trim()}), ${number(result.memoryBytes / 2 ** 30, 0)} GiB`;
	const share = median(result.screens.map((screen) => screen.share * 100));
	return [
		`${result.title} (${result.version}), mydumper ${result.mydumper}, ${result.at.slice(0, 10)}; ${machine}; about ${number(result.bytes / 1e6, 0)} MB as SQL text, all in memory; medians of ${result.rounds} interleaved rounds.`,
		benchTable(dumps, zstd, { dump: true }),
		...(restores.length === 0
			? []
			: ['Restored into an emptied server, checksums compared:', benchTable(restores, client, { dump: false })]),
		...(Number.isFinite(share) ? [`The process that draws a backup's screen took ${number(share, 1)} % of one processor.`] : []),
	].join('\n\n');
}
