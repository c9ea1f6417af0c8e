import { isOn, readFingerprint, readPort, readSeconds, readSslMode, type UrlParts } from './address.ts';
import type { Option } from './option-files.ts';

/** What can be said about a server in one place: the same in a URL, an option file or on the command line. */
export type Said = UrlParts;

/** What the option files say, as it is collected. */
interface FileSaid {
	readonly said: { -readonly [K in keyof Said]: Said[K] };
	readonly origin: Partial<Record<keyof Said, string>>;
	password: Option | undefined;
	overNetwork: boolean;
}

type Take = (found: FileSaid, option: Option, value: string) => void;

function set<K extends keyof Said>(found: FileSaid, key: K, value: Said[K], option: Option): void {
	found.said[key] = value;
	found.origin[key] = option.origin;
}

/** Takes an option that says nothing where it is empty. */
const given =
	<K extends keyof Said>(key: K, read: (value: string, origin: string) => Said[K]): Take =>
	(found, option, value) => {
		if (value !== '') set(found, key, read(value, option.origin), option);
	};

const asWritten = (value: string): string => value;
const disableTls: Take = (found, option) => set(found, 'sslMode', 'DISABLED', option);

/** The options that concern a connection, by their name in the spelling of either vendor. */
const OPTIONS: ReadonlyMap<string, Take> = new Map<string, Take>([
	[
		'skip-password',
		(found, option) => {
			found.password = { ...option, value: '' };
		},
	],
	['host', given('host', asWritten)],
	[
		'port',
		(found, option, value) => {
			if (value !== '' && value !== '0') set(found, 'port', readPort(value, option.origin), option);
		},
	],
	['socket', given('socket', asWritten)],
	['user', given('user', asWritten)],
	[
		'protocol',
		(found, _, value) => {
			found.overNetwork = /^tcp$/i.test(value);
		},
	],
	['ssl-mode', (found, option, value) => set(found, 'sslMode', readSslMode(value, option.origin), option)],
	['ssl-ca', given('sslCa', asWritten)],
	['ssl-cert', given('sslCert', asWritten)],
	['ssl-key', given('sslKey', asWritten)],
	['ssl-fp', given('sslFp', readFingerprint)],
	['tls-version', given('tlsVersion', asWritten)],
	['get-server-public-key', (found, option, value) => set(found, 'getServerPublicKey', isOn(value), option)],
	['server-public-key-path', given('serverPublicKeyPath', asWritten)],
	['connect-timeout', given('connectTimeout', readSeconds)],
	// MariaDB's own words for it: --ssl, --skip-ssl, --ssl-verify-server-cert.
	['skip-ssl', disableTls],
	['disable-ssl', disableTls],
	[
		'ssl',
		(found, option, value) => {
			if (!isOn(value)) disableTls(found, option, value);
			else if (found.said.sslMode !== 'VERIFY_IDENTITY') set(found, 'sslMode', 'REQUIRED', option);
		},
	],
	[
		'ssl-verify-server-cert',
		(found, option, value) => {
			if (isOn(value)) set(found, 'sslMode', 'VERIFY_IDENTITY', option);
		},
	],
]);

/** What the options say of a connection; the last of a kind counts. */
export function fromOptions(options: readonly Option[]): {
	readonly said: Said;
	readonly origin: Partial<Record<keyof Said, string>>;
	readonly password?: Option;
} {
	const found: FileSaid = { said: {}, origin: {}, password: undefined, overNetwork: false };
	for (const option of options) {
		const name = option.name
			.toLowerCase()
			.replaceAll('_', '-')
			.replace(/^loose-/, '');
		if (/^pass(w(o(r(d)?)?)?)?$/.test(name)) found.password = option;
		else OPTIONS.get(name)?.(found, option, option.value ?? '');
	}
	const { said, origin, password, overNetwork } = found;
	if (overNetwork) delete said.socket;
	return { said, origin, ...(password === undefined ? {} : { password }) };
}
