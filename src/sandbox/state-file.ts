import { readFile, rename, writeFile } from 'node:fs/promises';
import type * as z from 'zod/mini';
import { parseJson } from '../core/schema.ts';

/** What a file of ours says; undefined where it is not there, is not whole after a crash, or says something else. */
export async function readState<T>(path: string, schema: z.ZodMiniType<T>): Promise<T | undefined> {
	return parseJson(schema, await readFile(path, 'utf8').catch(() => '')) ?? undefined;
}

/** Writes it whole or not at all, for its owner only. */
export async function writeState(path: string, value: unknown): Promise<void> {
	await writeFile(`${path}.new`, `${JSON.stringify(value, null, '\t')}\n`, { mode: 0o600 });
	await rename(`${path}.new`, path);
}
