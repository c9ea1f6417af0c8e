import { account, id, list, query, raw, sql } from '../../sql/sql.ts';
import { value } from '../common/pieces.ts';
import type { CloneFacts, CloneLimit, Cloning } from '../contract/clone.ts';
import { canonical } from './gtid-set.ts';
import { seriesOf } from './identity.ts';

/** The recipient refuses a donor that differs in these (3862 and after), most of them only after its own data is gone. */
const SAME = [
	'innodb_page_size',
	'innodb_data_file_path',
	'lower_case_table_names',
	'character_set_server',
	'collation_server',
	'version_compile_machine',
	'version_compile_os',
];
/** What a restart must not forget: copied events would fire, clients would write. */
const QUIET = ['read_only', 'super_read_only', 'event_scheduler'];
const LEAST_PACKET = 2 * 1024 ** 2;
/** Up to this patch a clone needs the very same version. */
const STRICT_80 = 36;

const patchOf = (version: string): number => Number(/^\d+\.\d+\.(\d+)/.exec(version)?.[1] ?? 0);

/** Within a series any version clones from any other; up to 8.0.36 only the very same. */
function fits(donor: string, recipient: string): boolean {
	if (seriesOf(donor) !== seriesOf(recipient)) return false;
	if (seriesOf(donor) !== '8.0') return true;
	const patches = [patchOf(donor), patchOf(recipient)];
	return patches[0] === patches[1] || patches.every((patch) => patch > STRICT_80);
}

const numbersOf = (version: string): string => version.replace(/-.*/, '');

function limits(donor: CloneFacts, recipient: CloneFacts): CloneLimit[] {
	const stream = 'Or copy by the stream:  --seed dump';
	const differing = SAME.filter((name) => donor.same[name] !== recipient.same[name]);
	const lacking = donor.plugins.filter((name) => !recipient.plugins.includes(name));
	const each = (facts: CloneFacts) => differing.map((name) => `${name} = ${facts.same[name] ?? '(none)'}`).join(', ');
	return [
		{
			id: 'CLONE-VERSION',
			titles: { pass: 'CLONE works between these two versions', fail: 'CLONE does not work between these two versions' },
			holds: fits(donor.version, recipient.version),
			expected: `${numbersOf(donor.version)}, or the same series where that is enough (8.0: after 8.0.${STRICT_80})`,
			found: numbersOf(recipient.version),
			hints: ['Take a replica of the same version.', stream],
		},
		{
			id: 'CLONE-SAME',
			titles: { pass: 'Both servers are built and set up identically', fail: 'The two servers are built or set up differently' },
			holds: differing.length === 0,
			expected: each(donor) || 'as on the primary',
			found: each(recipient) || 'as on the primary',
			hints: ['Give the replica the primary’s values; those of InnoDB’s files and of names only with new data.', stream],
		},
		{
			id: 'CLONE-PLUGINS',
			titles: { pass: 'The replica has the primary’s plugins', fail: 'The replica lacks plugins of the primary' },
			holds: lacking.length === 0,
			expected: donor.plugins.join(', ') || 'none',
			found: lacking.length === 0 ? 'all' : `missing ${lacking.join(', ')}`,
			hints: [`On the replica:  INSTALL PLUGIN … SONAME '….so'  for ${lacking.join(', ')}`, stream],
		},
		{
			id: 'CLONE-PACKET',
			titles: {
				pass: 'max_allowed_packet lets the packets of CLONE through',
				fail: 'max_allowed_packet is too small for the packets of CLONE',
			},
			holds: donor.maxPacket >= LEAST_PACKET && recipient.maxPacket >= LEAST_PACKET,
			expected: `at least ${LEAST_PACKET} on both`,
			found: `${donor.maxPacket} on the primary, ${recipient.maxPacket} on the replica`,
			hints: [`SET PERSIST max_allowed_packet = 67108864;`],
		},
		{
			id: 'CLONE-KEYRING',
			titles: { pass: 'Encrypted tables can be read on the replica', fail: 'Encrypted tables cannot be read on the replica' },
			holds: donor.encryptedTablespaces === 0 || recipient.keyring,
			expected: donor.encryptedTablespaces === 0 ? 'nothing is encrypted' : 'a keyring at work on the replica',
			found: donor.encryptedTablespaces === 0 ? 'nothing is' : `${donor.encryptedTablespaces} encrypted tablespaces, no keyring`,
			hints: ['Set up a keyring component on the replica, as on the primary.', stream],
		},
	];
}

const variables = (names: readonly string[]) => list(names);

