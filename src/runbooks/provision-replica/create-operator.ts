import { basename, dirname } from 'node:path';
import type { Action } from '../../core/action.ts';
import { type Check, must, note } from '../../core/check.ts';
import { isMade } from '../../core/effects.ts';
import type { Thing } from '../../core/model.ts';
import type { ReadContext, Step } from '../../core/step.ts';
import type { Need } from '../../dialects/contract/objects.ts';
import type { Statement } from '../../sql/sql.ts';
import { change } from '../shared/change.ts';
import { readIdentity } from '../shared/inspect.ts';
import { privilegeCheck, type Server } from '../shared/server.ts';
import { refusedPassword } from './create-account.ts';
import type { ProvisionEnv } from './env.ts';
import { type Chain, chainOf, exists, heldThere, nameOf, onPrimary, onReplicaAlone, replicaNeeds } from './operator.ts';

type Facts = {
	/** Whether the primary is a replica itself, and how. */
	readonly chain: Chain;
	readonly exists: boolean;
	/** Its privileges on `*.*` of the primary. */
	readonly held: readonly string[];
	readonly onReplica: boolean;
	readonly replicaTls: boolean;
	readonly superReadOnly: string | null;
	readonly file: boolean;
	readonly fileCanBeMade: boolean;
	/** How many other files are in its folder; null: the folder is not there. */
	readonly beside?: number | null;
	/** What we are and may ourselves: nobody can pass on what he does not hold. */
	readonly we: { readonly [role: string]: { readonly account: string; readonly held: readonly string[] } };
};
type Output = { readonly made: boolean };

const NONE: Facts = {
	chain: { follows: false, superReadOnly: null },
	exists: false,
	held: [],
	onReplica: false,
	replicaTls: true,
	superReadOnly: null,
	file: false,
	fileCanBeMade: true,
	we: {},
};

const accountThere = (who: { readonly user: string; readonly host: string }): Thing => ({
	on: 'primary',
	kind: 'account',
	name: nameOf(who),
});

const ours = async (server: Server, { runQuery }: ReadContext, role: 'primary' | 'replica') => {
	const { identity, held } = await readIdentity(server, runQuery, role);
	return { account: identity.account, held };
};

