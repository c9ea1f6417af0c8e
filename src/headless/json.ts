import { warningWords } from '../core/check.ts';
import { FORMAT, type Recorded } from '../core/events.ts';
import { type Json, jsonLine } from '../core/json.ts';
import type { Failure } from '../core/model.ts';
import type { RunEnd } from '../core/runner.ts';

export interface JsonPrinter {
	/** One line an event; progress at most once a second. */
	event(event: Recorded): void;
	/** The last line: `summary` for an end that was as asked, else `error`; with `exit_code`. `extra` adds fields. */
	finish(exitCode: number, result: RunEnd | Failure | null, extra?: { readonly [key: string]: Json }): void;
}

const SECOND = 1000;
const isEnd = (result: RunEnd | Failure): result is RunEnd => 'type' in result && result.type === 'run-ended';

function failureIn(result: RunEnd | Failure | null): Failure | null {
	if (result === null) return null;
	return isEnd(result) ? result.failure : result;
}

/** The JSON lines of `--json`: fields are only ever added. */
export function jsonPrinter({ out, now }: { readonly out: NodeJS.WritableStream; readonly now: () => Date }): JsonPrinter {
	let run: string | null = null;
	let seq = 0;
	/** What the plan warned of; the exit code says nothing of it. */
	let planWarnings: readonly string[] = [];
	let lastProgress = Number.NEGATIVE_INFINITY;
	const print = (document: object) => out.write(jsonLine(document));
	return {
		event(event) {
			if (event.type === 'progress') {
				const at = now().getTime();
				if (at - lastProgress < SECOND) return;
				lastProgress = at;
			}
			if (event.type === 'run-started') planWarnings = [];
			if (event.type === 'review') planWarnings = event.review.checks.filter(({ status }) => status === 'warning').map(warningWords);
			run = event.run;
			// Several runs may follow one another on one stream: numbers go up in each.
			seq = event.seq;
			print(event);
		},
		finish(exitCode, result, extra = {}) {
			const place = { v: FORMAT, run, seq: seq + 1, at: now().toISOString() };
			const end = result !== null && isEnd(result) ? result : null;
			const failure = failureIn(result);
			if (failure === null) {
				const outcome = end?.outcome ?? 'done';
				print({
					...end?.summary,
					...extra,
					...place,
					type: 'summary',
					outcome,
					open: end?.open ?? false,
					warnings: end?.warnings ?? [],
					...(end !== null && { plan_warnings: planWarnings }),
					exit_code: exitCode,
				});
				return;
			}
			const { description, class: kind, step, checks, left } = failure;
			print({
				...end?.summary,
				...extra,
				...place,
				type: 'error',
				...(end === null ? {} : { outcome: end.outcome, open: end.open, warnings: end.warnings }),
				class: kind,
				step,
				message: description.message,
				reason: description.reason ?? null,
				hints: description.hints ?? [],
				details: description.details ?? null,
				checks,
				left,
				exit_code: exitCode,
			});
		},
	};
}
