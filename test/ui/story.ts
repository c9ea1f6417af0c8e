import { Writable } from 'node:stream';
import { makeTurns } from '../../src/app/turns.ts';
import { watchServer } from '../../src/app/watch-server.ts';
import type {
	PartialBackup,
	ProfileEdit,
	RunCard,
	RunDetails,
	RunHandle,
	ServerCheck,
	ServerSuggestion,
	WizardBackend,
} from '../../src/app/wizard-backend.ts';
import type { Action } from '../../src/core/action.ts';
import type { Check } from '../../src/core/check.ts';
import type { Director, PlannedStep, Review } from '../../src/core/director.ts';
import type { DoctorReport } from '../../src/core/doctor-report.ts';
import type { UnverifiedServer } from '../../src/core/errors.ts';
import type { Recorded, RunEvent } from '../../src/core/events.ts';
import type { Finding } from '../../src/core/finding.ts';
import type { Language } from '../../src/core/languages.ts';
import type { Consent, Failure } from '../../src/core/model.ts';
import type { Progress } from '../../src/core/progress.ts';
import type { RunEntry } from '../../src/core/run-entry.ts';
import { show } from '../../src/core/shown-action.ts';
import type { BackupFolderState, ServerCard, StatusReport } from '../../src/core/status-report.ts';
import type { BackupRequest } from '../../src/requests/backup.ts';
import type { RunRequest } from '../../src/requests/index.ts';
import { toCommandLine } from '../../src/requests/index.ts';
import type { ProvisionRequest } from '../../src/requests/provision.ts';
import { Secret } from '../../src/sql/secret.ts';
import { account, sql } from '../../src/sql/sql.ts';
import { type BackupsDesk, NO_BACKUPS } from './backups-story.ts';
import { type FakePractice, fakePractice } from './practice-story.ts';

/** Must be seen nowhere. */
export const CANARY = 'c4n4ry-pass!w0rd';

const GIB = 1024 ** 3;
export const BEGAN = Date.parse('2026-11-21T02:00:00.000Z');

export const RUN = '20261121T020000Z-1';

/** Gives events their place: number and time, which goes on by `ms` with each. */
export function recorder(run = RUN, start = BEGAN): (event: RunEvent, ms?: number) => Recorded {
	let seq = 0;
	let at = start;
	return (event, ms = 100) => {
		at += ms;
		return { v: 2, run, seq: ++seq, at: new Date(at).toISOString(), ...event };
	};
}

export const SERVERS: readonly ServerCard[] = [
	{ name: 'db3-backup', server: 'db3-backup', badge: 'prod', output: '/srv/backup/db3-backup' },
	{ name: 'db1', server: 'db1', badge: 'prod', output: null },
	{ name: 'lab', server: 'mysql://root@127.0.0.1:3310', badge: 'test', output: null },
];

/** A replica that stopped on a duplicate key. */
export const ILL: DoctorReport = {
	...{ name: 'db3-backup', title: 'MariaDB 11.8.6', version: '11.8.6-MariaDB', address: 'db3:3306', primary: 'db1' },
	findings: [
		{
			...{ id: 'REPL-IO', channel: null, status: 'ok', evidence: 'The IO thread receives from db1:3306.' },
			...{ meaning: null, fix: null, lines: [], unsafe: null, lesson: null },
		},
		{
			...{ id: 'REPL-SQL', channel: null, status: 'fail', evidence: 'The SQL thread stopped: 1062: Duplicate entry' },
			...{ meaning: 'One transaction could not be applied here.', fix: 'Find out which rows differ.', lines: ['START SLAVE;'] },
			...{ unsafe: 'Skipping the transaction makes both threads run, while the rows stay different.', lesson: 'duplicate-key' },
		},
	],
};

export const STATUS: StatusReport = {
	name: 'db3-backup',
	title: 'MariaDB 11.8 replica of db1',
	version: '11.8.6-MariaDB',
	address: '10.0.0.3:3306',
	badge: 'prod',
	readOnly: true,
	tls: 'TLSv1.3',
	uptimeSeconds: 812_000,
	databases: 6,
	bytes: 42.1 * GIB,
	replicas: [],
	replication: {
		source: 'db1:3306',
		io: 'yes',
		sql: 'yes',
		lagSeconds: 0,
		waiting: 0,
		gtid: '0-1-84213',
		encrypted: true,
		error: null,
	},
	lastBackup: {
		path: '/srv/backup/db3-backup/20261120T020000Z',
		finished: '2026-11-20T18:00:00Z',
		bytes: 10 * GIB,
		rawBytes: 42.1 * GIB,
		heldMs: 358_000,
		verified: { state: 'ok', at: '2026-11-20T20:00:00Z', problems: [], ms: 300_000 },
		drilled: { state: 'none' },
	},
	disk: { path: '/srv/backup', freeBytes: 412 * GIB },
	expectations: [],
	healthy: true,
	hints: [],
	troubles: [],
};

