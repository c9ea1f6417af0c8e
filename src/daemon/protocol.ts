import type { Recovery, Review, Reviewed } from '../core/director.ts';
import type { Recorded } from '../core/events.ts';
import { jsonLine } from '../core/json.ts';
import type { Failure } from '../core/model.ts';
import type { RunEnd } from '../core/runner.ts';
import type { WireError } from '../workers/serialize.ts';

/** What is decided by whoever watches. */
export type Question = { readonly kind: 'review'; readonly review: Review } | { readonly kind: 'recover'; readonly failure: Failure };

export type Answer = Reviewed | Recovery;

/** From the engine, one JSON line each. */
export type FromEngine =
	| { readonly say: 'prepared'; readonly servers: { readonly [role: string]: string }; readonly warnings: readonly string[] }
	/** `at`: how many events (drawings of progress aside) came before it. */
	| { readonly say: 'event'; readonly at: number; readonly event: Recorded }
	| { readonly say: 'question'; readonly id: number; readonly question: Question }
	/** To those who were asked and did not answer first. */
	| { readonly say: 'answered'; readonly answer: Answer }
	| { readonly say: 'over'; readonly end: RunEnd };

/** To the engine. */
export type FromWatcher =
	/** The first word: events from that one on. */
	| { readonly say: 'watch'; readonly since: number }
	| { readonly say: 'answer'; readonly id: number; readonly answer: Answer }
	/** The watcher's own director refused to decide. */
	| { readonly say: 'refuse'; readonly id: number; readonly error: WireError }
	| { readonly say: 'stop'; readonly why: string; readonly signal: 'SIGINT' | 'SIGTERM' | null };

const RECOVERIES: { readonly [choice in Recovery]: string } = {
	keep: 'keep what is done and leave',
	retry: 'try the step again',
	undo: 'undo what the run did',
};

/** For a person whose question another terminal answered. */
export function answeredText(answer: Answer): string {
	const chosen = typeof answer === 'string' ? RECOVERIES[answer] : answer.go ? 'start the run' : 'do not start the run';
	return `Another terminal answered first: ${chosen}. No answer is needed here.`;
}

export const lineOf = (word: FromEngine | FromWatcher): string => jsonLine(word);

/** The word of a line; null for one that was torn when the other side died in the middle of it. */
export function wordOf<Word extends FromEngine | FromWatcher>(line: string): Word | null {
	try {
		return JSON.parse(line) as Word;
	} catch {
		return null;
	}
}
