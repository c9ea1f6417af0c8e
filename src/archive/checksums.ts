import { createHash } from 'node:crypto';
import { UserError } from '../core/errors.ts';
import { openStream } from './open.ts';
import { fileProblem } from './problem.ts';

/** One line of SHA256SUMS. */
export type Sum = { readonly path: string; readonly sha256: string };

/** The sum of a text that is about to be written: so the manifest, written last, can be in SHA256SUMS too. */
export const sumOf = (path: string, text: string): Sum => ({ path, sha256: createHash('sha256').update(text).digest('hex') });

const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\\\', '\n': '\\n', '\r': '\\r' };

/** The text of SHA256SUMS, sorted by name, escaped as coreutils do: a line that begins with a backslash has escapes in its name. */
export function sumsText(sums: readonly Sum[]): string {
	return [...sums]
		.sort((a, b) => (a.path < b.path ? -1 : 1))
		.map(({ path, sha256 }) => {
			const escaped = path.replaceAll(/[\\\n\r]/g, (sign) => ESCAPES[sign] ?? sign);
			return `${escaped === path ? '' : '\\'}${sha256}  ${escaped}\n`;
		})
		.join('');
}

/** Reads the text of SHA256SUMS, also as sha256sum itself writes it. @throws UserError where a line is none */
export function parseSums(text: string): Sum[] {
	return text
		.split('\n')
		.filter((line) => line !== '')
		.map((line) => {
			const parts = /^(\\?)([0-9a-f]{64}) [ *]([^\0]+)$/.exec(line);
			if (parts === null)
				throw new UserError({ message: 'SHA256SUMS is damaged.', reason: `This line is none of it: ${line.slice(0, 100)}` });
			const [, escaped, sha256 = '', path = ''] = parts;
			const name = escaped ? path.replaceAll(/\\([\\nr])/g, (_, sign) => ({ n: '\n', r: '\r' })[sign as string] ?? sign) : path;
			return { path: name, sha256 };
		});
}

/** The SHA-256 of a file as it is on disk, and its size. */
export async function hashFile(path: string, signal?: AbortSignal): Promise<{ readonly bytes: number; readonly sha256: string }> {
	const hash = createHash('sha256');
	let bytes = 0;
	try {
		for await (const chunk of await openStream(path, { highWaterMark: 1024 * 1024, signal })) {
			hash.update(chunk as Buffer);
			bytes += (chunk as Buffer).length;
		}
	} catch (cause) {
		if (signal?.aborted) throw cause;
		throw fileProblem('The file cannot be read', path, cause);
	}
	return { bytes, sha256: hash.digest('hex') };
}
