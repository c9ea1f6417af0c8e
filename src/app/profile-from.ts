import { UserError } from '../core/errors.ts';
import type { Profile } from '../profiles/profile.ts';
import { compact } from '../server/address.ts';
import { parseServerText } from '../server/server-text.ts';

/** What is kept of a server, as a person gives it. */
export interface ProfileFields {
	/** Its address, in any form of `server-text.ts`. */
	readonly server?: string | undefined;
	readonly badge?: Profile['badge'];
	readonly output?: string | undefined;
	readonly optionFile?: string | undefined;
	readonly loginPath?: string | undefined;
	readonly expectReplicaOf?: string | undefined;
	readonly expectReadOnly?: boolean | undefined;
	readonly expectLag?: number | undefined;
	readonly expectBackupAge?: number | undefined;
	readonly expectNothing?: boolean | undefined;
}

/** A profile from a URL: what the wizard and the command line keep of a server. Never a password. */
export function profileFrom(name: string, fields: ProfileFields): Profile {
	const url = fields.server === undefined ? {} : parseServerText(fields.server);
	const { sslMode, sslCa, sslCert, sslKey, sslFp, tlsVersion, serverPublicKeyPath, host, port, socket, user, groupSuffix } = url;
	if (url.getServerPublicKey)
		throw new UserError({
			message: 'A profile does not keep get-server-public-key: with it the password goes to any server that answers.',
			hints: ['Keep the key itself: ?server-public-key-path=FILE', 'or the CA of the server: ?ssl-mode=VERIFY_CA&ssl-ca=FILE'],
		});
	const tls = compact({
		mode: sslMode,
		ca: sslCa,
		cert: sslCert,
		key: sslKey,
		version: tlsVersion,
		serverPublicKeyPath,
		fingerprint: sslFp,
	});
	return {
		name,
		...compact({
			host,
			port,
			socket,
			user,
			badge: fields.badge,
			output: fields.output,
			optionFile: fields.optionFile,
			groupSuffix,
			loginPath: fields.loginPath ?? url.loginPath,
		}),
		...(Object.keys(tls).length === 0 ? {} : { tls }),
		...expectFrom(fields),
	};
}

function expectFrom(fields: ProfileFields): Pick<Profile, 'expect'> {
	const expect = compact({
		replicaOf: fields.expectReplicaOf,
		readOnly: fields.expectReadOnly === true ? true : undefined,
		maxLagSeconds: fields.expectLag,
		maxBackupAgeSeconds: fields.expectBackupAge,
	});
	return Object.keys(expect).length === 0 ? {} : { expect };
}
