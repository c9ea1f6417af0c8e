import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, open, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ToolError, UserError } from '../core/errors.ts';
import { findTool } from '../exec/find-tool.ts';
import { runTool } from '../exec/tool.ts';
import { type DebianSource, findDebianSources } from './apt-sources.ts';
import { KINDS, type SandboxKind } from './kinds.ts';
import { withLock } from './lock.ts';
import { isWhole, serversFolder, type Unpacked, unpackedAt, wholeMark } from './places.ts';

export { serverToolFolders } from './places.ts';

const DEFAULT_KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';
/** Debian's folder of libraries, by `process.arch`. */
const TRIPLETS: Readonly<Record<string, string>> = { x64: 'x86_64-linux-gnu', arm64: 'aarch64-linux-gnu' };
/** What the packages depend on for their installation or their Perl scripts, and no program here needs. */
const NOT_NEEDED = /^(perl|libperl|lib[\w-]+-perl|dpkg|tar|debianutils|mysql-common|mariadb-common|libdb5|libgdbm)/;

/** Debian's packages of one purpose, with the libraries that they need. */
export interface PackageSet {
	/** The name of its folder. */
	readonly name: string;
	readonly title: string;
	/** The Debian suite to fetch from; the first package is the one whose version counts. */
	readonly suite: string;
	readonly packages: readonly string[];
	/** `major.minor` that the first package must have; any will do where it is missing. */
	readonly series?: string;
	/** The programs that get a script in `bin`, and those of them that are tried at once, with `--version`. */
	readonly programs: RegExp;
	readonly tried: RegExp;
	/** What a person may do instead. */
	readonly hints: readonly string[];
}

interface Fetching {
	readonly env: NodeJS.ProcessEnv;
	readonly signal?: AbortSignal;
	readonly say: (line: string) => void;
}

/** A kind's programs, by {@link unpackedPackages}. */
export async function unpacked(kind: SandboxKind, options: Fetching): Promise<Unpacked> {
	return unpackedPackages(packagesOf(kind), options);
}

/**
 * The programs of a parcel's packages, fetched with apt and unpacked without root where they are not there yet.
 * Several processes may ask at once; a folder has its name only when it is whole.
 * @throws {UserError} where there is no apt, or no source of Debian's packages; {@link ToolError} where fetching fails.
 */
export async function unpackedPackages(packageSet: PackageSet, options: Fetching): Promise<Unpacked> {
	const { name } = packageSet;
	const folder = join(serversFolder(options.env), name);
	if (isWhole(folder)) return unpackedAt(folder);
	const onWait = (pid: number) => options.say(`Another process (${pid}) is unpacking ${name}: waiting for it.`);
	const lock = { onWait, ...(options.signal && { signal: options.signal }) };
	return withLock(`${folder}.lock`, lock, async () => {
		if (isWhole(folder)) return unpackedAt(folder);
		// Whoever began one of these is gone: the lock is ours.
		for (const left of await readdir(serversFolder(options.env))) {
			if (left.startsWith(`${name}.unpacking-`)) await rm(join(serversFolder(options.env), left), { recursive: true, force: true });
		}
		const beside = `${folder}.unpacking-${randomUUID().slice(0, 8)}`;
		try {
			await fetchAndUnpack(packageSet, beside, options);
			await rm(folder, { recursive: true, force: true });
			await rename(beside, folder);
		} finally {
			await rm(beside, { recursive: true, force: true });
		}
		return unpackedAt(folder);
	});
}

function packagesOf(kind: SandboxKind): PackageSet {
	const found = KINDS.find((each) => each.kind === kind);
	if (found === undefined) throw new UserError(`There is no sandbox of the kind ${kind}.`);
	const { title, suite, packages, series } = found;
	return {
		...{ name: kind, title, suite, packages, series },
		programs: /^(maria|mysql|mbstream|aria_)/,
		tried: /^(mariadbd?|mysqld?|mariadb-dump|mysqldump|mariadb-backup)$/,
		hints: [
			`Install the server and its tools yourself, as root: apt-get install ${packages.join(' ')}`,
			`Any ${title} whose programs are on the PATH will do.`,
		],
	};
}

