import { type Check, fail, must, note } from '../../core/check.ts';
import type { ReadContext } from '../../core/step.ts';
import type { ToolFault, UnopenedTable } from '../../dialects/common/fits.ts';
import { distrustsCode, functionsCheck } from '../shared/functions.ts';
import { qualified, type Server, some, toolFaultsCheck } from '../shared/server.ts';
import { unopenedCheck, unopenedTables } from '../shared/unopened.ts';
import { invalidViews } from '../shared/views.ts';

/** What of the primary would be refused by the replica, or would stop the tool that copies it: asked before anything changes. */
export type Fits = {
	readonly functions: readonly string[];
	/** Functions and triggers. */
	readonly code: number;
	readonly missingPlugins: readonly string[];
	readonly restricted: readonly string[];
	readonly strayFolders: readonly string[];
	readonly brokenViews: readonly { readonly name: string; readonly why: string }[];
	/** Not in journals of earlier versions. */
	readonly unopened?: readonly UnopenedTable[];
	readonly toolFaults?: readonly ToolFault[];
	readonly primary: Settings;
	readonly replica: Settings;
};

type Settings = { readonly [name: string]: string };

const SETTINGS = ['log_bin', 'log_bin_trust_function_creators', 'partial_revokes', 'lower_case_table_names', 'require_secure_transport'];

/** `dumps`: whether the vendor's tool will copy the data. */
export async function inspectFits(
	{ primary, replica, dumps }: { readonly primary: Server; readonly replica: Server; readonly dumps: boolean },
	{ runQuery }: Pick<ReadContext, 'runQuery'>,
): Promise<Fits> {
	const { fits, catalogue } = primary.dialect;
	const settings = async (role: 'primary' | 'replica', { dialect }: Server): Promise<Settings> =>
		Object.fromEntries((await runQuery(role, dialect.catalogue.variables)).filter(([name]) => SETTINGS.includes(name)));
	const there = await runQuery('replica', replica.dialect.fits.activePlugins);
	const views = dumps ? (await runQuery('primary', catalogue.tables)).filter(({ kind }) => kind === 'view') : [];
	const brokenViews = await invalidViews({ dialect: primary.dialect, runQuery, role: 'primary' }, views);
	return {
		functions: await runQuery('primary', fits.functions),
		code: await runQuery('primary', fits.code),
		missingPlugins: (await runQuery('primary', fits.loginPlugins)).filter((name) => !there.includes(name)),
		restricted: await runQuery('primary', fits.restrictedAccounts),
		strayFolders: await runQuery('primary', fits.strayFolders),
		brokenViews: brokenViews.map((view) => ({ name: qualified(view), why: view.why })),
		unopened: dumps ? await unopenedTables(primary.dialect, runQuery, 'primary') : [],
		toolFaults: dumps ? await runQuery('primary', fits.toolFaults) : [],
		primary: await settings('primary', primary),
		replica: await settings('replica', replica),
	};
}

const FUNCTIONS = { pass: 'The replica takes the primary’s functions', fail: 'The replica refuses functions of the primary' };

const isOn = (value: string | undefined): boolean => value === 'ON' || value === '1';

/** Whether functions and triggers need more on the replica than the privileges to create them. */
export const distrusts = ({ replica }: Fits): boolean => distrustsCode(replica);

/** Of the primary: what stops the copy, or the channel. */
export function primaryFits(fits: Fits, tls: boolean): Check[] {
	return [
		must(
			'PRIMARY-VIEWS',
			{ pass: 'All views of the primary are valid', fail: 'Some views of the primary are not valid' },
			fits.brokenViews.length === 0,
			{
				expected: 'views that can be read',
				wrong: some(fits.brokenViews.map(({ name, why }) => `${name} (${why})`)),
				hints: fits.brokenViews.slice(0, 6).map(({ name }) => `SHOW CREATE VIEW ${name};  correct it, or  DROP VIEW ${name};`),
			},
		),
		...unopenedCheck('PRIMARY-TABLES', fits.unopened ?? [], null),
		...toolFaultsCheck('PRIMARY-TOOL-OBJECTS', fits.toolFaults ?? [], null, [
			'Correct the object, or copy it from a backup by our own engine:  --seed BACKUP, made with lockstep backup --engine parallel',
		]),
		...(fits.strayFolders.length === 0
			? []
			: [
					note(
						'PRIMARY-FOLDERS',
						'Folders among its data that are no databases are left out',
						`${some(fits.strayFolders)} (ignore_db_dirs in the option file hides them)`,
					),
				]),
		...(isOn(fits.primary.require_secure_transport) && !tls
			? [
					fail('PRIMARY-SECURE', 'The primary takes no connections without TLS', {
						expected: 'require_secure_transport = OFF, as --no-tls was given',
						wrong: 'require_secure_transport is ON',
						hints: ['Leave out --no-tls.'],
					}),
				]
			: []),
	];
}

/** Of the replica: what it would refuse. */
export function replicaFits(fits: Fits, copied: 'accounts' | 'all'): Check[] {
	const { primary, replica } = fits;
	const distrusted = distrusts(fits) ? fits.functions : [];
	const restricted = isOn(replica.partial_revokes) ? [] : fits.restricted;
	return [
		must(
			'REPLICA-CASE',
			{ pass: 'Names of tables mean the same on both', fail: 'Names of tables do not mean the same on both' },
			primary.lower_case_table_names === replica.lower_case_table_names,
			{
				expected: `lower_case_table_names = ${primary.lower_case_table_names}, as on the primary`,
				found: String(replica.lower_case_table_names),
				hints: ['It is decided when a server’s data folder is made: take a server that was made with the primary’s value.'],
			},
		),
		...(copied === 'accounts' ? [] : [functionsCheck('REPLICA-FUNCTIONS', FUNCTIONS, 'replica', distrusted)]),
		must(
			'REPLICA-PLUGINS',
			{
				pass: 'The replica knows how the primary’s accounts log in',
				fail: 'The replica does not know how some accounts of the primary log in',
			},
			fits.missingPlugins.length === 0,
			{
				expected: 'the same authentication plugins',
				wrong: `it lacks ${some(fits.missingPlugins)} (error 1524)`,
				hints: fits.missingPlugins.map((name) => `On the replica:  INSTALL PLUGIN ${name} SONAME '….so';`),
			},
		),
		must(
			'REPLICA-PARTIAL-REVOKES',
			{ pass: 'The replica takes partial revokes', fail: 'The replica takes no partial revokes' },
			restricted.length === 0,
			{
				expected: 'partial_revokes = ON, as on the primary',
				wrong: `it is OFF, and these accounts have some: ${some(restricted)}`,
				hints: ['On the replica:  SET PERSIST partial_revokes = ON;'],
			},
		),
	];
}