const CHECKS: readonly Check[] = [
	{ id: 'SERVER-REPLICA', title: 'both replication threads run', status: 'ok' },
	{ id: 'SERVER-IDLE', title: 'no statement has run for longer than 10 s', status: 'ok' },
	{
		id: 'SERVER-ENGINES',
		title: '2 tables use Aria: consistent only thanks to the lock',
		status: 'warning',
		found: 'shop.log, shop.session',
	},
	{ id: 'FOLDER-SPACE', title: 'room for the dump and for the relay logs that grow meanwhile', status: 'ok', found: '412 GiB free' },
];

const BACKUP_STEPS: readonly { readonly id: string; readonly title: string; readonly why: string; readonly actions: readonly Action[] }[] =
	[
		{ id: 'inspect-server', title: 'Check the server', why: 'What forbids a dump is found before anything waits for a lock.', actions: [] },
		{
			id: 'dump',
			title: 'Dump under the lock',
			why: 'The lock makes one moment of everything: tables of every engine, and the position they stand at. It ends with its connection, so nothing stays locked if this program dies.',
			actions: [
				{
					kind: 'sql',
					id: 'wait',
					on: 'server',
					session: 'lock',
					statement: sql`SET SESSION lock_wait_timeout = ${60}`,
					why: 'wait for the lock at most 60 s',
					changes: false,
				},
				{
					kind: 'sql',
					id: 'lock',
					on: 'server',
					session: 'lock',
					statement: sql`FLUSH TABLES WITH READ LOCK`,
					why: 'lock all tables',
					changes: true,
				},
				{
					kind: 'sql',
					id: 'position',
					on: 'server',
					session: 'lock',
					statement: sql`SHOW ALL SLAVES STATUS`,
					why: 'note the positions',
					changes: false,
				},
				{
					kind: 'pipe',
					id: 'dump-shop',
					from: {
						on: 'server',
						names: ['mariadb-dump'],
						argv: ['--defaults-extra-file=/dev/fd/3', '--single-transaction', '--quick', '--routines', '--events', '--triggers', 'shop'],
					},
					into: { file: '/srv/backup/db3-backup/20261121T020000Z.partial/shop.sql.zst', compress: 'zstd' },
					footer: true,
					why: 'dump shop, about 40.1 GiB',
					changes: true,
				},
				{ kind: 'sql', id: 'unlock', on: 'server', session: 'lock', statement: sql`UNLOCK TABLES`, why: 'unlock', changes: true },
			],
		},
		{
			id: 'publish',
			title: 'Checksums, manifest, publish',
			why: 'A folder counts as a backup only once everything in it is proven and on disk.',
			actions: [
				{
					kind: 'file',
					id: 'manifest',
					op: 'write',
					path: '/srv/backup/db3-backup/20261121T020000Z.partial/manifest.json',
					text: '{}',
					why: 'the manifest, last',
				},
				{
					kind: 'file',
					id: 'publish',
					op: 'publish',
					path: '/srv/backup/db3-backup/20261121T020000Z.partial',
					to: '/srv/backup/db3-backup/20261121T020000Z',
					why: 'publish: from now on it counts',
				},
			],
		},
	];

