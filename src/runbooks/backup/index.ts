import { bytesIn } from '../../archive/records.ts';
import { describeChangedJson } from '../../core/changed-json.ts';
import type { Json } from '../../core/json.ts';
import type { Runbook } from '../../core/step.ts';
import { PARTIAL_BYTES, PARTIAL_FOLDER } from '../../core/summary-fields.ts';
import { pauseApplier, resumeApplier } from './applier.ts';
import { catchUpAgain } from './catch-up.ts';
import { type BackupEnv, dumped } from './env.ts';
import { finalize } from './finalize.ts';
import { inspectServer, type ServerFacts } from './inspect-server.ts';
import { lockAndDump } from './lock-and-dump.ts';
import { backupOverview } from './overview.ts';
import { prepareFolder } from './prepare-folder.ts';

/** The locked dump of one server. Whatever fails, everything it changed there is put back at once; the folder stays `.partial`. */
export const lockedDump: Runbook<BackupEnv> = {
	id: 'locked-dump',
	title: 'Back up under a lock',
	afterFailure: 'put-back',
	steps: [inspectServer, prepareFolder, pauseApplier, lockAndDump, resumeApplier, catchUpAgain, finalize],
	overview(env, { 'inspect-server': found }) {
		return found === undefined ? undefined : backupOverview(env, found as unknown as ServerFacts);
	},
	async leftover({ paths, touched, folderFacts }): Promise<{ readonly [key: string]: Json }> {
		const { partial } = paths;
		// One that was not made by this run is another's.
		if (!touched.includes(prepareFolder.id) || !(await folderFacts(partial)).exists) return {};
		return { [PARTIAL_FOLDER]: partial, [PARTIAL_BYTES]: await bytesIn(partial) };
	},
	summary(env): { readonly [key: string]: Json } {
		const dump = dumped(env);
		const caughtUp = env.outputs['catch-up'] as { ms: number | null } | undefined;
		if (dump === undefined) return {};
		const { position, channel, files, rows, strategy } = dump;
		const all = [...files, ...rows.files];
		const sum = <T>(list: readonly T[], of: (one: T) => number) => list.reduce((total, one) => total + of(one), 0);
		return {
			backup: env.paths.final,
			server: env.server.name,
			databases: new Set(files.flatMap((file) => file.database ?? [])).size,
			tables: sum(files, (file) => sum(file.found.databases, (database) => database.tables.length)),
			rows: sum(files, (file) => file.found.rows) + sum(rows.tables, (table) => table.rows),
			rawBytes: sum(all, (file) => file.rawBytes),
			bytes: sum(all, (file) => file.bytes),
			compression: env.compress,
			heldMs: new Date(dump.released).getTime() - new Date(dump.acquired).getTime(),
			caughtUpMs: caughtUp?.ms ?? null,
			consistency: strategy.lock === 'held' ? 'lock' : 'snapshot',
			engine: strategy.engine,
			...(dump.changedJson?.length ? { changedJson: dump.changedJson.map(describeChangedJson) } : {}),
			position: {
				source:
					channel === null
						? null
						: { host: channel.host, port: channel.port, file: channel.sourceFile, pos: channel.sourcePos, gtid: position.replicated },
				self: { file: position.file, pos: position.pos, gtid: position.written },
			} satisfies Json,
		};
	},
};
