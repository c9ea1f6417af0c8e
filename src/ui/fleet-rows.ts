// The servers that are known here, a line each: how each is, in as many columns as fit. Pure.

import type { Proof } from '../core/backups.ts';
import type { Expectation } from '../core/expectations.ts';
import { bytes, clock, dayAndTime, type Symbols } from '../core/format.ts';
import type { ServerCard, ServerSeen, StatusReport } from '../core/status-report.ts';
import { indented, type Line, span, type Tone } from '../render/page.ts';
import { cut, pad, padLeft, widthOf } from '../render/width.ts';
import { folderLines, type LineSpace, reportLines } from './server-lines.ts';

/** A server and what is known of it; null before it is asked. */
export type FleetServer = {
	readonly card: ServerCard;
	readonly seen: ServerSeen | null;
	/** What an interrupted run has changed there is not rolled back. */
	readonly isLeftChanged?: boolean;
};

/** How a server is, by a sign, a colour and words. `order`: the worst comes first. */
export type Mark = { readonly sign: string; readonly tone: Tone; readonly words: string; readonly short: string; readonly order: number };

/** A server that has not answered for so long is called silent; a login over a slow line takes a moment. */
const CONNECTING_MS = 3_000;

const elapsed = (ms: number): string => (ms < 60_000 ? `${Math.max(0, Math.floor(ms / 1000))} s` : clock(ms));

/** Whether something of it is not as its profile expects. */
const unmet = (report: StatusReport | null, id?: Expectation['id']): boolean =>
	report?.expectations.some((each) => !each.isMet && (id === undefined || each.id === id)) ?? false;

function answeredMark(report: StatusReport, isLeftChanged: boolean, signs: Symbols): Mark {
	const mark = (sign: string, tone: Tone, words: string, order: number): Mark => ({ sign, tone, words, short: words, order });
	if (unmet(report)) return mark(signs.bad, 'bad', 'not as expected', 1);
	if (isLeftChanged) return mark(signs.warn, 'warn', 'interrupted run', 2);
	if (!report.healthy) return mark(signs.warn, 'warn', 'needs attention', 2);
	return report.expectations.length > 0 ? mark(signs.ok, 'good', 'as expected', 6) : mark(signs.busy, 'good', 'healthy', 5);
}

/** How it is as a whole. */
export function markOf({ seen, isLeftChanged = false }: Pick<FleetServer, 'seen' | 'isLeftChanged'>, now: Date, signs: Symbols): Mark {
	const waited = seen?.since == null ? 0 : now.getTime() - Date.parse(seen.since);
	const state = seen?.state ?? 'connecting';
	if (state === 'answers' && seen?.report != null) return answeredMark(seen.report, isLeftChanged, signs);
	if (state === 'locked') {
		const words = seen?.failure?.unverified === undefined ? 'locked' : 'not trusted yet';
		return { sign: signs.waiting, tone: 'warn', words, short: words, order: 3 };
	}
	if (state === 'failed') return { sign: signs.bad, tone: 'bad', words: 'cannot be asked', short: 'cannot be asked', order: 0 };
	if (state === 'silent' || waited >= CONNECTING_MS)
		return {
			sign: signs.bad,
			tone: 'bad',
			words: `does not answer for ${elapsed(waited)}`,
			short: `no answer ${elapsed(waited)}`,
			order: 0,
		};
	return { sign: signs.waiting, tone: 'dim', words: 'connecting', short: 'connecting', order: 4 };
}

export const roleOf = ({ replication, replicas }: StatusReport): 'replica' | 'primary' | 'server' => {
	if (replication !== null) return 'replica';
	return replicas.length > 0 ? 'primary' : 'server';
};

/** `12 min`, `8 h`, `3 d`. */
function shortAge(at: string, now: Date): string {
	const minutes = Math.max(0, Math.floor((now.getTime() - Date.parse(at)) / 60_000));
	if (minutes < 60) return `${minutes} min`;
	return minutes < 48 * 60 ? `${Math.floor(minutes / 60)} h` : `${Math.floor(minutes / 1440)} d`;
}

type Cell = readonly [text: string, tone: Tone];
type At = { readonly now: Date; readonly signs: Symbols };

