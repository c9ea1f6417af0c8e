import { createInterface } from 'node:readline/promises';
import type { Director, Recovery } from '../core/director.ts';
import { renderFailure } from '../render/failure.ts';
import { paint, span } from '../render/page.ts';
import { renderReview } from '../render/review.ts';

export type PlainOptions = {
	readonly input: NodeJS.ReadableStream;
	readonly output: NodeJS.WritableStream;
	readonly color: boolean;
	readonly ascii: boolean;
	readonly width: number;
	/** The servers' names by role, told above the plan. */
	readonly servers?: { readonly [role: string]: string };
};

export interface PlainDirector extends Director {
	close(): void;
}

const TRIES = 3;
const CHOICES: readonly { readonly choice: Recovery; readonly text: string }[] = [
	{ choice: 'keep', text: 'keep what is done and leave; starting again resumes it' },
	{ choice: 'retry', text: 'try this step again' },
	{ choice: 'undo', text: 'undo what this run did' },
];

/** Asks line by line, without a screen: defaults in brackets, answers echoed. An input that ends answers nothing more. */
export function plainDirector({ input, output, color, ascii, width, servers = {} }: PlainOptions): PlainDirector {
	// Line events are queued here: readline's own question() loses lines that arrive while nobody asks.
	const lines: string[] = [];
	const waiting: ((line: string | null) => void)[] = [];
	let ended = false;
	/** What is typed now was meant for a question that another terminal answered. */
	let isStale = false;
	const reader = createInterface({ input, terminal: false });
	reader.on('line', (text) => {
		const next = waiting.shift();
		if (next !== undefined) next(text);
		else if (!isStale) lines.push(text);
	});
	reader.on('close', () => {
		ended = true;
		for (const next of waiting.splice(0)) next(null);
	});
	const echo = !('isTTY' in input && input.isTTY === true);
	const ask = async (question: string): Promise<string | null> => {
		output.write(question);
		isStale = false;
		const kept = lines.shift();
		const answer = kept ?? (ended ? null : await new Promise<string | null>((resolve) => waiting.push(resolve)));
		if (echo || answer === null) output.write(`${answer ?? ''}\n`);
		return answer?.trim() ?? null;
	};
	const warn = (text: string) => output.write(`${paint([[span(text, 'warn')]], color)}\n`);
	/** Whether the very name is typed, within a few tries. */
	const confirm = async (name: string): Promise<boolean> => {
		for (let round = 0; round < TRIES; round++) {
			const given = await ask(`Type ${name} to confirm, or nothing to leave []: `);
			if (given === null || given === '') return false;
			if (given === name) return true;
			warn(`Must be exactly ${name}`);
		}
		return false;
	};

	return {
		async review(review) {
			output.write(`${renderReview(review, { width, color, ascii, servers })}\n\n`);
			const answer = await ask('Do this now? y/N [N]: ');
			if (!/^y(es)?$/i.test(answer ?? '')) return { go: false, previewOnly: false };
			const typed: string[] = [];
			for (const { name, reason } of review.consents) {
				if (typed.includes(name)) continue;
				output.write(`${reason}\n`);
				if (!(await confirm(name))) return { go: false, previewOnly: false };
				typed.push(name);
			}
			return { go: true, typed };
		},
		async recover(failure) {
			output.write(`\n${renderFailure(failure, { width, color, ascii })}\n\n`);
			CHOICES.forEach(({ text }, index) => {
				output.write(`  ${index + 1}  ${text}\n`);
			});
			for (let round = 0; round < TRIES; round++) {
				const answer = await ask('What now? [1]: ');
				const chosen = CHOICES[answer === null || answer === '' ? 0 : Number(answer) - 1];
				if (chosen !== undefined) return chosen.choice;
				warn(`Must be a number from 1 to ${CHOICES.length}`);
			}
			return 'keep';
		},
		answered(text) {
			isStale = true;
			lines.length = 0;
			output.write(`\n${text}\n`);
			for (const next of waiting.splice(0)) next(null);
		},
		close: () => reader.close(),
	};
}
