import { join } from 'node:path';
import { changeSourceFile } from '../../archive/layout.ts';
import { readText } from '../../archive/open.ts';
import { fileProblem } from '../../archive/problem.ts';
import { type Check, must, note } from '../../core/check.ts';
import type { AnyStep, Step } from '../../core/step.ts';
import { change, changes } from '../shared/change.ts';
import type { DrillEnv, PositionOutput } from './env.ts';
import { onThrowaway } from './on-throwaway.ts';

type Facts = {
	/** As the manifest has it; null where it names none by GTID. */
	readonly gtid: string | null;
	/** That of the statement that stands ready in the change-source file. */
	readonly ready: string | null;
};

/** The statement that stands ready in change-source.sql, for the position that it sets. */
const READY = /^SET GLOBAL gtid_(?:slave_pos|purged) = '([^']*)';$/m;

const isSame = ({ server: { dialect } }: DrillEnv, a: string, b: string): boolean =>
	dialect.positions.contains(a, b) && dialect.positions.contains(b, a);

const changeSourceCheck = (env: DrillEnv, { gtid, ready }: Facts): Check =>
	must(
		'DRILL-CHANGE-SOURCE',
		{
			pass: `${changeSourceFile(env.manifest.dump.engine)} has the position of the manifest`,
			fail: `${changeSourceFile(env.manifest.dump.engine)} has another position than the manifest`,
		},
		ready !== null && isSame(env, ready, gtid ?? ''),
		{ expected: gtid ?? '', found: ready ?? 'no statement ready' },
	);

const setFromFile: Step<DrillEnv, Facts, PositionOutput> = {
	id: 'set-position',
	title: 'Set the backup’s position',
	why: 'A replica made from this backup starts at the position of its change-source file. The file is compared with the manifest, its position is set on the restored server, whose own log is emptied first, and read back.',
	async inspect({ folder, manifest }) {
		const { source, self } = manifest.position;
		const gtid = source?.gtid || self?.gtid || null;
		if (gtid === null) return { gtid, ready: null };
		const file = changeSourceFile(manifest.dump.engine);
		const text = await readText(folder, file).catch((cause) => {
			throw fileProblem('The file cannot be read', join(folder, file), cause);
		});
		return { gtid, ready: READY.exec(text)?.[1] ?? null };
	},
	checks({ facts, origin: _origin, ...env }) {
		if (facts.gtid !== null) return [changeSourceCheck(env, facts)];
		const { source, self } = env.manifest.position;
		const by = source?.file ?? self?.file ?? null;
		return [note('DRILL-POSITION', 'The backup names no GTID', by === null ? 'no binary log' : 'file and position only: nothing to set')];
	},
	plan({ server: { dialect }, facts: { gtid, ready } }) {
		if (gtid === null) return [];
		const { positions } = dialect;
		return [
			change('server', 'forget-log', 'its own log is of no use to a replica', positions.forgetLog),
			...changes('server', 'set', 'the position of the backup', positions.setReplicated(ready ?? gtid)),
		];
	},
	async run({ plan, perform, runQuery, server, facts }) {
		if (facts.gtid === null) return { gtid: null };
		for (const action of plan) await perform(action);
		return { gtid: (await runQuery('server', server.dialect.positions.current)).replicated };
	},
	async verify({ facts, output, ...env }) {
		const { gtid } = facts;
		if (gtid === null) return [];
		return [
			changeSourceCheck(env, facts),
			must(
				'DRILL-POSITION',
				{
					pass: 'The restored server stands at the backup’s position',
					fail: 'The restored server does not stand at the backup’s position',
				},
				isSame(env, output.gtid ?? '', gtid),
				{
					expected: gtid,
					found: output.gtid || 'none',
				},
			),
		];
	},
	previewOutput: { gtid: null },
};

export const setPosition: AnyStep<DrillEnv> = onThrowaway<DrillEnv>(setFromFile, setFromFile.inspect);
