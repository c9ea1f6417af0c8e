import { homedir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { listBackups } from '../archive/list.ts';
import { previewer } from '../core/director.ts';
import { Busy, Stopped } from '../core/errors.ts';
import { readJournal } from '../core/journal.ts';
import { type Language, languageFrom } from '../core/languages.ts';
import type { RunRecord } from '../core/run-record.ts';
import type { Scope } from '../core/runner.ts';
import type { ServerCard, StatusReport } from '../core/status-report.ts';
import type { ReachRequest, Role } from '../requests/connection.ts';
import { type RunRequest, serversNamed, toCommandLine } from '../requests/index.ts';
import type { StatusRequest } from '../requests/other-commands.ts';
import { type Sandbox, sandboxUp } from '../sandbox/sandbox.ts';
import { urlOf } from '../sandbox/server.ts';
import { plainName, type ServerAddress } from '../server/address.ts';
import { greet } from '../server/greeting.ts';
import type { ServerFlags } from '../server/resolve.ts';
import { isAddress, parseServerText } from '../server/server-text.ts';
import type { Secret } from '../sql/secret.ts';
import { stateOfFolder } from './backup-folder.ts';
import { backupAt, backupsIn } from './backups.ts';
import { newRunId } from './built-run.ts';
import type { AppContext } from './context.ts';
import { examine } from './doctor.ts';
import { editProfile, profileChange, profileForm } from './edit-profiles.ts';
import { findingsOf } from './findings.ts';
import { placeNamed, placesOf, profileAddress, profileAt, type ServerPlace, suggestServers, unsavedServers } from './known-servers.ts';
import { makePracticeBackend } from './make-practice-backend.ts';
import { partialBackups, removablePartial, removePartial } from './partial-backups.ts';
import { profileFrom } from './profile-from.ts';
import { allRuns, countRuns, runDetails, runsToUndo } from './run-history.ts';
import { attach, type EngineWatcher, isRunning, journalPath, runInBackground, undoInBackground } from './run-in-background.ts';
import { findRunRecord } from './run-in-process.ts';
import { runToUndo } from './run-to-undo.ts';
import { runsOf } from './runs.ts';
import { acceptedKey, type ConnectionOptions, type ConnectionOptionsByRole } from './servers.ts';
import { type SizeMemory, statusOf } from './status-report.ts';
import { makeTurns } from './turns.ts';
import { measuring, verifyAndRecord } from './verify.ts';
import { watchServer } from './watch-server.ts';
import type { BackupFolder, Reach, RunHandle, WizardBackend } from './wizard-backend.ts';
import { openWizardMemory } from './wizard-memory.ts';
import { keyOf, type NamedServer, openWizardPasswords } from './wizard-passwords.ts';

/** A server as a folder's name; what cannot be read stands for itself. */
function nameOf(server: string): string {
	if (!isAddress(server)) return server;
	const { host = 'localhost', port = 3306, socket, loginPath, groupSuffix } = parseServerText(server);
	return loginPath ?? groupSuffix ?? (socket === undefined ? `${host}-${port}` : basename(socket, '.sock'));
}

/** Where backups of that server go, unless somebody says otherwise. */
function proposal(context: AppContext, server: string): string {
	const name = nameOf(server);
	return context.profiles.get(server)?.output ?? join(context.env.HOME ?? homedir(), 'backups', name.replaceAll(/[^\w.-]/g, '_'));
}

/** The folders where the backups of these servers go, those with backups first, each once. */
async function foldersOf(cards: readonly { readonly name: string; readonly folder: string }[]): Promise<readonly BackupFolder[]> {
	const names = new Map<string, string[]>();
	for (const { name, folder } of cards) names.set(resolve(folder), [...(names.get(resolve(folder)) ?? []), name]);
	const found: BackupFolder[] = [];
	for (const [path, of] of names) {
		const all = await listBackups(path).catch(() => []);
		const countOf = (wanted: (typeof all)[number]['state']) => all.filter(({ state }) => state === wanted).length;
		found.push({ path, of, backups: countOf('complete'), incomplete: countOf('partial'), damaged: countOf('damaged') });
	}
	return found.toSorted((a, b) => Number(b.backups > 0) - Number(a.backups > 0));
}

/** What greets there, in a few words; nobody logs in. Throws ConnectError. */
async function greets(context: AppContext, address: ServerAddress): Promise<string> {
	const { socket, version } = await greet(address, AbortSignal.any([context.signal, AbortSignal.timeout(address.connectTimeoutMs)]), null);
	socket.destroy();
	return version.includes('MariaDB') ? `MariaDB ${version.split('-')[0]}` : `MySQL ${version}`;
}

/** Servers that are watched are logged in to so many at once; one that takes longer than that is waited for beside the next. */
const LOGINS_AT_ONCE = 8;
const LOGIN_MS = 1_000;

/** A list of more is read on the command line. */
const MOST_RUNS = 200;

/** What the wizard can have done: everything behind the screens. `pair`: throwaway servers that it knows from the start. */
export function makeWizardBackend(
	context: AppContext,
	{
		pair,
		passwords,
		language = languageFrom(context.env),
	}: { readonly pair: Sandbox | null; readonly passwords: Map<string, Secret>; readonly language?: Language | undefined },
): WizardBackend {
	const found: ServerCard[] = [];
	const cardsOf = (sandbox: Sandbox) => ({
		primary: { name: `sandbox primary`, server: urlOf(sandbox.primary), badge: 'sandbox' as const, output: null },
		replica: { name: `sandbox replica`, server: urlOf(sandbox.replica), badge: 'sandbox' as const, output: join(sandbox.dir, 'backups') },
	});
	/** Servers that may have the password without encryption. */
	const trusted = new Set<string>();
	const secrets = openWizardPasswords(context, passwords);
	const turns = makeTurns(LOGINS_AT_ONCE, LOGIN_MS);
	const memory = openWizardMemory(context.stateFolder);
	/** The places of servers that had to be resolved to know them. */
	const places = new Map<string, readonly ServerPlace[]>();
	const remembered = (server: string, reach?: ReachRequest[string]) => ({
		password: secrets.of(server, reach),
		...(trusted.has(keyOf(server, reach)) ? { flags: { ...(reach?.flags as ServerFlags | undefined), getServerPublicKey: true } } : {}),
	});
	/** With what was agreed to here: pasted, the command must reach the same servers. */
	const asReached = <R extends RunRequest | StatusRequest>(request: R): R => {
		const reach = Object.entries(serversNamed(request)).flatMap(([role, server]) => {
			const { password: _, ...more } = remembered(server, request.reach?.[role]);
			const all = { ...request.reach?.[role], ...more };
			return Object.keys(all).length === 0 ? [] : [[role, all]];
		});
		return reach.length === 0 ? request : { ...request, reach: Object.fromEntries(reach) as ReachRequest };
	};
	const outputOf = (server: string) => found.find((each) => each.server === server)?.output ?? proposal(context, server);
	const home = context.env.HOME ?? homedir();
	const unfolded = (folder: string) => folder.replace(/^~(?=\/|$)/, home);
	const connectionsFor = (request: RunRequest): ConnectionOptionsByRole =>
		Object.fromEntries(Object.entries(serversNamed(request)).map(([role, server]) => [role, remembered(server, request.reach?.[role])]));
	const watched = (run: string, work: (run: string, how: Pick<EngineWatcher, 'signal' | 'leave'>) => Promise<unknown>): RunHandle => {
		const [stop, leave] = [new AbortController(), new AbortController()];
		return {
			run,
			ended: work(run, { signal: AbortSignal.any([stop.signal, context.signal]), leave: leave.signal }).then(() => undefined),
			stop: () => stop.abort(new Stopped('Stopped from the wizard.')),
			leave: () => leave.abort(),
		};
	};
	/** Asked for on the screen, where it is missing. */
	const named = (server: string, { reach, role = 'server' }: Reach = {}): NamedServer => {
		const { flags, ...more } = { ...reach, ...remembered(server, reach) };
		const { password: _, ...others } = (flags ?? {}) as ServerFlags;
		return { server, reach, options: { role, server: server || undefined, ...more, flags: others } };
	};
	const withLogin = async <T>(target: NamedServer, work: (options: ConnectionOptions) => Promise<T>): Promise<T> => {
		const account = await secrets.require(target);
		try {
			// The password may be one that was given for the same account.
			const done = await work({ ...target.options, password: secrets.of(target.server, target.reach) });
			secrets.opened(target, account);
			return done;
		} catch (error) {
			throw secrets.refused(error, target);
		}
	};
	const badgeOf = (server: string, reach?: ReachRequest[string]) => {
		const card = server === '' ? undefined : backend.servers().find((each) => each.server === server || each.name === server);
		if (card !== undefined) return card.badge;
		const place = placeNamed(context, server, reach);
		const known = [...(place === null ? [] : [place]), ...(places.get(keyOf(server, reach)) ?? [])];
		return profileAt(context, known)?.badge ?? null;
	};
	/** A server that is away asks for no password: what is left on the other is rolled back without it. */
	const requireIfReachable = async (target: NamedServer): Promise<void> => {
		const { address, needsPassword } = await secrets.inspect(target);
		if (!needsPassword) return;
		const answers = await greets(context, address).then(
			() => true,
			() => false,
		);
		if (answers) await secrets.require(target);
	};
	const findingsIn = async (record: RunRecord, scope?: Scope) => {
		const request = record.request as RunRequest;
		for (const [role, server] of Object.entries(serversNamed(request)))
			await requireIfReachable(named(server, { reach: request.reach?.[role], role: role as Role }));
		return findingsOf(context, record, connectionsFor(request), scope);
	};
	const rolledBack = (run: string, work: 'recover' | 'undo', watcher: Pick<EngineWatcher, 'on' | 'typed'>): RunHandle =>
		watched(run, (_, how) => {
			const record = findRunRecord(context, run);
			const connections = connectionsFor(record.request as RunRequest);
			return undoInBackground(context, { record, connections, work }, { ...how, ...watcher, director: previewer });
		});
	const sizes: SizeMemory = new Map();
	const reported = async (asked: AppContext, server: string, how?: Reach): Promise<StatusReport> => {
		const card = found.find((each) => each.server === server);
		const report = await withLogin(named(server, how), (options) => statusOf(asked, options, { output: card?.output ?? null, sizes }));
		const port = Number(/:(\d+)$/.exec(report.name)?.[1] ?? 0);
		const { address } = await secrets.require(named(server, how));
		places.set(keyOf(server, how?.reach), placesOf({ address, port }));
		return card === undefined ? report : { ...report, badge: card.badge };
	};
	if (pair !== null) found.push(...Object.values(cardsOf(pair)));
	const backend: WizardBackend = {
		version: context.version,
		warnings: context.warnings,
		servers: () => [
			...context.profiles.list().map((each) => ({
				...{ name: each.name, server: each.name, address: profileAddress(each) },
				...{ badge: each.badge ?? null, output: each.output ?? null },
			})),
			...found,
		],
		suggestServers: () => suggestServers(context, memory.recent()).catch(() => []),
		async inspectServer(server, how) {
			const target = named(server, how);
			const { account, address, needsPassword } = await secrets.inspect(target);
			places.set(keyOf(server, how?.reach), placesOf({ address, port: 0 }));
			if (needsPassword) return { account, needsPassword, title: await greets(context, address), badge: badgeOf(server, how?.reach) };
			const { title } = await backend.status(server, how);
			return { account, needsPassword, title, badge: badgeOf(server, how?.reach) };
		},
		badgeOf,
		async status(server, how) {
			const report = await reported(context, server, how);
			if (server !== '' && found.every((each) => each.server !== server)) memory.used(server);
			return report;
		},
		language,
		doctor: (server) =>
			withLogin(named(server), (options) => {
				const backups = found.find((each) => each.server === server)?.output ?? undefined;
				return examine(context, { server: options, backups, language });
			}),
		watchServer: ({ server, output }, watcher) =>
			void watchServer(
				{
					ask: (signal) => reported({ ...context, signal }, server),
					folder: () => stateOfFolder(output),
					turn: turns,
					now: context.now,
					end: context.signal,
				},
				watcher,
			),
		remember: secrets.remember,
		unsavedServers: (request) => unsavedServers(context, request, (name) => proposal(context, name)),
		answers: memory.answers,
		keepAnswers: memory.keep,
		trust(server, { host, port, certificate }, reach) {
			if (certificate === null) trusted.add(keyOf(server, reach));
			else context.profiles.prefer(acceptedKey(plainName({ host, port })), certificate.fingerprint);
		},
		save({ name, server, badge, output }) {
			const known = context.profiles.get(name);
			const fields = { ...(badge === null ? {} : { badge }), ...(output === null ? {} : { output }) };
			context.profiles.put({ ...known, ...profileFrom(name, isAddress(server) ? { server, ...fields } : fields) });
			const password = passwords.get(server);
			if (password === undefined) return;
			passwords.set(name, password);
			// Nobody is asked again for a password that there is not.
			const saved = context.profiles.get(name);
			if (password.reveal() === '' && saved !== undefined) context.profiles.put({ ...saved, passwordless: true });
		},
		profileForm: (name) => profileForm(context, name),
		editProfile(edit) {
			const { was, name, server } = edit;
			editProfile(context, edit);
			const password = passwords.get(server ?? was);
			passwords.delete(was);
			if (password !== undefined) passwords.set(name, password);
			secrets.changed(was);
			secrets.changed(name);
		},
		removeProfile(name) {
			profileChange(context, 'remove', name, {}).write();
			passwords.delete(name);
			secrets.changed(name);
		},
		commandLine: (request) => toCommandLine(asReached(request), context.configFile ?? undefined),
		proposeOutput: outputOf,
		backupFolders: () => foldersOf(backend.servers().map(({ name, server }) => ({ name, folder: outputOf(server) }))),
		backups: (folder) => backupsIn(context, unfolded(folder)),
		showBackup: async (path) => (await backupAt(path)).report,
		verify: (path, { say, progress }, signal) =>
			verifyAndRecord({ ...context, signal: AbortSignal.any([signal, context.signal]) }, path, {
				onProgress: measuring(context, progress),
				warn: say,
			}),
		start: (request, director, on) =>
			watched(newRunId(context, request.kind), (run, how) =>
				runInBackground(context, request, connectionsFor(request), { ...how, run, director, on }),
			),
		runs: () => runsOf(context),
		attach: (run, director, on) =>
			watched(run, async (_, how) => {
				const record = findRunRecord(context, run);
				if (record.end === null) return attach(context, run, { ...how, director, on });
				for (const event of readJournal(journalPath(context, run)).events) on(event);
				return record.end;
			}),
		findings: (run) => findingsIn(findRunRecord(context, run)),
		recover: (run, on) => rolledBack(run, 'recover', { on }),
		async undoFindings(run) {
			const record = runToUndo(context, run);
			if (await isRunning(record))
				throw new Busy({ message: `The run ${run} is at work.`, hints: ['Stop it safely first, from its own screen.'] });
			return findingsIn(record, 'all');
		},
		undo: (run, typed, on) => rolledBack(run, 'undo', { on, typed }),
		async runHistory() {
			const runs = await allRuns(context);
			return { runs: runs.slice(0, MOST_RUNS).map(({ entry }) => entry), partials: await partialBackups(context, runs) };
		},
		runsToUndo: () => runsToUndo(context, MOST_RUNS),
		countRuns: () => countRuns(context),
		runDetails: (run) => runDetails(context, run),
		partialBackups: () => partialBackups(context),
		removePartial: async (path) => removePartial(await removablePartial(context, path)),
		practice: makePracticeBackend(context, language),
		async sandbox(say) {
			const sandbox = await sandboxUp({ env: context.env, signal: context.signal, say });
			const cards = cardsOf(sandbox);
			for (const card of Object.values(cards)) if (!found.some((each) => each.server === card.server)) found.push(card);
			return cards;
		},
	};
	return backend;
}
