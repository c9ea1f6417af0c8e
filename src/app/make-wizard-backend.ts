import { homedir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { listBackups } from '../archive/list.ts';
import { previewer } from '../core/director.ts';
import { Stopped } from '../core/errors.ts';
import { readJournal } from '../core/journal.ts';
import type { ServerCard } from '../core/status-report.ts';
import type { ReachRequest } from '../requests/connection.ts';
import { type RunRequest, serversNamed, toCommandLine } from '../requests/index.ts';
import type { StatusRequest } from '../requests/other-commands.ts';
import { type Sandbox, sandboxUp } from '../sandbox/sandbox.ts';
import { urlOf } from '../sandbox/server.ts';
import { plainName } from '../server/address.ts';
import type { ServerFlags } from '../server/resolve.ts';
import { isAddress, parseServerText } from '../server/server-text.ts';
import { Secret } from '../sql/secret.ts';
import { backupAt, backupsIn } from './backups.ts';
import { newRunId } from './built-run.ts';
import type { AppContext } from './context.ts';
import { findingsOf } from './findings.ts';
import { profileFrom } from './profile-from.ts';
import { attach, type EngineWatcher, journalPath, runInBackground, undoInBackground } from './run-in-background.ts';
import { pastRun } from './run-in-process.ts';
import { runsOf } from './runs.ts';
import { acceptedKey, type ConnectionOptionsByRole } from './servers.ts';
import { statusOf } from './status-report.ts';
import { measuring, verifyAndRecord } from './verify.ts';
import type { BackupFolder, RunHandle, WizardBackend } from './wizard-backend.ts';

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
		const backups = await listBackups(path).catch(() => []);
		found.push({ path, of, backups: backups.length });
	}
	return found.toSorted((a, b) => Number(b.backups > 0) - Number(a.backups > 0));
}

/** By what a server's password is kept: one that only the clients' options name has no name of its own. */
export function keyOf(server: string, reach: ReachRequest[string] | undefined): string {
	const { host, port, socket } = (reach?.flags ?? {}) as ServerFlags;
	return server === '' ? JSON.stringify([host, port, socket]) : server;
}

/** What the wizard can have done: everything behind the screens. `pair`: throwaway servers that it knows from the start. */
export function makeWizardBackend(
	context: AppContext,
	{ pair, passwords }: { readonly pair: Sandbox | null; readonly passwords: Map<string, Secret> },
): WizardBackend {
	const found: ServerCard[] = [];
	const cardsOf = (sandbox: Sandbox) => ({
		primary: { name: `sandbox primary`, server: urlOf(sandbox.primary), badge: 'sandbox' as const, output: null },
		replica: { name: `sandbox replica`, server: urlOf(sandbox.replica), badge: 'sandbox' as const, output: join(sandbox.dir, 'backups') },
	});
	/** Servers that may have the password without encryption. */
	const trusted = new Set<string>();
	const remembered = (server: string, reach?: ReachRequest[string]) => ({
		password: passwords.get(keyOf(server, reach)),
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
	const wishesFor = (request: RunRequest): ConnectionOptionsByRole =>
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
	if (pair !== null) found.push(...Object.values(cardsOf(pair)));
	const backend: WizardBackend = {
		version: context.version,
		warnings: context.warnings,
		servers: () => [
			...context.profiles
				.list()
				.map((each) => ({ name: each.name, server: each.name, badge: each.badge ?? null, output: each.output ?? null })),
			...found,
		],
		async status(server, reach) {
			const card = found.find((each) => each.server === server);
			const report = await statusOf(context, { server: server || undefined, ...reach, ...remembered(server, reach) }, card?.output);
			return card === undefined ? report : { ...report, badge: card.badge };
		},
		remember: (server, password, reach) => void passwords.set(keyOf(server, reach), new Secret(password)),
		trust(server, { host, port, certificate }, reach) {
			if (certificate === null) trusted.add(keyOf(server, reach));
			else context.profiles.prefer(acceptedKey(plainName({ host, port })), certificate.fingerprint);
		},
		save({ name, server, badge, output }) {
			const known = context.profiles.get(name);
			const fields = { ...(badge === null ? {} : { badge }), ...(output === null ? {} : { output }) };
			context.profiles.put({ ...known, ...profileFrom(name, isAddress(server) ? { server, ...fields } : fields) });
			const password = passwords.get(server);
			if (password !== undefined) passwords.set(name, password);
		},
		commandLine: (request) => toCommandLine(asReached(request), context.configFile ?? undefined),
		proposeOutput: outputOf,
		backupFolders: () => foldersOf(backend.servers().map(({ name, server }) => ({ name, folder: outputOf(server) }))),
		backups: (folder) => backupsIn(unfolded(folder)),
		showBackup: async (path) => (await backupAt(path)).report,
		verify: (path, { say, progress }, signal) =>
			verifyAndRecord({ ...context, signal: AbortSignal.any([signal, context.signal]) }, path, {
				onProgress: measuring(context, progress),
				warn: say,
			}),
		start: (request, director, on) =>
			watched(newRunId(context, request.kind), (run, how) =>
				runInBackground(context, request, wishesFor(request), { ...how, run, director, on }),
			),
		runs: () => runsOf(context),
		attach: (run, director, on) =>
			watched(run, async (_, how) => {
				const past = pastRun(context, run);
				if (past.end === null) return attach(context, run, { ...how, director, on });
				for (const event of readJournal(journalPath(context, run)).events) on(event);
				return past.end;
			}),
		findings(run) {
			const past = pastRun(context, run);
			return findingsOf(context, past, wishesFor(past.request as RunRequest));
		},
		recover: (run, on) =>
			watched(run, (_, how) => {
				const past = pastRun(context, run);
				const wishes = wishesFor(past.request as RunRequest);
				return undoInBackground(context, { past, wishes, work: 'recover' }, { ...how, director: previewer, on });
			}),
		async sandbox(say) {
			const sandbox = await sandboxUp({ env: context.env, signal: context.signal, say });
			const cards = cardsOf(sandbox);
			for (const card of Object.values(cards)) if (!found.some((each) => each.server === card.server)) found.push(card);
			return cards;
		},
	};
	return backend;
}
