import { createDecipheriv } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { shellWord } from '../core/shell.ts';

/** MySQL's obfuscated login file as the option file's text that it is; nothing where there is none. */
export interface LoginFile {
	readonly path: string;
	readonly text?: string;
	readonly warning?: string;
}

const UNUSED = 4;
const KEY = 20;

/**
 * Reads what `mysql_config_editor` writes: four unused bytes, a key of twenty that is folded to sixteen, then every line by itself,
 * its length in four bytes (little endian) and AES-128-ECB. This hides a password from a glance, not from a reader of the file:
 * like the clients, a file that others may touch is passed over. Source: mysys/my_default.cc and client/mysql_config_editor.cc of MySQL.
 */
export async function readLoginFile(path: string): Promise<LoginFile> {
	let bytes: Buffer;
	try {
		const file = await stat(path);
		if (!file.isFile()) return { path };
		if ((file.mode & 0o177) !== 0)
			return { path, warning: `${path} is ignored: others may read or write it. chmod 600 ${shellWord(path)}` };
		bytes = await readFile(path);
	} catch {
		return { path };
	}
	try {
		return { path, text: decryptLogin(bytes) };
	} catch {
		return {
			path,
			warning: `${path} is ignored: it is no login file, or a damaged one. mysql_config_editor print --all shows what it holds.`,
		};
	}
}

/** Throws where the bytes are no login file. */
export function decryptLogin(bytes: Buffer): string {
	if (bytes.length < UNUSED + KEY) throw new RangeError('too short');
	const key = Buffer.alloc(16);
	for (let i = 0; i < KEY; i += 1) key[i % 16] = (key[i % 16] ?? 0) ^ (bytes[UNUSED + i] ?? 0);
	let text = '';
	for (let at = UNUSED + KEY; at < bytes.length; ) {
		const length = bytes.readUInt32LE(at);
		const line = bytes.subarray(at + 4, at + 4 + length);
		if (length === 0 || line.length !== length) throw new RangeError('cut short');
		const cipher = createDecipheriv('aes-128-ecb', key, null);
		text += cipher.update(line, undefined, 'utf8') + cipher.final('utf8');
		at += 4 + length;
	}
	return text;
}
