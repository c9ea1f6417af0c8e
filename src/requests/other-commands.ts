// Commands that ask for no run.
import { LANGUAGES } from '../core/languages.ts';
import { defineCommand } from './command.ts';
import type { ReachRequest } from './connection.ts';
import { choice, duration, optional, switchOn, text, wholeNumber, withDefault } from './option.ts';

const BACKUP_ARGUMENT = { name: 'backup', about: 'its folder, or the link latest; without it a terminal lists them' } as const;

export const DEMO = defineCommand({
	name: 'demo',
	examples: ['lockstep demo'],
	about: 'a throwaway pair of servers, MariaDB’s or MySQL’s, then the whole journey on it',
	options: [
		optional('server', '--server <name>', text, { about: 'mariadb-11.8 (else what is on the PATH), mariadb-10.11 or mysql-9.7' }),
		optional('dir', '--dir <folder>', text, { about: 'where the servers and their data are' }),
	],
});

export const SANDBOX_VERBS = ['up', 'status', 'down'] as const;

export const SANDBOX = defineCommand({
	name: 'sandbox',
	examples: ['lockstep sandbox up --server mysql-9.7', 'lockstep sandbox down'],
	about: 'a throwaway primary and replica on this machine: up, status, down',
	arguments: [{ name: 'verb', about: 'up, status or down', choices: SANDBOX_VERBS, isRequired: true }],
	options: [
		optional('server', '--server <name>', text, { about: 'mariadb-10.11, mariadb-11.8 or mysql-9.7' }),
		optional('dir', '--dir <folder>', text, { about: 'where the servers and their data are' }),
	],
});

export const PRACTICE_VERBS = ['list', 'start', 'check', 'hint', 'explain', 'reset', 'boot', 'env', 'stop'] as const;

export const PRACTICE = defineCommand({
	name: 'practice',
	examples: ['lockstep practice', 'lockstep practice start duplicate-key', 'lockstep practice check'],
	about: 'lessons on throwaway servers that really break; a terminal opens them as a screen',
	arguments: [
		{ name: 'verb', about: 'list, start, check, hint, explain, reset, boot, env or stop', choices: PRACTICE_VERBS },
		{ name: 'lesson', about: 'with start: its name or number' },
	],
	options: [
		optional('server', '--server <name>', text, { about: 'mariadb-10.11, mariadb-11.8 or mysql-9.7' }),
		optional('lang', '--lang <language>', choice(LANGUAGES), { about: 'en or pt; else that of the account' }),
		switchOn('report', '--report', { about: 'print a report for the trainer, as Markdown' }),
		optional('exam', '--exam <lessons>', text, { about: 'names or numbers, with commas between: no hints, and a limit of time' }),
		withDefault('minutes', '--minutes <number>', { kind: wholeNumber(1, 1440), value: 30 }, { about: 'how long an exam takes' }),
	],
	needsNoConfiguration: true,
});

export const LIST = defineCommand({
	name: 'list',
	examples: ['lockstep list /srv/backup/db3', 'lockstep list db3 --json'],
	isReadOnly: true,
	about: 'the backups of a folder: age, size, lock, verified and drilled or not',
	arguments: [{ name: 'folder', about: 'what backup --to was given, or a profile’s name' }],
	options: [],
});

export const SHOW = defineCommand({
	name: 'show',
	examples: ['lockstep show /srv/backup/db3/latest'],
	isReadOnly: true,
	about: 'show a backup’s details',
	arguments: [BACKUP_ARGUMENT],
	options: [],
});

export const VERIFY = defineCommand({
	name: 'verify',
	examples: ['lockstep verify /srv/backup/db3/latest'],
	isReadOnly: true,
	about: 'read a whole backup and prove that every file is as it was written',
	arguments: [BACKUP_ARGUMENT],
	options: [],
});

export type VerifyRequest = { readonly kind: 'verify'; readonly backup: string };

export const STATUS = defineCommand({
	name: 'status',
	examples: ['lockstep status --server db3', 'lockstep status --server db3 --watch'],
	isReadOnly: true,
	about: 'show a server’s status: replication, lag, last backup',
	roles: ['server'],
	options: [switchOn('watch', '--watch', { about: 'again and again' })],
});

export type StatusRequest = { readonly kind: 'status'; readonly reach?: ReachRequest; readonly server: string };

export const DOCTOR = defineCommand({
	name: 'doctor',
	examples: ['lockstep doctor --server db3 --primary db1', 'lockstep doctor --server db3 --json'],
	isReadOnly: true,
	about: 'examine a server: what is wrong, what that means, what fixes it, what only seems to',
	roles: ['server', 'primary'],
	options: [
		optional('backups', '--backups <folder>', text, { about: 'where its backups are, if its profile does not say it' }),
		optional('lang', '--lang <language>', choice(LANGUAGES), { about: 'en or pt; else as LC_MESSAGES says' }),
	],
	notes: 'Exit code 6 where something is wrong. Without --primary what only a comparison shows is not judged.',
});

export const RUNS = defineCommand({
	name: 'runs',
	examples: ['lockstep runs', 'lockstep runs --json'],
	isReadOnly: true,
	about: 'the runs of this machine: at work, interrupted, unfinished, finished; or one of them in full',
	arguments: [{ name: 'run' }],
	options: [
		optional('removePartial', '--remove-partial <folder>', text, { about: 'remove what a backup that was not completed has left on disk' }),
	],
});

