import { useEffect, useState } from 'react';
import type { RunRequest } from '../../core/desk.ts';
import { type App, useApp } from '../app-context.ts';
import { Gate } from '../components/gate.tsx';
import { useRun, type Watched } from '../hooks/use-run.ts';
import { End } from './end.tsx';
import { Recover } from './recover.tsx';
import { ReviewScreen } from './review.tsx';
import { Work } from './work.tsx';

export type RunProps = { readonly request: RunRequest; readonly title: string };
export type Shown = { readonly watched: Watched; readonly request: RunRequest; readonly title: string };

const serversOf = (request: RunRequest): readonly string[] =>
	request.kind === 'backup' ? [request.server] : [request.primary, request.replica];

export const badgeOf = (app: App, request: RunRequest) => {
	const servers = serversOf(request);
	return app.desk.servers().find((card) => card.server === servers.at(-1) || card.name === servers.at(-1))?.badge ?? null;
};

/** A run from its first look to its summary. */
export function Run({ request, title }: RunProps) {
	const app = useApp();
	return (
		<Gate servers={serversOf(request)} title={title} badge={badgeOf(app, request)}>
			{() => <Running request={request} title={title} />}
		</Gate>
	);
}

function Running({ request, title }: RunProps) {
	const app = useApp();
	const watched = useRun(app.desk, request, app.session);
	const { state, question } = watched;
	const [seen, setSeen] = useState(false);
	// The checks that forbid belong to the plan that they forbid.
	const refused =
		state.phase === 'ended' && state.end?.failure?.class === 'CheckFailed' && state.review !== null && state.transcript.length === 0;
	const shown = { watched, request, title };
	useEffect(() => {
		if (state.end?.outcome === 'declined' && !seen) {
			setSeen(true);
			app.back();
		}
	}, [state.end, seen, app]);
	if (question?.kind === 'review' || refused) return <ReviewScreen {...shown} />;
	if (question?.kind === 'recover') return <Recover {...shown} failure={question.failure} answer={question.answer} />;
	if (state.phase === 'ended' && state.end !== null) return <End {...shown} end={state.end} />;
	return <Work {...shown} />;
}
