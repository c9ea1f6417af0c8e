import { type EngineWatcher, runInBackground } from '../app/run-in-background.ts';
import type { ConnectionOptionsByRole } from '../app/servers.ts';
import type { Director } from '../core/director.ts';
import { Stopped } from '../core/errors.ts';
import type { RunEnd } from '../core/runner.ts';
import { flagDirector } from '../headless/director-flags.ts';
import { type PlainDirector, plainDirector } from '../headless/director-plain.ts';
import { renderReview } from '../render/review.ts';
import type { RunRequest } from '../requests/index.ts';
import type { CommandResult, Context } from './context.ts';

/** Watches a run without the wizard: decisions from flags or from numbered questions, happenings as lines. */
export async function watchHeadless(
	context: Context,
	work: (watcher: EngineWatcher) => Promise<RunEnd | null>,
	decide: Partial<Director> = {},
): Promise<CommandResult> {
	const { flags, stdin, stdout, stderr, color, ascii, width } = context;
	let servers: { readonly [role: string]: string } = {};
	let name = '';
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
			: {
					review: (review) => person().review(review),
					recover: (failure) => person().recover(failure),
					answered: (text) => person().answered?.(text),
				};
	try {
		const end = await work({
			director: { ...director, ...decide },
			signal: context.signal,
			preview: flags.dryRun ?? false,
			onNamed(run) {
				name = run;
			},
			onPrepared(prepared) {
				servers = prepared.servers;
				for (const warning of prepared.warnings) stderr.write(`${warning}\n`);
			},
			on(event) {
				context.print(event);
				if (event.type === 'review' && flags.dryRun && !flags.json)
					stdout.write(`${renderReview(event.review, { width, color, ascii, servers })}\n`);
			},
		});
		if (end === null) throw new Stopped({ message: 'The run continues by itself.', hints: [`lockstep attach ${name}`] }, 'SIGHUP');
		return { end };
	} finally {
		asked?.close();
	}
}

/** Does a run without the wizard. */
export const runHeadless = (context: Context, request: RunRequest, connections: ConnectionOptionsByRole): Promise<CommandResult> =>
	watchHeadless(context, (watcher) => runInBackground(context, request, connections, watcher));
