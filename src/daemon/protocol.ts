import * as z from 'zod/mini';
import type { Recovery, Review, Reviewed } from '../core/director.ts';
import { FAILURE, isRunEvent } from '../core/event-schema.ts';
import type { Recorded } from '../core/events.ts';
import { jsonLine } from '../core/json.ts';
import type { Failure } from '../core/model.ts';
import type { RunEnd } from '../core/runner.ts';
import { matches, object, size, texts } from '../core/schema.ts';
import { isWireError, type WireError } from '../workers/serialize.ts';

const isObject = (value: unknown): value is { readonly [field: string]: unknown } => matches(object, value);
const review = z.custom<Review>((value) => isObject(value) && Array.isArray(value.steps) && Array.isArray(value.checks));
const failure = z.custom<Failure>((value) => matches(FAILURE, value));
const event = z.custom<Recorded>((value) => isRunEvent(value) && typeof (value as { readonly run?: unknown }).run === 'string');
const end = z.custom<RunEnd>((value) => isRunEvent(value) && value.type === 'run-ended');
const names = z.record(z.string(), z.string());

/** What is decided by whoever watches. */
const QUESTION = z.discriminatedUnion('kind', [
	z.object({ kind: z.literal('review'), review }),
	z.object({ kind: z.literal('recover'), failure }),
]);
export type Question = Readonly<z.output<typeof QUESTION>>;

const ANSWER: z.ZodMiniType<Reviewed | Recovery> = z.union([
	z.enum(['retry', 'keep', 'undo']),
	z.object({ go: z.literal(true), typed: texts }),
	z.object({ go: z.literal(false), previewOnly: z.boolean() }),
]);
export type Answer = z.output<typeof ANSWER>;

/** From the engine, one JSON line each. */
export const FROM_ENGINE = z.discriminatedUnion('say', [
	z.object({ say: z.literal('prepared'), servers: names, warnings: texts }),
	/** `at`: how many events (drawings of progress aside) came before it. */
	z.object({ say: z.literal('event'), at: size, event }),
	z.object({ say: z.literal('question'), id: size, question: QUESTION }),
	/** To those who were asked and did not answer first. */
	z.object({ say: z.literal('answered'), answer: ANSWER }),
	z.object({ say: z.literal('over'), end }),
]);
export type FromEngine = Readonly<z.output<typeof FROM_ENGINE>>;

/** To the engine. */
export const FROM_WATCHER = z.discriminatedUnion('say', [
	/** The first word: events from that one on. */
	z.object({ say: z.literal('watch'), since: size }),
	z.object({ say: z.literal('answer'), id: size, answer: ANSWER }),
	/** The watcher's own director refused to decide. */
	z.object({ say: z.literal('refuse'), id: size, error: z.custom<WireError>(isWireError) }),
	z.object({ say: z.literal('stop'), why: z.string(), signal: z.nullable(z.enum(['SIGINT', 'SIGTERM'])) }),
]);
export type FromWatcher = Readonly<z.output<typeof FROM_WATCHER>>;

const RECOVERIES: { readonly [choice in Recovery]: string } = {
	keep: 'keep what is done and leave',
	retry: 'try the step again',
	undo: 'undo what the run did',
};

/** For a person whose question another terminal answered. */
export function answeredText(answer: Answer): string {
	return `Another terminal answered first: ${choiceText(answer)}. No answer is needed here.`;
}

function choiceText(answer: Answer): string {
	if (typeof answer === 'string') return RECOVERIES[answer];
	return answer.go ? 'start the run' : 'do not start the run';
}

export const lineOf = (word: FromEngine | FromWatcher): string => jsonLine(word);
