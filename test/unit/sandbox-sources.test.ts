import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findDebianSources } from '../../src/sandbox/apt-sources.ts';
import { socketPath } from '../../src/sandbox/places.ts';

let apt: string;
beforeEach(async () => {
	apt = await mkdtemp(join(tmpdir(), 'lockstep-apt-'));
	await mkdir(join(apt, 'sources.list.d'));
});
afterEach(() => rm(apt, { recursive: true, force: true }));

const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';

describe("Debian's archive among the machine's apt sources", () => {
	it('is found in deb822, beside entries of other vendors', async () => {
		await writeFile(
			join(apt, 'sources.list.d', 'debian.sources'),
			`Types: deb deb-src\n# a comment\nURIs: http://mirror.example.net/debian\nSuites: bookworm bookworm-updates\nComponents: main\nSigned-By: ${KEYRING}\n\n` +
				`Types: deb\nURIs: http://mirror.example.net/debian-security\nSuites: bookworm-security\nComponents: main\nSigned-By: ${KEYRING}\n`,
		);
		await writeFile(
			join(apt, 'sources.list.d', 'nodesource.sources'),
			'Types: deb\nURIs: https://deb.nodesource.com/node_20.x\nSuites: nodistro\nComponents: main\nSigned-By: /usr/share/keyrings/nodesource.gpg\n',
		);
		await writeFile(join(apt, 'sources.list.d', 'google.list'), 'deb https://packages.cloud.google.com/apt cloud-sdk-bookworm main\n');
		await writeFile(
			join(apt, 'sources.list.d', 'docker.list'),
			'deb [arch=amd64] https://download.docker.com/linux/debian bookworm stable\n',
		);
		expect(await findDebianSources(apt)).toEqual([{ uri: 'http://mirror.example.net/debian', signedBy: KEYRING }]);
	});

	it('is found in one-line format, before a vendor that imitates it', async () => {
		await writeFile(
			join(apt, 'sources.list'),
			'# deb http://commented.example/debian bookworm main\ndeb [arch=amd64 signed-by=/etc/apt/keyrings/mariadb.gpg] https://dlm.mariadb.com/repo/11.8/debian bookworm main\n' +
				'deb cdrom:[Debian 12]/ bookworm main\ndeb http://ftp.cz.debian.org/debian/ bookworm main contrib # ours\ndeb-src http://ftp.cz.debian.org/debian/ bookworm main\n',
		);
		const found = await findDebianSources(apt);
		expect(found[0]).toEqual({ uri: 'http://ftp.cz.debian.org/debian/', signedBy: null });
		expect(found.map(({ uri }) => uri)).not.toContain('http://commented.example/debian');
	});

	it('takes a mirror list, reads folded fields, leaves out what is switched off', async () => {
		await writeFile(
			join(apt, 'sources.list.d', 'debian.sources'),
			'Enabled: no\nTypes: deb\nURIs: http://off.example/debian\nSuites: trixie\nComponents: main\n\n' +
				'Types: deb\nURIs: mirror+file:///etc/apt/mirrors/debian.list\nSuites:\n trixie\n trixie-backports\nComponents: main\nSigned-By:\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n abc\n',
		);
		expect(await findDebianSources(apt)).toEqual([{ uri: 'mirror+file:///etc/apt/mirrors/debian.list', signedBy: null }]);
	});

	it('is not found where there is none', async () => {
		await writeFile(join(apt, 'sources.list'), 'deb http://archive.ubuntu.com/ubuntu noble main universe\n');
		expect(await findDebianSources(apt)).toEqual([]);
		expect(await findDebianSources(join(apt, 'missing'))).toEqual([]);
	});
});

it('gives a socket a short path where its folder has a long one, the same every time', () => {
	expect(socketPath('/home/me/sandbox/primary')).toEqual({ path: '/home/me/sandbox/primary/server.sock', extraFolder: null });
	const long = `/home/${'very-'.repeat(30)}long/primary`;
	const short = socketPath(long);
	expect(Buffer.byteLength(short.path)).toBeLessThan(107);
	expect(short).toEqual(socketPath(long));
	expect(short.path).not.toBe(socketPath(`${long}-other`).path);
});