const PROVISION_STEPS: typeof BACKUP_STEPS = [
	{ id: 'look-primary', title: 'Check the primary', why: 'A primary without a binary log cannot be followed.', actions: [] },
	{
		id: 'account',
		title: 'Create the replication account',
		why: 'Its own account, with the one right it needs, from the one address it comes from.',
		actions: [
			{
				kind: 'sql',
				id: 'create-account',
				on: 'primary',
				statement: sql`CREATE USER ${account('repl', '10.0.0.3')} IDENTIFIED BY ${new Secret(CANARY)} REQUIRE SSL`,
				why: 'the account',
				changes: true,
			},
			{
				kind: 'sql',
				id: 'grant',
				on: 'primary',
				statement: sql`GRANT REPLICATION SLAVE ON *.* TO ${account('repl', '10.0.0.3')}`,
				why: 'its only right',
				changes: true,
			},
		],
	},
	{
		id: 'seed',
		title: 'Seed the data',
		why: 'The position used is the one of the data: dump and position come from one snapshot.',
		actions: [
			{
				kind: 'pipe',
				id: 'stream',
				from: {
					on: 'primary',
					names: ['mariadb-dump'],
					argv: ['--defaults-extra-file=/dev/fd/3', '--single-transaction', '--all-databases'],
				},
				into: { on: 'replica', names: ['mariadb'], argv: ['--defaults-extra-file=/dev/fd/3'] },
				footer: true,
				why: 'stream everything from primary to replica',
				changes: true,
			},
		],
	},
	{
		id: 'follow',
		title: 'Follow the primary',
		why: 'From here on the replica applies what the primary writes.',
		actions: [
			{ kind: 'sql', id: 'start', on: 'replica', statement: sql`START SLAVE`, why: 'start both threads', changes: true },
			{
				kind: 'hand',
				id: 'option-file',
				where: 'replica',
				lines: ['[mariadb]', 'read_only = ON', 'event_scheduler = OFF'],
				why: 'so that a restart keeps it a replica',
			},
		],
	},
];

export type Kind = 'backup' | 'provision';
const stepsOf = (kind: Kind) => (kind === 'backup' ? BACKUP_STEPS : PROVISION_STEPS);

export function review(kind: Kind, consents: readonly Consent[] = [], checks: readonly Check[] = CHECKS): Review {
	const steps: PlannedStep[] = stepsOf(kind).map((step, index) => ({
		id: step.id,
		title: step.title,
		why: step.why,
		actions: step.actions.map(show),
		checks: index === 0 ? checks : [],
		consents: index === 1 ? consents : [],
		done: false,
	}));
	return {
		runbook: kind,
		title: kind === 'backup' ? 'Locked dump of db3-backup' : 'Make db3-backup a replica of db1',
		steps,
		checks,
		consents,
		overview: OVERVIEWS[kind],
		resumes: null,
	};
}

const OVERVIEWS: { readonly [kind in Kind]: NonNullable<Review['overview']> } = {
	backup: {
		lines: [
			{ label: 'From', text: 'db3-backup, replica of db1:3306' },
			{ label: 'To', text: '/srv/backup/db3-backup/20261121T020000Z' },
			{ label: 'Size', text: '~42.1 GiB in 6 databases, 212 tables' },
			{ label: 'Lock', text: 'global read lock, about 6 min (last time 6:12); replication waits' },
		],
		effect: 'db3-backup: global read lock, about 6 min, while ~42.1 GiB are backed up.',
	},
	provision: {
		lines: [
			{ label: 'From', text: 'db1 (primary)' },
			{ label: 'To', text: 'db3-backup (replica)' },
			{ label: 'Size', text: '~375 MiB in 2 databases, 14 tables, by a streamed dump' },
		],
		effect: 'db3-backup (replica) will be filled with ~375 MiB from db1.',
	},
};

export function progressAt(part: number): Progress {
	const total = 42.1 * GIB;
	return {
		unit: 'bytes',
		done: total * part,
		total,
		estimated: true,
		rate: 118 * 1024 ** 2 * (0.7 + 0.3 * Math.sin(part * 40)),
		average: 121 * 1024 ** 2,
		leftMs: part < 0.01 ? null : 372_000 * (1 - part),
		elapsedMs: 372_000 * part,
		current: part < 0.2 ? 'shop.orders' : 'shop.order_items',
		tables: { done: Math.floor(212 * part), total: 212 },
		rows: Math.floor(84_000_000 * part),
		onDisk: total * part * 0.24,
		heldMs: 372_000 * part + 200,
		lagSeconds: Math.floor(372 * part),
		waiting: Math.floor(9000 * part),
		freeBytes: 400 * GIB,
	};
}

export const SUMMARY = {
	backup: '/srv/backup/db3-backup/20261121T020000Z',
	databases: 6,
	tables: 212,
	rawBytes: Math.round(42.1 * GIB),
	bytes: 10 * GIB,
	heldMs: 358_000,
	caughtUpMs: 41_000,
	position: {
		source: { host: 'db1', port: 3306, file: 'mysql-bin.000213', pos: 88112, gtid: '0-1-84213' },
		self: { file: 'db3-bin.000007', pos: 342, gtid: '0-1-84213' },
	},
	compression: 'zstd',
	consistency: 'FLUSH TABLES WITH READ LOCK',
};