const NONE: Cell = ['-', 'dim'];
const BADGES: { readonly [badge in NonNullable<ServerCard['badge']>]: Cell } = {
	prod: ['PROD', 'bad'],
	test: ['TEST', 'warn'],
	sandbox: ['SANDBOX', 'good'],
};

function proofCell(proof: Proof | undefined, { now, signs }: At): Cell {
	switch (proof?.state) {
		case undefined:
			return NONE;
		case 'none':
			return ['no', 'dim'];
		case 'ok':
			return [`${signs.ok} ${shortAge(proof.at, now)}`, 'good'];
		case 'failed':
			return [`${signs.bad} failed`, 'bad'];
		case 'stale':
			return [`${signs.warn} changed`, 'warn'];
	}
}

function lagCell(report: StatusReport | null): Cell {
	const replication = report?.replication ?? null;
	if (replication === null) return NONE;
	const tone = unmet(report, 'lag') ? 'bad' : 'plain';
	return replication.lagSeconds === null
		? ['unknown', unmet(report, 'lag') ? 'bad' : 'warn']
		: [elapsed(replication.lagSeconds * 1000), tone];
}

/** Of what was said last by one that is silent now, only what does not change by itself. */
const saidNow = ({ seen }: FleetServer): StatusReport | null => (seen?.state === 'answers' ? seen.report : null);

const lastOf = ({ seen }: FleetServer) => seen?.folder.lastBackup ?? null;

type ColumnId =
	| 'name'
	| 'badge'
	| 'state'
	| 'role'
	| 'source'
	| 'threads'
	| 'lag'
	| 'finished'
	| 'backup'
	| 'verified'
	| 'drilled'
	| 'disk';

/** `least`: columns that it takes before the servers have answered, so that nothing moves when they do. */
type ColumnShape = {
	readonly title: string;
	readonly least?: number;
	readonly isRight?: boolean;
	readonly cell: (server: FleetServer, at: At) => Cell;
};

/** In the order in which they stand. */
const COLUMNS: { readonly [id in ColumnId]: ColumnShape } = {
	name: { title: 'server', cell: ({ card }) => [card.name, 'plain'] },
	badge: { title: '', cell: ({ card }) => (card.badge === null ? ['', 'plain'] : BADGES[card.badge]) },
	state: {
		title: 'state',
		least: 15,
		cell: (server, { now, signs }) => {
			const { short, tone } = markOf(server, now, signs);
			return [short, tone];
		},
	},
	role: {
		title: 'role',
		least: 7,
		cell: ({ seen }) => (seen?.report == null ? NONE : [roleOf(seen.report), unmet(seen.report, 'replica-of') ? 'bad' : 'plain']),
	},
	source: {
		title: 'source',
		cell: ({ seen }) => {
			const source = seen?.report?.replication?.source;
			return source === undefined ? NONE : [source, unmet(seen?.report ?? null, 'replica-of') ? 'bad' : 'plain'];
		},
	},
	threads: {
		title: 'io/sql',
		least: 7,
		cell: (server) => {
			const replication = saidNow(server)?.replication ?? null;
			if (replication === null) return NONE;
			const { io, sql } = replication;
			return [`${io}/${sql}`, io === 'yes' && sql === 'yes' ? 'plain' : 'bad'];
		},
	},
	lag: { title: 'lag', isRight: true, cell: (server) => lagCell(saidNow(server)) },
	finished: {
		title: 'last backup',
		cell: (server) => {
			const last = lastOf(server);
			return last === null ? NONE : [dayAndTime(last.finished), 'plain'];
		},
	},
	backup: {
		title: 'backup',
		isRight: true,
		cell: (server, { now }) => {
			const last = lastOf(server);
			const tone = unmet(server.seen?.report ?? null, 'backup-age') ? 'bad' : 'plain';
			return last === null ? ['none', tone === 'bad' ? 'bad' : 'dim'] : [shortAge(last.finished, now), tone];
		},
	},
	verified: { title: 'verified', cell: (server, at) => proofCell(lastOf(server)?.verified, at) },
	drilled: { title: 'drilled', cell: (server, at) => proofCell(lastOf(server)?.drilled, at) },
	disk: {
		title: 'free',
		isRight: true,
		cell: ({ seen }) => (seen?.folder.disk == null ? NONE : [bytes(seen.folder.disk.freeBytes), 'plain']),
	},
};