export const createOperator: Step<ProvisionEnv, Facts, Output> = {
	id: 'create-operator',
	title: 'Create the operator’s account',
	why: 'Work on the replica does not need root. On the primary this account is read-only (lockstep status); the replica gets it with the other accounts, and there it may take backups. Its password is put in a file for you alone and shown nowhere.',
	async inspect({ primary, replica, operator, ...at }) {
		if (operator === null) return NONE;
		const { runQuery, folderFacts } = at;
		const there = await exists(primary, 'primary', operator, runQuery);
		const itself = await runQuery('replica', replica.dialect.identity);
		const folder = await folderFacts(dirname(operator.passwordFile));
		return {
			chain: await chainOf(primary, runQuery),
			exists: there,
			held: there ? await heldThere(primary, 'primary', operator, runQuery) : [],
			onReplica: await exists(replica, 'replica', operator, runQuery),
			replicaTls: itself.tls,
			superReadOnly: itself.superReadOnly,
			file: (await folderFacts(operator.passwordFile)).exists,
			beside: folder.exists ? folder.entries.filter((name) => name !== basename(operator.passwordFile)).length : null,
			fileCanBeMade: folder.writable && (!folder.exists || folder.isFolder),
			we: { primary: await ours(primary, at, 'primary'), replica: await ours(replica, at, 'replica') },
		};
	},
	checks({ primary, replica, operator, facts, origin }) {
		if (operator === null) return [];
		const name = nameOf(operator);
		const checks: Check[] = [];
		const passedOn = (role: 'primary' | 'replica', server: Server, needs: readonly Need[]) => {
			const we = facts.we[role];
			if (we === undefined) return;
			const needed = needs.map(({ privilege, why }) => ({ privilege, why: `for ${name}: ${why}` }));
			checks.push(privilegeCheck(`OPERATOR-${role.toUpperCase()}`, server, we.account, { held: we.held, needed }));
		};
		passedOn('primary', primary, primary.dialect.privileges.needs.status);
		passedOn('replica', replica, replicaNeeds(replica));
		if (origin.exists) {
			checks.push(note('OPERATOR', `The account ${name} exists`, 'it keeps its password; only what it lacks is granted'));
			return checks;
		}
		checks.push(
			must(
				'OPERATOR',
				{ pass: `The replica has no account ${name} of its own`, fail: `The replica has an account ${name} of its own` },
				!origin.onReplica,
				{
					expected: `${name} on neither server, or on the primary`,
					wrong: 'on the replica only: it would keep a password that the primary’s has not',
					hints: [
						'Choose another name:  --operator NAME@HOST',
						`or drop it there, if it is not in use:  DROP USER '${operator.user}'@'${operator.host}';`,
					],
				},
			),
			must(
				'OPERATOR-FILE',
				{ pass: 'Its password can be put in a file', fail: 'Its password cannot be put in a file' },
				!origin.file && facts.fileCanBeMade,
				{
					expected: `${operator.passwordFile} is free and can be made`,
					found: origin.file
						? 'it exists already, and lockstep overwrites nothing'
						: `no permission to write in ${dirname(operator.passwordFile)}`,
					hints: ['Give another file:  --operator-password-file FILE'],
				},
			),
			must(
				'OPERATOR-TLS',
				{ pass: `${name} can log in on the replica`, fail: `${name} cannot log in on the replica` },
				!operator.tls || facts.replicaTls,
				{
					expected: 'TLS on the replica, as the account must use it',
					wrong: 'the replica has none',
					hints: [...replica.dialect.hints.tls, 'or say in words that nothing need be encrypted:  --no-tls'],
				},
			),
		);
		return checks;
	},
	plan({ primary, operator, facts, origin }) {
		if (operator === null) return [];
		const { accounts, privileges } = primary.dialect;
		const { user, host, password, tls, passwordFile: path } = operator;
		const actions: Action[] = [];
		const act = (id: string, why: string, statement: Statement) => actions.push(change('primary', id, why, statement));
		if (!origin.exists && !(facts.exists && facts.file)) {
			// The file comes last: where it is, it holds the password that the account has.
			if (facts.file) actions.push({ kind: 'file', id: 'forget-password', why: 'of an account that is gone', op: 'remove', path });
			if (facts.exists)
				act('password', 'a new password: the first never came to its file', accounts.setPassword(user, host, password, tls));
			else
				actions.push({
					...change('primary', 'create', 'an account of its own, with a generated password', accounts.create(user, host, password, tls)),
					makes: [accountThere(operator)],
				});
			if (facts.beside === null)
				actions.push({ kind: 'file', id: 'make-folder', why: 'for the file with its password', op: 'folder', path: dirname(path) });
			actions.push({ kind: 'file', id: 'keep-password', why: 'for you alone', op: 'secret', path, secret: password });
		}
		const lacking = privileges.missing(facts.held, privileges.needs.status).map((need) => need.privilege);
		if (lacking.length > 0) act('grant', 'on the primary it may look', privileges.grant(lacking, nameOf(operator)));
		return onPrimary(primary, { facts: facts.chain, origin: origin.chain ?? facts.chain }, actions);
	},
	async run({ plan, perform, origin }) {
		for (const action of plan) await perform(action).catch(refusedPassword);
		return { made: !origin.exists };
	},
	async verify({ primary, operator, runQuery, folderFacts, output }) {
		if (operator === null) return [];
		const { accounts, privileges } = primary.dialect;
		const name = nameOf(operator);
		const there = await exists(primary, 'primary', operator, runQuery);
		const lacking = there ? privileges.missing(await heldThere(primary, 'primary', operator, runQuery), privileges.needs.status) : [];
		const made = must(
			'OPERATOR-MADE',
			{ pass: `${name} may read the primary’s status`, fail: `${name} may not read the primary’s status` },
			there && lacking.length === 0,
			{
				expected: 'the account and its privileges',
				wrong: there ? `missing ${lacking.map((need) => need.privilege).join(', ')}` : 'no such account',
			},
		);
		if (!output.made || !there) return [made];
		return [
			made,
			must(
				'OPERATOR-KEPT',
				{ pass: 'Its password is in its file', fail: 'Its password is not in its file' },
				(await folderFacts(operator.passwordFile)).exists,
				{
					expected: operator.passwordFile,
					wrong: 'no such file',
				},
			),
			must(
				'OPERATOR-REQUIRES',
				{
					pass: operator.tls ? `${name} must use TLS` : `${name} may connect without TLS`,
					fail: operator.tls ? `${name} may connect without TLS` : `${name} must use TLS`,
				},
				(await runQuery('primary', accounts.requiresTls(operator.user, operator.host))) === operator.tls,
			),
		];
	},
	async inspectReachable({ primary, replica, operator, runQuery, folderFacts, origin, absent }) {
		if (operator === null) return NONE;
		const folder = await folderFacts(dirname(operator.passwordFile));
		const given = primary.dialect.privileges.needs.status.map(({ privilege }) => privilege);
		const there = !absent.has('primary') && (await exists(primary, 'primary', operator, runQuery));
		return {
			...origin,
			...(absent.has('primary')
				? { exists: true, held: [...origin.held, ...given] }
				: {
						chain: await chainOf(primary, runQuery),
						exists: there,
						held: there ? await heldThere(primary, 'primary', operator, runQuery) : [],
					}),
			onReplica: absent.has('replica') || (await exists(replica, 'replica', operator, runQuery)),
			superReadOnly: absent.has('replica') ? origin.superReadOnly : (await runQuery('replica', replica.dialect.identity)).superReadOnly,
			file: (await folderFacts(operator.passwordFile)).exists,
			beside: folder.exists ? folder.entries.filter((name) => name !== basename(operator.passwordFile)).length : null,
		};
	},
	undo({ primary, replica, operator, facts, origin, made }) {
		if (operator === null) return [];
		const ours = isMade(made, accountThere(operator));
		const { accounts, privileges } = primary.dialect;
		const actions: Action[] = [];
		// Where it did not come with the copied accounts, but by CLONE or by replication.
		if (ours && !origin.onReplica && facts.onReplica) {
			const statement = replica.dialect.accounts.drop({ ...operator, role: false });
			actions.push(...onReplicaAlone(replica, facts, { id: 'drop-operator-there', why: 'it came by this run', statement }));
		}
		const onIt: Action[] = [];
		if (ours && !origin.exists && facts.exists)
			onIt.push(change('primary', 'drop-operator', 'the account was made by this run', accounts.drop({ ...operator, role: false })));
		if (!origin.exists && !origin.file && facts.file)
			actions.push({ kind: 'file', id: 'forget-password', why: 'of that account', op: 'remove', path: operator.passwordFile });
		if (!origin.exists && origin.beside === null && facts.beside === 0)
			actions.push({
				kind: 'file',
				id: 'forget-folder',
				why: 'made by this run',
				op: 'remove-folder',
				path: dirname(operator.passwordFile),
			});
		const given = privileges.missing(origin.held, privileges.needs.status).map((need) => need.privilege);
		const extra = given.filter((privilege) => facts.held.includes(privilege));
		if (origin.exists && extra.length > 0)
			onIt.push(change('primary', 'revoke-operator', 'granted by this run', privileges.revoke(extra, nameOf(operator))));
		return [...actions, ...onPrimary(primary, { facts: facts.chain, origin: origin.chain ?? facts.chain }, onIt)];
	},
	previewOutput: { made: true },
};
