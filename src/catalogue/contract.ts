import type { FindingStatus } from '../core/doctor-report.ts';
import type { Translated } from '../core/languages.ts';
import type { Facts } from './facts.ts';

/**
 * What a check says: `ok` and one text for each other case are sentences about what is the case, with `{values}`. `meaning`, `fix` and `unsafe`
 * are said of what is not right; `meaning.CASE`, `fix.CASE`, `unsafe.CASE` in their place where the case has its own.
 */
export type CheckTexts = { readonly ok: string; readonly meaning: string; readonly fix: string } & { readonly [name: string]: string };

/** What one look came to. */
export type Judgement = {
	readonly status: FindingStatus;
	/** The text that says what is the case; `ok` unless said. */
	readonly says?: string;
	/** The case whose meaning, fix and price are meant, where it is not what {@link says} names. */
	readonly means?: string;
	readonly values?: { readonly [name: string]: string | number };
	/** Statements and lines for the option file, each copyable. */
	readonly lines?: readonly string[];
	/** Its name, where the server has several channels. */
	readonly channel?: string;
};

/** Facts of this name, each known. */
type Known<Name extends keyof Facts> = { readonly [K in Name]: Exclude<Facts[K], Unknown> };

/** Why something is not known: no answer in time, the privilege is missing, or it cannot be seen from here. */
export type Unknown = { readonly unknown: 'timeout' | 'refused' | 'elsewhere'; readonly text: string };

export const isUnknown = (fact: unknown): fact is Unknown => typeof fact === 'object' && fact !== null && 'unknown' in fact;

/** One thing that can be wrong with a server. Adding one touches its topic's file only. */
export interface DoctorCheck<Name extends keyof Facts = keyof Facts> {
	/** Stable: scripts and lessons go by it. */
	readonly id: string;
	readonly texts: Translated<CheckTexts>;
	/** The lesson that teaches it. */
	readonly lesson?: string;
	/** What must be known to judge. */
	readonly needs: readonly Name[];
	/** Pure. One judgement a channel or folder where there are several; none where it does not apply. */
	judge(facts: Known<Name>): readonly Judgement[];
}

/** Gives the check its type: it judges nothing but what it needs. */
export const defineCheck = <const Name extends keyof Facts>(check: DoctorCheck<Name>): DoctorCheck => check as unknown as DoctorCheck;

export const OK: readonly Judgement[] = [{ status: 'ok' }];
