import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseSums, sumOf, sumsText } from '../../src/archive/checksums.ts';

/** Rewrites a backup's manifest with all sums made anew, as whoever forges one would. Gives what puts it back. */
export async function forged(folder: string, manifest: { readonly files: readonly { path: string; sha256: string }[] }) {
	const [path, sums] = ['manifest.json', 'SHA256SUMS'].map((name) => join(folder, name)) as [string, string];
	const [text, known] = [await readFile(path, 'utf8'), await readFile(sums, 'utf8')];
	const json = JSON.stringify(manifest);
	const anew = parseSums(known).map((sum) => {
		if (sum.path === 'manifest.json') return sumOf('manifest.json', json);
		return { ...sum, sha256: manifest.files.find((file) => file.path === sum.path)?.sha256 ?? sum.sha256 };
	});
	await writeFile(path, json);
	await writeFile(sums, sumsText(anew));
	return async (): Promise<void> => {
		await writeFile(path, text);
		await writeFile(sums, known);
	};
}
