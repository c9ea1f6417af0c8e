// How lockstep speaks (.github/docs/style.md), held over every text in the program, over the README, the manual and the titles of tests.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { namesIn, wordsOf } from '../support/names.ts';
import { textsIn } from '../support/texts.ts';

/** What is not written, and what is written in its place. */
const BANNED: readonly (readonly [RegExp, string])[] = [
	[/\b(told|telling|tells?)\b/i, 'say, report, show; or name what the thing does'],
	[/\bmend(s|ed|ing)?\b/i, 'fix'],
	[/\b(nobody|somebody|anybody|everybody|whoever)\b/i, 'name the thing: a client, a session, an account'],
	[/\b(is|was|be|been|were) (not )?had\b|\bhad (with)?in\b/i, 'acquired, available'],
	[/\b(go|goes|gone|going|went) on\b/i, 'resume, continue'],
	[/\b(put|puts|putting) back\b|\bputs? (it|them|this|that) back\b/i, 'roll back, restore, set again'],
	[/\b(take|takes|taken|taking|took) back\b|\btakes? (it|them|this|that) back\b/i, 'undo, roll back'],
	[/\balike\b/i, 'identical'],
	[/\brights\b/i, 'privileges'],
	[/\bhalts?\b/i, 'crash'],
	[/\b(asleep|wake|wakes|woken)\b/i, 'disabled, enable'],
	[/\blook(s|ed|ing)? at\b/i, 'check, inspect, read'],
	[/\b(is|are|was|were) there\b(?! (a|an|any|no|more|enough|room|another)\b)/i, 'exists, is on the server'],
];

/** What no variable, function, type or member is called, as a word of its name. */
const BANNED_IN_NAMES: { readonly [word: string]: string } = {
	...{ told: 'message, description, report', tell: 'report, describe', tells: 'report, describe', telling: 'message', mend: 'hint' },
	...{ look: 'query, check, inspect', looks: 'check', looked: 'checked', looking: 'checking', had: 'acquired', rights: 'privileges' },
	...{ world: 'executor', deed: 'effect', deeds: 'effects', past: 'record', pasts: 'records', desk: 'backend', onlooker: 'listener' },
	...{ wish: 'connection, options', wishes: 'connections', claim: 'run lock', teller: 'reporter', halt: 'stop, crash', halts: 'crashes' },
	...{ parcel: 'packages', likeness: 'fingerprint', framer: 'block', feed: 'local infile', greeting: 'handshake', alike: 'identical' },
	...{ asleep: 'disabled', wake: 'enable', woken: 'enabled', seal: 'finalize', aside: 'settings', border: 'stdin', whom: 'name the thing' },
	...{ nobody: 'name the thing', somebody: 'name the thing', anybody: 'name the thing' },
};

/** Names that files on disk gave before. */
const KEPT_NAMES = ['looking', 'seal'];

const ROOT = new URL('../..', import.meta.url).pathname;
const wrong = (text: string): readonly string[] =>
	BANNED.flatMap(([word, better]) => (word.test(text) ? [`${word.exec(text)?.[0]} → ${better}`] : []));

describe('every text of the program', () => {
	const sources = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' }).filter((file) => /\.tsx?$/.test(file));
	it.each(sources.map((file) => [file]))('in %s uses the words of the style page', (file) => {
		const found = textsIn(readFileSync(join(ROOT, 'src', file), 'utf8'), file.endsWith('.tsx')).flatMap(({ line, text }) =>
			wrong(text).map((why) => `src/${file}:${line}: ${why}: ${text}`),
		);
		expect(found).toEqual([]);
	});

	it.each(sources.filter((file) => !file.includes('wasm')).map((file) => [file]))('in the names of %s, too', (file) => {
		const found = namesIn(readFileSync(join(ROOT, 'src', file), 'utf8'), file.endsWith('.tsx')).flatMap(({ line, name }) =>
			KEPT_NAMES.includes(name)
				? []
				: wordsOf(name).flatMap((word) =>
						Object.hasOwn(BANNED_IN_NAMES, word) ? [`src/${file}:${line}: ${name} (${BANNED_IN_NAMES[word]})`] : [],
					),
		);
		expect(found).toEqual([]);
	});

	const pages = ['README.md', ...readdirSync(join(ROOT, 'src/manual')).map((name) => `src/manual/${name}`)];
	it.each(pages.map((page) => [page]))('in %s does, too', (page) => {
		const lines = readFileSync(join(ROOT, page), 'utf8').split('\n');
		const found = lines.flatMap((text, index) => wrong(text).map((why) => `${page}:${index + 1}: ${why}: ${text}`));
		expect(found).toEqual([]);
	});
});

describe('the title of every test', () => {
	const tests = readdirSync(join(ROOT, 'test'), { recursive: true, encoding: 'utf8' }).filter((file) => /\.test\.tsx?$/.test(file));
	it.each(tests.map((file) => [file]))('in %s uses them, too', (file) => {
		const source = readFileSync(join(ROOT, 'test', file), 'utf8');
		const titles = [...source.matchAll(/\b(?:describe|it|test)\b[^'"`\n]*\(\s*(['"`])(.*?)\1,/g)].map(([, , title]) => title as string);
		expect(titles).not.toEqual([]);
		expect(titles.flatMap((title) => wrong(title).map((why) => `${why}: ${title}`))).toEqual([]);
	});
});

describe('the check itself', () => {
	it.each([
		"const a = { what: 'The lock was not had in time.' };",
		'const b = `this is gone on with`;',
		"const f = `a #{each.map((one) => 'it may be mended')} b`;".replace('#', '$'),
		'<Text>Nobody writes here</Text>',
		"fail('It may be mended'); // a comment",
		"const c = /'/; const d = 'It may be mended';",
	])('finds %s', (source) => {
		expect(textsIn(source, true).flatMap(({ text }) => wrong(text))).not.toEqual([]);
	});
	it.each([
		'// The lock was not had.\nconst a = 1;',
		'/** Nobody. Is had. */',
		"const told = row['x'];",
		"const a = `#{told['what']} and more`;".replace('#', '$'),
		"const e = [x(`a b`), { hints: ['the one'] }];",
	])('leaves %s', (source) => {
		expect(textsIn(source).flatMap(({ text }) => wrong(text))).toEqual([]);
	});
});

describe('the names that are found', () => {
	it('are all that a source declares', () => {
		const source =
			'import x, { y as z } from "m"; type A = { readonly b: string; c?(d: E): void }; class F { #g = 1; h = { i: j, k() {} } }; const { l, m: [n], ...o } = p; function q(r = 1, ...s) {}';
		const names = namesIn(source).map(({ name }) => name);
		expect(names.toSorted()).toEqual(['A', 'F', 'b', 'c', 'd', 'h', 'i', 'k', 'l', 'n', 'o', 'q', 'r', 's', 'x', 'z']);
	});
});
