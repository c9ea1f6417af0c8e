import { dirname } from 'node:path';
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

/** What a run leads to. */
export type NextStep = {
	readonly key: string;
	/** For the hint bar. */
	readonly label: string;
	readonly about: string;
	/** What it copies, shown whole. */
	readonly text?: string;
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

const drillOf = (app: App, path: string): NextStep => ({
	...{ key: 'd', label: 'drill', about: 'restore it into a throwaway server on this machine, and compare' },
	does: () =>
		app.go({
			at: 'run',
			request: { kind: 'drill', backup: path, replicate: false, tls: true },
			title: `drill ${path.split('/').at(-1) ?? ''}`,
		}),
});

/** Once every night, as cron takes it: nobody answers there, and only failures are mailed. */
const scheduleOf = (app: App, request: BackupRequest): NextStep => {
	const cron = `0 2 * * * ${app.backend.commandLine(request)} --yes --quiet`.replaceAll('%', String.raw`\%`);
	return {
		key: 't',
		label: 'timer',
		about: 'copy a line for crontab -e: every night at two',
		text: cron,
		does: () => app.copy(cron, 'the line for crontab -e'),
	};
};

function afterBackup(app: App, request: BackupRequest, { summary }: RunEnd): readonly NextStep[] {
	const path = typeof summary.backup === 'string' ? summary.backup : null;
	if (path === null) return [];
	const verify = withCard(app, path, (card) => app.go({ at: 'verify', card }));
	return [
		{ key: 'v', label: 'verify', about: 'read all of it again: every file as it was written', does: verify },
		drillOf(app, path),
		openCard(app, path),
		scheduleOf(app, request),
	];
}

function afterProvision(app: App, request: ProvisionRequest): readonly NextStep[] {
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
	];
}

function afterDrill(app: App, { backup }: DrillRequest, { summary }: RunEnd): readonly NextStep[] {
	return [openCard(app, typeof summary.backup === 'string' ? summary.backup : backup)];
}

/** What an incomplete backup left on disk is of no use, and asks before it is removed. */
function afterIncomplete(app: App, run: string | null, { summary }: RunEnd): readonly NextStep[] {
	const { [PARTIAL_FOLDER]: folder, [PARTIAL_BYTES]: size } = summary;
	if (run === null || typeof folder !== 'string') return [];
	const about = `remove its ${bytes(typeof size === 'number' ? size : 0)}, after a question`;
	return [{ key: 'x', label: 'remove', about, does: () => app.go({ at: 'run-details', run }) }];
}

/** What can be done next after a run, by its kind. */
export function nextSteps(app: App, request: RunRequest | null, end: RunEnd, run: string | null): readonly NextStep[] {
	if (end.outcome !== 'done') return afterIncomplete(app, run, end);
	if (request === null) return [];
	switch (request.kind) {
		case 'backup':
			return afterBackup(app, request, end);
		case 'provision':
			return afterProvision(app, request);
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
