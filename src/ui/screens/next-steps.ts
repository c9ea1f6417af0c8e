import { dirname, join } from 'node:path';
import type { BackupCard } from '../../core/backups.ts';
import { failureOf } from '../../core/failure.ts';
import { bytes } from '../../core/format.ts';
import type { RunEnd } from '../../core/runner.ts';
import { PARTIAL_BYTES, PARTIAL_FOLDER } from '../../core/summary-fields.ts';
import { type Line, line, span } from '../../render/page.ts';
import { pad } from '../../render/width.ts';
import type { BackupRequest } from '../../requests/backup.ts';
import type { DrillRequest } from '../../requests/drill.ts';
import type { RunRequest } from '../../requests/index.ts';
import type { ProvisionRequest } from '../../requests/provision.ts';
import type { App } from '../app-context.ts';
import type { NewFile } from '../new-file.ts';

/** What a run leads to. */
export type NextStep = {
	readonly key: string;
	/** For the hint bar. */
	readonly label: string;
	readonly about: string;
	/** What it copies, shown whole. */
	readonly text?: string;
	/** What is written to a file, once a person has said where: its screen asks for that. */
	readonly file?: NewFile;
	readonly does: () => void;
};

const message = (error: unknown): string => failureOf(error).description.message;

function withCard(app: App, path: string, does: (card: BackupCard) => void): () => void {
	return () =>
		void app.backend.backups(dirname(path)).then(
			({ cards }) => {
				const card = cards.find((each) => each.path === path);
				if (card === undefined) app.flash(`${path} is not there any more.`);
				else does(card);
			},
			(error: unknown) => app.flash(message(error)),
		);
}

const openCard = (app: App, path: string): NextStep => ({
	...{ key: 'o', label: 'open', about: 'what is in it, and how to restore it' },
	does: withCard(app, path, (card) => app.go({ at: 'archive', card })),
});

const verifyOf = (app: App, path: string): NextStep => ({
	...{ key: 'v', label: 'verify', about: 'read all of it again: every file as it was written' },
	does: withCard(app, path, (card) => app.go({ at: 'verify', card })),
});

const othersOf = (app: App, path: string): NextStep => ({
	...{ key: 'b', label: 'backups', about: 'the other backups in its folder' },
	does: () => app.go({ at: 'backups', folder: dirname(path) }),
});

const drillOf = (app: App, path: string): NextStep => ({
	...{ key: 'd', label: 'drill', about: 'restore it into a throwaway server on this machine, and compare' },
	does: () =>
		app.go({
			at: 'run',
			request: { kind: 'drill', backup: path, replicate: false, tls: true },
			title: `drill ${path.split('/').at(-1) ?? ''}`,
		}),
});

type Schedule = { readonly when: string; readonly words: string };
const EVERY_NIGHT: Schedule = { when: '0 2 * * *', words: 'every night at two' };
const EVERY_SUNDAY: Schedule = { when: '0 5 * * 0', words: 'every Sunday at five' };

/** As cron takes it: nobody answers there, and only failures are mailed. */
const scheduleOf = (app: App, request: RunRequest, { when, words }: Schedule): NextStep => {
	const cron = `${when} ${app.backend.commandLine(request)} --yes --quiet`.replaceAll('%', String.raw`\%`);
	return {
		key: 't',
		label: 'timer',
		about: `copy a line for crontab -e: ${words}`,
		text: cron,
		does: () => app.copy(cron, 'the line for crontab -e'),
	};
};

function afterBackup(app: App, request: BackupRequest, { summary }: RunEnd): readonly NextStep[] {
	const path = typeof summary.backup === 'string' ? summary.backup : null;
	if (path === null) return [];
	return [verifyOf(app, path), drillOf(app, path), openCard(app, path), scheduleOf(app, request, EVERY_NIGHT)];
}

