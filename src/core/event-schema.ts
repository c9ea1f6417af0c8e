import * as z from 'zod/mini';
import type { ErrorMessage } from './errors.ts';
import type { RunEvent } from './events.ts';
import { list, matches, object, texts } from './schema.ts';

type Schemas<S> = {
	[T in keyof S]: Extract<RunEvent, { type: T }> extends z.output<S[T]> ? S[T] : never;
};

const step = z.string();

/** What those who read an event rely on. An event may hold more, and an older one may hold less. */
const SCHEMAS = {
	engine: z.object({ pid: z.number(), host: z.string() }),
	'run-started': z.object({
		key: z.string(),
		title: z.string(),
		servers: object,
		steps: list,
		carried: z.object({ touched: list, outputs: object }),
	}),
	looking: z.object({ step }),
	review: z.object({ review: z.object({ steps: list }) }),
	reviewed: object,
	'step-started': z.object({ step }),
	facts: z.object({ step }),
	'action-started': z.object({ step, action: z.object({ id: z.string() }), undoing: z.boolean() }),
	'action-done': z.object({ step, action: z.string() }),
	'action-failed': z.object({ step, action: z.string() }),
	progress: z.object({ step }),
	waiting: z.object({ wait: z.nullable(object) }),
	lock: z.object({ step }),
	note: z.object({ text: z.string() }),
	checks: z.object({ step, checks: list }),
	'step-done': z.object({ step }),
	'step-failed': z.object({ step, failure: object }),
	recovery: object,
	'undo-started': z.object({ steps: list }),
	'undo-done': object,
	// Above all `open`: without it an interrupted run would count as over.
	'run-ended': z.object({ outcome: z.string(), open: z.boolean(), warnings: list }),
} as const;

/** By an event's type. An event that its own schema would refuse is an error of the compiler here. */
export const EVENT_SCHEMAS: Schemas<typeof SCHEMAS> & { readonly [T in RunEvent['type']]: z.ZodMiniType } = SCHEMAS;

/** Whether a value is an event of a run, recorded or not. */
export const isRunEvent = (value: unknown): value is RunEvent => {
	if (typeof value !== 'object' || value === null) return false;
	const { type } = value as { readonly type?: unknown };
	return typeof type === 'string' && Object.hasOwn(EVENT_SCHEMAS, type) && matches(EVENT_SCHEMAS[type as RunEvent['type']], value);
};

const description: z.ZodMiniType<ErrorMessage> = z.object({
	message: z.string(),
	reason: z.exactOptional(z.string()),
	hints: z.exactOptional(texts),
	details: z.exactOptional(z.string()),
});

/** A failure, where it is made an error again. */
export const FAILURE = z.object({
	class: z.string(),
	step: z.nullable(z.string()),
	description,
	checks: list,
	left: texts,
});