export const PROVISIONED = {
	primary: 'db1',
	replica: 'db3-backup',
	account: "'repl'@'10.0.0.3'",
	encrypted: true,
	position: '0-1-84213',
	databases: 6,
	tables: 212,
	rows: 84_000_000,
	rawBytes: Math.round(42.1 * GIB),
	comparedTables: 210,
	notCompared: ['shop.log', 'shop.session'],
	optionFile: ['[mariadb]', 'read_only = ON'],
};

export const REQUESTS: { readonly backup: BackupRequest; readonly provision: ProvisionRequest } = {
	backup: {
		kind: 'backup',
		server: 'db3-backup',
		to: '/srv/backup/db3-backup',
		compress: 'zstd',
		engine: 'parallel',
		lockWaitSeconds: 60,
		longQueries: 'wait',
		stopApplier: false,
	},
	provision: { kind: 'provision', primary: 'db1', replica: 'db3-backup', tls: true },
};

export const card = (run: string, state: RunCard['state'], kind: Kind = 'backup', started = '2026-11-21T02:00:00.000Z'): RunCard => ({
	run,
	title: kind === 'backup' ? 'Back up under a lock' : 'Set up a backup replica',
	servers: serversOf(kind),
	started,
	state,
	request: REQUESTS[kind],
});

export const FINDINGS: readonly Finding[] = [
	{
		step: 'freeze',
		title: 'Writes were stopped: read_only is ON, before it was OFF',
		actions: [
			show({
				kind: 'sql',
				id: 'thaw',
				on: 'server',
				statement: sql`SET GLOBAL read_only = OFF`,
				why: 'let clients write again',
				changes: true,
			}),
		],
		foreign: [],
	},
	{
		step: 'applier',
		title: 'The SQL thread was stopped',
		actions: [],
		foreign: ['it runs again since, and was not started by this run'],
	},
	{ step: 'dump', title: 'The read lock ended with its connection', actions: [], foreign: [] },
];

/** The events of what is put back, as the watcher tells them when an engine died. */
export const putBack: readonly RunEvent[] = [
	{ type: 'undo-started', steps: ['dump'] },
	{
		type: 'action-started',
		step: 'dump',
		undoing: true,
		action: show({
			kind: 'sql',
			id: 'thaw',
			on: 'server',
			statement: sql`SET GLOBAL read_only = OFF`,
			why: 'let clients write again',
			changes: true,
		}),
	},
	{ type: 'action-done', step: 'dump', action: 'thaw', ms: 4 },
];

export const undone: readonly RunEvent[] = [
	{ type: 'undo-done', left: [], foreign: [], kept: false },
	{ type: 'run-ended', outcome: 'undone', open: false, warnings: [], failure: null, summary: {} },
];

/** What happens before anybody is asked. */
export function opening(kind: Kind, plan: Review = review(kind)): RunEvent[] {
	const steps = stepsOf(kind);
	return [
		{
			type: 'run-started',
			runbook: plan.runbook,
			title: plan.title,
			key: 'key',
			servers: serversOf(kind),
			identities: {},
			afterFailure: kind === 'backup' ? 'put-back' : 'keep',
			steps: steps.map(({ id, title, why }) => ({ id, title, why })),
			resumes: plan.resumes,
			carried: { touched: [], outputs: {} },
			request: REQUESTS[kind],
		},
		...steps.map(({ id }): RunEvent => ({ type: 'looking', step: id })),
		{ type: 'review', review: plan },
	];
}

/** A step with its actions; `inside` happens after its first three actions. */
function performed(kind: Kind, index: number, inside: readonly RunEvent[] = []): RunEvent[] {
	const step = stepsOf(kind)[index];
	if (step === undefined) return [];
	const acts = step.actions.map((action): RunEvent[] => [
		{ type: 'action-started', step: step.id, action: show(action), undoing: false },
		{ type: 'action-done', step: step.id, action: action.id, ms: 120 },
	]);
	return [
		{ type: 'step-started', step: step.id },
		...acts.slice(0, 3).flat(),
		...inside,
		...acts.slice(3).flat(),
		{ type: 'step-done', step: step.id, output: null, ms: inside.length > 0 ? 372_000 : 400, again: false, acted: true },
	];
}

