import type { KnownServer } from '../server/resolve.ts';

/** A server that was given a name, with what a person likes to be done there. Never a password. */
export interface Profile extends KnownServer {
	readonly role?: 'primary' | 'replica' | 'server';
	/** The folder for its backups. */
	readonly output?: string;
	/** What the flags of the same names are, where they are not given. Durations and sizes as they are typed: `60s`, `2h`. */
	readonly defaults?: {
		readonly compress?: 'zstd' | 'gzip' | 'none';
		readonly lockWait?: string;
		readonly maxLockTime?: string;
		readonly longQueries?: 'wait' | 'abort' | 'kill';
		readonly stopApplier?: boolean;
		readonly databases?: readonly string[];
		readonly ignoreTables?: readonly string[];
	};
}

const text = { type: 'string', minLength: 1 } as const;
const texts = { type: 'array', items: text } as const;

/** Letters, digits, `.`, `_`, `-`: a name goes into paths and is typed to confirm. */
export const NAME = '^[A-Za-z0-9._-]+$';

const tls = {
	mode: { type: 'string', enum: ['DISABLED', 'PREFERRED', 'REQUIRED', 'VERIFY_CA', 'VERIFY_IDENTITY'] },
	ca: text,
	cert: text,
	key: text,
	version: text,
	serverPublicKeyPath: text,
	fingerprint: text,
} as const;

const defaults = {
	compress: { type: 'string', enum: ['zstd', 'gzip', 'none'] },
	lockWait: text,
	maxLockTime: text,
	longQueries: { type: 'string', enum: ['wait', 'abort', 'kill'] },
	stopApplier: { type: 'boolean' },
	databases: texts,
	ignoreTables: texts,
} as const;

const fields = {
	name: { type: 'string', pattern: NAME },
	badge: { type: 'string', enum: ['prod', 'test', 'sandbox'] },
	role: { type: 'string', enum: ['primary', 'replica', 'server'] },
	host: text,
	port: { type: 'integer', minimum: 1, maximum: 65535 },
	socket: text,
	user: text,
	optionFile: text,
	groupSuffix: text,
	loginPath: text,
	tls: { type: 'object', properties: tls },
	output: text,
	defaults: { type: 'object', properties: defaults },
} as const;

/** Fields that are not known are let be: a newer lockstep may have written them. */
export const schema = {
	profiles: { type: 'array', items: { type: 'object', required: ['name'], properties: fields } },
	preferences: { type: 'object', additionalProperties: { type: 'string' } },
} as const;

/** Only what a profile knows, so that nothing else, least of all a password, gets into the file with it. */
export function known(profile: Profile): Profile {
	return pick(
		{
			...profile,
			...(profile.tls && { tls: pick(profile.tls, tls) }),
			...(profile.defaults && { defaults: pick(profile.defaults, defaults) }),
		},
		fields,
	);
}

function pick<T extends object>(from: T, fieldsOf: object): T {
	return Object.fromEntries(Object.entries(from).filter(([key, value]) => Object.hasOwn(fieldsOf, key) && value !== undefined)) as T;
}
