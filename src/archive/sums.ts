import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Check } from '../core/check.ts';
import { UserError } from '../core/errors.ts';
import { FILES } from './layout.ts';
import { readManifest } from './manifest.ts';
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
			if (parts === null) throw new UserError({ what: 'SHA256SUMS is damaged.', why: `This line is none of it: ${line.slice(0, 100)}` });
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
		for await (const chunk of createReadStream(path, { highWaterMark: 1024 * 1024, signal })) {
			hash.update(chunk as Buffer);
			bytes += (chunk as Buffer).length;
		}
	} catch (cause) {
		if (signal?.aborted) throw cause;
		throw fileProblem('The file cannot be read', path, cause);
	}
	return { bytes, sha256: hash.digest('hex') };
}

/**
 * Reads every file of a backup again and judges it: SHA256SUMS against the files, and the manifest's sizes and sums against both, so that no
 * changed byte in the folder passes (but for the logs, which go on after the sums). One check a file; throws nothing but for reading.
 * @param options.onFile told before each file is read
 */
export async function verifySums(
	folder: string,
	options: { readonly onFile?: (path: string, index: number, count: number) => void; readonly signal?: AbortSignal } = {},
): Promise<readonly Check[]> {
	const manifest = await readManifest(folder);
	const text = await readFile(join(folder, FILES.sums), 'utf8').catch((cause) => {
		throw fileProblem('SHA256SUMS cannot be read', join(folder, FILES.sums), cause);
	});
	const sums = new Map(parseSums(text).map(({ path, sha256 }) => [path, sha256]));
	const expected = new Map(manifest.files.map((file) => [file.path, file]));
	const there = new Set(await readdir(folder));
	const paths = [...new Set([FILES.manifest, ...expected.keys(), ...sums.keys()])].sort();
	const checks: Check[] = [];
	for (const [index, path] of paths.entries()) {
		options.onFile?.(path, index, paths.length);
		checks.push(await judge(path));
	}
	return checks;

	async function judge(path: string): Promise<Check> {
		const check = { id: 'BACKUP-FILE', title: path };
		const mend = ['Do not restore from it. Take another backup, or get this file from a copy of the backup.'];
		const sum = sums.get(path);
		const inManifest = expected.get(path);
		if (!there.has(path)) return { ...check, status: 'fail', expected: 'the file', found: 'missing', mend };
		if (sum === undefined) return { ...check, status: 'fail', expected: 'a line in SHA256SUMS', found: 'none', mend };
		const found = await hashFile(join(folder, path), options.signal);
		if (inManifest !== undefined && inManifest.bytes !== found.bytes)
			return { ...check, status: 'fail', expected: `${inManifest.bytes} bytes`, found: `${found.bytes} bytes`, mend };
		if (found.sha256 !== sum) return { ...check, status: 'fail', expected: sum, found: found.sha256, mend };
		if (inManifest !== undefined && inManifest.sha256 !== sum)
			return { ...check, status: 'fail', expected: `${inManifest.sha256} (manifest.json)`, found: `${sum} (SHA256SUMS)`, mend };
		return { ...check, status: 'ok', found: `${found.bytes} bytes, sha256 ${found.sha256}` };
	}
}