export const lockEvent = (state: 'waiting' | 'held' | 'released', clientsWait = false): RunEvent => ({
	type: 'lock',
	step: 'dump',
	lock: { state, on: 'db3-backup', since: '2026-11-21T02:00:01.000Z', clientsWait, until: null },
});

/** The events of a run up to the middle of its long step. */
export function firstHalf(kind: Kind, parts = [0.005, 0.1, 0.19, 0.22, 0.31]): RunEvent[] {
	const long = kind === 'backup' ? 'dump' : 'seed';
	const at = stepsOf(kind).findIndex((step) => step.id === long);
	const full = performed(kind, at, [
		...(kind === 'backup' ? [lockEvent('held')] : []),
		...parts.map((part): RunEvent => ({ type: 'progress', step: long, progress: progressAt(part) })),
	]);
	const cut = full.findLastIndex((event) => event.type === 'progress') + 1;
	return [...Array.from({ length: at }, (_, index) => performed(kind, index)).flat(), ...full.slice(0, cut)];
}

export function secondHalf(kind: Kind): RunEvent[] {
	const long = kind === 'backup' ? 'dump' : 'seed';
	const at = stepsOf(kind).findIndex((step) => step.id === long);
	return [
		{ type: 'progress', step: long, progress: progressAt(1) },
		...(kind === 'backup' ? [lockEvent('released')] : []),
		{ type: 'step-done', step: long, output: null, ms: 372_000, again: false, acted: true },
		...stepsOf(kind)
			.slice(at + 1)
			.flatMap((_, index) => performed(kind, at + 1 + index)),
		{ type: 'run-ended', outcome: 'done', open: false, warnings: [], failure: null, summary: kind === 'backup' ? SUMMARY : PROVISIONED },
	];
}

export const FAILURE: Failure = {
	class: 'ToolError',
	step: 'seed',
	description: {
		message: 'The stream from db1 to db3-backup broke off.',
		reason: 'The replica ran out of space.',
		hints: ['Free space on db3-backup, then try again.', 'df -h /var/lib/mysql'],
		details: "ERROR 1114 (HY000) at line 812: The table 'orders' is full",
	},
	checks: [],
	left: [],
};

export const failedChecks: readonly Check[] = [
	{
		id: 'PRIMARY-RIGHTS',
		title: 'the account may do what is needed on the primary',
		status: 'fail',
		expected: 'RELOAD, REPLICATION CLIENT',
		found: 'USAGE',
		hints: ["GRANT RELOAD, REPLICATION CLIENT ON *.* TO 'backup'@'10.%';"],
	},
	...CHECKS,
];

export type FakeBackend = WizardBackend & {
	readonly requests: RunRequest[];
	readonly remembered: Map<string, string>;
	readonly trusted: Map<string, UnverifiedServer>;
	readonly saved: ServerCard[];
	readonly decisions: unknown[];
	readonly attached: string[];
	readonly recovered: string[];
	readonly undoing: { readonly run: string; readonly typed: readonly string[] }[];
	/** Folders of incomplete backups. */
	readonly removed: string[];
	readonly edited: ProfileEdit[];
	/** Profiles that were removed. */
	readonly forgotten: string[];
	stops: number;
	leaves: number;
	/** Sends events into the run that is open. */
	play(...events: readonly RunEvent[]): void;
	/** Lets the open run fail at a step and ask what to do. */
	ask(failure: Failure): void;
	/** Another process goes on with the open run: its events are numbered from the first. */
	restart(): void;
	/** Lets it show its plan and ask. */
	propose(plan: Review): void;
	/** Ends it. */
	end(): void;
};

