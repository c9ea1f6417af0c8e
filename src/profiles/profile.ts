import * as z from 'zod/mini';

const text = z.string().check(z.minLength(1));
const texts = z.readonly(z.array(text));
const optional = z.exactOptional;

/** Letters, digits, `.`, `_`, `-`: a name goes into paths and is typed to confirm. */
export const NAME = /^[A-Za-z0-9._-]+$/;

const TLS = z.object({
	mode: optional(z.enum(['DISABLED', 'PREFERRED', 'REQUIRED', 'VERIFY_CA', 'VERIFY_IDENTITY'])),
	ca: optional(text),
	cert: optional(text),
	key: optional(text),
	version: optional(text),
	serverPublicKeyPath: optional(text),
	fingerprint: optional(text),
});

const DEFAULTS = z.object({
	compress: optional(z.enum(['zstd', 'gzip', 'none'])),
	lockWait: optional(text),
	maxLockTime: optional(text),
	longQueries: optional(z.enum(['wait', 'abort', 'kill'])),
	stopApplier: optional(z.boolean()),
	databases: optional(texts),
	ignoreTables: optional(texts),
});

const whole = z.int().check(z.gte(0));

/** `lockstep status` says whether it is so. */
const EXPECT = z.object({
	/** A profile, or `HOST:PORT` as the replica names its source. */
	replicaOf: optional(text),
	readOnly: optional(z.boolean()),
	maxLagSeconds: optional(whole),
	maxBackupAgeSeconds: optional(whole),
});

/** A server that was given a name, with what a person likes to be done there. Never a password. */
export const PROFILE = z.object({
	name: z.string().check(z.regex(NAME)),
	badge: optional(z.enum(['prod', 'test', 'sandbox'])),
	role: optional(z.enum(['primary', 'replica', 'server'])),
	host: optional(text),
	port: optional(z.int().check(z.gte(1), z.lte(65535))),
	socket: optional(text),
	user: optional(text),
	/** The only option file to read, in place of the usual ones. */
	optionFile: optional(text),
	groupSuffix: optional(text),
	loginPath: optional(text),
	/** Its account has no password: the wizard asks for none. */
	passwordless: optional(z.boolean()),
	tls: optional(TLS),
	/** The folder for its backups. */
	output: optional(text),
	/** What the flags of the same names are, where they are not given. Durations and sizes as they are typed: `60s`, `2h`. */
	defaults: optional(DEFAULTS),
	/** What is expected of it. */
	expect: optional(EXPECT),
});
export type Profile = Readonly<z.output<typeof PROFILE>>;

/** The keys that objects of the file have, by where they are: of the file itself, a profile, its `tls`, its `defaults` and its `expect`. */
export const KEYS = {
	file: ['profiles', 'preferences'],
	profile: Object.keys(PROFILE.shape),
	tls: Object.keys(TLS.shape),
	defaults: Object.keys(DEFAULTS.shape),
	expect: Object.keys(EXPECT.shape),
} as const;

/** The file of profiles. Fields that are not known are let be: a newer lockstep may have written them. */
export const CONFIGURATION = z.object({
	profiles: z.optional(z.array(PROFILE)),
	preferences: z.optional(z.record(z.string(), z.string())),
});

/** Only what a profile knows, so that nothing else, least of all a password, gets into the file with it. */
export function known(profile: Profile): Profile {
	return pick(
		{
			...profile,
			...(profile.tls && { tls: pick(profile.tls, TLS.shape) }),
			...(profile.defaults && { defaults: pick(profile.defaults, DEFAULTS.shape) }),
			...(profile.expect && { expect: pick(profile.expect, EXPECT.shape) }),
		},
		PROFILE.shape,
	);
}

function pick<T extends object>(from: T, fieldsOf: object): T {
	return Object.fromEntries(Object.entries(from).filter(([key, value]) => Object.hasOwn(fieldsOf, key) && value !== undefined)) as T;
}
