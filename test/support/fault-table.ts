// The table of `npm run faults`: what each fault came to, by kind of server. As a program: FILE [--write], of recorded lines.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { KINDS } from '../../src/sandbox/kinds.ts';
import type { Fault } from './faults.ts';

const PAGE = fileURLToPath(new URL('../../src/manual/faults.md', import.meta.url));

const inCell = (text: string): string => text.replaceAll('|', '\\|').replaceAll(/\s+/g, ' ');
/** Never less than it was. */
const seconds = (ms: number): string => `${(Math.max(1, Math.ceil(ms / 100)) / 10).toFixed(1)} s`;
const unique = <T>(values: readonly T[]): T[] => [...new Set(values)];

/** One row a fault, by name; where it was done several times, all that came of it and the longest time. Markdown. */
export function faultTable(faults: readonly Fault[]): string {
	const kinds = KINDS.filter(({ kind }) => faults.some((fault) => fault.kind === kind)).toReversed();
	const cell = (of: readonly Fault[]): string => {
		if (of.length === 0) return '';
		const times = of.flatMap(({ freeMs }) => (freeMs === null ? [] : [freeMs]));
		const outcome = unique(of.map((fault) => fault.outcome)).join('; ');
		return times.length === 0 ? outcome : `${outcome}; free after ${seconds(Math.max(...times))}`;
	};
	const rows = unique(faults.map(({ fault }) => fault))
		.toSorted()
		.map((fault) => [fault, ...kinds.map(({ kind }) => cell(faults.filter((each) => each.fault === fault && each.kind === kind)))]);
	return [['fault', ...kinds.map(({ title }) => title)], ['---', ...kinds.map(() => '---')], ...rows]
		.map((row) => `| ${row.map(inCell).join(' | ')} |`)
		.join('\n');
}

/** The recorded lines. */
export const readFaults = (text: string): Fault[] =>
	text
		.split('\n')
		.filter((line) => line !== '')
		.map((line) => JSON.parse(line) as Fault);

/** A text with the table between the two marks of this name instead of what was there. Throws where it has no such marks. */
export function withTable(text: string, table: string, name = 'faults'): string {
	const marks = [`<!-- ${name} -->`, `<!-- /${name} -->`] as const;
	const [begin, end] = marks.map((mark) => text.indexOf(mark)) as [number, number];
	if (begin < 0 || end < begin) throw new Error(`no ${marks.join(' … ')} in it`);
	return `${text.slice(0, begin + marks[0].length)}\n\n${table}\n\n${text.slice(end)}`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
	const [file = '', ...flags] = process.argv.slice(2);
	const table = faultTable(existsSync(file) ? readFaults(readFileSync(file, 'utf8')) : []);
	process.stdout.write(`\n${table}\n`);
	if (flags.includes('--write')) writeFileSync(PAGE, withTable(readFileSync(PAGE, 'utf8'), table));
}
