import { Box } from 'ink';
import { useState } from 'react';
import type { Line } from '../../render/page.ts';
import { span } from '../../render/page.ts';
import { useApp } from '../app-context.ts';
import { bodyRows, Frame } from '../components/frame.tsx';
import { Lines } from '../components/lines.tsx';
import { compactRows, Menu } from '../components/menu.tsx';
import { Text } from '../components/text.tsx';
import { detailLines, type FleetServer, fleetTable, fleetWords, matching, SORTS, type Sort, sorted } from '../fleet-rows.ts';
import type { Goal, itemsFor } from '../home-rows.ts';
import { useFilter } from '../hooks/use-filter.tsx';
import { moved, moveOf, useKeys } from '../keys.ts';
import { useTheme } from '../theme.ts';

/** What is kept from one start to the next, and while one looks elsewhere. */
const MEMORY = 'fleet';
/** Rows of the table that the rest leaves it: its heading, and servers. */
const TABLE_LEAST = 4;
const DETAILS_MOST = 7;
const DETAILS_LEAST = 2;

type FleetProps = {
	/** Runs that are not over, and warnings. */
	readonly top: readonly Line[];
	readonly items: ReturnType<typeof itemsFor>;
	readonly onSelect: (goal: Goal) => void;
	readonly servers: readonly FleetServer[];
	/** What there is to resume comes first. */
	readonly hasRuns: boolean;
};

const sortOf = (text: string | undefined): Sort => SORTS.find((each) => each === text) ?? 'name';

type Room = { readonly height: number; readonly width: number; readonly top: number; readonly rows: number };

/** Who gets how many rows: the table before the words of the menu, those before the details. Pure. */
function roomFor(items: FleetProps['items'], { height, width, top, rows }: Room) {
	const question = 1;
	const wanted = rows + 1;
	const isCompact = top + wanted + question + items.length > height;
	const menu = isCompact ? compactRows(items, width).length : items.length;
	const notices = Math.max(0, Math.min(top, height - Math.min(wanted, TABLE_LEAST) - question - menu));
	const most = height - notices - question - menu;
	// A table that scrolls anyway leaves what is wrong with the server at the cursor in sight.
	const reserve = wanted > most && most > 2 * TABLE_LEAST ? DETAILS_LEAST : 0;
	const table = Math.min(wanted, most - reserve);
	const spare = height - notices - table - question - menu;
	// What is wrong with a server goes before blank rows: one above the question, one above the details, one below the question.
	const gap = spare > DETAILS_LEAST ? 1 : 0;
	const above = spare > DETAILS_LEAST + 1 ? 1 : 0;
	const details = Math.min(DETAILS_MOST, spare - gap - above);
	return { isCompact, notices, table, gap, above, details, below: spare - gap - above - details > 0 ? 1 : 0 };
}

/** The servers, a line each, above what can be done. The cursor goes from one to the other. */
export function Fleet({ top, items, onSelect, servers: all, hasRuns }: FleetProps) {
	const app = useApp();
	const { signs, styles } = useTheme();
	const [sort, setSort] = useState<Sort>(() => sortOf(app.backend.answers(MEMORY)?.sort));
	const [focus, setFocus] = useState(app.drafts.get(MEMORY)?.server);
	const [zone, setZone] = useState<'servers' | 'menu' | null>(null);
	const isInMenu = (zone ?? (hasRuns ? 'menu' : 'servers')) === 'menu';
	const width = app.size.columns - 2;
	const filter = useFilter(true, width);
	const at = { now: app.now(), signs };
	const servers = sorted(matching(all, filter.text, at), sort, at);
	const index = Math.max(
		0,
		servers.findIndex(({ card }) => card.server === focus),
	);
	const chosen = servers[index];
	const isLocked = chosen?.seen?.state === 'locked';

	const height = bodyRows(app.size.rows) - filter.height;
	const room = roomFor(items, { height, width, top: top.length, rows: Math.max(1, servers.length) });
	const inTable = Math.max(1, room.table - 1);
	const scrolls = servers.length > inTable;
	const shown = scrolls ? Math.max(1, inTable - 1) : inTable;
	const from = Math.max(0, Math.min(index - Math.floor(shown / 2), servers.length - shown));

	const move = (to: number) => {
		const server = servers[to]?.card.server;
		if (server === undefined) return;
		setFocus(server);
		// So that coming back from one finds it again.
		app.drafts.set(MEMORY, { server });
	};
	const sortNext = () => {
		const next = SORTS[(SORTS.indexOf(sort) + 1) % SORTS.length] ?? 'name';
		setSort(next);
		app.backend.keepAnswers(MEMORY, { sort: next });
	};
	useKeys((key) => {
		if (key === 'tab' || key === 'shift+tab') setZone(isInMenu ? 'servers' : 'menu');
		else if (key === '/') setZone('servers');
		else if (key === 'o') sortNext();
		else if (key === 'b' && chosen !== undefined) app.go({ at: 'backup', card: chosen.card });
		else if (key === 'u' && chosen !== undefined && isLocked) app.go({ at: 'status', card: chosen.card });
	});
	useKeys((key) => {
		const to = moveOf(key);
		if (to === 'down' && index >= servers.length - 1 && !key.startsWith('wheel')) setZone('menu');
		else if (to !== null) {
			setZone('servers');
			move(moved(index, to, servers.length, Math.max(1, shown - 1)));
		} else if (key === 'enter' && chosen !== undefined) {
			move(index);
			app.go({ at: 'server', card: chosen.card });
		}
	}, !isInMenu);

	const table = fleetTable(servers, { ...at, width, sort, chosen: isInMenu ? null : (chosen?.card ?? null) });
	const details = chosen === undefined ? [] : detailLines(chosen, { ...at, width }).slice(0, room.details);
	return (
		<Frame
			title={`${all.length} servers`}
			right={fleetWords(all, at)}
			hints={[
				[signs.arrows, 'move'],
				['enter', 'open'],
				...(isLocked ? ([['u', 'log in']] as const) : []),
				['/', 'filter'],
				['o', 'sort'],
				['b', 'back up'],
				['tab', isInMenu ? 'servers' : 'menu'],
				['q', 'quit'],
				['?', 'help'],
			]}
		>
			<Lines lines={top.slice(0, room.notices)} />
			{filter.row}
			<Lines lines={[table.heading, ...table.rows.slice(from, from + shown)]} />
			{servers.length === 0 && <Text {...styles('dim')}>{'  nothing matches'}</Text>}
			{scrolls && (
				<Lines
					lines={[[span(`    ${from + 1}-${Math.min(servers.length, from + shown)} of ${servers.length}  ${signs.arrows} scroll`, 'dim')]]}
				/>
			)}
			{details.length > 0 && (
				<Box marginTop={room.above} flexShrink={0}>
					<Lines lines={details} />
				</Box>
			)}
			<Box marginTop={room.gap} marginBottom={room.below} flexShrink={0}>
				<Text bold>What do you want to do?</Text>
			</Box>
			<Menu
				items={items}
				onSelect={onSelect}
				active={isInMenu && !filter.isTyping}
				onTop={() => {
					setZone('servers');
					move(servers.length - 1);
				}}
				compact={room.isCompact ? width : undefined}
			/>
		</Frame>
	);
}
