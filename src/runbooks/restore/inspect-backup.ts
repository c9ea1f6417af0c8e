import { changedJsonWarning } from '../../core/changed-json.ts';
import { type Check, must, note } from '../../core/check.ts';
import { bytes, plural } from '../../core/format.ts';
import type { Step } from '../../core/step.ts';
import { VENDOR_NAMES } from '../../core/vendors.ts';
import { findTool } from '../shared/inspect.ts';
import { some } from '../shared/server.ts';
import { allFiles, filesOf, type RestoreEnv, wantsTable } from './env.ts';

type Facts = {
	/** Of the files that are needed. */
	readonly missing: readonly string[];
	readonly client: string | null;
	readonly unfit: readonly string[];
};

export const inspectBackup: Step<RestoreEnv, Facts, null> = {
	id: 'inspect-backup',
	title: 'Check the backup',
	why: 'Only a complete backup is restored: its manifest, which is written last, says what belongs to it. The vendor’s own client loads the definitions, because it knows every word that the vendor’s tool writes.',
	async inspect(env) {
		const { server, folder, folderFacts, tool } = env;
		const { entries } = await folderFacts(folder);
		const client = await findTool(tool, 'server', server.dialect.tools.load('server').names);
		return {
			missing: allFiles(env)
				.map((file) => file.path)
				.filter((path) => !entries.includes(path)),
			client: client.tool,
			unfit: client.unfit,
		};
	},
	checks({ facts, ...env }) {
		const { manifest, server, folder } = env;
		const { names } = server.dialect.tools.load('server');
		const files = allFiles(env);
		const size = files.reduce((sum, file) => sum + file.raw_bytes, 0);
		const same = manifest.server.flavor === server.dialect.id;
		const checks: Check[] = [
			note(
				'BACKUP',
				`${manifest.id} of ${manifest.profile ?? manifest.server.hostname}, ${manifest.server.version.replace(/-.*/, '')}`,
				`${plural(env.databases.length, 'database')}${env.only === null ? '' : `, only ${some(env.only.map((each) => `${each.database}.${each.name}`))}`}, ${plural(files.length, 'file')}, ${bytes(size)} unpacked`,
			),
			must('BACKUP-KIND', { pass: 'Backup and server are of the same kind', fail: 'Backup and server are of different kinds' }, same, {
				expected: `a backup of ${server.dialect.title}`,
				wrong: `it is one of ${VENDOR_NAMES[manifest.server.flavor]}: the two write accounts, types, sequences and GTIDs in words that the other does not know`,
				hints: ['Restore it into a server of its own kind; move the data from there with a logical dump made for the other.'],
			}),
			must(
				'BACKUP-FILES',
				{ pass: 'All files of the backup exist', fail: 'Some files of the backup are missing' },
				facts.missing.length === 0,
				{
					expected: plural(files.length, 'file'),
					wrong: `missing in ${folder}: ${some(facts.missing)}`,
					hints: ['Get them from a copy of the backup.'],
				},
			),
			must(
				'CLIENT',
				{ pass: 'The vendor’s client is on this machine', fail: 'The vendor’s client is missing on this machine' },
				facts.client !== null,
				{
					expected: names.join(' or '),
					found: facts.client ?? [`no ${names[0]}`, ...facts.unfit].join('; '),
					hints: server.dialect.hints.tools,
				},
			),
		];
		const changed = (manifest.changed_json ?? []).filter(({ database, table }) => wantsTable(env, database, table));
		if (changed.length > 0) checks.push(note('JSON-TYPES', 'Types inside JSON columns change', changedJsonWarning(changed)));
		if (env.accounts)
			checks.push(
				must(
					'BACKUP-ACCOUNTS',
					{ pass: 'The backup holds accounts', fail: 'The backup holds no accounts' },
					filesOf(env, 'accounts').length > 0,
					{
						wrong: 'it has none',
						hints: ['Leave out --accounts.'],
					},
				),
			);
		return checks;
	},
	plan: () => [],
};