// Whoever watches also rolls back if the run dies: there is no way to attach that changes nothing.
export const ATTACH = defineCommand({
	name: 'attach',
	examples: ['lockstep attach'],
	about: 'watch the run at work again, or see how the last one ended',
	arguments: [{ name: 'run' }],
	options: [],
	hasNoDryRun: true,
});

export const RECOVER = defineCommand({
	name: 'recover',
	examples: ['lockstep recover --dry-run', 'lockstep recover'],
	about: 'roll back what an interrupted run left on a server',
	arguments: [{ name: 'run' }],
	options: [],
});

export const UNDO = defineCommand({
	name: 'undo',
	examples: ['lockstep undo --dry-run', 'lockstep undo'],
	about: 'undo what a run changed',
	arguments: [{ name: 'run' }],
	options: [],
});

export const PROFILE_VERBS = ['list', 'show', 'add', 'edit', 'test', 'remove'] as const;

export const PROFILE = defineCommand({
	name: 'profile',
	examples: [
		'lockstep profile add db3 --server mysql://backup@db3:3306 --badge prod --output /srv/backup/db3',
		'lockstep profile test db3',
	],
	isReadOnly: true,
	about: 'named servers: list, show, add, edit, test, remove',
	arguments: [{ name: 'verb', about: 'list, show, add, edit, test or remove', choices: PROFILE_VERBS, isRequired: true }, { name: 'name' }],
	options: [
		optional('server', '--server <url>', text, {
			about: 'mysql://USER@HOST:PORT',
			form: {
				label: 'Server',
				about: 'HOST, HOST:PORT, USER@HOST:PORT, a socket’s path, or mysql://USER@HOST:PORT?ssl-mode=… Its password is asked for next.',
				placeholder: 'backup@db3.example.org',
				group: 'Where it is',
			},
		}),
		optional('badge', '--badge <badge>', choice(['prod', 'test', 'sandbox']), {
			about: 'a mark on its screens',
			form: {
				label: 'Badge',
				about: 'Always in the header, so that production is never mistaken for something else.',
				options: [
					{ value: '', label: 'none' },
					{ value: 'prod', label: 'production' },
					{ value: 'test', label: 'test' },
					{ value: 'sandbox', label: 'sandbox' },
				],
			},
		}),
		optional('output', '--output <folder>', text, {
			about: 'where its backups go',
			form: {
				label: 'Backups go to',
				about: 'Folder for the backups of this server. Empty: one is proposed.',
				placeholder: '(proposed)',
			},
		}),
		optional('optionFile', '--option-file <file>', text, { about: 'an option file to log in with' }),
		optional('loginPath', '--login-path <name>', text, { about: 'a login path to log in with' }),
		optional('expectReplicaOf', '--expect-replica-of <server>', text, {
			about: 'its source: a profile, or HOST:PORT; status checks it',
			form: {
				label: 'Replica of',
				about: 'Its source: a profile, or HOST:PORT as the replica names it. Home and status say whether it is so.',
				placeholder: '(not checked)',
				group: 'What is expected of it',
			},
		}),
		switchOn('expectReadOnly', '--expect-read-only', {
			about: 'it is read-only',
			form: {
				label: 'Read-only',
				about: 'Whether clients must not be able to write there.',
				initial: 'no',
				options: [
					{ value: 'no', label: 'not checked' },
					{ value: 'yes', label: 'expected' },
				],
			},
		}),
		optional('expectLag', '--expect-lag <duration>', duration(), {
			about: 'it lags at most so much: 60s, 5m',
			form: {
				label: 'Most lag',
				about: 'It lags at most so much behind its source: 60s, 5m.',
				placeholder: '(not checked)',
				expects: 'A time such as 60s or 5m.',
			},
		}),
		optional('expectBackupAge', '--expect-backup-age <duration>', duration(), {
			about: 'its last backup is at most so old: 26h',
			form: {
				label: 'Oldest backup',
				about: 'Its last complete backup is at most so old: 26h for a daily one.',
				placeholder: '(not checked)',
				expects: 'A time such as 26h.',
			},
		}),
		switchOn('expectNothing', '--expect-nothing', { about: 'forget what was expected' }),
	],
});

export const HELP = defineCommand({
	name: 'help',
	examples: ['lockstep help backup', 'lockstep help exit-codes'],
	isReadOnly: true,
	about: 'the options of a command, or a page of the manual',
	arguments: [{ name: 'topic', about: 'a command or a page' }],
	options: [],
	hasNoDryRun: true,
	needsNoConfiguration: true,
});

export const SHELLS = ['bash', 'zsh', 'fish'] as const;

export const COMPLETION = defineCommand({
	name: 'completion',
	examples: ['lockstep completion bash > ~/.local/share/bash-completion/completions/lockstep'],
	isReadOnly: true,
	about: 'print the completion of this command line for a shell',
	arguments: [{ name: 'shell', about: 'bash, zsh or fish', choices: SHELLS, isRequired: true }],
	options: [],
	hasNoDryRun: true,
	needsNoConfiguration: true,
});

export const INFO = defineCommand({
	name: 'info',
	examples: ['lockstep info', 'lockstep info --server db3'],
	isReadOnly: true,
	about: 'versions, paths, terminal and tools, for a bug report; with --server a server and the account’s privileges',
	roles: ['server'],
	options: [],
	hasNoDryRun: true,
	needsNoConfiguration: true,
});

export const VERSION = defineCommand({
	name: 'version',
	examples: ['lockstep version'],
	isReadOnly: true,
	about: 'the version of lockstep, as --version',
	options: [],
	hasNoDryRun: true,
	needsNoConfiguration: true,
});
