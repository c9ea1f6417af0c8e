import { symbols } from '../core/format.ts';
import { indented, type Line, line, paint, span } from './page.ts';

type Servers = { readonly [role: string]: string };

/** The server that a run is about: the one that it makes, or backs up. */
export const aboutOf = (servers: Servers): string => servers.replica ?? servers.server ?? Object.values(servers).join(', ');

/** A run in a few words: `Back up under a lock on db3`. */
export const runWords = (title: string, servers: Servers): string => {
	const about = aboutOf(servers);
	return about === '' || title.includes(about) ? title : `${title} on ${about}`;
};

export type LeftOptions = { readonly width: number; readonly ascii?: boolean };

/** What stays in the terminal when a run is left at work. */
export function leftLines(
	{ run, title, servers }: { readonly run: string; readonly title: string; readonly servers: Servers },
	{ width, ascii = false }: LeftOptions,
): Line[] {
	const signs = symbols(ascii);
	return [
		...indented(span(`${signs.at} `, 'key'), `Continues without this terminal: ${runWords(title, servers)}`, width, 'bold'),
		line(span('  To watch it again, or to stop it safely:', 'dim')),
		line(span('Next:  ', 'dim'), span(`lockstep attach ${run}`, 'key')),
	];
}

export function renderLeft(left: Parameters<typeof leftLines>[0], options: LeftOptions & { readonly color: boolean }): string {
	return paint(leftLines(left, options), options.color);
}
