import type { SqlToken } from './judged-tokens.ts';
import type { SqlMode } from './mode.ts';
import type { TokenReader } from './token-reader.ts';

/** Why a statement is not one that the file may hold. */
export class Refused extends Error {}

/** Of this session only, and nothing that leads out of it. */
const SETTINGS = new Set(
	`autocommit character_set_client character_set_connection character_set_results check_constraint_checks collation_connection
	collation_database default_collation_for_utf8mb4 default_storage_engine explicit_defaults_for_timestamp foreign_key_checks
	information_schema_stats_expiry max_statement_time net_read_timeout net_write_timeout note_verbosity show_create_table_skip_secondary_engine
	sql_log_bin sql_mode sql_notes sql_quote_show_create sql_require_primary_key statement_timeout system_versioning_alter_history
	innodb_strict_mode sql_generate_invisible_primary_key system_versioning_insert_history time_zone unique_checks`.split(/\s+/),
);

/** A value that was kept of them says how what follows is read. */
const DECISIVE = new Set(['character_set_client', 'sql_mode']);

/** Second bytes of a character may be a backslash or a backquote. */
const UNSAFE_CHARSETS = /^(?:big5|cp932|gb18030|gbk|sjis)$/;
/** Where a byte is a blank that is none in others: the `ctype` of share/charsets of both vendors. */
const BLANK_A0 = /^(?:armscii8|cp1250|dec8|geostd8|greek|hebrew|latin[1257])$/;
const BLANK_FF = /^(?:cp852|cp866|keybcs2)$/;

/** By which a client and a server read what follows. */
type Reading = { readonly charset: string; readonly isPlain: boolean; readonly isModeKnown: boolean };
type Value = { readonly text: string; readonly of: 'setting' | 'variable' | 'text' | 'word' };
/** What a statement sets. `isVariable`: one of the session's own, as `@OLD_SQL_MODE`. */
type Target = { readonly name: string; readonly isVariable: boolean; readonly isEverywhere: boolean };

const understood = (holds: boolean): void => {
	if (!holds) throw new Refused('it is not understood');
};

function nameIn(read: TokenReader<SqlToken>): string {
	const name = read.takeName();
	if (name === null) throw new Refused('a name is missing');
	return name;
}

/**
 * Judges what a file sets, and follows what changes how its text is read: the character set, which is utf8mb4 at first, and the sql_mode. Of
 * these it must be known on every server what they are.
 */
