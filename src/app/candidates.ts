import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { readFolderName } from '../archive/layout.ts';
import { journals } from '../core/journal.ts';
import type { Candidate, Source } from '../requests/completion.ts';
import { runsFolder } from './built-run.ts';
import type { AppContext } from './context.ts';
import { runsOf } from './runs.ts';

/** A shell shows no more at a time. */
const MOST = 100;

const profiles = ({ profiles }: AppContext): readonly Candidate[] =>
	profiles.list().map(({ name, host, socket, badge }) => ({ value: name, about: [badge, host ?? socket].filter(Boolean).join(' ') }));

/** Newest first. */
const runs = (context: AppContext): readonly Candidate[] =>
	journals(runsFolder(context)).map((path) => ({ value: basename(path, '.jsonl') }));

/** Complete ones in the folders of the profiles, newest first, with `latest`. */
function backups({ profiles }: AppContext): readonly Candidate[] {
	return profiles.list().flatMap(({ name, output }) => {
		if (output === undefined) return [];
		const labels = names(output).filter((each) => readFolderName(each)?.partial === false || each === 'latest');
		return labels
			.toSorted()
			.toReversed()
			.map((label) => ({ value: join(output, label), about: name }));
	});
}

function names(folder: string): readonly string[] {
	try {
		return readdirSync(folder);
	} catch {
		return [];
	}
}

const SOURCES: { readonly [source in Source]?: (context: AppContext) => readonly Candidate[] | Promise<readonly Candidate[]> } = {
	profiles,
	runs,
	backups,
	'interrupted runs': async (context) =>
		(await runsOf(context)).filter(({ state }) => state === 'interrupted').map(({ run, title }) => ({ value: run, about: title })),
};

/** What there is of these now; what cannot be read is left out. No server is asked. */
export async function findCandidates(context: AppContext, wanted: readonly Source[]): Promise<readonly Candidate[]> {
	const found: Candidate[] = [];
	for (const each of wanted) {
		try {
			found.push(...((await SOURCES[each]?.(context)) ?? []));
		} catch {
			// Completion has no place to say it: the command will.
		}
	}
	return found.slice(0, MOST);
}