const ORDER = Object.keys(COLUMNS) as readonly ColumnId[];
/** Always there; the words of the state only go where a name is too long beside them: its sign and colour stay. */
const ALWAYS: readonly ColumnId[] = ['name', 'lag', 'backup'];
/** What comes in where there is room, first what matters most. */
const ROOMY: readonly (readonly ColumnId[])[] = [
	['state'],
	['badge'],
	['role'],
	['threads'],
	['source'],
	['verified', 'drilled'],
	['disk'],
];
/** After the state is said in full. */
const LAST: readonly ColumnId[] = ['finished'];

const GAP = 2;
/** The cursor, the sign, and a blank behind each. */
const SIDE = 4;
const NAME_LEAST = 8;

/** By what the servers are ordered. */
export const SORTS = ['name', 'state', 'lag', 'backup'] as const;
export type Sort = (typeof SORTS)[number];

/** Servers by name as they come; else the worst, the furthest behind, the oldest backup first. */
export function sorted(servers: readonly FleetServer[], sort: Sort, at: At): readonly FleetServer[] {
	const keyOf = (server: FleetServer): number => {
		const replication = saidNow(server)?.replication ?? null;
		const last = lastOf(server);
		switch (sort) {
			case 'name':
				return 0;
			case 'state':
				return markOf(server, at.now, at.signs).order;
			case 'lag':
				return replication === null ? 1 : -(replication.lagSeconds ?? Number.MAX_VALUE);
			case 'backup':
				return last === null ? Number.NEGATIVE_INFINITY : Date.parse(last.finished);
		}
	};
	return servers.toSorted((a, b) => keyOf(a) - keyOf(b) || 0);
}

/** Those whose line holds the text, which is in lower case, in any column. */
export const matching = (servers: readonly FleetServer[], text: string, at: At): readonly FleetServer[] =>
	servers.filter((server) =>
		[server.card.address ?? server.card.server, ...ORDER.map((id) => COLUMNS[id].cell(server, at)[0])]
			.join(' ')
			.toLowerCase()
			.includes(text),
	);

type TableOptions = At & { readonly width: number; readonly sort: Sort; readonly chosen: ServerCard | null };

/** A table of the servers: its heading, and a line each. */
export function fleetTable(
	servers: readonly FleetServer[],
	options: TableOptions,
): { readonly heading: Line; readonly rows: readonly Line[] } {
	const { now, signs, width, sort, chosen } = options;
	const titleOf = (id: ColumnId): string => (id === sort ? `[${COLUMNS[id].title}]` : COLUMNS[id].title);
	const marks = servers.map((server) => markOf(server, now, signs));
	const cells = servers.map((server) => new Map(ORDER.map((id) => [id, COLUMNS[id].cell(server, { now, signs })])));
	const widest = (id: ColumnId) =>
		Math.max(COLUMNS[id].least ?? 0, widthOf(titleOf(id)), ...cells.map((row) => widthOf(row.get(id)?.[0] ?? '')));
	const total = (ids: readonly ColumnId[]) => SIDE + ids.reduce((sum, id) => sum + widest(id) + GAP, -GAP);
	const kept = new Set(ALWAYS);
	const take = (ids: readonly ColumnId[]) => {
		if (total([...kept, ...ids]) <= width) for (const id of ids) kept.add(id);
	};
	for (const ids of ROOMY) take(ids);
	const longer = Math.max(0, ...marks.map(({ words }) => widthOf(words))) - widest('state');
	if (kept.has('state') && total([...kept]) + Math.max(0, longer) <= width)
		for (const [index, { words, tone }] of marks.entries()) cells[index]?.set('state', [words, tone]);
	take(LAST);
	const columns = ORDER.filter((id) => kept.has(id) && (id === 'name' || widest(id) > 0));
	const spare = width - total(columns);
	const widthIn = (id: ColumnId) => (id === 'name' ? Math.max(NAME_LEAST, widest(id) + Math.min(0, spare)) : widest(id));
	const placed = (id: ColumnId, text: string): string => {
		const short = cut(text, widthIn(id), signs.more);
		return COLUMNS[id].isRight === true ? padLeft(short, widthIn(id)) : pad(short, widthIn(id));
	};
	const gap = span(' '.repeat(GAP));
	const joined = (parts: readonly Line[number][]): Line => parts.flatMap((part, index) => (index === 0 ? [part] : [gap, part]));
	return {
		heading: [span(' '.repeat(SIDE)), ...joined(columns.map((id) => span(placed(id, titleOf(id)), 'dim')))],
		rows: servers.map((server, index): Line => {
			const mark = marks[index] ?? markOf(server, now, signs);
			const isChosen = server.card.server === chosen?.server;
			const named = (id: ColumnId, tone: Tone): Tone => (isChosen && id === 'name' ? 'bold' : tone);
			return [
				span(isChosen ? `${signs.chosen} ` : '  ', 'key'),
				span(`${mark.sign} `, mark.tone),
				...joined(
					columns.map((id) => {
						const [text, tone] = cells[index]?.get(id) ?? NONE;
						return span(placed(id, text), named(id, tone));
					}),
				),
			];
		}),
	};
}

