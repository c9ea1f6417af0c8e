import { existsSync, globSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { digestOf } from '../support/digest.ts';

const ROOT = new URL('../..', import.meta.url).pathname;
const DOCUMENTS = [
	'README.md',
	'.github/CONTRIBUTING.md',
	...readdirSync(join(ROOT, '.github/docs')).map((name) => `.github/docs/${name}`),
];

/** A file or a folder of ours, as documents name it: from the top, or from a folder that is clear from the text. */
const isPath = (text: string): boolean =>
	/^\.?[\w*-][\w.*-]*(\/[\w.*-]+)*\/?$/.test(text) && (text.includes('/') || /\.(ts|tsx|js|md)$/.test(text));
/** Made by a build or by a run. */
const isMade = (text: string): boolean => text.startsWith('dist/') || /[A-Z]{2,}/.test(text.replace(/README|CONTRIBUTING/, ''));

const pathsIn = (document: string): string[] =>
	[...readFileSync(join(ROOT, document), 'utf8').matchAll(/`([^`\n]+)`/g)]
		.map(([, text = '']) => text)
		.filter((text) => isPath(text) && !isMade(text));

/** All that matches it, in any folder; a module may be named without its ending. */
function found(path: string): readonly string[] {
	const name = path.replace(/\/$/, '');
	const ends = /\.\w+$/.test(name) || path.endsWith('/') ? [name] : [name, `${name}.ts`];
	const places = name.startsWith('.') ? [''] : ['', '{src,test,bin}/**/'];
	return globSync(
		places.flatMap((place) => ends.map((end) => place + end)),
		{ cwd: ROOT },
	);
}

describe('every path that a document names exists', () => {
	it.each(DOCUMENTS.map((document) => [document]))('in %s', (document) => {
		expect(pathsIn(document).filter((path) => found(path).length === 0)).toEqual([]);
	});

	it('and one that does not would be found', () => {
		expect(pathsIn('.github/CONTRIBUTING.md').length).toBeGreaterThan(40);
		expect(found('src/world/')).toEqual([]);
		expect(found('runbooks/backup/take-lock.ts')).toEqual(['src/runbooks/backup/take-lock.ts']);
	});
});

it('every picture is in a document', () => {
	const shown = DOCUMENTS.flatMap((document) =>
		[...readFileSync(join(ROOT, document), 'utf8').matchAll(/screenshots\/([\w-]+\.png)/g)].map(([, name]) => name),
	);
	expect(new Set(readdirSync(join(ROOT, 'screenshots')))).toEqual(new Set(shown));
});

describe('the README in Portuguese', () => {
	const english = readFileSync(join(ROOT, 'README.md'), 'utf8');
	const portuguese = readFileSync(join(ROOT, '.github/docs/README.pt-BR.md'), 'utf8');
	const commandsIn = (text: string): readonly string[] =>
		[...text.matchAll(/```sh\n([\s\S]*?)```/g)].flatMap(([, block = '']) =>
			block.split('\n').map((line) => line.replace(/\s+#.*/, '').trim()),
		);

	// Compare it with the English one, then write the digest that the failure shows into its first line.
	it('was compared with the English of today', () => {
		expect(/compared with README\.md: (\w+)/.exec(portuguese)?.[1]).toBe(digestOf({ english }));
	});

	it('has the same commands, and as many sections and points', () => {
		expect(commandsIn(portuguese)).toEqual(commandsIn(english));
		for (const mark of [/^## /gm, /^\d+\. /gm, /^- \*\*/gm])
			expect([String(mark), portuguese.match(mark)?.length]).toEqual([String(mark), english.match(mark)?.length]);
	});

	it('links to files that exist', () => {
		const targets = [...portuguese.matchAll(/\]\(([^)#]+)/g)].map(([, target = '']) => target);
		expect(targets.filter((target) => !existsSync(join(ROOT, '.github/docs', target)))).toEqual([]);
	});
});
