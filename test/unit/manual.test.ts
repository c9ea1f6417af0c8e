import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ERROR_CLASSES } from '../../src/core/errors.ts';
import { manPage, renderManual, TOPICS } from '../../src/render/manual.ts';

const ROOT = new URL('../..', import.meta.url).pathname;
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');
const pageOf = (name: string) => read(`src/manual/${name}.md`);
const anchorOf = (heading: string) =>
	heading
		.toLowerCase()
		.replaceAll(/[^\w\- ]/g, '')
		.replaceAll(' ', '-');

describe('the manual', () => {
	it('has one page for each topic, and the README lists them', () => {
		const names = TOPICS.map(({ name }) => name);
		expect(readdirSync(join(ROOT, 'src/manual')).toSorted()).toEqual(names.map((name) => `${name}.md`).toSorted());
		const listed = [...read('README.md').matchAll(/^- \[([\w-]+)\]\(src\/manual\/([\w-]+)\.md\): (.*)$/gm)].map(([, name, file, about]) => {
			expect(file).toBe(name);
			return { name, about };
		});
		expect(listed).toEqual(TOPICS);
	});

	it.each(['README.md', ...TOPICS.map(({ name }) => `src/manual/${name}.md`)])('leads nowhere that is not: %s', (page) => {
		for (const [, link = ''] of read(page).matchAll(/\]\(([^)]+)\)/g)) {
			if (/^https?:/.test(link)) continue;
			const [file = '', anchor] = link.split('#');
			const path = file === '' ? page : join(dirname(page), file);
			expect(existsSync(join(ROOT, path)), link).toBe(true);
			if (anchor === undefined) continue;
			const headings = [...read(path).matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) => anchorOf(heading));
			expect(headings, link).toContain(anchor);
		}
	});

	it('names every exit code', () => {
		const page = pageOf('exit-codes');
		for (const { exitCode } of ERROR_CLASSES.values()) expect(page, `${exitCode}`).toMatch(new RegExp(`^\\| .*\\b${exitCode}\\b`, 'm'));
	});

	it.each(TOPICS)('$name fits a terminal, without marks', ({ name }) => {
		for (const width of [60, 100]) {
			const text = renderManual(pageOf(name), { width, color: false });
			expect(text).not.toMatch(/\*\*|\]\(|<!--|^#|^```|^\| /m);
			const code = new Set(pageOf(name).split('\n'));
			for (const line of text.split('\n')) {
				// What can be copied stays whole, as a long word does.
				if (code.has(line.slice(4)) || !line.trim().includes(' ')) continue;
				expect(line.length, line).toBeLessThanOrEqual(width);
			}
		}
	});

	it('is a man page in which no text is an order', () => {
		const page = manPage(
			[
				{
					name: 'x',
					markdown: "# Title\n\n.text\n'text with \\ and - in it\n\n```sh\n.code\n```\n\n- .item\n\n| a | b |\n|---|---|\n| .c | 'd |\n",
				},
			],
			'Usage: lockstep',
			'1',
		);
		const orders = page.split('\n').filter((line) => /^[.']/.test(line));
		for (const line of orders) expect(line).toMatch(/^\.(TH|SH|SS|PP|IP|TP|nf|fi|br)\b/);
		expect(page).toContain("\\&.text 'text with \\e and \\- in it");
		expect(page).toContain('\\&.item');
	});

	it('is wide or narrow as the terminal is', () => {
		const table = '| name | about |\n|---|---|\n| one | two |\n';
		expect(renderManual(table, { width: 60, color: false })).toBe('name  about\none   two');
		expect(renderManual(table, { width: 8, color: false })).toBe('one\n  about: two');
	});
});