/** The lines that a restart of the replica must find. The server reads them as an account of its own. */
function optionFileOf(app: App, { summary }: RunEnd): readonly NextStep[] {
	const replica = typeof summary.replica === 'string' ? summary.replica : 'replica';
	const lines = Array.isArray(summary.optionFile) ? summary.optionFile.map(String) : [];
	if (lines.length === 0) return [];
	const text = `${lines.join('\n')}\n`;
	const file = { path: `lockstep-${replica.replaceAll(/[^\w.-]+/g, '_')}.cnf`, text, mode: 0o644, what: 'the lines for the option file' };
	return [
		{ key: 'w', label: 'write', about: 'write these lines to a file on this machine', file, does: () => undefined },
		{ key: 'c', label: 'copy', about: 'copy these lines', does: () => app.copy(text, file.what) },
	];
}

function afterProvision(app: App, request: ProvisionRequest, end: RunEnd): readonly NextStep[] {
	const unsaved = app.backend.unsavedServers(request);
	const card = app.backend.servers().find(({ name, server }) => request.replica === name || request.replica === server);
	const replica = card ?? { name: request.replica, server: request.replica, badge: null, output: null };
	const save: NextStep = {
		...{ key: 'a', label: 'add profiles', about: `keep both servers: ${unsaved.map(({ role, name }) => `${name} (${role})`).join(', ')}` },
		does: () => {
			try {
				for (const each of app.backend.unsavedServers(request)) app.backend.save(each);
				app.flash(`Kept: ${unsaved.map(({ name }) => name).join(', ')}`);
			} catch (error) {
				app.flash(message(error));
			}
		},
	};
	return [
		{ key: 'b', label: 'back up', about: 'take the first backup of the replica', does: () => app.go({ at: 'backup', card: replica }) },
		...(unsaved.length > 0 ? [save] : []),
		...optionFileOf(app, end),
	];
}

function afterDrill(app: App, request: DrillRequest, { summary }: RunEnd): readonly NextStep[] {
	const path = typeof summary.backup === 'string' ? summary.backup : request.backup;
	const { report } = summary;
	const copyReport = (text: string): NextStep => ({
		...{ key: 'c', label: 'copy', about: 'copy the path of the report' },
		does: () => app.copy(text, 'the path of the report'),
	});
	return [
		openCard(app, path),
		...(typeof report === 'string' ? [copyReport(report)] : []),
		// The newest one then.
		scheduleOf(app, { ...request, backup: join(dirname(path), 'latest') }, EVERY_SUNDAY),
	];
}

/** After a drill that the backup did not pass: what is wrong with it, and what there is beside it. */
const afterFailedDrill = (app: App, { backup }: DrillRequest): readonly NextStep[] => [verifyOf(app, backup), othersOf(app, backup)];

/** What can be done next after a backup was read to its end. */
export const afterVerify = (app: App, { path }: BackupCard, isProven: boolean): readonly NextStep[] =>
	isProven ? [drillOf(app, path), openCard(app, path)] : [othersOf(app, path)];

/** What an incomplete backup left on disk is of no use, and asks before it is removed. */
function afterIncomplete(app: App, run: string | null, { summary }: RunEnd): readonly NextStep[] {
	const { [PARTIAL_FOLDER]: folder, [PARTIAL_BYTES]: size } = summary;
	if (run === null || typeof folder !== 'string') return [];
	const about = `remove its ${bytes(typeof size === 'number' ? size : 0)}, after a question`;
	return [{ key: 'x', label: 'remove', about, does: () => app.go({ at: 'run-details', run }) }];
}

/** What can be done next after a run, by its kind. */
export function nextSteps(app: App, request: RunRequest | null, end: RunEnd, run: string | null): readonly NextStep[] {
	if (request?.kind === 'drill' && end.failure?.class === 'VerifyFailed') return afterFailedDrill(app, request);
	if (end.outcome !== 'done') return afterIncomplete(app, run, end);
	if (request === null) return [];
	switch (request.kind) {
		case 'backup':
			return afterBackup(app, request, end);
		case 'provision':
			return afterProvision(app, request, end);
		case 'drill':
			return afterDrill(app, request, end);
		case 'restore':
			return [];
	}
}

export const nextLines = (next: readonly NextStep[]): readonly Line[] =>
	next.length === 0
		? []
		: [[], ...next.map(({ key, label, about }) => line('  ', span(key, 'key'), `  ${pad(label, 14)}`, span(about, 'dim')))];
