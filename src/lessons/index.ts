import type { Vendor } from '../core/vendors.ts';
import type { Lesson } from './contract.ts';
import { dropTable } from './drop-table.ts';
import { duplicateKey } from './duplicate-key.ts';
import { emptyReplica } from './empty-replica.ts';
import { finale } from './finale.ts';
import { firstInspection } from './first-inspection.ts';
import { localDdl } from './local-ddl.ts';
import { lockedBackup } from './locked-backup.ts';
import { logsPurged } from './logs-purged.ts';
import { longSelect } from './long-select.ts';
import { missingRow } from './missing-row.ts';
import { oneId } from './one-id.ts';
import { renamedHost } from './renamed-host.ts';
import { serverKilled } from './server-killed.ts';
import { tlsLesson } from './tls.ts';
import { wrongPassword } from './wrong-password.ts';

/** All lessons, in the order of their numbers. */
export const LESSONS: readonly Lesson[] = [
	firstInspection,
	lockedBackup,
	emptyReplica,
	wrongPassword,
	tlsLesson,
	oneId,
	longSelect,
	duplicateKey,
	missingRow,
	localDdl,
	logsPurged,
	dropTable,
	serverKilled,
	renamedHost,
	finale,
];

export const lessonsOf = (vendor: Vendor): readonly Lesson[] => LESSONS.filter(({ vendors }) => vendors.includes(vendor));

/** By its id or its number. */
export const findLesson = (named: string): Lesson | undefined => LESSONS.find(({ id, number }) => id === named || String(number) === named);
