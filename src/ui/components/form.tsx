import { Box } from 'ink';
import { type ReactNode, useState } from 'react';
import { wrap } from '../../render/page.ts';
import { cut, widthOf } from '../../render/width.ts';
import { type ServerCombo, useServerCombo } from '../hooks/use-server-combo.ts';
import { type KeyName, useKeys } from '../keys.ts';
import { useTheme } from '../theme.ts';
import { comboLines } from './combo-list.tsx';
import { Field } from './field.tsx';
import { Text } from './text.tsx';

export type FormField = {
	readonly id: string;
	readonly label: string;
	/** `server`: a profile's name or an address; what is known is offered below. */
	readonly kind: 'text' | 'password' | 'choice' | 'server';
	/** Said while the field has the focus. */
	readonly about: string;
	readonly placeholder?: string;
	readonly options?: readonly { readonly value: string; readonly label: string }[];
	/** A heading above it. */
	readonly group?: string;
	/** Said in a line below it. */
	readonly note?: { readonly tone: 'good' | 'dim' | 'warn' | 'bad'; readonly text: string } | undefined;
};

export type Values = { readonly [field: string]: string };

type FormProps = {
	readonly fields: readonly FormField[];
	readonly values: Values;
	readonly onChange: (values: Values) => void;
	readonly submit: string;
	/** The values as they are at that moment: of a server the row that was chosen. */
	readonly onSubmit: (values: Values) => void;
	readonly onBack: () => void;
	readonly onHelp: () => void;
	/** The focus left this field. */
	readonly onLeave?: (field: string, values: Values) => void;
	readonly errors?: Values;
	readonly width: number;
	readonly height: number;
	/** Begins on the button, for a form whose answers are all there. */
	readonly ready?: boolean;
};

const LABEL = 19;
/** Where a note begins. */
const NOTE = 4;
/** Rows of a list below a field. */
const MOST_ROWS = 6;

type Options = NonNullable<FormField['options']>;

/** The option `by` places on from the chosen one; where none is chosen, the first or the last. */
function turned(options: Options, chosen: string | undefined, by: 1 | -1) {
	const now = options.findIndex((option) => option.value === chosen);
	if (now >= 0) return options[(now + by + options.length) % options.length];
	return by > 0 ? options[0] : options.at(-1);
}

/** The next option that begins with the letter. */
function lettered(options: Options, chosen: string | undefined, letter: string) {
	const now = options.findIndex((option) => option.value === chosen);
	const after = [...options.slice(now + 1), ...options.slice(0, now + 1)];
	return after.find(({ label }) => label.toLowerCase().startsWith(letter.toLowerCase()));
}

type Row = { readonly at: number | null; readonly node: ReactNode };

type Line = {
	readonly field: FormField;
	readonly index: number;
	readonly focused: boolean;
	readonly value: string;
	readonly error: string | undefined;
	readonly width: number;
	readonly onChange: (value: string) => void;
};

/** The options of a choice in so many rows as they need. */
function optionRows(options: Options, width: number): readonly Options[] {
	const rows: Options[number][][] = [[]];
	let room = width;
	for (const option of options) {
		const needed = widthOf(option.label) + 5;
		if (needed > room + 3 && rows.at(-1)?.length !== 0) {
			rows.push([]);
			room = width;
		}
		rows.at(-1)?.push(option);
		room -= needed;
	}
	return rows;
}

function Labelled({
	field,
	focused,
	isFirst = true,
	children,
}: Pick<Line, 'field' | 'focused'> & { isFirst?: boolean; children: ReactNode }) {
	const { signs, styles } = useTheme();
	return (
		<Box height={1} flexShrink={0}>
			<Text {...styles('key')}>{focused && isFirst ? `${signs.chosen} ` : '  '}</Text>
			<Box width={LABEL} flexShrink={0}>
				<Text {...(focused ? styles('bold') : {})} wrap="truncate">
					{isFirst ? field.label : ''}
				</Text>
			</Box>
			<Box flexGrow={1} flexShrink={1} overflow="hidden">
				{children}
			</Box>
		</Box>
	);
}

