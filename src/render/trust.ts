import type { UnverifiedServer } from '../core/errors.ts';
import { indented, type Line, line, span } from './page.ts';
import { pad } from './width.ts';

/** What a person must know to let a password go to a server that nothing proves to be the right one. Dates are UTC. */
export function trustLines(server: string, { host, port, certificate }: UnverifiedServer, width: number): Line[] {
	const place = `${host.includes(':') ? `[${host}]` : host}:${port}`;
	// An address says it itself.
	const name = server.includes(place) ? place : `${server} (${place})`;
	if (certificate === null) {
		return [
			...indented('', `${name} asks for the password itself, and the connection is not encrypted.`, width, 'bold'),
			[],
			...indented(
				'',
				'Every machine between here and there can read the password, and nothing proves that this is the right server.',
				width,
			),
			...indented('', 'Better: give the server a certificate, or connect through its socket.', width, 'dim'),
			[],
			...indented('', 'Until lockstep ends: send the password to this server without encryption?', width, 'bold'),
		];
	}
	const fact = (label: string, value: string): Line => line(span(pad(label, 13), 'dim'), span(value));
	const digits = certificate.fingerprint.split(':');
	return [
		...indented('', `${name} asks for the password itself, and its certificate is not verified.`, width, 'bold'),
		[],
		fact('SHA256', digits.slice(0, 16).join(':')),
		fact('', digits.slice(16).join(':')),
		fact('Subject', certificate.subject || 'none'),
		fact('Valid', `${certificate.validFrom.slice(0, 10)} to ${certificate.validTo.slice(0, 10)} (UTC)`),
		[],
		...indented('', 'Compare the fingerprint on the server’s own machine, with the file of SELECT @@ssl_cert;', width),
		line('  ', span('openssl x509 -noout -fingerprint -sha256 -in CERT', 'key')),
		...indented('', `On a command line: --ssl-fp ${digits.join('')}`, width, 'dim'),
		[],
		...indented('', 'Send the password, and accept this certificate for this server from now on?', width, 'bold'),
	];
}
