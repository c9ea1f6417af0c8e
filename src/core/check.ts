/** One thing looked at and judged. A type, not an interface, so that it can be written as JSON. */
export type Check = {
	/** Stable, for scripts: `PRIMARY-BINLOG`. */
	readonly id: string;
	/** What was looked at: "binary log is on". */
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

/** A check whose failure forbids going on. */
export function must(id: string, title: string, holds: boolean, rest: Rest = {}): Check {
	return { id, title, status: holds ? 'ok' : 'fail', ...judged(holds, rest) };
}

/** A check whose failure is only said. */
export function should(id: string, title: string, holds: boolean, rest: Rest = {}): Check {
	return { id, title, status: holds ? 'ok' : 'warning', ...judged(holds, rest) };
}

/** Something the person should know, right as it is. */
export function note(id: string, title: string, found?: string): Check {
	return { id, title, status: 'note', ...(found === undefined ? {} : { found }) };
}
