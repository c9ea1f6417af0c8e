import { runsFolder } from '../app/built-run.ts';
import { attach as attachTo, journalPath } from '../app/run-in-background.ts';
import { findRunRecord } from '../app/run-in-process.ts';
import { runsOf } from '../app/runs.ts';
import type { Director } from '../core/director.ts';
import { UserError } from '../core/errors.ts';
import { readJournal } from '../core/journal.ts';
import { newest } from '../core/run-record.ts';
import type { CommandResult } from './command-result.ts';
import type { Context } from './context.ts';
import { watchHeadless } from './run.ts';
import { openWizard } from './wizard.ts';

/** Without a person a watcher decides nothing: whoever else watches does. */
const noOne: Director = { review: () => new Promise(() => undefined), recover: () => new Promise(() => undefined) };

/** Watches a run at work again, or tells what a run did that is over; without a name the one at work, else the last one. */
export async function attach(context: Context, name: string | undefined): Promise<CommandResult> {
	const run = name ?? (await runsOf(context)).find((each) => each.state === 'running')?.run ?? newest(runsFolder(context), () => true)?.run;
	if (run === undefined)
		throw new UserError({ message: 'There is no run on this machine yet.', hints: ['lockstep backup --server SERVER --to DIR'] });
	const record = findRunRecord(context, run);
	if (context.mode === 'wizard') return openWizard(context, { screen: 'run', run, title: record.title });
	return watchHeadless(
		context,
		async (watcher) => {
			const { end } = record;
			if (end === null) return attachTo(context, run, watcher);
			for (const event of readJournal(journalPath(context, run)).events) watcher.on(event);
			return end;
		},
		context.mode === 'headless' ? noOne : {},
	);
}
