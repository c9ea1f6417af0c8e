import { readBoundManifest } from '../../archive/bound.ts';
import { fingerprintOf } from '../../archive/records.ts';
import { ServerError } from '../../core/errors.ts';
import type { OutsideObject } from '../../core/outside.ts';
import type { Step } from '../../core/step.ts';
import { sql } from '../../sql/sql.ts';
import { accountStatements, restrictedOf } from '../restore/accounts-file.ts';
import { change } from '../shared/change.ts';
import { type DrillEnv, type PreparedOutput, startedServer } from './env.ts';

type Facts = PreparedOutput & {
	readonly objects: readonly OutsideObject[];
	/** Whether accounts of the backup have REVOKEs, which the server takes only when it is told to. */
	readonly isRestricted: boolean;
};

/** Others reach further than the throwaway server: to other servers, or into libraries of this machine. */
const CREATED: ReadonlySet<OutsideObject['kind']> = new Set(['tablespace', 'spatial reference system']);

/** Its own file in the server's folder: the server that was backed up may be on this machine. */
const ownFile = (object: OutsideObject, index: number): OutsideObject =>
	object.kind === 'tablespace' ? { ...object, options: { ...object.options, file: `drill-${index + 1}.ibd` } } : object;

export const prepareServer: Step<DrillEnv, Facts, PreparedOutput> = {
	id: 'prepare-server',
	title: 'Prepare the throwaway server',
	why: 'What a backup’s tables and accounts need outside its databases is created first, as far as it stays on this machine. What the server refuses stays missing: a later step names it where something needs it.',
	async inspect(at) {
		const { folder, runQuery, server } = at;
		const isThere = startedServer(at) !== null;
		// Before anything of it is run, its own sums vouch for it.
		const manifest = isThere ? await readBoundManifest(folder) : at.manifest;
		const restricted = isThere ? restrictedOf(await accountStatements({ ...at, manifest, accounts: true })) : new Set<string>();
		const variables = restricted.size === 0 ? [] : await runQuery('server', server.dialect.catalogue.variables);
		return {
			...(await fingerprintOf(folder)),
			objects: (manifest.outside ?? []).filter(({ kind }) => CREATED.has(kind)),
			isRestricted: variables.some(([name]) => name === 'partial_revokes'),
		};
	},
	plan: ({ facts, server }) => [
		...facts.objects.map((object, index) =>
			change('server', `create-${index + 1}`, `${object.kind} ${object.name}`, server.dialect.outside.create(ownFile(object, index))),
		),
		...(facts.isRestricted
			? [change('server', 'partial-revokes', 'accounts of the backup need it', sql`SET GLOBAL partial_revokes = ON`)]
			: []),
	],
	async run({ plan, perform, facts: { manifest_sha256, sums_sha256 } }) {
		for (const action of plan) {
			await perform(action).catch((error: unknown) => {
				if (!(error instanceof ServerError) || error.connectionLost) throw error;
			});
		}
		return { manifest_sha256, sums_sha256 };
	},
	previewOutput: { manifest_sha256: null, sums_sha256: null },
};
