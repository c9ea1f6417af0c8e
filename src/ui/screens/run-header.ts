// What the header of each screen of a run shows.
import { type RunRequest, serversNamed } from '../../requests/index.ts';
import type { App } from '../app-context.ts';
import type { Watched } from '../hooks/use-run.ts';

export type Shown = { readonly watched: Watched; readonly title: string };

export const serversOf = (request: RunRequest): readonly string[] => Object.values(serversNamed(request));

/** How each of them is reached, where its name does not say it all. */
export const reachOf = (request: RunRequest) => Object.keys(serversNamed(request)).map((role) => request.reach?.[role]);

export const badgeOf = (app: App, request: RunRequest | null) => {
	const server = request === null ? undefined : serversOf(request).at(-1);
	return app.desk.servers().find((card) => card.server === server || card.name === server)?.badge ?? null;
};

/** How far the flow of a run is, for its header; none where a run is only put back. */
export const stageOf = ({ source, request }: Watched, name: string) =>
	source === 'recover' || request === null ? {} : { stage: { [request.kind]: name } };