export function createSettings() {
	/** What was kept of a setting, and what stood then. */
	const variables = new Map<string, Reading & { readonly setting: string }>();
	let charset = 'utf8mb4';
	/** False while it is the server's own. */
	let isModeKnown = false;

	function value(read: TokenReader<SqlToken>): Value {
		if (read.takeSign('@')) {
			if (read.takeSign('@')) {
				if (read.take('SESSION')) understood(read.takeSign('.'));
				return { text: nameIn(read).toLowerCase(), of: 'setting' };
			}
			const name = nameIn(read).toLowerCase();
			if (!variables.has(name)) throw new Refused(`@${name} was not set from a setting before`);
			return { text: name, of: 'variable' };
		}
		read.takeSign('-');
		const token = read.next();
		if (token === undefined || token.kind === 'sign') throw new Refused('it sets what is no plain value');
		return token.kind === 'text' ? { text: token.text.slice(1, -1), of: 'text' } : { text: token.text, of: 'word' };
	}

	/** What was kept of that very setting; null where the value is none. */
	const keptOf = (set: Value, setting: string) => {
		const kept = set.of === 'variable' ? variables.get(set.text) : undefined;
		return kept?.setting === setting ? kept : null;
	};

	function setCharset(set: Value, isEverywhere: boolean): void {
		if (!isEverywhere) throw new Refused('not every server sets its character set by it');
		const name = set.of === 'text' || set.of === 'word' ? set.text.toLowerCase() : keptOf(set, 'character_set_client')?.charset;
		// A number is a character set as well, and the default is another on each server.
		if (name === undefined || !/^[a-z][a-z\d]*$/.test(name) || name === 'default')
			throw new Refused('the character set that it sets is not understood');
		charset = name;
	}

	function setMode(set: Value, isEverywhere: boolean): void {
		if (!isEverywhere) throw new Refused('not every server sets sql_mode by it');
		const kept = keptOf(set, 'sql_mode');
		if (kept?.isPlain !== true && (set.of !== 'text' || !/^[A-Z_,]*$/i.test(set.text)))
			throw new Refused('the sql_mode that it sets is not understood');
		isModeKnown = kept?.isModeKnown ?? true;
	}

	function keep({ name, isEverywhere }: Target, set: Value, { backslashes, ansiQuotes, oracle }: SqlMode): void {
		if (set.of !== 'setting' && set.of !== 'variable') throw new Refused(`@${name} is no kept setting`);
		const now = { charset, isPlain: backslashes && !ansiQuotes && !oracle, isModeKnown, setting: set.text };
		const kept = (set.of === 'variable' ? variables.get(set.text) : undefined) ?? now;
		// Accounts give their role to it as well.
		if (name === 'current_role' || (!isEverywhere && DECISIVE.has(kept.setting))) throw new Refused(`it sets @${name}`);
		variables.set(name, kept);
	}

	/** What is before `=`. The session's own, where nothing else is said. */
	function target(read: TokenReader<SqlToken>): Target {
		const isVariable = read.isSign('@') && !read.isSign('@', 1);
		let isOfSession = true;
		if (isVariable) read.takeSign('@');
		else if (read.takeSign('@')) {
			read.takeSign('@');
			isOfSession = read.isSign('.', 1);
			if (isOfSession && (!read.take('SESSION') || !read.takeSign('.'))) throw new Refused('it sets more than its own session');
		} else read.take('SESSION');
		const isEverywhere = read.peek()?.within.length === 0;
		const isWord = read.upper() !== '';
		const name = nameIn(read).toLowerCase();
		// `@@sql_mode` is not how a dump says it.
		if (!isVariable && (!isWord || !SETTINGS.has(name) || (name === 'sql_mode' && !isOfSession))) throw new Refused(`it sets ${name}`);
		return { name, isVariable, isEverywhere };
	}

	function setOne(read: TokenReader<SqlToken>, names: Set<string>, mode: SqlMode): void {
		const setting = target(read);
		const { name, isVariable, isEverywhere } = setting;
		if (!isVariable && names.has(name)) throw new Refused(`it sets ${name} twice`);
		names.add(name);
		understood(read.takeSign('='));
		const set = value(read);
		if (isVariable) keep(setting, set, mode);
		else if (name === 'sql_mode') setMode(set, isEverywhere);
		else if (name === 'character_set_client') setCharset(set, isEverywhere);
		else if (name === 'sql_log_bin' && set.of !== 'variable' && set.text !== '0') throw new Refused('it turns on the binary log');
	}

	return {
		/** A SET, behind that word. Throws Refused. */
		judge(read: TokenReader<SqlToken>, mode: SqlMode): void {
			const isEverywhere = read.peek()?.within.length === 0;
			if (read.take('NAMES')) {
				setCharset(value(read), isEverywhere);
				if (read.take('COLLATE')) value(read);
				return;
			}
			const names = new Set<string>();
			do setOne(read, names, mode);
			while (read.takeSign(','));
		},
		/** Whether a server may read these bytes in the character set of now otherwise than a client does. */
		isUnsafe: (text: Buffer): boolean => UNSAFE_CHARSETS.test(charset) && /[\x80-\xff][\\`]/.test(text.toString('latin1')),
		get isModeKnown() {
			return isModeKnown;
		},
		/** Whether no rows can be read in it. */
		get isUnsafeForRows() {
			return UNSAFE_CHARSETS.test(charset);
		},
		/** What servers take for a blank that is a part of a word to others; null where there is none. */
		get blank() {
			if (BLANK_A0.test(charset)) return '\xa0';
			return BLANK_FF.test(charset) ? '\xff' : null;
		},
	};
}
