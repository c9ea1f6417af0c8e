import { useEffect, useState } from 'react';
import { runWords } from '../../render/background.ts';
import type { RunRequest } from '../../requests/index.ts';
import { useApp } from '../app-context.ts';
import { Gate } from '../components/gate.tsx';
import { settleDraft } from '../drafts.ts';
import { type Source, useRun } from '../hooks/use-run.ts';
import { End } from './end.tsx';
import { FailedStep } from './failed-step.tsx';
import { ReviewScreen } from './review.tsx';
import { badgeOf, reachOf, rolesOf, serversOf } from './run-header.ts';
import { Work } from './work.tsx';

/** A run from its first look to its summary. */
export function Run({ request, title }: { readonly request: RunRequest; readonly title: string }) {
	const app = useApp();
	return (
		<Gate servers={serversOf(request)} reach={reachOf(request)} roles={rolesOf(request)} title={title} badge={badgeOf(app, request)}>
			{() => <Running source={{ kind: 'start', request }} title={title} />}
		</Gate>
	);
}

type WatchProps = {
	readonly how: 'attach' | 'recover';
	readonly run: string;
	readonly title: string;
	readonly request: RunRequest | null;
	readonly undo?: { readonly typed: readonly string[] };
};

/** A run that was not started here. Its engine has its passwords. */
export function Watch({ how, run, title, request, undo }: WatchProps) {
	return <Running source={{ kind: how, run, request, ...(undo && { undo }) }} title={title} />;
}

function Running({ source, title }: { readonly source: Source; readonly title: string }) {
	const app = useApp();
	const watched = useRun(app.backend, source, app.session, app.flash);
	const { state, question } = watched;
	const [seen, setSeen] = useState(false);
	// The checks that forbid belong to the plan that they forbid.
	const refused =
		state.phase === 'ended' && state.end?.failure?.class === 'CheckFailed' && state.review !== null && state.transcript.length === 0;
	// Whoever attaches by a run's id knows less of it than its events say.
	const shown = { watched, title: source.kind === 'attach' && state.title !== '' ? runWords(state.title, state.servers) : title };
	useEffect(() => {
		if (state.end?.outcome === 'declined' && !seen) {
			setSeen(true);
			app.back();
		}
	}, [state.end, seen, app]);
	const isStarted = source.kind === 'start' && state.phase === 'running';
	// biome-ignore lint/correctness/useExhaustiveDependencies: once, as soon as it is started.
	useEffect(() => {
		if (isStarted && source.kind === 'start') settleDraft(app, source.request);
	}, [isStarted]);
	if (question?.kind === 'review' || refused) return <ReviewScreen {...shown} />;
	if (question?.kind === 'recover') return <FailedStep {...shown} failure={question.failure} answer={question.answer} />;
	if (state.phase === 'ended' && state.end !== null) return <End {...shown} end={state.end} />;
	return <Work {...shown} />;
}
