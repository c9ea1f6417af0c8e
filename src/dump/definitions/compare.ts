import { createHash } from 'node:crypto';
import { type Definition, type DefinitionName, definitionTitle, HISTOGRAM } from '../../dialects/common/definitions.ts';
import { normalColumn, normalOption, normalWords } from './normal.ts';
import { readTableDefinition, type TableDefinition, type TablePart } from './table.ts';
import { spelled, tokensOf } from './tokens.ts';

/** One thing in which an object is not as it should be. */
export type Difference = Pick<DefinitionName, 'kind' | 'database' | 'name'> & {
	/** The part of it: "column `ts`", 'engine', 'sql_mode'; 'object' where it is missing or additional as a whole. */
	readonly part: string;
	/** Null: none. */
	readonly expected: string | null;
	/** Null: none. */
	readonly found: string | null;
};

/** What a comparison passes over, because the one who compares has changed it on purpose. */
export type ComparisonOptions = {
	/** Whether an event is enabled: a restore and a replica disable them. */
	readonly ignoreEventStatus?: boolean;
	/** Whether databases are read-only: it is set again at the end. */
	readonly ignoreReadOnly?: boolean;
	/** Whether histograms count. A server may renew them at any time, so only a restore compares them. */
	readonly histograms?: boolean;
};

const key = ({ kind, database, name }: DefinitionName): string => JSON.stringify([kind, database, name]);

/**
 * In what the definitions that were found differ from those expected, object by object. Passed over is only what may differ between the same
 * objects: counters (AUTO_INCREMENT, the values of sequences), and how a version prints the same thing. A view that could not be opened where it
 * comes from may be missing. Pure.
 */
export function compareDefinitions(
	expected: readonly Definition[],
	found: readonly Definition[],
	options: ComparisonOptions = {},
): readonly Difference[] {
	const there = new Map(found.map((each) => [key(each), each]));
	const known = new Set(expected.map(key));
	return [
		...expected.flatMap((each): readonly Difference[] => {
			const other = there.get(key(each));
			if (other !== undefined) return differencesOf(each, other, options);
			return each.invalid === undefined ? [{ ...nameOf(each), part: 'object', expected: 'to be there', found: null }] : [];
		}),
		...found
			.filter((each) => !known.has(key(each)))
			.map((each): Difference => ({ ...nameOf(each), part: 'object', expected: null, found: 'one that was not expected' })),
	];
}

/** A difference in words: "table d.t: column `ts`: expected …, found …". */
export function describeDifference(difference: Difference): string {
	const { part, expected, found } = difference;
	const title = definitionTitle(difference);
	if (part === 'object') return found === null ? `${title}: missing` : `${title}: additional`;
	if (found === null) return `${title}: ${part} is missing: expected ${expected}`;
	if (expected === null) return `${title}: ${part} is additional: found ${found}`;
	return `${title}: ${part}: expected ${expected}, found ${found}`;
}

const nameOf = ({ kind, database, name }: Definition) => ({ kind, database, name });

function differencesOf(expected: Definition, found: Definition, options: ComparisonOptions): readonly Difference[] {
	const at = nameOf(expected);
	const parts = expected.kind === 'table' ? tableParts(expected.sql, found.sql) : textParts(expected, found, options);
	return [...parts, ...settingParts(expected, found, options)].map((part) => ({ ...at, ...part }));
}

type Part = Pick<Difference, 'part' | 'expected' | 'found'>;

function textParts(expected: Definition, found: Definition, { ignoreEventStatus }: ComparisonOptions): readonly Part[] {
	const plain = ({ kind, sql }: Definition): string => {
		if (kind === 'view' || kind === 'sequence' || kind === 'database') return spelled(tokensOf(sql).map(normalWords));
		const text = sql.trimEnd();
		return kind === 'event' && ignoreEventStatus ? text.replace(EVENT_STATUS, '$1') : text;
	};
	const [one, other] = [plain(expected), plain(found)];
	return one === other ? [] : [{ part: 'definition', ...excerpts(one, other) }];
}

// The schedule's end, before the comment and the body: as SHOW CREATE EVENT prints it.
const EVENT_STATUS = /( ON COMPLETION (?:NOT )?PRESERVE)(?: ENABLE| DISABLE(?: ON (?:SLAVE|REPLICA))?)/;

const NAMES: Readonly<Record<string, string>> = { read_only: 'read only' };
const PASSED = new Set(['next_value', 'cycle_count']);

function settingParts(expected: Definition, found: Definition, { ignoreReadOnly, histograms }: ComparisonOptions): readonly Part[] {
	const names = new Set(
		[...Object.keys(expected.settings), ...Object.keys(found.settings)].filter(
			(name) => !PASSED.has(name) && (histograms || !name.startsWith(HISTOGRAM)),
		),
	);
	if (ignoreReadOnly) names.delete('read_only');
	const value = ({ settings }: Definition, name: string): string | null => {
		const text = settings[name];
		if (text === undefined) return null;
		if (name === 'sql_mode') return text.split(',').toSorted().join(',');
		if (name.startsWith(HISTOGRAM)) return plainHistogram(text);
		return text.replace(/^utf8(?=_|$)/, 'utf8mb3');
	};
	return [...names].flatMap((name): Part[] => {
		const [one, other] = [value(expected, name), value(found, name)];
		if (one === other) return [];
		// Values of rows are in histograms, and are shown nowhere.
		const shown = (text: string | null) => (name.startsWith(HISTOGRAM) && text !== null ? fingerprint(text) : text);
		return [{ part: NAMES[name] ?? name, expected: shown(one), found: shown(other) }];
	});
}