function Choices({ options, value, focused }: { readonly options: Options; readonly value: string; readonly focused: boolean }) {
	const { signs, styles } = useTheme();
	return (
		<Text wrap="truncate">
			{options.map((option, place) => (
				<Text key={option.value}>
					{place > 0 && '   '}
					{option.value === value ? (
						<Text {...styles(focused ? 'key' : 'bold')}>{`${signs.busy} ${option.label}`}</Text>
					) : (
						<Text {...styles('dim')}>{`${signs.waiting} ${option.label}`}</Text>
					)}
				</Text>
			))}
		</Text>
	);
}

/** In as many rows as it needs, but no more than two. */
function noteRows(id: string, { tone, text }: NonNullable<FormField['note']>, width: number): readonly Row[] {
	const [first = '', ...more] = wrap(text, width - NOTE - 3);
	const lines = more.length === 0 ? [first] : [first, cut(more.join(' '), width - NOTE - 3, '…')];
	return lines.map((line, index) => ({ at: null, node: <Note key={`${id} ${line}`} tone={tone} text={line} isFirst={index === 0} /> }));
}

function Note({ tone, text, isFirst }: NonNullable<FormField['note']> & { readonly isFirst: boolean }) {
	const { signs, styles } = useTheme();
	const sign = { good: signs.ok, dim: ' ', warn: signs.warn, bad: signs.bad }[tone];
	return (
		<Box height={1} flexShrink={0} paddingLeft={NOTE}>
			<Text {...styles(tone)} wrap="truncate">{`${isFirst ? sign : ' '} ${text}`}</Text>
		</Box>
	);
}

/** A field, and what stands below it. */
function rowsOf({ field, index, focused, value, error, width, onChange }: Line, combo: ServerCombo | null, most: number): readonly Row[] {
	const rows: Row[] = [];
	if (field.kind === 'choice') {
		optionRows(field.options ?? [], width - LABEL - 2).forEach((options, row) => {
			const isFirst = row === 0;
			rows.push({
				at: isFirst ? index : null,
				node: (
					<Labelled key={`${field.id} ${options[0]?.value}`} field={field} focused={focused} isFirst={isFirst}>
						<Choices options={options} value={value} focused={focused} />
					</Labelled>
				),
			});
		});
	} else
		rows.push({
			at: index,
			node: (
				<Labelled key={field.id} field={field} focused={focused}>
					<Field
						value={value}
						onChange={onChange}
						focused={focused}
						masked={field.kind === 'password'}
						width={Math.max(10, width - LABEL - 4)}
						{...(field.placeholder === undefined ? {} : { placeholder: field.placeholder })}
					/>
				</Labelled>
			),
		});
	const below = focused && combo !== null ? comboLines(combo, most, LABEL) : [];
	const note = error === undefined ? field.note : { tone: 'bad' as const, text: error };
	return [...rows, ...(note === undefined ? [] : noteRows(field.id, note, width)), ...below.map((node) => ({ at: null, node }))];
}

function headingRows(field: FormField, index: number, bold: object): readonly Row[] {
	if (field.group === undefined) return [];
	const heading = (
		<Text key={`${field.id}-group`} {...bold} wrap="truncate">
			{field.group}
		</Text>
	);
	return [...(index > 0 ? [{ at: null, node: <Text key={`${field.id}-gap`}> </Text> }] : []), { at: null, node: heading }];
}

