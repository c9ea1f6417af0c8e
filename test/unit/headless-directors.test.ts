import { PassThrough } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { warningWords } from '../../src/core/check.ts';
import { UserError } from '../../src/core/errors.ts';
import { flagDirector } from '../../src/headless/director-flags.ts';
import { plainDirector } from '../../src/headless/director-plain.ts';
import { jsonPrinter } from '../../src/headless/json.ts';
import { BEGAN, CANARY, collector, FAILURE, firstHalf, opening, progressAt, recorder, review, SUMMARY, secondHalf } from '../ui/story.ts';

const CONSENT = { name: 'db3-backup', reason: 'db3-backup holds data.', affected: ['shop'] };

describe('flags', () => {
	test('decide without a person', async () => {
		await expect(flagDirector({ yes: true, confirm: 'db3', dryRun: false }).review(review('backup'))).resolves.toEqual({
			go: true,
			typed: ['db3'],
		});
		await expect(flagDirector({ yes: true, dryRun: true }).review(review('backup'))).resolves.toEqual({ go: false, previewOnly: true });
		await expect(flagDirector({ yes: true, dryRun: false }).recover(FAILURE)).resolves.toBe('keep');
	});

	test('name --yes where it is missing', async () => {
		const refused = flagDirector({ yes: false, dryRun: false }).review(review('backup'));
		await expect(refused).rejects.toThrow(UserError);
		await expect(refused).rejects.toThrow('--yes');
	});
});

function plain(answers: string) {
	const input = new PassThrough();
	const { out: output, text: said } = collector();
	input.end(answers);
	return { director: plainDirector({ input, output, color: false, ascii: false, width: 80 }), said };
}

describe('line by line', () => {
	test('shows the plan and takes No as the default', async () => {
		const { director, said } = plain('\n');
		await expect(director.review(review('provision'))).resolves.toEqual({ go: false, previewOnly: false });
		expect(said()).toContain('CREATE USER');
	});

	test('asks for the name, three times at most', async () => {
		const plan = review('provision', [CONSENT]);
		const right = plain('y\nwrong\ndb3-backup\n');
		await expect(right.director.review(plan)).resolves.toEqual({ go: true, typed: ['db3-backup'] });
		expect(right.said()).toContain('Must be exactly db3-backup');
		await expect(plain('y\na\nb\nc\ndb3-backup\n').director.review(plan)).resolves.toEqual({ go: false, previewOnly: false });
	});

	test('says once what must be confirmed, why, and by which option', async () => {
		const { director, said } = plain('n\n');
		await director.review(review('provision', [{ name: 'db3', reason: 'Its data is replaced.', affected: ['crm', 'shop'] }]));
		expect(said()).toMatch(/Confirm +Its data is replaced\.\n +crm, shop\n +type db3, or --confirm db3\n/);
		expect(said().split('Its data is replaced.')).toHaveLength(2);
	});

	test('an input that ends says no', async () => {
		await expect(plain('').director.review(review('provision'))).resolves.toEqual({ go: false, previewOnly: false });
		await expect(plain('').director.recover(FAILURE)).resolves.toBe('keep');
	});

	test('asks no more what another terminal answered, and takes no late answer for the next question', async () => {
		const input = new PassThrough();
		const { out: output, text: said } = collector();
		const director = plainDirector({ input, output, color: false, ascii: false, width: 80 });
		const first = director.recover(FAILURE);
		director.answered?.('Another terminal answered first.');
		await first;
		input.write('3\n');
		// The line is read by then.
		for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
		const second = director.recover(FAILURE);
		input.write('2\n');
		await expect(second).resolves.toBe('retry');
		expect(said()).toContain('Another terminal answered first.');
	});

	test('offers three ways on after a failure, numbered', async () => {
		const { director, said } = plain('9\n2\n');
		await expect(director.recover(FAILURE)).resolves.toBe('retry');
		expect(said()).toContain('Must be a number from 1 to 3');
	});
});

describe('JSON lines', () => {
	const all = (finish: (printer: ReturnType<typeof jsonPrinter>) => void) => {
		const { out, text } = collector();
		const record = recorder();
		let now = BEGAN;
		const printer = jsonPrinter({ out, now: () => new Date(now) });
		for (const event of [...opening('provision'), ...firstHalf('provision'), ...secondHalf('provision')]) {
			now += 100;
			printer.event(record(event));
		}
		finish(printer);
		return {
			text: text(),
			lines: text()
				.trimEnd()
				.split('\n')
				.map((line) => JSON.parse(line)),
		};
	};

	test('each has its place, and the last is the summary', () => {
		const { text, lines } = all((printer) =>
			printer.finish(
				0,
				{ type: 'run-ended', outcome: 'done', open: false, warnings: [], failure: null, summary: SUMMARY },
				{ primary: { host: '127.0.0.1', port: 1 } },
			),
		);
		for (const line of lines)
			expect(line).toMatchObject({
				v: 2,
				run: '20261121T020000Z-1',
				seq: expect.any(Number),
				at: expect.any(String),
				type: expect.any(String),
			});
		expect(lines.map((line) => line.seq)).toEqual([...lines.map((line) => line.seq)].sort((a, b) => a - b));
		expect(lines.at(-1)).toMatchObject({
			type: 'summary',
			exit_code: 0,
			outcome: 'done',
			backup: SUMMARY.backup,
			primary: { host: '127.0.0.1', port: 1 },
			// Agreed to with the plan: the exit code is that of a run without any.
			warnings: [],
			plan_warnings: review('provision')
				.checks.filter(({ status }) => status === 'warning')
				.map(warningWords),
		});
		expect(lines.at(-1).plan_warnings).toHaveLength(1);
		expect(text).not.toContain(CANARY);
	});

	test('the last is the error where it failed', () => {
		const { lines } = all((printer) =>
			printer.finish(1, { type: 'run-ended', outcome: 'failed', open: true, warnings: [], failure: FAILURE, summary: {} }),
		);
		expect(lines.at(-1)).toMatchObject({
			type: 'error',
			exit_code: 1,
			class: 'ToolError',
			message: FAILURE.description.message,
			details: FAILURE.description.details,
			open: true,
		});
		const { out, text } = collector();
		jsonPrinter({ out, now: () => new Date(BEGAN) }).finish(2, FAILURE);
		expect(JSON.parse(text())).toMatchObject({ v: 2, run: null, seq: 1, type: 'error', exit_code: 2 });
	});

	test('progress at most once a second', () => {
		const { out, text } = collector();
		const record = recorder();
		let now = BEGAN;
		const printer = jsonPrinter({ out, now: () => new Date(now) });
		for (let tick = 0; tick < 50; tick++) {
			printer.event(record({ type: 'progress', step: 'dump', progress: progressAt(tick / 50) }));
			now += 100;
		}
		expect(text().trimEnd().split('\n')).toHaveLength(5);
	});
});