async function fetchAndUnpack(packageSet: PackageSet, folder: string, options: Fetching): Promise<void> {
	const { title, suite, packages } = packageSet;
	const triplet = TRIPLETS[process.arch];
	const [aptGet, dpkgDeb] = await Promise.all(['apt-get', 'dpkg-deb'].map((name) => findTool([name], { env: options.env })));
	const sources = await findDebianSources();
	if (triplet === undefined || !aptGet || !dpkgDeb || sources.length === 0) {
		const what = `There is no ${title} here, and its packages are not available from Debian on this machine.`;
		const missing = sources.length === 0 ? 'apt has no source of Debian itself.' : `No Debian packages for ${process.arch} are known here.`;
		throw new UserError({
			message: what,
			reason: aptGet && dpkgDeb ? missing : 'apt-get or dpkg-deb is missing.',
			hints: packageSet.hints,
		});
	}
	options.say(`Fetching ${title} from Debian ${suite} (${packages.join(', ')}) …`);
	let failure: unknown;
	for (const source of sources) {
		try {
			await download(aptGet.path, folder, { source, suite, packages }, options.signal);
			failure = undefined;
			break;
		} catch (error) {
			if (!(error instanceof ToolError)) throw error;
			failure ??= error;
			await rm(folder, { recursive: true, force: true });
		}
	}
	if (failure instanceof ToolError) {
		throw new ToolError(
			{
				message: `The packages of ${title} could not be fetched (${packages.join(', ')}).`,
				reason: 'apt could not reach an archive, or the archive does not have them.',
				hints: ['Try again when the network works.', ...packageSet.hints],
				...(failure.description.details !== undefined && { details: failure.description.details }),
			},
			{ cause: failure },
		);
	}
	const archives = join(folder, 'apt', 'archives');
	const fetched = (await readdir(archives)).filter((file) => file.endsWith('.deb'));
	refuseOtherSeries(packageSet, fetched);
	options.say(`Unpacking ${title} …`);
	const { root } = unpackedAt(folder);
	await mkdir(root, { recursive: true });
	for (const name of fetched.filter((file) => !NOT_NEEDED.test(file))) {
		await runTool({ program: dpkgDeb.path, argv: ['-x', join(archives, name), root] }, options.signal ? { signal: options.signal } : {});
	}
	await rm(join(folder, 'apt'), { recursive: true, force: true });
	for (const docs of ['doc', 'man', 'locale', 'bug', 'lintian']) await rm(join(root, 'usr/share', docs), { recursive: true, force: true });
	await writeWrappers(folder, triplet, packageSet);
	await writeFile(wholeMark(folder), '');
}

/** An apt of our own beside the machine's: its sources, lists, state and hooks are neither used nor changed, its proxies are used. */
async function download(
	aptGet: string,
	folder: string,
	{ source, suite, packages }: { readonly source: DebianSource } & Pick<PackageSet, 'suite' | 'packages'>,
	signal: AbortSignal | undefined,
): Promise<void> {
	const apt = join(folder, 'apt');
	for (const name of ['lists/partial', 'archives/partial']) await mkdir(join(apt, name), { recursive: true });
	const keyring = source.signedBy ?? (existsSync(DEFAULT_KEYRING) ? DEFAULT_KEYRING : null);
	await writeFile(join(apt, 'sources.list'), `deb ${keyring === null ? '' : `[signed-by=${keyring}] `}${source.uri} ${suite} main\n`);
	// An empty status: apt then fetches every library as well, down to the C library.
	await writeFile(join(apt, 'status'), '');
	const settings: Readonly<Record<string, string>> = {
		'Dir::Etc::SourceList': join(apt, 'sources.list'),
		'Dir::Etc::SourceParts': '/dev/null',
		'Dir::Etc::Preferences': '/dev/null',
		'Dir::Etc::PreferencesParts': '/dev/null',
		'Dir::State::Lists': join(apt, 'lists'),
		'Dir::State::status': join(apt, 'status'),
		'Dir::State::extended_states': join(apt, 'extended_states'),
		'Dir::Cache': apt,
		'Dir::Cache::archives': join(apt, 'archives'),
		'Dir::Log': apt,
		'APT::Install-Recommends': 'false',
		// Where root runs this, apt would fetch as another user, who may not enter a private folder.
		'APT::Sandbox::User': process.getuid?.() === 0 ? 'root' : '',
		'APT::Update::Error-Mode': 'any',
		'Acquire::Languages': 'none',
		'Acquire::Retries': '2',
		'Acquire::http::Timeout': '30',
		'Acquire::https::Timeout': '30',
		'Debug::NoLocking': '1',
	};
	const hooks = [
		'APT::Update::Pre-Invoke',
		'APT::Update::Post-Invoke',
		'APT::Update::Post-Invoke-Success',
		'DPkg::Pre-Install-Pkgs',
		'DPkg::Post-Invoke',
	];
	const lines = [...hooks.map((hook) => `#clear ${hook};`), ...Object.entries(settings).map(([name, value]) => `${name} "${value}";`)];
	await writeFile(join(apt, 'apt.conf'), `${lines.join('\n')}\n`);
	const run = (argv: readonly string[]) =>
		runTool(
			{ program: aptGet, argv: ['-qq', '-c', join(apt, 'apt.conf'), ...argv], env: { LC_ALL: 'C', DEBIAN_FRONTEND: 'noninteractive' } },
			{ timeoutMs: 600_000, ...(signal && { signal }) },
		);
	await run(['update']);
	await run(['install', '-y', '--download-only', ...packages]);
}

