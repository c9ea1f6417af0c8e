import type { ProgressListener, WizardBackend } from '../../src/app/wizard-backend.ts';
import type { BackupCard, BackupReport, DrillRecord, VerifyRecord } from '../../src/core/backups.ts';
import { UserError } from '../../src/core/errors.ts';

export type BackupsDesk = Pick<WizardBackend, 'backupFolders' | 'backups' | 'showBackup' | 'verify'>;

const nobody = async () => {
	throw new UserError('Nothing of this kind was expected.');
};

/** A backend that knows no backup. */
export const NO_BACKUPS: BackupsDesk = {
	backupFolders: async () => [],
	backups: async (folder) => ({ folder, cards: [] }),
	showBackup: nobody,
	verify: nobody,
};

export const FOLDER = '/srv/backup/db3-backup';
const GIB = 1024 ** 3;

export const backupCard = (label: string, more: Partial<BackupCard> = {}): BackupCard => ({
	label,
	path: `${FOLDER}/${label}`,
	state: 'complete',
	...{ partial: null, run: null },
	problem: null,
	latest: false,
	bytes: 10 * GIB,
	raw_bytes: 42.1 * GIB,
	started: '2026-11-20T17:53:48Z',
	finished: '2026-11-20T18:00:00Z',
	server: { flavor: 'mariadb', version: '11.8.6-MariaDB', host: 'db3', port: 3306 },
	profile: 'db3-backup',
	engine: 'parallel',
	compression: 'zstd:3',
	held_ms: 358_000,
	lock: 'lock',
	databases: 2,
	tables: 212,
	warnings: [],
	verified: { state: 'ok', at: '2026-11-20T20:00:00Z', problems: [], ms: 300_000 },
	drilled: { state: 'none' },
	...more,
});

const unknown = {
	...{ raw_bytes: null, started: null, finished: null, server: null, profile: null, engine: null, compression: null, held_ms: null },
	...{ lock: null, databases: null, tables: null, verified: { state: 'none' } },
} satisfies Partial<BackupCard>;

export const GOOD = backupCard('20261120T175348Z', { latest: true });
export const DAMAGED = backupCard('20261119T020000Z', { ...unknown, state: 'damaged', problem: 'manifest.json is not JSON.' });
export const PARTIAL = backupCard('20261118T020000Z', {
	...unknown,
	state: 'partial',
	partial: 'interrupted',
	run: 'r3-backup',
	path: `${FOLDER}/20261118T020000Z.partial`,
});

export const REPORT: BackupReport = {
	...GOOD,
	client: 'mariadb-dump 11.8.6',
	why: null,
	position: [{ of: 'source db1:3306', file: 'mysql-bin.000213', pos: 88112, gtid: '0-1-84213' }],
	databaseList: ['crm', 'shop'].map((name) => ({
		...{ name, rows: 84_000_000, raw_bytes: 21 * GIB, bytes: 5 * GIB },
		tables: Array.from({ length: 30 }, (_, index) => ({
			...{ name: `table_${index}`, engine: 'InnoDB', rows: 1000 * index, bytes: 4096 * index, estimated: false },
		})),
	})),
	fileList: Array.from({ length: 60 }, (_, index) => ({ path: `shop.table_${index}.00000.dat.zst`, kind: 'rows', bytes: 4096 })),
	verify: null,
	drill: null,
};

const seal = { manifest_sha256: 'a'.repeat(64), sums_sha256: 'b'.repeat(64) };
const tool = { name: 'lockstep', version: '1.0.0' };

export const VERIFY_RECORD: VerifyRecord = {
	...{ format: 1, type: 'verify', backup: GOOD.label, at: '2026-11-21T02:02:00.000Z', tool, ok: true, ...seal },
	...{ files: 64, bytes: 10 * GIB, raw_bytes: 42 * GIB, rows: 84_000_000, ms: 300_000, problems: [] },
};

export const DRILL_RECORD: DrillRecord = {
	...{ format: 1, type: 'drill', backup: GOOD.label, at: '2026-11-21T02:02:00.000Z', tool, ok: true, ...seal },
	server: { kind: 'unpacked', version: '11.8.6-MariaDB', program: '/opt/mariadbd' },
	recovery_ms: 372_000,
	phases: [
		{ name: 'server', ms: 2100 },
		{ name: 'restore', ms: 360_000 },
	],
	...{ databases: 2, tables: 212, rows: 84_000_000, bytes: 42 * GIB, digests: 212, position: '0-1-84213', replication: null },
	...{ problems: [], warnings: [] },
};

/** Work that a test tells the end of: its onlooker and its signal, as soon as it was begun. */
export function played<T>() {
	const { promise, resolve, reject } = Promise.withResolvers<T>();
	const begun: { readonly path: string; readonly onlooker: ProgressListener; readonly signal: AbortSignal }[] = [];
	return {
		begun,
		resolve,
		reject,
		work: (path: string, onlooker: ProgressListener, signal: AbortSignal) => {
			begun.push({ path, onlooker, signal });
			return promise;
		},
	};
}
