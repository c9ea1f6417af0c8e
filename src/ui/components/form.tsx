import { Box } from 'ink';
import { useState } from 'react';
import { useKeys } from '../keys.ts';
import { useTheme } from '../theme.ts';
import { Field } from './field.tsx';
import { Text } from './text.tsx';

export type FormField = {
	readonly id: string;
	readonly label: string;
	readonly kind: 'text' | 'password' | 'choice';
	/** Said while the field has the focus. */
	readonly about: string;
	readonly placeholder?: string;
	readonly options?: readonly { readonly value: string; readonly label: string }[];
	/** A heading above it. */
	readonly group?: string;
};

export type Values = { readonly [field: string]: string };

type FormProps = {
	readonly fields: readonly FormField[];
	readonly values: Values;
	readonly onChange: (values: Values) => void;
	readonly submit: string;
	readonly onSubmit: () => void;
	readonly onBack: () => void;
	readonly onHelp: () => void;
	readonly errors?: Values;
	readonly width: number;
	readonly height: number;
	/** Begins on the button, for a form whose answers are all there. */
	readonly ready?: boolean;
};

const LABEL = 18;

/** The option `by` places on from the chosen one; where none is chosen, the first or the last. */
function turned(options: NonNullable<FormField['options']>, chosen: string | undefined, by: 1 | -1) {
	const now = options.findIndex((option) => option.value === chosen);
	if (now >= 0) return options[(now + by + options.length) % options.length];
	return by > 0 ? options[0] : options.at(-1);
}

/** Fields below one another; Tab and the arrows move, Enter goes on, Space or ←→ turns a choice. */
export function Form({ fields, values, onChange, submit, onSubmit, onBack, onHelp, errors = {}, width, height, ready = false }: FormProps) {
	const { signs, styles } = useTheme();
	const [at, setAt] = useState(ready ? fields.length : 0);
	const field = fields[at];
	const turn = (by: 1 | -1) => {
		if (field?.kind !== 'choice') return;
		const next = turned(field.options ?? [], values[field.id], by);
		if (next !== undefined) onChange({ ...values, [field.id]: next.value });
	};
	useKeys((key) => {
		switch (key) {
			case 'esc':
				return onBack();
			case 'f1':
				return onHelp();
			case '?':
				// In a text it is a character like any other.
				if (field === undefined || field.kind === 'choice') onHelp();
				return;
			case 'tab':
			case 'down':
				return setAt(Math.min(fields.length, at + 1));
			case 'shift+tab':
				return at === 0 ? onBack() : setAt(at - 1);
			case 'up':
				return setAt(Math.max(0, at - 1));
			case 'enter':
				return field === undefined ? onSubmit() : setAt(at + 1);
			case ' ':
			case 'right':
				return turn(1);
			case 'left':
				return turn(-1);
		}
	});

	const rows: { readonly height: number; readonly at: number | null; readonly node: React.ReactNode }[] = [];
	fields.forEach((each, index) => {
		if (each.group !== undefined) {
			if (index > 0) rows.push({ height: 1, at: null, node: <Text key={`${each.id}-gap`}> </Text> });
			rows.push({
				height: 1,
				at: null,
				node: (
					<Text key={`${each.id}-group`} {...styles('bold')}>
						{each.group}
					</Text>
				),
			});
		}
		const focused = index === at;
		const error = errors[each.id];
		rows.push({
			height: 1,
			at: index,
			node: (
				<Box key={each.id} height={1} flexShrink={0}>
					<Text {...styles('key')}>{focused ? `${signs.chosen} ` : '  '}</Text>
					<Box width={LABEL} flexShrink={0}>
						<Text {...(focused ? styles('bold') : {})} wrap="truncate">
							{each.label}
						</Text>
					</Box>
					<Box flexGrow={1} flexShrink={1} overflow="hidden">
						{each.kind === 'choice' ? (
							<Text wrap="truncate">
								{each.options?.map((option, place) => (
									<Text key={option.value}>
										{place > 0 && '   '}
										{option.value === values[each.id] ? (
											<Text {...styles(focused ? 'key' : 'bold')}>{`${signs.busy} ${option.label}`}</Text>
										) : (
											<Text {...styles('dim')}>{`${signs.waiting} ${option.label}`}</Text>
										)}
									</Text>
								))}
							</Text>
						) : (
							<Field
								value={values[each.id] ?? ''}
								onChange={(value) => onChange({ ...values, [each.id]: value })}
								focused={focused}
								masked={each.kind === 'password'}
								width={Math.max(10, width - LABEL - 4)}
								{...(each.placeholder === undefined ? {} : { placeholder: each.placeholder })}
							/>
						)}
						{error !== undefined && !focused && <Text {...styles('bad')}>{`  ${signs.bad} ${error}`}</Text>}
					</Box>
				</Box>
			),
		});
	});
	// The about line and the button stay; the fields scroll around the one in focus.
	const room = Math.max(3, height - 5);
	const focusRow = at === fields.length ? rows.length - 1 : rows.findIndex((row) => row.at === at);
	const top = Math.max(0, Math.min(focusRow - Math.floor(room / 2), rows.length - room));
	const about = field === undefined ? (Object.values(errors)[0] ?? '') : (errors[field.id] ?? field.about);
	const bad = field === undefined ? Object.keys(errors).length > 0 : errors[field.id] !== undefined;
	return (
		<Box flexDirection="column" height={height}>
			<Box flexDirection="column" flexShrink={0}>
				{rows.slice(top, top + room).map((row) => row.node)}
			</Box>
			<Text> </Text>
			<Text wrap="truncate">
				<Text {...styles('key')}>{at === fields.length ? `${signs.chosen} ` : '  '}</Text>
				<Text {...styles(at === fields.length ? 'bold' : 'plain')} inverse={at === fields.length}>{` ${submit} `}</Text>
			</Text>
			<Text> </Text>
			<Box height={2} flexShrink={1} paddingLeft={2}>
				<Text {...styles(bad ? 'bad' : 'dim')}>{bad ? `${signs.bad} ${about}` : about}</Text>
			</Box>
		</Box>
	);
}
