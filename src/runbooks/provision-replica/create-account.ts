import type { Action } from '../../core/action.ts';
import { fail, must, note } from '../../core/check.ts';
import { isMade } from '../../core/effects.ts';
import { UserError } from '../../core/errors.ts';
import type { Thing } from '../../core/model.ts';
import type { Step } from '../../core/step.ts';
import { isPasswordRefused } from '../../dialects/common/errors.ts';
import type { Statement } from '../../sql/sql.ts';
import { change } from '../shared/change.ts';
import type { ProvisionEnv } from './env.ts';
import { type Chain, chainOf, onPrimary } from './operator.ts';

type Facts = Chain & { readonly exists: boolean; readonly grants: readonly string[]; readonly requiresTls: boolean };

const REPLICATION_ONLY = /^GRANT (USAGE|REPLICATION SLAVE) ON \*\.\* TO /;

export function refusedPassword(error: unknown): never {
	if (!isPasswordRefused(error)) throw error;
	throw new UserError(
		{
			message: 'The server’s password policy refused the generated password.',
			reason: 'It has 32 random characters: as many letters of either case, digits and signs as the policy’s settings demand.',
			hints: [
				"The policy:  SHOW GLOBAL VARIABLES LIKE '%password%';",
				'Relax it for as long as the set-up takes, then the same command again.',
			],
			...(error.description.details === undefined ? {} : { details: error.description.details }),
		},
		{ cause: error },
	);
}

const accountThere = ({ user, host }: ProvisionEnv['account']): Thing => ({ on: 'primary', kind: 'account', name: `${user}@${host}` });

export const createAccount: Step<ProvisionEnv, Facts, null> = {
	id: 'create-account',
	title: 'Create the replication account',
	why: 'The replica logs in to the primary with an account of its own that can read the binary log and nothing else, only from the replica’s address, only encrypted, with a strong password that is never typed or shown.',
	async inspect({ primary, account, runQuery }) {
		const { accounts } = primary.dialect;
		const exists = await runQuery('primary', accounts.exists(account.user, account.host));
		const chain = await chainOf(primary, runQuery);
		if (!exists) return { ...chain, exists, grants: [], requiresTls: false };
		return {
			...chain,
			exists,
			grants: await runQuery('primary', accounts.grants(account.user, account.host)),
			requiresTls: await runQuery('primary', accounts.requiresTls(account.user, account.host)),
		};
	},
	checks({ account, origin }) {
		const name = `${account.user}@${account.host}`;
		if (!origin.exists) return [];
		if (account.ours && origin.grants.every((grant) => REPLICATION_ONLY.test(grant))) {
			return [note('ACCOUNT', `The account ${name} exists from an earlier run`, 'it gets a new password')];
		}
		return [
			fail('ACCOUNT', `The account ${name} is in use`, {
				expected: 'an account that is not in use yet',
				found: origin.grants.join('; '),
				hints: [
					'Choose another name:  --account NAME@HOST',
					`or drop it, if it is not in use:  DROP USER '${account.user}'@'${account.host}';`,
				],
			}),
		];
	},
	plan({ primary, account, password, tls, facts, origin, memory, outputs }) {
		const { accounts } = primary.dialect;
		const actions: Action[] = [];
		const act = (id: string, why: string, statement: Statement) => actions.push(change('primary', id, why, statement));
		if (!facts.exists)
			actions.push({
				...change(
					'primary',
					'create',
					'an account of its own, with a generated password',
					accounts.create(account.user, account.host, password, tls),
				),
				makes: [accountThere(account)],
			});
		else if (!memory.passwordSet && outputs.connect === undefined) {
			act('password', 'a new password, known to this run only', accounts.setPassword(account.user, account.host, password, tls));
		}
		if (!facts.grants.some((grant) => grant.startsWith('GRANT REPLICATION SLAVE ON'))) {
			act('grant', 'the one privilege that a replica needs', accounts.grantReplication(account.user, account.host));
		}
		return onPrimary(primary, { facts, origin }, actions);
	},
	async run({ plan, perform, memory }) {
		for (const action of plan) {
			await perform(action).catch(refusedPassword);
			if (action.id === 'create' || action.id === 'password') memory.passwordSet = true;
		}
		return null;
	},
	async verify({ primary, account, tls, runQuery, memory, outputs }) {
		const { accounts } = primary.dialect;
		const name = `${account.user}@${account.host}`;
		if (!(await runQuery('primary', accounts.exists(account.user, account.host)))) {
			return [fail('ACCOUNT-EXISTS', `${name} does not exist`, { expected: 'the account', found: 'none' })];
		}
		const grants = await runQuery('primary', accounts.grants(account.user, account.host));
		const requires = await runQuery('primary', accounts.requiresTls(account.user, account.host));
		return [
			must(
				'ACCOUNT-GRANTS',
				{ pass: `${name} may replicate and nothing else`, fail: `${name} may not replicate, or may do more than that` },
				grants.some((grant) => grant.startsWith('GRANT REPLICATION SLAVE')) && grants.every((grant) => REPLICATION_ONLY.test(grant)),
				{
					expected: 'GRANT REPLICATION SLAVE ON *.*',
					found: grants.join('; '),
				},
			),
			must(
				'ACCOUNT-TLS',
				{
					pass: tls ? `${name} must use TLS` : `${name} may connect without TLS, as was asked`,
					fail: tls ? `${name} may connect without TLS` : `${name} must use TLS, which was not asked`,
				},
				requires === tls,
				{
					expected: tls ? 'REQUIRE SSL' : 'no REQUIRE',
					found: requires ? 'REQUIRE SSL' : 'none',
				},
			),
			// The password was in the memory of the run that set it: another run sets a new one, until the channel has it.
			must(
				'ACCOUNT-PASSWORD',
				{
					pass: 'Its password is known to this run or to the channel',
					fail: 'Its password is known neither to this run nor to the channel',
				},
				memory.passwordSet || outputs.connect !== undefined,
			),
		];
	},
	inspectReachable: async (at) => (at.absent.has('primary') ? { ...at.origin, exists: true } : createAccount.inspect(at)),
	undo({ primary, account, facts, origin, made }) {
		const drop = primary.dialect.accounts.drop({ ...account, role: false });
		const ours = !origin.exists && facts.exists && isMade(made, accountThere(account));
		return onPrimary(primary, { facts, origin }, ours ? [change('primary', 'drop-account', 'the account was made by this run', drop)] : []);
	},
};
