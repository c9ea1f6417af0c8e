import { randomInt } from 'node:crypto';
import { UserError } from '../core/errors.ts';
import type { PasswordPolicy } from '../dialects/common/passwords.ts';
import { Secret } from '../sql/secret.ts';

const SIGNS = {
	lower: 'abcdefghijklmnopqrstuvwxyz',
	upper: 'ABCDEFGHIJKLMNOPQRSTUVWXYZ',
	digits: '0123456789',
	special: '-_.+=@',
} as const;
type Class = keyof typeof SIGNS;

/** MySQL lets a channel have no more (SOURCE_PASSWORD). */
const LONGEST = 32;
/** So many letters make no word that a policy's dictionary refuses: those have four. */
const IN_A_ROW = 3;

const pickOf = <T>(items: readonly T[]): T => items[randomInt(items.length)] as T;

/**
 * A random password of 32 characters that this policy takes. Letters never stand four in a row, so that no word of a dictionary is among them.
 * @throws UserError where no password of 32 characters can have all that is demanded
 */
export function newPassword(policy: PasswordPolicy, server: string): Secret {
	const least: Record<Class, number> = { lower: policy.lower, upper: policy.upper, digits: policy.digits, special: policy.special };
	const demanded = Object.values(least).reduce((sum, count) => sum + count, 0);
	if (Math.max(policy.length, demanded) > LONGEST) {
		throw new UserError({
			message: `${server} demands passwords of ${Math.max(policy.length, demanded)} characters and more.`,
			reason: `A replication channel takes ${LONGEST} at most.`,
			hints: [
				"The policy:  SHOW GLOBAL VARIABLES LIKE '%password%';",
				'Relax it for as long as the set-up takes:  SET GLOBAL validate_password.length = 32;',
			],
		});
	}
	// What is left is shared out, the class with the fewest first.
	const classes = Object.keys(SIGNS) as Class[];
	for (let left = LONGEST - demanded; left > 0; left--) {
		const fewest = Math.min(...classes.map((name) => least[name]));
		least[pickOf(classes.filter((name) => least[name] === fewest))] += 1;
	}
	const signs = (names: readonly Class[]) =>
		shuffled(names.flatMap((name) => Array.from({ length: least[name] }, () => pickOf([...SIGNS[name]]))));
	const letters = signs(['lower', 'upper']);
	const breaks = signs(['digits', 'special']);
	// Between any two letters that are too many in a row stands a digit or a sign.
	const groups = Array<string>(breaks.length + 1).fill('');
	for (const letter of letters) {
		const shortest = Math.min(...groups.map(({ length }) => length));
		const open = groups.flatMap((group, index) => (group.length < Math.max(shortest + 1, IN_A_ROW) ? [index] : []));
		const index = pickOf(open);
		groups[index] += letter;
	}
	return new Secret(groups.map((group, index) => `${group}${breaks[index] ?? ''}`).join(''));
}

function shuffled<T>(items: readonly T[]): T[] {
	const all = [...items];
	for (let at = all.length - 1; at > 0; at--) {
		const other = randomInt(at + 1);
		[all[at], all[other]] = [all[other] as T, all[at] as T];
	}
	return all;
}
