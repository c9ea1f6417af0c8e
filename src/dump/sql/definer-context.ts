import { bare } from './split.ts';

const ALTER_DATABASE = /^(?:\/\*M?!\d*\s*)?ALTER\s+DATABASE\s/i;
const SETTING = /^(?:(?:\/\*M?!\d*\s*)?SET\s|DELIMITER\s|$)/i;

export type HoldBack = {
	/** What may go on now that this statement, which is wanted, has come. */
	pass(statement: string): readonly string[];
	/** What was waiting at the end. */
	end(): readonly string[];
	readonly waiting: boolean;
};

/**
 * The vendors' tools give a database another collation around a trigger or a routine that was made under it, and then the one that it had when
 * it was dumped. Where the object is left out its database, which may have changed since, must be left alone: so the first of the two waits,
 * with the settings that follow, until what it is there for comes.
 */
export function createHoldBack(): HoldBack {
	let held: string[] | null = null;
	let altered = false;
	const rest = () => {
		const settings = held?.slice(1) ?? [];
		held = null;
		return settings;
	};
	return {
		pass(statement) {
			const text = bare(statement);
			if (ALTER_DATABASE.test(text)) {
				if (held !== null) return rest();
				if (!altered) {
					held = [statement];
					return [];
				}
				altered = false;
				return [statement];
			}
			if (held === null) return [statement];
			held.push(statement);
			if (SETTING.test(text)) return [];
			const all = held;
			held = null;
			altered = true;
			return all;
		},
		end: rest,
		get waiting() {
			return held !== null;
		},
	};
}
