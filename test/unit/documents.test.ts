import { globSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

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
