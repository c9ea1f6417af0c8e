// The manual's pages are Markdown in src/manual: `lockstep help TOPIC`, the man page and the README's links have one source.
import { indented, type Line, line, paint, span, wrap } from './page.ts';
import { pad, widthOf } from './width.ts';

export type Topic = { readonly name: string; readonly about: string };

/** In the order of the README and of the man page. */
export const TOPICS: readonly Topic[] = [
	{ name: 'servers', about: 'how a server is named, profiles' },
	{ name: 'replica', about: 'setting up a replica, an account of your own' },
	{ name: 'seeding', about: 'stream, CLONE, or a backup' },
	{ name: 'engines', about: 'the two engines and the two locks' },
	{ name: 'format', about: 'what is in the folder of a backup' },
	{ name: 'restore', about: 'three ways to restore, and what is proven' },
	{ name: 'options', about: 'every option of every command' },
	{ name: 'checks', about: 'what is checked before and after' },
	{ name: 'doctor', about: 'what is wrong with a server, and what fixes it' },
	{ name: 'passwords', about: 'passwords and TLS' },
	{ name: 'exit-codes', about: 'exit codes' },
	{ name: 'scripts', about: 'JSON, dry runs, no questions' },
	{ name: 'interruptions', about: 'when something dies' },
	{ name: 'faults', about: 'faults, and what comes of them' },
	{ name: 'benchmarks', about: 'how fast it is' },
	{ name: 'limits', about: 'promises, limits, departures from the manuals' },
	{ name: 'environment', about: 'environment variables' },
	{ name: 'practice', about: 'lessons on servers that really break' },
	{ name: 'sandbox', about: 'throwaway servers' },
	{ name: 'requirements', about: 'requirements' },
];

type Block =
	| { readonly kind: 'heading'; readonly level: number; readonly text: string }
	| { readonly kind: 'code'; readonly lines: readonly string[] }
	| { readonly kind: 'table'; readonly head: readonly string[]; readonly rows: readonly (readonly string[])[] }
	| { readonly kind: 'item'; readonly text: string }
	| { readonly kind: 'text'; readonly text: string };

const cells = (text: string): string[] =>
	text
		.split(/(?<!\\)\|/)
		.slice(1, -1)
		.map((cell) => plain(cell.replaceAll('\\|', '|').trim()));

/** A link says where it leads: another page, or its address. */
const plain = (text: string): string =>
	text
		.replaceAll(/\[([^\]]+)\]\((\w[\w-]*)\.md(?:#[\w-]*)?\)/g, '$1 (lockstep help $2)')
		.replaceAll(/\[([^\]]+)\]\(([^)]+)\)/g, '$1 ($2)')
		.replaceAll(/\*\*([^*]+)\*\*/g, '$1')
		.replaceAll(/(?<![\w*])\*([^*\s][^*]*)\*(?![\w*])/g, '$1');

