import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { newRunId } from '../app/build-run.ts';
import { attach, type EngineWatcher, journalPath, runInBackground, undoInBackground } from '../app/run-in-background.ts';
import { pastRun } from '../app/run-in-process.ts';
import { runsOf } from '../app/runs.ts';
import { acceptedKey, type ConnectionOptionsByRole, withPasswords } from '../app/servers.ts';
import { statusOf } from '../app/status-report.ts';
import { listBackups } from '../archive/list.ts';
import { backupFolder } from '../archive/read.ts';
import { previewer } from '../core/director.ts';
import { Stopped, UserError } from '../core/errors.ts';
import { readJournal } from '../core/journal.ts';
import type {
	BackupFolder,
	ReachRequest,
	RunHandle,
	RunRequest,
	ServerCard,
	StatusRequest,
	WizardBackend,
} from '../core/wizard-backend.ts';
import { toCommandLine } from '../requests/command-line.ts';
import { type Sandbox, sandboxUp } from '../sandbox/sandbox.ts';
import { isServerUrl, parseServerUrl, plainName } from '../server/address.ts';
import type { ServerFlags } from '../server/resolve.ts';
import { Secret } from '../sql/secret.ts';
import type { CommandResult, Context } from './context.ts';
import { drillAndRecord } from './drill.ts';
import { backupsIn } from './list.ts';
import { profileFrom } from './profile.ts';
import { findingsOf } from './recover.ts';
import { urlOf } from './sandbox.ts';
import { backupAt } from './show.ts';
import { measuring, verifyAndRecord } from './verify.ts';

export type Opening =
	| { readonly screen: 'home' | 'provision' | 'backup' | 'status' | 'demo' }
	| { readonly screen: 'review'; readonly request: RunRequest }
	| { readonly screen: 'run'; readonly run: string; readonly title: string };

/** Where backups of that server go, unless somebody says otherwise. */
function proposal(context: Context, server: string): string {
	const name = isServerUrl(server) ? [parseServerUrl(server).host ?? 'localhost', parseServerUrl(server).port ?? 3306].join('-') : server;
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
function keyOf(server: string, reach: ReachRequest[string] | undefined): string {
	const { host, port, socket } = (reach?.flags ?? {}) as ServerFlags;
	return server === '' ? JSON.stringify([host, port, socket]) : server;
}

/** What the wizard can have done: everything behind the screens. */
function makeDesk(context: Context, pair: Sandbox | null, passwords: Map<string, Secret>): WizardBackend {
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
		const servers: { readonly [role: string]: string } =
			request.kind === 'provision' ? { primary: request.primary, replica: request.replica } : { server: request.server };
		const reach = Object.entries(servers).flatMap(([role, server]) => {
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
		request.kind === 'provision'
			? {
					primary: remembered(request.primary, request.reach?.primary),
					replica: remembered(request.replica, request.reach?.replica),
				}
			: { server: remembered(request.server, request.reach?.server) };
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
	const desk: WizardBackend = {
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
			context.profiles.put({ ...known, ...profileFrom(name, isServerUrl(server) ? { server, ...fields } : fields) });
			const password = passwords.get(server);
			if (password !== undefined) passwords.set(name, password);
		},
		commandLine: (request) => toCommandLine(asReached(request), context.flags.config),
		proposeOutput: outputOf,
		backupFolders: () => foldersOf(desk.servers().map(({ name, server }) => ({ name, folder: outputOf(server) }))),
		backups: (folder) => backupsIn(unfolded(folder)),
		showBackup: async (path) => (await backupAt(path)).report,
		verify: (path, { say, progress }, signal) =>
			verifyAndRecord({ ...context, signal: AbortSignal.any([signal, context.signal]) }, path, {
				onProgress: measuring(context, progress),
				warn: say,
			}),
		async drill(path, { say, progress }, signal) {
			const own: Context = {
				...context,
				signal: AbortSignal.any([signal, context.signal]),
				print: (event) => void (event.type === 'progress' && progress(event.progress)),
			};
			return drillAndRecord(own, await backupFolder(path), null, {}, { say, warn: say });
		},
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
				return undoInBackground(context, past, wishesFor(past.request as RunRequest), { ...how, director: previewer, on }, 'recover');
			}),
		async sandbox(say) {
			const sandbox = await sandboxUp({ env: context.env, signal: context.signal, say });
			const cards = cardsOf(sandbox);
			for (const card of Object.values(cards)) if (!found.some((each) => each.server === card.server)) found.push(card);
			return cards;
		},
	};
	return desk;
}

/** Those that `-p` asks for: before the wizard has the terminal. */
async function askedPasswords(context: Context, request: RunRequest): Promise<Map<string, Secret>> {
	const wishes = await withPasswords(context, request, {});
	return new Map(
		Object.entries(wishes).flatMap(([role, { password }]) => {
			const server = request.kind === 'provision' ? request[role as 'primary' | 'replica'] : request.server;
			return password === undefined ? [] : [[keyOf(server, request.reach?.[role]), password] as const];
		}),
	);
}

/** Opens the wizard at a screen; what it leaves to be said goes to the normal screen. */
export async function openWizard(context: Context, open: Opening, pair: Sandbox | null = null): Promise<CommandResult> {
	if (context.mode !== 'wizard') {
		throw new UserError({
			message: 'The wizard needs a terminal.',
			hints: ['lockstep provision …, lockstep backup … and lockstep status … work without one: see lockstep --help'],
		});
	}
	const passwords = open.screen === 'review' ? await askedPasswords(context, open.request) : new Map();
	const { startWizard } = await import('../ui/start.tsx');
	const { summary, end, signal } = await startWizard({
		desk: makeDesk(context, pair, passwords),
		stdin: context.stdin,
		stdout: context.stdout,
		env: context.env,
		open,
	});
	if (signal !== null && end === null) throw new Stopped(`Stopped by ${signal}.`, signal);
	return { end, said: summary };
}
