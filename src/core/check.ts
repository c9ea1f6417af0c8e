/** One thing looked at and judged. A type, not an interface, so that it can be written as JSON. */
export type Check = {
	/** Stable, for scripts: `PRIMARY-BINLOG`. */
	readonly id: string;
	/** What is so: "The primary writes a binary log", or where it failed "The primary writes no binary log". */
	readonly title: string;
	/** `fail` forbids, `warning` asks for attention, `note` informs. */
	readonly status: 'ok' | 'note' | 'warning' | 'fail';
	readonly expected?: string;
	readonly found?: string;
	/** What to do, each line copyable. */
	readonly hints?: readonly string[];
};

export const failed = (checks: readonly Check[]): readonly Check[] => checks.filter((check) => check.status === 'fail');

/** What a warning says, in one line. */
export const warningWords = ({ title, found }: Check): string => `${title}${found ? `: ${found}` : ''}`;

/** What is wrong, in one line. */
export const problemWords = ({ title, expected, found }: Check): string =>
	`${title}: ${[expected === undefined ? null : `expected ${expected}`, found === undefined ? null : `found ${found}`].filter(Boolean).join(', ')}`;

/** `found` is true either way; `wrong` is what was found where it does not hold. */
type Rest = Omit<Check, 'id' | 'title' | 'status'> & { readonly wrong?: string };

const judged = (holds: boolean, { wrong, hints, ...rest }: Rest): Omit<Check, 'id' | 'title' | 'status'> => ({
	...rest,
	...(holds ? {} : { ...(wrong === undefined ? {} : { found: wrong }), ...(hints === undefined ? {} : { hints }) }),
});

/** What is so where a check passes, and what is so where it does not: a sentence each, of which one is shown. */
export interface Titles {
	readonly pass: string;
	readonly fail: string;
}

const decided = (status: 'fail' | 'warning', id: string, { pass, fail }: Titles, holds: boolean) =>
	holds ? ({ id, title: pass, status: 'ok' } as const) : { id, title: fail, status };

/** A check that forbids going on where it does not hold. */
export const must = (id: string, titles: Titles, holds: boolean, rest: Rest = {}): Check => ({
	...decided('fail', id, titles, holds),
	...judged(holds, rest),
});

/** A check that only warns where it does not hold. */
export const should = (id: string, titles: Titles, holds: boolean, rest: Rest = {}): Check => ({
	...decided('warning', id, titles, holds),
	...judged(holds, rest),
});

/** What is as it must be. */
export const ok = (id: string, title: string, rest: Rest = {}): Check => ({ id, title, status: 'ok', ...judged(true, rest) });

/** What forbids going on. */
export const fail = (id: string, title: string, rest: Rest = {}): Check => ({ id, title, status: 'fail', ...judged(false, rest) });

/** What the person should know, and most likely change. */
export const warning = (id: string, title: string, rest: Rest = {}): Check => ({
	id,
	title,
	status: 'warning',
	...judged(false, rest),
});

/** Something the person should know, right as it is. */
export function note(id: string, title: string, found?: string): Check {
	return { id, title, status: 'note', ...(found === undefined ? {} : { found }) };
}
