// What a person may type for a server, beside a profile's name: a URL, or the forms of the MySQL clients.
import { isIPv6 } from 'node:net';
import { UserError } from '../core/errors.ts';
import { compact, isServerUrl, PASSWORD_WAYS, parseServerUrl, readPort, type UrlParts } from './address.ts';

/** How a server may be given, for help and errors. */
export const SERVER_FORMS = 'a profile’s name, HOST, HOST:PORT, USER@HOST:PORT, /path/to/socket, or mysql://USER@HOST:PORT?ssl-mode=…';

/** Labels of a DNS name; an underscore occurs in the names of containers. */
const HOST = /^[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?(\.[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?)*\.?$/;

const wrong = (reason: string): UserError =>
	new UserError({ message: 'This server address cannot be read.', reason, hints: [`A server is ${SERVER_FORMS}.`] });

/** Where the host ends and the port begins. */
function hostAndPort(text: string): { readonly host: string; readonly port?: string } {
	const [, bracketed, ported] = /^\[([^\]]*)\](?::(.*))?$/.exec(text) ?? [];
	if (bracketed !== undefined) return { host: bracketed, ...(ported === undefined ? {} : { port: ported }) };
	// An IPv6 address without brackets has several colons, and no port.
	const [host = '', port, ...more] = isIPv6(text) ? [text] : text.split(':');
	if (more.length > 0) throw wrong('It has too many colons. An IPv6 address with a port stands in brackets: [::1]:3306');
	return { host, ...(port === undefined ? {} : { port }) };
}

/**
 * Reads `HOST`, `HOST:PORT`, `USER@HOST:PORT`, `[::1]:3306`, `/path/to/socket`, `USER@/path/to/socket` or a URL.
 * Throws UserError for anything else, and for a password inside. No error repeats what stands before the @.
 */
export function parseServerText(text: string): UrlParts {
	if (isServerUrl(text)) return parseServerUrl(text);
	const at = text.startsWith('/') ? -1 : text.lastIndexOf('@');
	const user = at < 0 ? undefined : text.slice(0, at);
	const place = text.slice(at + 1);
	if (user?.includes(':') || (user ?? '').includes('@'))
		throw new UserError({
			message: 'A password in a server address is not taken.',
			reason: 'Other users can read it in the shell’s history and in the process list. Change that password if it is a real one.',
			hints: ['Leave it out of the address and give it in one of these ways:', ...PASSWORD_WAYS],
		});
	if (user === '') throw wrong('No user stands before the @.');
	if (place.startsWith('/')) return compact({ user, socket: place });
	const { host, port } = hostAndPort(place);
	if (host === '') throw wrong('It has no host.');
	if (!HOST.test(host) && !isIPv6(host)) throw wrong('Its host is neither a name nor an IP address.');
	return compact({ user, host, port: port === undefined ? undefined : portOf(port) });
}

/** What stands behind the colon is not repeated: it may be a password. */
function portOf(text: string): number {
	try {
		return readPort(text, 'The server address');
	} catch {
		throw wrong('Its port is not a number from 1 to 65535.');
	}
}

/** Whether a text can only be an address, and no profile's name: it says more than a name. */
export const isAddress = (text: string): boolean => isServerUrl(text) || /[:@/]/.test(text);

/** The URL of an address, with what its parts say; the same server wherever it is read. */
export function serverUrl(parts: UrlParts): string {
	const { user, host = 'localhost', port, socket, ...options } = parts;
	const query = new URLSearchParams();
	if (socket !== undefined) query.set('socket', socket);
	for (const [name, value] of Object.entries(options))
		if (value !== undefined)
			query.set(
				name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`),
				String(value),
			);
	const place = host.includes(':') ? `[${host}]` : host;
	const search = query.size === 0 ? '' : `?${query.toString().replaceAll('%2F', '/').replaceAll('%3A', ':')}`;
	return `mysql://${user === undefined ? '' : `${encodeURIComponent(user)}@`}${place}${port === undefined ? '' : `:${port}`}${search}`;
}
