// One definition an option: help, parsing, the equivalent command, the form's field and the manual's table are made of it.
import { resolve } from 'node:path';
import { UserError } from '../core/errors.ts';
import { formatNames, parseNames } from '../core/names.ts';
import { suggestions } from '../core/suggest.ts';

/** What commander gives for an option; undefined where it was not given. */
export type Given = string | boolean | readonly string[] | undefined;

/** How an option stands in the wizard's form. Values of a form are texts; an empty one is an option that is not given. */
export interface FormSpec {
	readonly label: string;
	/** Said while the field has the focus. */
	readonly about: string;
	/** A heading above it. */
	readonly group?: string;
	readonly placeholder?: string;
	/** What stands in it at first. */
	readonly initial?: string;
	/** A choice in place of a text. A switch is `no` or `yes`. */
	readonly options?: readonly { readonly value: string; readonly label: string }[];
	/** Said where the text cannot be read; else what the parser says. */
	readonly expects?: string;
}

/** An option of a command. `Fields`: what it gives to the request. */
export interface OptionSpec<Fields extends object = object> {
	/** As help shows it: `--lock-wait <duration>`. */
	readonly flags: string;
	readonly about?: string;
	/** What it takes, where that is a few words only. */
	readonly choices?: readonly string[];
	/** It may be given several times. */
	readonly isRepeatable?: boolean;
	/** Without it there is no request. */
	readonly isRequired?: boolean;
	readonly form?: FormSpec;
	/** Throws UserError. `name`: how the person knows the option, its flag or its label. */
	read(given: Given, name: string): Fields;
	/** The words that give these fields again. */
	write(fields: Fields): readonly string[];
}

type Described = Pick<OptionSpec, 'about' | 'form'>;

/** `--lock-wait` of `--lock-wait <duration>`. */
export const longName = ({ flags }: Pick<OptionSpec, 'flags'>): string => /--[\w-]+/.exec(flags)?.[0] ?? flags;

/** The name that commander gives it: `lockWait`; of `--no-tls`, `tls`. */
export const attributeName = (spec: Pick<OptionSpec, 'flags'>): string =>
	longName(spec)
		.replace(/^--(no-)?/, '')
		.replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase());

/** How a value is read and written. */
export interface ValueKind<T> {
	readonly choices?: readonly string[];
	/** Throws UserError. */
	parse(text: string, name: string): T;
	format(value: T): string;
}

export const text: ValueKind<string> = { parse: (given) => given, format: (value) => value };

/** Absolute in the request: it is resumed and undone from other folders. */
export const path: ValueKind<string> = { parse: (given) => resolve(given), format: (value) => value };

export function choice<const T extends string>(known: readonly T[]): ValueKind<T> {
	return {
		choices: known,
		parse(given, name) {
			const found = known.find((each) => each === given);
			if (found === undefined) {
				const meant = suggestions(given, known).map((each) => `Did you mean ${each}?`);
				throw new UserError({
					message: `${name} ${given} is not known.`,
					hints: [...meant.slice(0, 1), `${name} takes: ${known.join(', ')}`],
				});
			}
			return found;
		},
		format: (value) => value,
	};
}

export const wholeNumber = (least: number, most: number): ValueKind<number> => ({
	parse(given, name) {
		const value = Number(given);
		if (/^\d+$/.test(given) && value >= least && value <= most) return value;
		throw new UserError({
			message: `${name} ${given} is not a number from ${least} to ${most}.`,
			hints: [`For example:  ${name} ${least + 1}`],
		});
	},
	format: String,
});

const UNITS: { readonly [unit: string]: number } = { h: 3600, m: 60 };

/** Seconds: `90s`, `5m`, `2h`, or a plain number. `least`: a shorter time counts as this. */
export const duration = (least = 0): ValueKind<number> => ({
	parse(given, name) {
		const match = /^(\d+)\s*([smh]?)$/.exec(given.trim());
		const value = Number(match?.[1]) * (UNITS[match?.[2] ?? ''] ?? 1);
		if (match !== null && Number.isSafeInteger(value)) return Math.max(least, value);
		throw new UserError({ message: `${name} ${given} is not a duration.`, hints: [`For example:  ${name} 90s   ${name} 5m   ${name} 2h`] });
	},
	format: (value) => `${value}s`,
});

