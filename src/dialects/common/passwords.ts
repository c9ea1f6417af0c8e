// What a server demands of a new password, as its plugins' settings say it.
import { type Query, query, type Row, sql } from '../../sql/sql.ts';

/** At least so many of each. */
export type PasswordPolicy = {
	readonly length: number;
	readonly lower: number;
	readonly upper: number;
	readonly digits: number;
	readonly special: number;
};

/** Where neither plugin says anything. */
export const NO_POLICY: PasswordPolicy = { length: 0, lower: 0, upper: 0, digits: 0, special: 0 };

function readPolicy(rows: readonly Row[]): PasswordPolicy {
	const values = new Map(rows.map((row) => [row.Variable_name ?? '', row.Value ?? '']));
	// MySQL: of the component with a dot, of the older plugin without. MariaDB: simple_password_check.
	const of = (...names: readonly string[]) =>
		Math.max(
			0,
			...names
				.flatMap((name) => [`validate_password.${name}`, `validate_password_${name}`, `simple_password_check_${name}`])
				.map((name) => Number(values.get(name) ?? 0)),
		);
	const cases = of('mixed_case_count', 'letters_same_case');
	return {
		length: of('length', 'minimal_length'),
		lower: cases,
		upper: cases,
		digits: of('number_count', 'digits'),
		special: of('special_char_count', 'other_characters'),
	};
}

/** Needs no privilege. */
export const passwordPolicy: Query<PasswordPolicy> = query(
	sql`SHOW GLOBAL VARIABLES WHERE Variable_name LIKE 'validate\\_password%' OR Variable_name LIKE 'simple\\_password\\_check%'`,
	readPolicy,
);