/** Why a server says nothing now. */
export function absenceWords({ state, failure }: ServerSeen, { words }: Mark): string {
	const reason = [failure?.description.message, failure?.description.reason].filter(Boolean).join(' ');
	return state === 'silent' ? `It ${words}: ${reason}` : reason;
}

/** What there is to say of one server below the table, what is wrong with it first. */
export function detailLines(server: FleetServer, space: LineSpace): Line[] {
	const { seen } = server;
	const { width, now, signs } = space;
	const mark = markOf(server, now, signs);
	if (seen?.state === 'answers' && seen.report !== null) {
		const { troubles } = seen.report;
		const left = server.isLeftChanged ? ['An interrupted run left it changed. Recover rolls that back.'] : [];
		const wrong = [...left, ...troubles].flatMap((trouble) => indented(`${signs.warn} `, trouble, width, 'warn'));
		return [...wrong, ...reportLines({ ...seen.report, troubles: [] }, space)];
	}
	if (seen === null || seen.failure === null) {
		const text = mark.words === 'connecting' ? `Checking ${server.card.name} ${signs.more}` : `${mark.sign} It ${mark.words}.`;
		return [...indented('', text, width, 'dim'), ...(seen === null ? [] : folderLines(seen.folder, space))];
	}
	const said = absenceWords(seen, mark);
	const isLocked = seen.state === 'locked' && seen.failure.unverified === undefined;
	return [
		...indented(`${mark.sign} `, said, width, mark.tone),
		...(isLocked ? indented('', 'Press u to log in.', width, 'key') : []),
		...folderLines(seen.folder, space),
	];
}

/** How all of them are, in a few words. */
export function fleetWords(servers: readonly FleetServer[], at: At): { readonly text: string; readonly tone: Tone } {
	const { signs } = at;
	const marks = servers.map((server) => markOf(server, at.now, signs));
	const count = (is: (mark: Mark) => boolean) => marks.filter(is).length;
	const of = `of ${servers.length}`;
	const bad = count(({ tone }) => tone === 'bad');
	const warn = count(({ sign }) => sign === signs.warn);
	const waiting = count(({ tone }) => tone === 'dim');
	const locked = servers.length - bad - warn - waiting - count(({ tone }) => tone === 'good');
	if (bad > 0) return { text: `${signs.bad} ${bad} ${of} not as expected`, tone: 'bad' };
	if (warn > 0) return { text: `${signs.warn} ${warn} ${of} ${warn === 1 ? 'needs' : 'need'} attention`, tone: 'warn' };
	if (locked > 0) return { text: `${signs.waiting} ${locked} ${of} locked`, tone: 'warn' };
	if (waiting > 0) return { text: `${signs.waiting} ${servers.length - waiting} ${of} checked`, tone: 'dim' };
	return marks.every(({ sign }) => sign === signs.ok)
		? { text: `${signs.ok} all ${servers.length} as expected`, tone: 'good' }
		: { text: `${signs.busy} all ${servers.length} healthy`, tone: 'good' };
}
