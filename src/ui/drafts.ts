// What is kept of a form once its run has started.
import type { RunRequest } from '../requests/index.ts';
import type { App } from './app-context.ts';

/** The name under which a form's answers are kept. */
export function draftKey(request: Pick<RunRequest, 'kind'> & { readonly server?: string; readonly backup?: string }): string {
	switch (request.kind) {
		case 'backup':
			return `backup ${request.server}`;
		case 'restore':
			return `restore ${request.backup} ${request.server}`;
		default:
			return request.kind;
	}
}

/** What is proposed again for the next backup of that server. */
export const lastKey = (server: string): string => `last backup ${server}`;

/** Never what narrows a backup down or ends other sessions: that is asked for each time. */
const PROPOSED = ['to', 'engine', 'lock', 'compress'];

/** The form's answers are a draft no more. Of a backup its folder, engine and lock are proposed the next time; a profile without a folder gets it. */
export function settleDraft(app: App, request: RunRequest): void {
	const key = draftKey(request);
	const values = app.drafts.get(key) ?? app.backend.answers(key);
	app.drafts.delete(key);
	app.backend.keepAnswers(key, null);
	if (request.kind !== 'backup') return;
	if (values !== undefined) {
		const proposed = Object.entries(values).filter(([field, value]) => PROPOSED.includes(field) && value !== '');
		app.backend.keepAnswers(lastKey(request.server), Object.fromEntries(proposed));
	}
	const card = app.backend.servers().find(({ name, server }) => name === request.server && server === name);
	if (card !== undefined && card.output === null) app.backend.save({ ...card, output: request.to });
}