export type FakeOptions = {
	readonly servers?: readonly ServerCard[];
	readonly warnings?: readonly string[];
	/** Servers of a request that no profile names. */
	readonly unsaved?: readonly (ServerCard & { readonly role: string })[];
	readonly suggestions?: readonly ServerSuggestion[];
	/** Answers or rejects. */
	readonly inspect?: (server: string) => ServerCheck;
	/** Of servers that no card names. */
	readonly badges?: { readonly [server: string]: ServerCard['badge'] };
	/** What is remembered of earlier starts. */
	readonly practice?: FakePractice;
	readonly answers?: Map<string, { readonly [field: string]: string }>;
	/** Answers or rejects. */
	readonly language?: Language;
	readonly status?: (server: string, remembered: string | undefined) => StatusReport;
	/** How long a watched server takes, or what it says; else as {@link FakeOptions.status}. */
	readonly watched?: (card: ServerCard, signal: AbortSignal) => Promise<StatusReport | null>;
	/** What the folder of a server's backups says, where the server does not. */
	readonly folder?: (card: ServerCard) => BackupFolderState;
	readonly now?: () => Date;
	/** Profiles as their forms show them. */
	readonly profiles?: { readonly [name: string]: { readonly [field: string]: string } };
	readonly plan?: (round: number) => Review;
	readonly version?: string;
	/** Answers or rejects, at each asking. */
	readonly runs?: (asked: number) => readonly RunCard[];
	readonly backups?: Partial<BackupsDesk>;
	readonly allRuns?: () => readonly RunEntry[];
	readonly details?: (run: string) => RunDetails;
	readonly partials?: readonly PartialBackup[];
	readonly undoFindings?: () => readonly Finding[];
	readonly findings?: (run: string, remembered: ReadonlyMap<string, string>) => readonly Finding[];
};