/** Fields below one another; Tab and the arrows move, Enter goes on, Space, ←→ or a first letter turns a choice, Ctrl+S sends. */
export function Form(props: FormProps) {
	const { fields, values, onChange, submit, onSubmit, onBack, onHelp, onLeave, errors = {}, width, height, ready = false } = props;
	const { signs, styles } = useTheme();
	const [at, setAt] = useState(ready ? fields.length : 0);
	const field = fields[at];
	const combo = useServerCombo(field?.kind === 'server' ? (values[field.id] ?? '') : '', { field: field?.id ?? '', preselect: false });
	const isServer = field?.kind === 'server';
	const set = (value: string) => field !== undefined && onChange({ ...values, [field.id]: value });
	/** The values with what the field in focus comes to. */
	const settled = (): Values => {
		if (!isServer || combo.taken === values[field.id]) return values;
		const next = { ...values, [field.id]: combo.taken };
		onChange(next);
		return next;
	};
	const leaveTo = (next: number, isForward: boolean) => {
		const to = Math.max(0, Math.min(fields.length, next));
		if (to === at) return;
		const latest = isForward ? settled() : values;
		if (field !== undefined) onLeave?.(field.id, latest);
		setAt(to);
	};
	const turn = (by: 1 | -1) => {
		if (field?.kind !== 'choice') return;
		const next = turned(field.options ?? [], values[field.id], by);
		if (next !== undefined) set(next.value);
	};
	const isText = field !== undefined && field.kind !== 'choice';
	const first = () => leaveTo(0, false);
	const last = () => leaveTo(fields.length, true);
	const down = () => {
		if (!isServer || !combo.move(1)) leaveTo(at + 1, true);
	};
	const up = () => {
		if (!isServer || !combo.move(-1)) leaveTo(at - 1, false);
	};
	const always: { readonly [key: KeyName]: () => void } = {
		...{ esc: onBack, f1: onHelp, 'ctrl+s': () => onSubmit(settled()), down, wheeldown: down, up, wheelup: up },
		...{ tab: () => leaveTo(at + 1, true), 'shift+tab': () => (at === 0 ? onBack() : leaveTo(at - 1, false)) },
		...{ pageup: first, pagedown: last, enter: () => (field === undefined ? onSubmit(values) : leaveTo(at + 1, true)) },
	};
	// In a text they are characters like any other.
	const besideText: typeof always = {
		...{ '?': onHelp, home: first, g: first, end: last, G: last },
		...{ ' ': () => turn(1), right: () => turn(1), left: () => turn(-1) },
	};
	useKeys((key) => {
		// A letter of an option goes before its use elsewhere.
		const option = field?.kind === 'choice' && /^\p{L}$/u.test(key) ? lettered(field.options ?? [], values[field.id], key) : undefined;
		if (option !== undefined) set(option.value);
		else (always[key] ?? (isText ? undefined : besideText[key]))?.();
	});

	// The about line and the button stay; the fields scroll around the one in focus.
	const room = Math.max(3, height - 5);
	const most = Math.max(2, Math.min(MOST_ROWS, room - 2));
	const rows = fields.flatMap((each, index) => [
		...headingRows(each, index, styles('bold')),
		...rowsOf(
			{
				...{ field: each, index, focused: index === at, value: values[each.id] ?? '', error: errors[each.id], width },
				onChange: (value) => onChange({ ...values, [each.id]: value }),
			},
			each.kind === 'server' && index === at ? combo : null,
			most,
		),
	]);
	const focusRow = at === fields.length ? rows.length - 1 : rows.findIndex((row) => row.at === at);
	const below = rows.findIndex((row, index) => index > focusRow && row.at !== null);
	const end = below < 0 ? rows.length - 1 : below - 1;
	const middle = focusRow - Math.floor(room / 2);
	const top = Math.max(0, Math.min(Math.max(middle, Math.min(focusRow, end - room + 1)), rows.length - room));
	const wrongs = Object.keys(errors).length;
	const about = field?.about ?? (wrongs === 0 ? '' : `${signs.bad} ${Object.values(errors)[0]}`);
	return (
		<Box flexDirection="column" height={height}>
			<Box flexDirection="column" flexShrink={0}>
				{rows.slice(top, top + room).map((row) => row.node)}
			</Box>
			<Text> </Text>
			<Text wrap="truncate">
				<Text {...styles('key')}>{at === fields.length ? `${signs.chosen} ` : '  '}</Text>
				<Text {...styles(at === fields.length ? 'bold' : 'plain')} inverse={at === fields.length}>{` ${submit} `}</Text>
				<Text {...styles('dim')}>{at === fields.length ? '' : '  ctrl+s'}</Text>
			</Text>
			<Text> </Text>
			<Box height={2} flexShrink={1} paddingLeft={2}>
				<Text {...styles(field === undefined && wrongs > 0 ? 'bad' : 'dim')}>{about}</Text>
			</Box>
		</Box>
	);
}