// One statement, so that one look is one moment; unknown variables and tables are just not among the rows.
const facts = query<CloneFacts>(
	sql`SELECT 'variable' AS kind, VARIABLE_NAME AS name, VARIABLE_VALUE AS value FROM performance_schema.global_variables
 WHERE VARIABLE_NAME IN (${variables([...SAME, 'version', 'max_allowed_packet', 'clone_valid_donor_list', 'clone_ssl_ca'])})
 UNION ALL SELECT 'persisted', VARIABLE_NAME, VARIABLE_VALUE FROM performance_schema.persisted_variables WHERE VARIABLE_NAME IN (${variables(QUIET)})
 UNION ALL SELECT 'plugin', PLUGIN_NAME, PLUGIN_TYPE FROM information_schema.PLUGINS WHERE PLUGIN_STATUS = 'ACTIVE' AND PLUGIN_LIBRARY IS NOT NULL
 UNION ALL SELECT 'keyring', PLUGIN_NAME, 'plugin' FROM information_schema.PLUGINS WHERE PLUGIN_STATUS = 'ACTIVE' AND PLUGIN_NAME LIKE 'keyring%'
 UNION ALL SELECT 'keyring', 'component', STATUS_VALUE FROM performance_schema.keyring_component_status WHERE STATUS_KEY = 'Component_status' AND STATUS_VALUE = 'Active'
 UNION ALL SELECT 'encrypted', 'tablespaces', CAST(COUNT(*) AS CHAR) FROM information_schema.INNODB_TABLESPACES WHERE ENCRYPTION = 'Y'`,
	(rows) => {
		const of = (kind: string) => rows.filter((row) => row.kind === kind).map((row) => [row.name ?? '', row.value ?? ''] as const);
		const set = new Map(of('variable'));
		const plugins = of('plugin').map(([name]) => name);
		return {
			version: set.get('version') ?? '',
			plugin: plugins.includes('clone'),
			settings: { clone_valid_donor_list: set.get('clone_valid_donor_list') || null, clone_ssl_ca: set.get('clone_ssl_ca') || null },
			same: Object.fromEntries(SAME.map((name) => [name, set.get(name) ?? ''])),
			maxPacket: Number(set.get('max_allowed_packet') ?? 0),
			plugins: plugins.filter((name) => name !== 'clone').sort(),
			encryptedTablespaces: Number(of('encrypted')[0]?.[1] ?? 0),
			keyring: of('keyring').length > 0,
			persisted: Object.fromEntries(of('persisted')),
		};
	},
);

/** The clone plugin (.github/docs/measured.md, Clone). */
export const clone: Cloning = {
	needs: {
		primary: [
			{ privilege: 'INSERT', why: 'puts the clone plugin in' },
			{ privilege: 'DELETE', why: 'takes the clone plugin out again' },
		],
		replica: [{ privilege: 'CLONE_ADMIN', why: 'starts the CLONE' }],
	},
	// Of each of the dynamic privileges it is said whether it can be given on.
	mayGrantDonor: query(sql`SHOW GRANTS FOR CURRENT_USER()`, (rows) =>
		rows.some((row) => /^GRANT (.*,)?BACKUP_ADMIN(,.*)? ON \*\.\* TO .* WITH GRANT OPTION/.test(Object.values(row)[0] ?? '')),
	),
	letGrantDonor: (to) => {
		const at = to.lastIndexOf('@');
		return sql`GRANT BACKUP_ADMIN ON *.* TO ${account(to.slice(0, at), to.slice(at + 1))} WITH GRANT OPTION`;
	},
	facts,
	limits,
	install: sql`INSTALL PLUGIN clone SONAME 'mysql_clone.so'`,
	uninstall: sql`UNINSTALL PLUGIN clone`,
	set: (setting, to) => sql`SET GLOBAL ${id(setting)} = ${to}`,
	grantDonor: (user, host) => sql`GRANT BACKUP_ADMIN ON *.* TO ${account(user, host)}`,
	// Without a word about SSL it encrypts where the donor can.
	from: ({ user, host, port, password, tls }) =>
		sql`CLONE INSTANCE FROM ${account(user, host)}:${port} IDENTIFIED BY ${password}${raw(tls ? ' REQUIRE SSL' : '')}`,
	wentDown: [3707],
	status: query(
		sql`SELECT STATE AS state, BEGIN_TIME AS began, SOURCE AS source, ERROR_NO AS error_no, ERROR_MESSAGE AS error, GTID_EXECUTED AS gtid,
 (SELECT COUNT(*) FROM performance_schema.threads WHERE PROCESSLIST_INFO LIKE 'CLONE INSTANCE %') AS running FROM performance_schema.clone_status`,
		([row]) =>
			row === undefined
				? null
				: {
						state: row.state ?? '',
						began: row.began ?? '',
						source: row.source ?? '',
						errorCode: Number(row.error_no ?? 0),
						error: row.error ?? '',
						gtid: canonical(row.gtid ?? ''),
						running: Number(row.running ?? 0) > 0,
					},
	),
	progress: query(
		sql`SELECT STAGE AS stage, STATE AS state, ESTIMATE AS estimate, DATA AS done FROM performance_schema.clone_progress ORDER BY ID, BEGIN_TIME`,
		(rows) =>
			rows.map((row) => ({
				stage: (row.stage ?? '').toLowerCase(),
				active: row.state === 'In Progress',
				estimate: Number(row.estimate ?? 0),
				done: Number(row.done ?? 0),
			})),
	),
	persist: (variable, wanted) => sql`SET PERSIST ${id(variable)} = ${value(wanted)}`,
	forgetPersisted: (variable) => sql`RESET PERSIST IF EXISTS ${id(variable)}`,
};
