import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { asciiCellsTo, inAscii, inAsciiCells, writeAscii } from '../../src/render/ascii.ts';
import { renderManual } from '../../src/render/manual.ts';
import { widthOf } from '../../src/render/width.ts';
import { textsIn } from '../support/texts.ts';

const ROOT = new URL('../../src', import.meta.url).pathname;
const read = (file: string) => readFileSync(join(ROOT, file), 'utf8');
/** Letters stay: names of servers have any, and so have translations. */
const beyond = (text: string) => text.replaceAll(/[\x00-\x7f\p{L}\p{M}]/gu, '');

describe('46: text for a terminal that knows ASCII alone', () => {
	it('has no other signs of ours, whatever the program says', () => {
		const sources = readdirSync(ROOT, { recursive: true, encoding: 'utf8' })
			// Names and values of the sample shop may be anything.
			.filter((file) => /\.tsx?$/.test(file) && file !== 'sandbox/shop.ts');
		const texts = sources.flatMap((file) => textsIn(read(file), file.endsWith('.tsx')).map(({ line, text }) => `${file}:${line} ${text}`));
		expect(texts.filter((text) => beyond(text) !== '').length).toBeGreaterThan(200);
		for (const translate of [inAscii, inAsciiCells]) {
			// As the program has it, with a name where one is put in between backticks.
			const meant = (text: string) => text.replaceAll('\\n', '\n').replaceAll('\\`', '`').replaceAll('`…`', '`name`');
			const left = texts.filter((text) => beyond(translate(meant(text))) !== '');
			expect(left).toEqual([]);
		}
	});

	it('is so of every page of the manual', () => {
		for (const page of readdirSync(join(ROOT, 'manual')))
			expect(beyond(inAscii(renderManual(read(`manual/${page}`), { width: 80, color: false }))), page).toBe('');
	});

	it('leaves names of servers and what is sent to them as they are', () => {
		for (const text of ['größe, naïve, 顧客', 'DROP TABLE IF EXISTS `crm`.`it’s…`;'])
			expect([inAscii(text), inAsciiCells(text)]).toEqual([text, text]);
		expect(inAscii('drops `it’s…` → “gone”…')).toBe('drops `it’s…` -> "gone"...');
	});

	it('moves nothing on a screen', () => {
		const text = '▲ the server’s “lock” · 3 × 4 → 12 … ▏▎▍▌▋▊▉█ ▁▂▃▄▅▆▇ │─┼ ❯▸↶✓✗●○•↑↓←≠';
		expect(beyond(inAsciiCells(text))).toBe('');
		expect(widthOf(inAsciiCells(text))).toBe(widthOf(text));
	});

	it('is written by a stream that was set to it, bytes as they are', () => {
		const out: unknown[] = [];
		const stream = { write: (chunk: unknown) => out.push(chunk) > 0 } as unknown as NodeJS.WriteStream;
		asciiCellsTo(stream).write('a…');
		writeAscii(stream);
		stream.write('b…');
		stream.write(Buffer.from('c…'));
		expect(out).toEqual(['a~', 'b...', Buffer.from('c…')]);
	});
});