/** What tells two histograms apart without a value of theirs. */
const fingerprint = (text: string): string => `statistics ${createHash('sha256').update(text).digest('hex').slice(0, 12)}`;

/** Without its time, and without zeros at the end of decimals. Of a histogram that the server renews by itself only its size counts. */
function plainHistogram(json: string): string {
	if (/"auto-update": true/.test(json)) return `auto-update, ${/"number-of-buckets-specified": \d+/.exec(json)?.[0]}`;
	return json.replace(/"last-updated": "[^"]*", /, '').replaceAll(/(?<=[[ ]-?\d+)(?:\.0+|(\.\d*[1-9])0+)(?=[,\]])/g, '$1');
}

function tableParts(expected: string, found: string): readonly Part[] {
	const [one, other] = [readTableDefinition(expected), readTableDefinition(found)];
	if (one === null || other === null) return expected === found ? [] : [{ part: 'definition', ...excerpts(expected, found) }];
	return [
		...namedParts('columns', one, other),
		...orderParts(one, other),
		...namedParts('keys', one, other),
		...namedParts('constraints', one, other),
		...optionParts(one.options, other.options),
		...partitionParts(one, other),
	];
}

function namedParts(what: 'columns' | 'keys' | 'constraints', one: TableDefinition, other: TableDefinition): readonly Part[] {
	const [expected, found] = [one[what], other[what]];
	const title = (name: string) => `${what.replace(/s$/, '')} \`${name.replaceAll('`', '``')}\``;
	const own = ({ sql, tokens }: TablePart) => (tokens[0]?.kind === 'name' ? sql.slice(tokens[0].end - tokens[0].from).trim() : sql);
	const parts: Part[] = [];
	for (const each of expected) {
		const same = found.find(({ name }) => name === each.name);
		if (same === undefined) parts.push({ part: title(each.name), expected: own(each), found: null });
		else if (spelled(normalColumn(each, one)) !== spelled(normalColumn(same, other)))
			parts.push({ part: title(each.name), expected: own(each), found: own(same) });
	}
	for (const each of found.filter(({ name }) => !expected.some((one) => one.name === name)))
		parts.push({ part: title(each.name), expected: null, found: own(each) });
	return parts;
}

/** Only where both have the same columns: rows come by name, but people read them by place. */
function orderParts(one: TableDefinition, other: TableDefinition): readonly Part[] {
	const [a, b] = [one, other].map(({ columns }) => columns.map(({ name }) => name));
	if (a === undefined || b === undefined || a.toSorted().join('\0') !== b.toSorted().join('\0') || a.join('\0') === b.join('\0')) return [];
	return [{ part: 'order of columns', expected: a.join(', '), found: b.join(', ') }];
}

function optionParts(expected: TableDefinition['options'], found: TableDefinition['options']): readonly Part[] {
	const names = new Set([...expected.keys(), ...found.keys()].filter((name) => name !== 'AUTO_INCREMENT'));
	const shown = (name: string, value: string | undefined): string | null => (value === undefined ? null : hidden(value) || name);
	return [...names].flatMap((name): Part[] => {
		const [one, other] = [expected.get(name), found.get(name)];
		const title = name === 'ENGINE' ? 'engine' : `option ${name}`;
		return normalOption(name, one) === normalOption(name, other)
			? []
			: [{ part: title, expected: shown(name, one), found: shown(name, other) }];
	});
}

/** A connection to another server may hold a password. */
const hidden = (value: string): string => value.replace(/(:\/\/[^:/@]*:)[^@]*@/g, '$1***@').replace(/(password\s*=?\s*)\S+/gi, '$1***');

function partitionParts(one: TableDefinition, other: TableDefinition): readonly Part[] {
	const [a, b] = [one, other].map(({ partitions }) => (partitions === null ? null : spelled(partitions.map(normalWords))));
	if (a === b) return [];
	if (a == null || b == null) return [{ part: 'partitions', expected: a === null ? null : (a ?? null), found: b ?? null }];
	return [{ part: 'partitions', ...excerpts(a, b) }];
}

const WIDTH = 200;
/** Two texts, as far as they are worth reading side by side: from a little before the first sign that differs. */
function excerpts(one: string, other: string): { readonly expected: string; readonly found: string } {
	if (one.length <= WIDTH && other.length <= WIDTH) return { expected: one, found: other };
	let at = 0;
	while (at < one.length && one[at] === other[at]) at++;
	const from = Math.max(0, at - 40);
	const cut = (text: string) =>
		`${from > 0 ? '… ' : ''}${text.slice(from, from + WIDTH)}${text.length > from + WIDTH ? ' …' : ''}` || '(its end)';
	return { expected: cut(one), found: cut(other) };
}
