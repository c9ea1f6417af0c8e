import type { FilePurpose } from '../../core/action.ts';
import { isOneProgram } from './program.ts';
import { type Quoting, readings, type SqlToken, sqlTokens, Unreadable } from './sql-tokens.ts';

/** How the server stands where a statement begins. */
export type Standing = Quoting & { readonly oracle: boolean };

/** Of this session only, and nothing that leads out of it. */
const SETTINGS = new Set(
	`autocommit character_set_client character_set_connection character_set_results check_constraint_checks collation_connection
	collation_database default_collation_for_utf8mb4 default_storage_engine explicit_defaults_for_timestamp foreign_key_checks
	information_schema_stats_expiry max_statement_time net_read_timeout net_write_timeout note_verbosity show_create_table_skip_secondary_engine
	sql_log_bin sql_mode sql_notes sql_quote_show_create sql_require_primary_key statement_timeout system_versioning_alter_history
	innodb_strict_mode sql_generate_invisible_primary_key system_versioning_insert_history time_zone unique_checks`.split(/\s+/),
);

/** Second bytes of a character may be a backslash or a backquote. */
const UNSAFE_CHARSETS = /^(big5|cp932|gb18030|gbk|sjis)$/;

const PROGRAMS = new Set(['LIBRARY', 'TRIGGER', 'PROCEDURE', 'FUNCTION', 'EVENT', 'PACKAGE', 'PACKAGE BODY']);
const DROPPED = new Set(['TABLE', 'VIEW', 'TRIGGER', 'PROCEDURE', 'FUNCTION', 'EVENT', 'SEQUENCE', 'PACKAGE', 'LIBRARY']);

/** How mariadb-dump's accounts give the role back that whoever loads them has: word for word, as the first of them runs what the second finds. */
const OWN_ROLE = new Set([
	"SELECT COALESCE ( CURRENT_ROLE ( ) , 'NONE' ) INTO @ CURRENT_ROLE",
	"EXECUTE IMMEDIATE CONCAT ( 'SET ROLE ' , @ CURRENT_ROLE )",
]);

/** Why a statement is not one that the file may hold. */
class Refused extends Error {}

function reader(tokens: readonly SqlToken[], own: string | null) {
	let at = 0;
	const upper = (ahead = 0): string => tokens[at + ahead]?.upper ?? '';
	const sign = (text: string, ahead = 0): boolean => tokens[at + ahead]?.kind === 'sign' && tokens[at + ahead]?.text === text;
	const take = (...words: readonly string[]): boolean => {
		if (!words.every((word, index) => upper(index) === word)) return false;
		at += words.length;
		return true;
	};
	const takeSign = (text: string): boolean => {
		if (!sign(text)) return false;
		at++;
		return true;
	};
	const identifier = (): string => {
		const token = tokens[at];
		if (token?.kind !== 'name' && token?.kind !== 'word') throw new Refused('a name is missing');
		at++;
		return token.text;
	};
	const isOwn = (database: string) => own !== null && database.toLowerCase() === own.toLowerCase();
	return {
		get at() {
			return at;
		},
		get over() {
			return at >= tokens.length;
		},
		/** Whether every server reads what comes next. */
		get isEverywhere() {
			return tokens[at]?.within.length === 0;
		},
		next: () => tokens[at++],
		...{ upper, sign, take, takeSign, identifier },
		/** The name of an object, of the file's own database. */
		object(): string {
			const first = identifier();
			if (!takeSign('.')) return first;
			if (!isOwn(first)) throw new Refused(`it names the database ${first}`);
			return identifier();
		},
		database(): void {
			const name = identifier();
			if (!isOwn(name)) throw new Refused(`it names the database ${name}`);
		},
		/** An account, as in DEFINER. */
		account(): void {
			if (take('CURRENT_USER')) {
				if (takeSign('(') && !takeSign(')')) throw new Refused('its definer is not understood');
				return;
			}
			for (;;) {
				const token = tokens[at++];
				if (token === undefined || token.kind === 'sign') throw new Refused('its definer is not understood');
				if (!takeSign('@')) return;
			}
		},
		end(): true {
			if (at < tokens.length) throw new Refused('more stands behind it than belongs to it');
			return true;
		},
	};
}

type Reader = ReturnType<typeof reader>;

/**
 * Judges the statements of a file of a backup before a client runs them: only what a dump of one database, or of accounts, is made of. The
 * folder may have been changed by anybody who could also redo its checksums.
 */
