import { DUMP_ENGINES } from '../core/dump-engines.ts';
import { UserError } from '../core/errors.ts';
import { defineCommand, readOptions } from './command.ts';
import type { ReachRequest } from './connection.ts';
import {
	choice,
	duration,
	type FieldsOf,
	longName,
	names,
	type OptionSpec,
	optional,
	required,
	switchOn,
	text,
	wholeNumber,
	withDefault,
} from './option.ts';

const LEVELS = { zstd: 19, gzip: 9, none: 0 } as const;
const compression = choice(['zstd', 'gzip', 'none']);

type Compression = {
	readonly compress: 'zstd' | 'gzip' | 'none';
	/** zstd 1–19, gzip 1–9. */
	readonly level?: number;
};

/** One option, two fields: `zstd:3`. */
const compress: OptionSpec<Compression> = {
	flags: '--compress <how>',
	about: 'zstd, gzip or none; with a level:  zstd:3',
	form: {
		label: 'Compression',
		about: 'zstd is about as small as gzip and several times faster; less time is less time under the lock.',
		initial: 'zstd',
		options: [
			{ value: 'zstd', label: 'zstd' },
			{ value: 'gzip', label: 'gzip' },
			{ value: 'none', label: 'none' },
		],
	},
	read(given, name) {
		const [how = '', level] = String(given ?? 'zstd').split(':');
		const kind = compression.parse(how, name);
		if (level === undefined) return { compress: kind };
		if (kind === 'none') throw new UserError({ message: `${name} ${given} is not known.`, hints: [`${name} none has no level.`] });
		return { compress: kind, level: wholeNumber(1, LEVELS[kind]).parse(level, `${name} ${kind}:`) };
	},
	write: ({ compress: how, level }) => ['--compress', level === undefined ? how : `${how}:${level}`],
};

/** How long the lock may be held, in seconds. Left out: chosen from the prediction; 0, and null in older requests: as long as the dump takes. */
const maxLockTime: OptionSpec<{ readonly maxLockSeconds?: number | null }> = {
	flags: '--max-lock-time <duration>',
	about: 'maximum time to hold the lock, then the dump is stopped (default: 3 times the predicted time, at least 5m; 0: no limit)',
	form: {
		label: 'Maximum lock time',
		about: 'Then the dump is stopped: 10m, 2h; 0: no limit. Empty: 3 times the predicted time (6 times if it is assumed), at least 5 min.',
		placeholder: '(automatic: the plan shows it)',
		expects: 'A time such as 10m or 2h, 0 for no limit, or nothing.',
	},
	read: (given, name) => (given === undefined ? {} : { maxLockSeconds: duration().parse(String(given), name) }),
	write: ({ maxLockSeconds: most }) => (most === undefined ? [] : [longName(maxLockTime), `${most ?? 0}s`]),
};

export const BACKUP = defineCommand({
	name: 'backup',
	examples: ['lockstep backup --server db3 --to /srv/backup/db3', 'lockstep backup --server db3 --to /srv/backup/db3 --yes --quiet'],
	about: 'a locked dump of a replica, a primary or a lone server',
	roles: ['server'],
	options: [
		required('to', '--to <folder>', text, {
			about: 'the folder of all its backups',
			form: {
				label: 'Folder',
				about: 'Each backup becomes a folder in it, named by its time (UTC).',
				group: 'Where it goes',
				expects: 'A folder is needed.',
			},
		}),
		compress,
		optional('engine', '--engine <name>', choice(DUMP_ENGINES), {
			about: 'parallel (our own, several connections), or vendor (mariadb-dump, mysqldump)',
			form: {
				label: 'Engine',
				about:
					'parallel: several connections read tables in pieces, far faster. vendor: mariadb-dump or mysqldump, one plain SQL file a database.',
				initial: 'parallel',
				options: [
					{ value: 'parallel', label: 'parallel' },
					{ value: 'vendor', label: 'vendor’s tool' },
				],
			},
		}),
		optional('workers', '--workers <number>', wholeNumber(1, 64), { about: 'how many connections read at once' }),
		names('databases', '--databases <names>', {
			isTable: false,
			about: 'only these, separated by commas; may be given again; a name with commas in `back-quotes`',
			form: { label: 'Databases', about: 'Names with commas between them. Empty: all.', placeholder: '(all)', group: 'What' },
		}),
		names('ignoreTables', '--ignore-table <database.table>', {
			isTable: true,
			about: 'leave it out; separated by commas, or given again',
			form: {
				label: 'Exclude tables',
				about: 'database.table with commas between them.',
				placeholder: '(none)',
				expects: 'Each as database.table.',
			},
		}),
		optional('lock', '--lock <how>', choice(['held', 'snapshot']), {
			about: 'held for the whole dump, or snapshot: until every connection has its own',
			form: {
				label: 'The lock',
				about:
					'held: for the whole dump. snapshot: until every connection has its snapshot, milliseconds where all is InnoDB (parallel only).',
				options: [
					{ value: '', label: 'automatic (recommended)' },
					{ value: 'held', label: 'held' },
					{ value: 'snapshot', label: 'snapshot' },
				],
				group: 'The lock',
			},
		}),
		maxLockTime,
		withDefault(
			'lockWaitSeconds',
			'--lock-wait <duration>',
			{ kind: duration(1), value: 60 },
			{
				about: 'how long the lock may be waited for (60s)',
				form: {
					label: 'Wait for the lock',
					about: 'Maximum time, then everything is rolled back: 60s, 5m.',
					initial: '60s',
					expects: 'A time such as 60s, 5m or 1h.',
				},
			},
		),
		withDefault(
			'longQueries',
			'--long-queries <what>',
			{ kind: choice(['wait', 'abort', 'kill']), value: 'wait' },
			{
				about: 'wait for them (at most --lock-wait), abort, or kill them (by --confirm)',
				form: {
					label: 'Long statements',
					about:
						'Who holds up the lock for over 10 s. give up: refuse at once. kill them: they are listed first, and a name must be typed.',
					initial: 'wait',
					options: [
						{ value: 'wait', label: 'wait for them' },
						{ value: 'abort', label: 'give up' },
						{ value: 'kill', label: 'kill them' },
					],
				},
			},
		),
		switchOn('stopApplier', '--stop-applier', {
			about: 'stop the SQL thread first and start it again (STOP SLAVE or REPLICA SQL_THREAD)',
			form: {
				label: 'Replication',
				about: 'held: the lock makes it wait. stopped: its SQL thread is stopped first and started again afterwards.',
				initial: 'no',
				options: [
					{ value: 'no', label: 'held by the lock' },
					{ value: 'yes', label: 'stopped first' },
				],
			},
		}),
	],
});

export type BackupRequest = { readonly kind: 'backup'; readonly reach?: ReachRequest; readonly server: string } & FieldsOf<
	typeof BACKUP.options
>;

/** A backup as it is taken where nothing else is asked for. */
export const usualBackup = (server: string, to: string): BackupRequest => ({ kind: 'backup', server, ...readOptions(BACKUP, { to }) });

/** Choices that exclude one another. Throws UserError. */
export function checkBackup({ engine, lock }: Pick<BackupRequest, 'engine' | 'lock'>): void {
	if (engine !== 'vendor' || lock !== 'snapshot') return;
	throw new UserError({
		message: '--lock snapshot needs --engine parallel.',
		reason: 'The vendor’s tool takes its snapshot when it likes, not when the lock is held.',
		hints: ['Leave out --engine vendor, or hold the lock:  --lock held'],
	});
}