/** A backend that has no server behind it: runs play what the test tells. */
export function fakeDesk(options: FakeOptions = {}): FakeBackend {
	const saved: ServerCard[] = [];
	const requests: RunRequest[] = [];
	const remembered = new Map<string, string>();
	const trusted = new Map<string, UnverifiedServer>();
	const answers = options.answers ?? new Map<string, { readonly [field: string]: string }>();
	const decisions: unknown[] = [];
	const attached: string[] = [];
	const recovered: string[] = [];
	const undoing: { readonly run: string; readonly typed: readonly string[] }[] = [];
	const removed: string[] = [];
	const edited: ProfileEdit[] = [];
	const forgotten: string[] = [];
	let asked = 0;
	let emit: (event: RunEvent, ms?: number) => void = () => {};
	let finish = () => {};
	/** From here on `play`, `ask` and `end` are about this run. */
	const opened = (run: string, director: Director | null, on: (event: Recorded) => void): RunHandle => {
		const record = recorder(run);
		const { promise, resolve } = Promise.withResolvers<void>();
		emit = (event, ms) => on(record(event, ms));
		backend.restart = () => {
			const anew = recorder(run, BEGAN + 200_000);
			emit = (event, ms) => on(anew(event, ms));
		};
		finish = resolve;
		backend.ask = (failure) => {
			emit({ type: 'step-failed', step: failure.step ?? '', failure });
			void director?.recover(failure).then((choice) => {
				decisions.push(choice);
				emit({ type: 'recovery', step: failure.step ?? '', choice });
			});
		};
		backend.propose = (plan) => {
			emit({ type: 'review', review: plan });
			void director?.review(plan).then((reviewed) => {
				decisions.push(reviewed);
				if (reviewed.go) emit({ type: 'reviewed', go: true, typed: reviewed.typed });
				else {
					emit({ type: 'run-ended', outcome: 'declined', open: false, warnings: [], failure: null, summary: {} });
					resolve();
				}
			});
		};
		return {
			run,
			ended: promise,
			stop: () => {
				backend.stops++;
			},
			leave: () => {
				backend.leaves++;
				resolve();
			},
		};
	};
	const backend: FakeBackend = {
		requests,
		remembered,
		trusted,
		saved,
		decisions,
		attached,
		recovered,
		undoing,
		removed,
		edited,
		forgotten,
		stops: 0,
		leaves: 0,
		version: options.version ?? '1.0.0',
		warnings: options.warnings ?? [],
		servers: () => [...(options.servers ?? SERVERS), ...saved].filter(({ name }) => !forgotten.includes(name)),
		suggestServers: async () =>
			options.suggestions ??
			backend.servers().map(({ name, server, badge }) => ({ value: name, label: name, about: server, badge, kind: 'profile' as const })),
		inspectServer: async (server) =>
			options.inspect?.(server) ?? { account: `root@${server}`, badge: null, needsPassword: false, title: 'MariaDB 11.8' },
		badgeOf: (server) => options.badges?.[server] ?? backend.servers().find((each) => each.server === server)?.badge ?? null,
		unsavedServers: () => (options.unsaved ?? []).filter(({ name }) => !saved.some((each) => each.name === name)),
		answers: (form) => answers.get(form),
		keepAnswers: (form, values) => {
			if (values === null) answers.delete(form);
			else answers.set(form, values);
		},
		status: async (server) => (options.status ?? (() => ({ ...STATUS, name: server })))(server, remembered.get(server)),
		language: options.language ?? 'en',
		doctor: async (server) => ({ ...ILL, name: server }),
		watchServer: (card, watcher) =>
			void watchServer(
				{
					ask: async (signal) => (await options.watched?.(card, signal)) ?? backend.status(card.server),
					folder: async () => options.folder?.(card) ?? { lastBackup: null, disk: null },
					turn: makeTurns(100, 1000),
					now: options.now ?? (() => new Date('2026-11-21T02:02:00.000Z')),
					end: new AbortController().signal,
				},
				watcher,
			),
		trust: (server, unverified) => void trusted.set(server, unverified),
		remember: (server, password) => {
			remembered.set(server, password ?? 'the same');
		},
		save: (card) => {
			saved.push(card);
		},
		profileForm: (name) => options.profiles?.[name] ?? null,
		editProfile: (edit) => void edited.push(edit),
		removeProfile: (name) => void forgotten.push(name),
		commandLine: (request) => toCommandLine(request),
		proposeOutput: (server) => `/srv/backup/${server}`,
		...NO_BACKUPS,
		...options.backups,
		practice: options.practice ?? fakePractice(),
		sandbox: async (say) => {
			say('Unpacking mariadb-server 10.11 …');
			say('The primary answers on 127.0.0.1:33061');
			return {
				primary: { name: 'sandbox-primary', server: 'sandbox-primary', badge: 'sandbox', output: null },
				replica: { name: 'sandbox-replica', server: 'sandbox-replica', badge: 'sandbox', output: null },
			};
		},
		start(request, director, on) {
			requests.push(request);
			const kind: Kind = request.kind === 'backup' ? 'backup' : 'provision';
			const handle = opened(RUN, director, on);
			const plan = options.plan?.(requests.length) ?? review(kind);
			for (const event of opening(kind, plan).slice(0, -1)) emit(event);
			const bad = plan.checks.filter((check) => check.status === 'fail');
			if (bad.length === 0) backend.propose(plan);
			else {
				const failure: Failure = {
					class: 'CheckFailed',
					step: null,
					description: { message: 'A check forbids it.' },
					checks: bad,
					left: [],
				};
				emit({ type: 'review', review: plan });
				emit({ type: 'run-ended', outcome: 'failed', open: false, warnings: [], failure, summary: {} });
				finish();
			}
			return handle;
		},
		runs: async () => options.runs?.(++asked) ?? [],
		attach(run, director, on) {
			attached.push(run);
			return opened(run, director, on);
		},
		findings: async (run) => options.findings?.(run, remembered) ?? FINDINGS,
		recover(run, on) {
			recovered.push(run);
			return opened(run, null, on);
		},
		undoFindings: async () => options.undoFindings?.() ?? FINDINGS,
		undo(run, typed, on) {
			undoing.push({ run, typed });
			return opened(run, null, on);
		},
		runHistory: async () => ({ runs: options.allRuns?.() ?? [], partials: await backend.partialBackups() }),
		runsToUndo: async () => options.allRuns?.().filter(({ state }) => state !== 'running') ?? [],
		countRuns: () => options.allRuns?.().length ?? (options.runs === undefined ? 0 : 4),
		runDetails: async (run) => {
			const details = options.details?.(run);
			if (details === undefined) throw new Error(`no details of ${run}`);
			return details;
		},
		partialBackups: async () => options.partials?.filter(({ path }) => !removed.includes(path)) ?? [],
		removePartial: async (path) => void removed.push(path),
		restart: () => {},
		ask: () => {},
		propose: () => {},
		play: (...events) => {
			for (const event of events) emit(event, event.type === 'progress' ? 4000 : 100);
		},
		end: () => finish(),
	};
	return backend;
}

function serversOf(kind: Kind): { readonly [role: string]: string } {
	return kind === 'backup' ? { server: 'db3-backup' } : { primary: 'db1', replica: 'db3-backup' };
}

/** A stream that keeps what is written. */
export function collector(): { readonly out: Writable; readonly text: () => string } {
	let text = '';
	const out = new Writable({
		write(chunk, _encoding, done) {
			text += chunk.toString();
			done();
		},
	});
	return { out, text: () => text };
}