export function createJudge({ kind, database }: FilePurpose) {
	/** What stood when a variable was set from a setting. */
	const variables = new Map<string, { readonly charset: string; readonly isPlain: boolean }>();
	/** Of tables whose rows would fire a trigger of this file. */
	const triggered = new Set<string>();
	let charset = 'utf8mb4';

	type Value = { readonly text: string; readonly of: 'setting' | 'variable' | 'text' | 'word' };

	function value(read: Reader): Value {
		if (read.takeSign('@')) {
			if (read.takeSign('@')) {
				read.take('SESSION');
				read.takeSign('.');
				return { text: read.identifier(), of: 'setting' };
			}
			const name = read.identifier().toLowerCase();
			if (!variables.has(name)) throw new Refused(`@${name} was not set from a setting before`);
			return { text: name, of: 'variable' };
		}
		read.takeSign('-');
		const token = read.next();
		if (token === undefined || token.kind === 'sign') throw new Refused('it sets what is no plain value');
		return token.kind === 'text' ? { text: token.text.slice(1, -1), of: 'text' } : { text: token.text, of: 'word' };
	}

	/** The one setting by which a client and a server read what follows: it is understood or refused. */
	function sqlMode(set: Value, isEverywhere: boolean): void {
		if (!isEverywhere) throw new Refused('not every server sets sql_mode by it');
		const isKept = set.of === 'variable' && variables.get(set.text)?.isPlain === true;
		if (!isKept && (set.of !== 'text' || !/^[A-Z_,]*$/i.test(set.text))) throw new Refused('the sql_mode that it sets is not understood');
	}

	function settings(read: Reader, at: Standing): true {
		const names = new Set<string>();
		if (read.take('NAMES')) {
			charset = value(read).text.toLowerCase();
			if (read.take('COLLATE')) value(read);
			return read.end();
		}
		do {
			const isVariable = read.sign('@') && !read.sign('@', 1);
			let isBare = false;
			if (read.takeSign('@')) {
				// The session's own, where nothing else is said.
				isBare = read.takeSign('@') && !read.sign('.', 1);
				if (!isVariable && !isBare && (!read.take('SESSION') || !read.takeSign('.')))
					throw new Refused('it sets more than its own session');
			} else read.take('SESSION');
			const isEverywhere = read.isEverywhere;
			const isWord = read.upper() !== '';
			const name = read.identifier().toLowerCase();
			if (!isVariable && (!isWord || !SETTINGS.has(name) || names.has(name))) throw new Refused(`it sets ${name}`);
			names.add(name);
			if (!read.takeSign('=')) throw new Refused('it is not understood');
			const set = value(read);
			if (isVariable) {
				if (set.of !== 'setting' && set.of !== 'variable') throw new Refused(`@${name} is no kept setting`);
				const isPlain = at.backslashes && !at.ansiQuotes && !at.oracle;
				variables.set(name, (set.of === 'variable' ? variables.get(set.text) : null) ?? { charset, isPlain });
			} else if (name === 'sql_mode') sqlMode(set, isEverywhere && !isBare);
			else if (name === 'character_set_client')
				charset = set.of === 'variable' ? (variables.get(set.text)?.charset ?? charset) : set.text.toLowerCase();
			else if (name === 'sql_log_bin' && set.of !== 'variable' && set.text !== '0') throw new Refused('it turns on the binary log');
		} while (read.takeSign(','));
		return read.end();
	}

	function without(tokens: readonly SqlToken[], from: number, ...words: readonly string[]): true {
		for (const token of tokens.slice(from)) {
			if (token.kind === 'sign' && token.text === ';') throw new Refused('another statement stands behind it');
			if (words.includes(token.upper)) throw new Refused(`it holds ${token.upper}`);
		}
		return true;
	}

	function creation(read: Reader, tokens: readonly SqlToken[], { oracle }: Standing): true {
		for (;;) {
			if (read.take('OR', 'REPLACE') || read.take('AGGREGATE')) continue;
			if (read.take('ALGORITHM') && read.takeSign('=')) read.identifier();
			else if (read.take('SQL', 'SECURITY')) read.identifier();
			else if (read.take('DEFINER') && read.takeSign('=')) read.account();
			else break;
		}
		let what = read.next()?.upper ?? '';
		if (what === 'PACKAGE' && read.take('BODY')) what = 'PACKAGE BODY';
		if (what === 'SCHEMA') what = 'DATABASE';
		const known = PROGRAMS.has(what) || ['DATABASE', 'TABLE', 'VIEW', 'SEQUENCE'].includes(what);
		if (!known) throw new Refused(`it makes a ${what.toLowerCase() || 'thing that is not known'}`);
		read.take('IF', 'NOT', 'EXISTS');
		if (what === 'DATABASE') {
			read.database();
			return without(tokens, read.at);
		}
		read.object();
		if (what === 'TABLE') return without(tokens, read.at, 'SELECT', 'LIKE');
		if (what === 'VIEW') return without(tokens, read.at, 'OUTFILE', 'DUMPFILE');
		if (what === 'SEQUENCE') return without(tokens, read.at);
		if (what === 'TRIGGER') {
			const on = tokens.findIndex((token, at) => at >= read.at && token.upper === 'ON');
			while (on >= 0 && read.at <= on) read.next();
			triggered.add(read.object().toLowerCase());
		}
		if (tokens.some((token) => token.upper === 'SONAME')) throw new Refused('it loads a library into the server');
		if (!isOneProgram(tokens, read.at, what, oracle)) throw new Refused('another statement may stand behind the program that it makes');
		return true;
	}

	function removal(read: Reader): true {
		const what = read.next()?.upper ?? '';
		if (what === 'PACKAGE') read.take('BODY');
		if (!DROPPED.has(what) || !read.take('IF', 'EXISTS')) throw new Refused('it drops more than objects of its own that may be in the way');
		do read.object();
		while (read.takeSign(','));
		return read.end();
	}

	function ofAccounts(read: Reader, tokens: readonly SqlToken[]): true {
		if (OWN_ROLE.has(tokens.map(({ kind, text, upper }) => (kind === 'word' ? upper : text)).join(' '))) return true;
		const first = read.upper();
		const isKnown =
			((first === 'CREATE' || first === 'ALTER' || first === 'DROP') && /^(USER|ROLE)$/.test(read.upper(1))) ||
			(first === 'CREATE' && read.upper(1) === 'OR' && /^(USER|ROLE)$/.test(read.upper(3))) ||
			(first === 'SET' && (read.upper(1) === 'ROLE' || (read.upper(1) === 'DEFAULT' && read.upper(2) === 'ROLE'))) ||
			['GRANT', 'REVOKE'].includes(first) ||
			(first === 'FLUSH' && read.upper(1) === 'PRIVILEGES');
		if (!isKnown) throw new Refused('it is not about accounts');
		return without(tokens, 0);
	}

	function judgeOne(tokens: readonly SqlToken[], at: Standing): true {
		if (tokens.length === 0) return true;
		const read = reader(tokens, database);
		const first = read.upper();
		if (first === 'SET' && !['ROLE', 'DEFAULT'].includes(read.upper(1))) {
			read.take('SET');
			return settings(read, at);
		}
		if (kind === 'accounts') return ofAccounts(read, tokens);
		read.next();
		switch (first) {
			case 'USE':
				read.database();
				return read.end();
			case 'CREATE':
				return creation(read, tokens, at);
			case 'DROP':
				return removal(read);
			case 'LOCK':
				if (!read.take('TABLES')) break;
				do {
					read.object();
					if (!read.take('WRITE') && !read.take('READ')) throw new Refused('it is not understood');
				} while (read.takeSign(','));
				return read.end();
			case 'UNLOCK':
				if (read.take('TABLES')) return read.end();
				break;
			case 'COMMIT':
				return read.end();
			case 'ALTER':
				if (read.take('DATABASE')) {
					read.database();
					return without(tokens, read.at);
				}
				if (!read.take('TABLE')) break;
				read.object();
				if (read.take('DISABLE', 'KEYS') || read.take('ENABLE', 'KEYS')) return read.end();
				break;
			case 'ANALYZE':
				if (!read.take('TABLE')) break;
				read.object();
				return without(tokens, read.at);
			case 'DO':
			case 'SELECT':
				// A sequence's place.
				if (!read.take('SETVAL') || !read.takeSign('(')) break;
				read.object();
				while (!read.over && !read.sign(')')) if (read.next()?.text === '(') throw new Refused('it is not understood');
				read.takeSign(')');
				return read.end();
		}
		throw new Refused('no dump holds it');
	}

	/** Null where it may run; else why not. `text` is the whole statement without its delimiter and without plain comments. */
	function whyNot(text: Buffer, at: Standing, what: (tokens: readonly SqlToken[]) => void): string | null {
		try {
			if (UNSAFE_CHARSETS.test(charset) && /[\x80-\xff][\\`]/.test(text.toString('latin1')))
				throw new Unreadable(`servers read its text in ${charset} otherwise than clients do`);
			const tokens = sqlTokens(text.toString('utf8'), at);
			if (tokens.some(({ upper, kind: of }) => of === 'word' && (upper.endsWith('DELIMITER') || upper.startsWith('$'))))
				throw new Unreadable('clients may take a word of it for a command of theirs');
			for (const reading of readings(tokens)) what(reading);
			return null;
		} catch (error) {
			if (error instanceof Refused || error instanceof Unreadable) return error.message;
			throw error;
		}
	}

	return {
		statement: (text: Buffer, at: Standing): string | null => whyNot(text, at, (tokens) => judgeOne(tokens, at)),
		/** The beginning of an INSERT up to its rows. */
		rows: (text: Buffer, at: Standing): string | null =>
			whyNot(text, at, (tokens) => {
				if (kind === 'accounts' || kind === 'post') throw new Refused('it brings rows');
				if (!at.backslashes) throw new Refused('its rows are written in a way that no dump has');
				const read = reader(tokens, database);
				if (!read.take('INSERT') && !read.take('REPLACE')) throw new Refused('it is not understood');
				for (const word of ['LOW_PRIORITY', 'DELAYED', 'IGNORE']) read.take(word);
				read.take('INTO');
				const table = read.object();
				if (triggered.has(table.toLowerCase())) throw new Refused('its rows would fire a trigger that stands before them');
				if (read.takeSign('(')) {
					do read.identifier();
					while (read.takeSign(','));
					if (!read.takeSign(')')) throw new Refused('its columns are not understood');
				}
				if (!read.take('VALUES')) throw new Refused('it is not understood');
				read.end();
			}),
	};
}

export type Judge = ReturnType<typeof createJudge>;
