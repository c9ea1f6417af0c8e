import type { Vendor } from '../core/vendors.ts';
import type { Lesson } from './contract.ts';
import { localWrite } from './local-write.ts';
import { missingRow } from './missing-row.ts';

/** All lessons, in the order of their numbers. */
export const LESSONS: readonly Lesson[] = [localWrite, missingRow];

export const lessonsOf = (vendor: Vendor): readonly Lesson[] => LESSONS.filter(({ vendors }) => vendors.includes(vendor));

/** By its id or its number. */
export const findLesson = (named: string): Lesson | undefined => LESSONS.find(({ id, number }) => id === named || String(number) === named);