/** A suite that is not released yet goes on to newer servers. Archives are called `name_[epoch%3a]version_architecture.deb`. */
function refuseOtherSeries({ name, title, series, suite, packages }: PackageSet, archives: readonly string[]): void {
	const version = archives
		.map((archive) => archive.split('_'))
		.find(([of]) => of === packages[0])?.[1]
		?.replace(/^\d+%3a/i, '');
	if (version === undefined || series === undefined || version.startsWith(`${series}.`)) return;
	throw new UserError({
		message: `${title} is no longer available from Debian ${suite}: it has ${version} now.`,
		reason: `A suite has one version of ${packages[0]} at a time, and lockstep knows ${series}.`,
		hints: [
			`Any ${title} whose programs are on the PATH will do.`,
			`Or take another kind: ${KINDS.filter(({ kind }) => kind !== name)
				.map(({ kind }) => `--server ${kind}`)
				.join(', ')}`,
		],
	});
}

async function isProgram(path: string): Promise<boolean> {
	const file = await open(path);
	try {
		const { buffer } = await file.read(Buffer.alloc(4), 0, 4, 0);
		return buffer.toString('latin1') === '\x7fELF';
	} finally {
		await file.close();
	}
}

/**
 * A script for every program, that runs it with the loader and the libraries it was built for: they may be newer than the machine's own.
 * It finds them from its own place, so that the folder may be moved; it needs to be called by its path, as everything here does.
 */
async function writeWrappers(folder: string, triplet: string, { programs, tried }: PackageSet): Promise<void> {
	const { root, bin } = unpackedAt(folder);
	const libraries = ['usr/lib', 'lib'].map((lib) => `${lib}/${triplet}`).filter((lib) => existsSync(join(root, lib)));
	let loader: string | undefined;
	for (const lib of libraries) {
		const name = (await readdir(join(root, lib))).find((file) => /^ld-linux.*\.so\.\d+$/.test(file));
		loader ??= name && `${lib}/${name}`;
	}
	if (loader === undefined)
		throw new ToolError({ message: 'The packages were fetched, but hold no loader for their programs.', reason: root });
	const libraryPath = libraries.map((lib) => `$root/${lib}`).join(':');
	await mkdir(bin);
	for (const folderOf of ['usr/bin', 'usr/sbin']) {
		if (!existsSync(join(root, folderOf))) continue;
		for (const file of await readdir(join(root, folderOf), { withFileTypes: true })) {
			if (!file.isFile() || !programs.test(file.name) || !(await isProgram(join(root, folderOf, file.name)))) continue;
			const script = [
				'#!/bin/sh',
				`root="\${0%/*}/../root"`,
				`MARIADB_PLUGIN_DIR="\${MARIADB_PLUGIN_DIR:-$root/usr/lib/${triplet}/libmariadb3/plugin}"`,
				'export MARIADB_PLUGIN_DIR',
				`exec "$root/${loader}" --library-path "${libraryPath}" "$root/${folderOf}/${file.name}" "$@"`,
			];
			await writeFile(join(bin, file.name), `${script.join('\n')}\n`, { mode: 0o755 });
		}
	}
	// Fails here, and not at first use, where an archive was left out that is needed after all.
	for (const name of await readdir(bin)) {
		if (tried.test(name)) await runTool({ program: join(bin, name), argv: ['--version'] });
	}
}