/** An option that may be left out. */
export function optional<K extends string, T>(
	field: K,
	flags: string,
	kind: ValueKind<T>,
	more: Described = {},
): OptionSpec<{ readonly [P in K]?: T }> {
	type Fields = { readonly [P in K]?: T };
	return {
		flags,
		...(kind.choices === undefined ? {} : { choices: kind.choices }),
		...more,
		read: (given, name) => (given === undefined ? {} : ({ [field]: kind.parse(String(given), name) } as Fields)),
		write: ({ [field]: value }) => (value === undefined ? [] : [longName({ flags }), kind.format(value as T)]),
	};
}

/** One that has a value in every request; the equivalent command names it. */
export function withDefault<K extends string, T>(
	field: K,
	flags: string,
	{ kind, value: usual }: { readonly kind: ValueKind<T>; readonly value: NoInfer<T> },
	more: Described = {},
): OptionSpec<{ readonly [P in K]: T }> {
	type Fields = { readonly [P in K]: T };
	return {
		flags,
		...(kind.choices === undefined ? {} : { choices: kind.choices }),
		...more,
		read: (given, name) => ({ [field]: given === undefined ? usual : kind.parse(String(given), name) }) as Fields,
		write: ({ [field]: value }) => [longName({ flags }), kind.format(value)],
	};
}

/** One without which there is no request. */
export const required = <K extends string, T>(field: K, flags: string, kind: ValueKind<T>, more: Described = {}) =>
	({ ...optional(field, flags, kind, more), isRequired: true }) as OptionSpec<{ readonly [P in K]: T }>;

/** Off unless it is given. */
export function switchOn<K extends string>(field: K, flags: string, more: Described = {}): OptionSpec<{ readonly [P in K]: boolean }> {
	return {
		flags,
		...more,
		read: (given) => ({ [field]: given === true }) as { [P in K]: boolean },
		write: ({ [field]: value }) => (value ? [longName({ flags })] : []),
	};
}

/** On unless its `--no-…` is given. */
export function switchOff<K extends string>(field: K, flags: string, more: Described = {}): OptionSpec<{ readonly [P in K]: boolean }> {
	return {
		flags,
		...more,
		read: (given) => ({ [field]: given !== false }) as { [P in K]: boolean },
		write: ({ [field]: value }) => (value ? [] : [longName({ flags })]),
	};
}

/** Names, separated by commas or given again. `isTable`: each as `database.table`. */
export function names<K extends string>(
	field: K,
	flags: string,
	{ isTable, ...more }: Described & { readonly isTable: boolean },
): OptionSpec<{ readonly [P in K]?: readonly string[] }> {
	type Fields = { readonly [P in K]?: readonly string[] };
	return {
		flags,
		isRepeatable: true,
		...more,
		read(given, name) {
			if (given === undefined) return {};
			const found = [given].flat().flatMap((each) => parseNames(String(each), name));
			if (found.length === 0)
				throw new UserError({ message: `${name} names nothing.`, hints: [`Leave ${name} out, or name what is meant.`] });
			const odd = isTable ? found.find((each) => !/^.+\..+$/s.test(each)) : undefined;
			if (odd !== undefined)
				throw new UserError({ message: `${name} ${odd} is not DATABASE.TABLE.`, hints: [`For example:  ${name} shop.orders`] });
			return { [field]: found } as unknown as Fields;
		},
		write: ({ [field]: value }) => (value === undefined ? [] : [longName({ flags }), formatNames(value as readonly string[])]),
	};
}

type Fields<Spec> = Spec extends OptionSpec<infer F> ? F : never;
type Intersection<Union> = (Union extends unknown ? (each: Union) => void : never) extends (all: infer All) => void ? All : never;
type Flat<T> = { [P in keyof T]: T[P] };

/** All that these options give to a request. */
export type FieldsOf<Specs extends readonly OptionSpec[]> = Flat<Intersection<Fields<Specs[number]>>>;
