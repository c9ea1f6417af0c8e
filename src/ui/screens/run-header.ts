// What the header of each screen of a run shows.
import type { Role } from '../../requests/connection.ts';
import { type RunRequest, serversNamed } from '../../requests/index.ts';
import type { App } from '../app-context.ts';
import type { Watched } from '../hooks/use-run.ts';

export type Shown = { readonly watched: Watched; readonly title: string };

export const serversOf = (request: RunRequest): readonly string[] => Object.values(serversNamed(request));

/** How each of them is reached, where its name does not say it all. */
export const reachOf = (request: RunRequest) => Object.keys(serversNamed(request)).map((role) => request.reach?.[role]);

/** As which of a pair each of them is reached. */
export const rolesOf = (request: RunRequest) => Object.keys(serversNamed(request)) as Role[];

/** Of the server that is changed: by its name, or by its address where a profile has exactly that. */
export const badgeOf = (app: App, request: RunRequest | null) => {
	if (request === null) return null;
	const [role = 'server', server = ''] = Object.entries(serversNamed(request)).at(-1) ?? [];
	return app.backend.badgeOf(server, request.reach?.[role]);
};

/** How far the flow of a run is, for its header; none where a run is only put back. */
export const stageOf = ({ source, request }: Watched, name: string) =>
	source === 'recover' || request === null ? {} : { stage: { [request.kind]: name } };
