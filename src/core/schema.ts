// What is read from a disk or a socket is whatever somebody put there: it is checked by a schema before anything rests on it.
import * as z from 'zod/mini';

/** Whether a value is as the schema says. The value itself is left alone: fields that the schema does not name stay. */
export const matches = <T>(schema: z.ZodMiniType<T>, value: unknown): value is T => schema.safeParse(value).success;

/** Tells by a schema, which need not name every field, whether a value is a `T`. A schema that would refuse a `T` is an error of the compiler. */
export const checkOf =
	<T>() =>
	<S extends z.ZodMiniType>(schema: T extends z.output<S> ? S : never) =>
	(value: unknown): value is T =>
		matches(schema, value);

/** The value of a JSON text; null where it is no JSON, or not as the schema says. */
export function parseJson<T>(schema: z.ZodMiniType<T>, text: string): T | null {
	try {
		const value: unknown = JSON.parse(text);
		return matches(schema, value) ? value : null;
	} catch {
		return null;
	}
}

export interface Problem {
	/** `files.*.path`: `*` stands for any element of a list. Empty: the whole. */
	readonly path: string;
	/** What it must be. No value is quoted. */
	readonly rule: string;
}

/** Everything in which a value is not as the schema says, each path once. */
export const problemsIn = (schema: z.ZodMiniType, value: unknown): readonly Problem[] => [
	...new Map(locatedProblems(schema, value).map(({ path, rule }) => [path, { path, rule }])).values(),
];

/** The same with the elements of lists by their numbers, in the order of the schema. */
export function locatedProblems(schema: z.ZodMiniType, value: unknown): readonly (Problem & { readonly keys: readonly PropertyKey[] })[] {
	const read = schema.safeParse(value);
	if (read.success) return [];
	return read.error.issues.map((issue) => ({ path: pathOf(issue.path), rule: ruleOf(issue), keys: issue.path }));
}

const pathOf = (path: readonly PropertyKey[]): string => path.map((key) => (typeof key === 'number' ? '*' : String(key))).join('.');

function ruleOf(issue: z.core.$ZodIssue): string {
	switch (issue.code) {
		case 'invalid_type':
			return `must be ${/^[aeio]/.test(issue.expected) ? 'an' : 'a'} ${issue.expected}`;
		case 'invalid_value':
			return `must be ${issue.values.map(String).join(' or ')}`;
		case 'invalid_format':
			return 'has characters that are not allowed';
		case 'too_small':
			return issue.origin === 'string' ? 'must not be empty' : `must be at least ${issue.minimum}`;
		case 'too_big':
			return `must be at most ${issue.maximum}`;
		default:
			return 'is not valid';
	}
}

/** A list of anything. */
export const list = z.custom<readonly unknown[]>(Array.isArray);
export const texts = z.readonly(z.array(z.string()));
/** An object of anything. */
export const object = z.custom<object>((value) => typeof value === 'object' && value !== null && !Array.isArray(value));
/** Of bytes, rows, milliseconds. */
export const size = z.int().check(z.gte(0));
/** RFC 3339, as far as it can be told. */
export const time = z.string().check(z.refine((value) => !Number.isNaN(Date.parse(value))));
/** Of a process: to signal 0 or a negative one would reach others, too. */
export const processId = z.int().check(z.gte(2));