/** The few forms of Markdown that the pages use. */
function blocksOf(markdown: string): Block[] {
	const blocks: Block[] = [];
	const lines = markdown.replaceAll(/<!--.*?-->/g, '').split('\n');
	for (let at = 0; at < lines.length; at++) {
		const text = lines[at] ?? '';
		const heading = /^(#+) (.*)/.exec(text);
		if (heading !== null) blocks.push({ kind: 'heading', level: heading[1]?.length ?? 1, text: plain(heading[2] ?? '') });
		else if (text.startsWith('```')) {
			const end = lines.indexOf('```', at + 1);
			blocks.push({ kind: 'code', lines: lines.slice(at + 1, end) });
			at = end;
		} else if (text.startsWith('|')) {
			const rows: string[] = [];
			while (lines[at]?.startsWith('|')) rows.push(lines[at++] ?? '');
			at--;
			blocks.push({ kind: 'table', head: cells(rows[0] ?? ''), rows: rows.slice(2).map(cells) });
		} else if (text.startsWith('- ')) blocks.push({ kind: 'item', text: plain(text.slice(2)) });
		else if (text !== '') addText(blocks, plain(text), lines[at - 1] !== '');
	}
	return blocks;
}

/** `isNext`: it follows on a line that is not empty, and so continues what is text there. */
function addText(blocks: Block[], text: string, isNext: boolean): void {
	const last = blocks.at(-1);
	if (isNext && last?.kind === 'text') blocks[blocks.length - 1] = { kind: 'text', text: `${last.text} ${text}` };
	else blocks.push({ kind: 'text', text });
}

/** No column is made narrower than this. */
const NARROWEST = 24;

function tableLines({ head, rows }: Extract<Block, { kind: 'table' }>, width: number): Line[] {
	const widths = columnWidths([head, ...rows], width);
	// Too wide to stand side by side: a row is a paragraph.
	if (widths === null)
		return rows.flatMap(([first = '', ...rest]) => [
			...indented('', first, width, 'bold'),
			...rest.flatMap((cell, index) => (cell === '' ? [] : indented(span(`  ${head[index + 1]}: `, 'dim'), cell, width))),
		]);
	const row = (parts: readonly string[], tone: 'plain' | 'bold'): Line[] => {
		const wrapped = parts.map((part, column) => wrap(part, widths[column] ?? width));
		const height = Math.max(...wrapped.map((each) => each.length));
		return Array.from({ length: height }, (_, at) =>
			line(span(wrapped.map((each, column) => pad(each[at] ?? '', widths[column] ?? 0)).join('  '), tone)),
		);
	};
	return [...row(head, 'bold'), ...rows.flatMap((each) => row(each, 'plain'))];
}

/** As wide as their longest cell where there is room; else those that are too wide share what the others leave. Null where that is too little. */
function columnWidths(rows: readonly (readonly string[])[], width: number): readonly number[] | null {
	const natural = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => widthOf(row[column] ?? ''))));
	const longestWords = (rows[0] ?? []).map((_, column) => Math.max(...rows.flatMap((row) => (row[column] ?? '').split(' ').map(widthOf))));
	const room = width - 2 * (natural.length - 1);
	const wide = natural.map((each) => each > room / natural.length);
	const left = room - natural.reduce((sum, each, column) => sum + (wide[column] ? 0 : each), 0);
	const share = Math.floor(left / wide.filter(Boolean).length);
	const widths = natural.map((each, column) => (wide[column] ? Math.min(each, share) : each));
	const fits = widths.every((each, column) => each >= Math.min(natural[column] ?? 0, Math.max(NARROWEST, longestWords[column] ?? 0)));
	return fits && widths.reduce((sum, each) => sum + each, 0) <= room ? widths : null;
}

/** A page for a terminal. */
export function renderManual(markdown: string, { width, color }: { readonly width: number; readonly color: boolean }): string {
	const blocks = blocksOf(markdown);
	const lines = blocks.flatMap((block, index): Line[] => {
		const gap: Line[] = index === 0 || (block.kind === 'item' && blocks[index - 1]?.kind === 'item') ? [] : [[]];
		switch (block.kind) {
			case 'heading':
				return [...gap, line(span(block.text, 'bold'))];
			case 'code':
				return [...gap, ...block.lines.map((text) => line('    ', span(text, 'key')))];
			case 'table':
				return [...gap, ...tableLines(block, width)];
			case 'item':
				return [...gap, ...indented('- ', block.text, width)];
			default:
				return [...gap, ...wrap(block.text, width).map((text) => line(text))];
		}
	});
	return paint(lines, color);
}

/** Text in roff: a dot or an apostrophe at the beginning of a line would be an order. */
const roff = (text: string): string =>
	text
		.replaceAll('\\', '\\e')
		.replaceAll('-', '\\-')
		.replaceAll(/^([.'])/gm, '\\&$1');

/** `lockstep(1)`. `help`: what `lockstep --help` prints. */
export function manPage(pages: readonly { readonly name: string; readonly markdown: string }[], help: string, version: string): string {
	const code = (lines: readonly string[]) => ['.PP', '.nf', ...lines.map((text) => roff(`    ${text}`)), '.fi'];
	const body = pages.flatMap(({ markdown }) =>
		blocksOf(markdown).flatMap((block): string[] => {
			switch (block.kind) {
				case 'heading':
					return [`.${block.level === 1 ? 'SH' : 'SS'} "${roff(block.text).replaceAll('"', '\\(dq')}"`];
				case 'code':
					return code(block.lines);
				case 'table':
					return block.rows.flatMap(([first = '', ...rest]) => [
						'.TP',
						roff(first),
						rest.flatMap((cell, index) => (cell === '' ? [] : [roff(`${block.head[index + 1]}: ${cell}`)])).join('\n.br\n'),
					]);
				case 'item':
					return ['.IP \\(bu 2', roff(block.text)];
				default:
					return ['.PP', roff(block.text)];
			}
		}),
	);
	return [
		`.TH LOCKSTEP 1 "" "lockstep ${version}"`,
		'.SH NAME',
		'lockstep \\- a backup replica and proven backups for MariaDB and MySQL',
		'.SH SYNOPSIS',
		...code(help.trimEnd().split('\n')).slice(1),
		...body,
		'',
	].join('\n');
}
