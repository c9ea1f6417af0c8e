import type { RunRequest } from '../core/desk.ts';
import type { Director } from '../core/director.ts';
import type { RunEnd } from '../core/runner.ts';
import { flagDirector } from '../headless/director-flags.ts';
import { type PlainDirector, plainDirector } from '../headless/director-plain.ts';
import { renderReview } from '../telling/review.ts';
import type { Context, Ending } from './context.ts';
import { withPrepared } from './perform.ts';
import type { Performance, Prepared, Wishes } from './prepare.ts';

/** Does a run without the wizard: decisions from flags or from numbered questions, happenings as lines. */
export async function runHeadless(
	context: Context,
	request: RunRequest,
	wishes: Wishes,
	work: (prepared: Prepared, how: Performance) => Promise<RunEnd> = (prepared, how) => prepared.perform(how),
): Promise<Ending> {
	const { flags, stdin, stdout, stderr, color, ascii, width } = context;
	let servers: Prepared['servers'] = {};
	// Made at the first question only: before that a password may be asked for on the same terminal.
	let asked: PlainDirector | undefined;
	const person = () => {
		asked ??= plainDirector({ input: stdin, output: stdout, color, ascii, width, servers });
		return asked;
	};
	const director: Director =
		context.mode === 'headless'
			? flagDirector({
					yes: flags.yes ?? false,
					dryRun: flags.dryRun ?? false,
					...(flags.confirm === undefined ? {} : { confirm: flags.confirm }),
				})
			: { review: (review) => person().review(review), recover: (failure) => person().recover(failure) };
	try {
		const end = await withPrepared(
			context,
			request,
			wishes,
			{
				director,
				signal: context.signal,
				preview: flags.dryRun ?? false,
				onPrepared(prepared) {
					servers = prepared.servers;
					for (const warning of prepared.warnings) stderr.write(`${warning}\n`);
				},
				on(event) {
					context.print(event);
					if (event.type === 'review' && flags.dryRun && !flags.json)
						stdout.write(`${renderReview(event.review, { width, color, ascii, servers })}\n`);
				},
			},
			work,
		);
		return { end };
	} finally {
		asked?.close();
	}
}
