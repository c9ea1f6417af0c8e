import type { Director } from '../core/director.ts';
import type { Recorded } from '../core/events.ts';
import { renderReview } from '../render/review.ts';
import { connectingNotice } from './connecting.ts';
import { flagDirector } from './director-flags.ts';
import { type PlainDirector, plainDirector } from './director-plain.ts';

export interface HeadlessOptions {
	readonly flags: {
		readonly yes?: boolean;
		readonly dryRun?: boolean;
		readonly confirm?: readonly string[];
		readonly json?: boolean;
		readonly quiet?: boolean;
	};
	readonly mode: 'wizard' | 'plain' | 'headless';
	readonly stdin: NodeJS.ReadStream;
	readonly stdout: NodeJS.WriteStream;
	readonly stderr: NodeJS.WriteStream;
	readonly signal: AbortSignal;
	readonly color: boolean;
	readonly ascii: boolean;
	readonly width: number;
	readonly print: (event: Recorded) => void;
}

/** What watches a run without the wizard: decisions from flags or from numbered questions, happenings as lines. `connectsTo`: the servers that its daemon connects to. */
export function headlessWatcher(options: HeadlessOptions, decide: Partial<Director>, connectsTo: readonly string[] = []) {
	const { flags, mode, stdin, stdout, stderr, color, ascii, width } = options;
	let servers: { readonly [role: string]: string } = {};
	let name = '';
	// Made at the first question only: before that a password may be asked for on the same terminal.
	let asked: PlainDirector | undefined;
	const person = () => {
		asked ??= plainDirector({ input: stdin, output: stdout, color, ascii, width, servers });
		return asked;
	};
	let notices: readonly Disposable[] = [];
	const connected = () => {
		for (const notice of notices) notice[Symbol.dispose]();
	};
	const { yes = false, dryRun = false, confirm } = flags;
	const director: Director =
		mode === 'headless'
			? flagDirector({ yes, dryRun, confirm })
			: {
					review: (review) => person().review(review),
					recover: (failure) => person().recover(failure),
					answered: (text) => person().answered?.(text),
				};
	return {
		watcher: {
			director: { ...director, ...decide },
			signal: options.signal,
			preview: dryRun,
			onNamed(run: string) {
				name = run;
				// Its daemon connects, and says nothing before it has.
				notices = connectsTo.map(connectingNotice(options));
			},
			onPrepared(prepared: { readonly servers: typeof servers; readonly warnings: readonly string[] }) {
				connected();
				servers = prepared.servers;
				for (const warning of prepared.warnings) stderr.write(`${warning}\n`);
			},
			on(event: Recorded) {
				options.print(event);
				if (event.type === 'review' && dryRun && !flags.json)
					stdout.write(`${renderReview(event.review, { width, color, ascii, servers })}\n`);
			},
		},
		/** By which name the run can be found; empty before it is known. */
		name: () => name,
		close() {
			connected();
			asked?.close();
		},
	};
}
