import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Where this machine gets Debian's own packages from. */
export interface DebianSource {
	/** As in the machine's own apt sources. */
	readonly uri: string;
	/** Path of the keyring, where the source names one. */
	readonly signedBy: string | null;
}

interface Entry extends DebianSource {
	readonly suites: readonly string[];
	readonly components: readonly string[];
}

/** One-line format, sources.list(5): `deb [ option=value … ] uri suite component…`. */
export function readOneLine(text: string): Entry[] {
	const entries: Entry[] = [];
	for (const line of text.split('\n')) {
		const found = /^\s*deb\s+(?:\[([^\]]*)\]\s*)?(\S+)\s+(\S+)\s*([^#]*)/.exec(line);
		if (!found?.[2] || !found[3]) continue;
		const signedBy = /(?:^|\s)signed-by=(\/\S+)/i.exec(found[1] ?? '')?.[1] ?? null;
		entries.push({ uri: found[2], suites: [found[3]], components: (found[4] ?? '').split(/\s+/).filter(Boolean), signedBy });
	}
	return entries;
}

/** deb822 format, sources.list(5): stanzas of fields, separated by empty lines. */
export function readStanzas(text: string): Entry[] {
	const entries: Entry[] = [];
	for (const stanza of text.replace(/^#.*\n?/gm, '').split(/\n\s*\n/)) {
		const fields = new Map<string, string>();
		// A line that begins with a space goes on with the field before it.
		for (const line of stanza.replace(/\n[ \t]+/g, ' ').split('\n')) {
			const found = /^([\w-]+):\s*(.*)$/.exec(line);
			if (found?.[1]) fields.set(found[1].toLowerCase(), (found[2] ?? '').trim());
		}
		const words = (name: string) => (fields.get(name) ?? '').split(/\s+/).filter(Boolean);
		if (!words('types').includes('deb') || fields.get('enabled')?.toLowerCase() === 'no') continue;
		const signedBy = words('signed-by')[0];
		for (const uri of words('uris')) {
			entries.push({
				uri,
				suites: words('suites'),
				components: words('components'),
				signedBy: signedBy?.startsWith('/') ? signedBy : null,
			});
		}
	}
	return entries;
}

const SUITE = /^(bullseye|bookworm|trixie|forky|duke|sid|oldoldstable|oldstable|stable|testing|unstable)$/;

/**
 * Debian's own archive among them, the surest first. Others use Debian's suites and components as well
 * (a vendor's `…/debian bookworm main`): the keyring and the path tell.
 */
export function debianSources(entries: readonly Entry[]): DebianSource[] {
	const sureness = ({ uri, signedBy }: Entry): number => {
		const keyring = signedBy?.includes('debian-archive-keyring') ? 4 : 0;
		const host = /^[\w+]+:\/\/([^/]+\.)?debian\.org[/:]/.test(uri) ? 2 : 0;
		return keyring + host + (/\/debian\/?$/.test(uri) || uri.startsWith('mirror') ? 1 : 0);
	};
	const seen = new Set<string>();
	return entries
		.filter(
			({ uri, suites, components }) =>
				suites.some((suite) => SUITE.test(suite)) && components.includes('main') && !uri.startsWith('cdrom:'),
		)
		.filter((entry) => sureness(entry) > 0)
		.sort((a, b) => sureness(b) - sureness(a))
		.filter(({ uri }) => !seen.has(uri) && seen.add(uri))
		.map(({ uri, signedBy }) => ({ uri, signedBy }));
}

/** apt reads no other files there. */
function readerOf(name: string): ((text: string) => Entry[]) | undefined {
	if (name.endsWith('.list')) return readOneLine;
	return name.endsWith('.sources') ? readStanzas : undefined;
}

/** Debian's archive, as this machine's apt knows it, the surest first; empty where there is none. */
export async function findDebianSources(folder = '/etc/apt'): Promise<DebianSource[]> {
	const entries: Entry[] = [];
	const parts = await readdir(join(folder, 'sources.list.d')).catch(() => []);
	for (const name of ['sources.list', ...parts.sort().map((part) => join('sources.list.d', part))]) {
		const read = readerOf(name);
		const text = read && (await readFile(join(folder, name), 'utf8').catch(() => undefined));
		if (text !== undefined) entries.push(...(read?.(text) ?? []));
	}
	return debianSources(entries);
}
