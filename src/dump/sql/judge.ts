import type { FilePurpose } from '../../core/action.ts';
import { createSettings, Refused } from './judged-settings.ts';
import { readings, type SqlToken, sqlTokens, Unreadable } from './judged-tokens.ts';
import type { SqlMode } from './mode.ts';
import { isOneProgram } from './program.ts';
import { createTokenReader, type TokenReader } from './token-reader.ts';
import { tokensIn } from './tokens.ts';

const PROGRAMS = new Set(['LIBRARY', 'TRIGGER', 'PROCEDURE', 'FUNCTION', 'EVENT', 'PACKAGE', 'PACKAGE BODY']);
const DROPPED = new Set(['TABLE', 'VIEW', 'TRIGGER', 'PROCEDURE', 'FUNCTION', 'EVENT', 'SEQUENCE', 'PACKAGE', 'LIBRARY']);

/** How mariadb-dump's accounts give the role back that whoever loads them has: word for word, as the first of them runs what the second finds. */
const OWN_ROLE = new Set([
	"SELECT COALESCE ( CURRENT_ROLE ( ) , 'NONE' ) INTO @ CURRENT_ROLE",
	"EXECUTE IMMEDIATE CONCAT ( 'SET ROLE ' , @ CURRENT_ROLE )",
]);

type Reader = TokenReader<SqlToken> & {
	/** A name; throws Refused where none comes next. */
	name(): string;
	/** The name of an object, of the file's own database. */
	object(): string;
	database(): void;
	end(): void;
};

const NOT_UNDERSTOOD = 'it is not understood';

function readerOf(tokens: readonly SqlToken[], own: string | null): Reader {
	const read = createTokenReader(tokens);
	const name = (): string => {
		const taken = read.takeName();
		if (taken === null) throw new Refused('a name is missing');
		return taken;
	};
	const isOwn = (database: string) => own !== null && database.toLowerCase() === own.toLowerCase();
	const mustBeOwn = (database: string): void => {
		if (!isOwn(database)) throw new Refused(`it names the database ${database}`);
	};
	return Object.assign(read, {
		name,
		object(): string {
			const first = name();
			if (!read.takeSign('.')) return first;
			mustBeOwn(first);
			return name();
		},
		database: () => mustBeOwn(name()),
		end(): void {
			if (!read.isOver) throw new Refused('more stands behind it than belongs to it');
		},
	});
}

/** An account, as in DEFINER. */
function takeAccount(read: Reader): void {
	if (read.take('CURRENT_USER')) {
		if (read.takeSign('(') && !read.takeSign(')')) throw new Refused('its definer is not understood');
		return;
	}
	do {
		const token = read.next();
		if (token === undefined || token.kind === 'sign') throw new Refused('its definer is not understood');
	} while (read.takeSign('@'));
}

function mustHoldNo(tokens: readonly SqlToken[], from: number, ...words: readonly string[]): void {
	for (const token of tokens.slice(from)) {
		if (token.kind === 'sign' && token.text === ';') throw new Refused('another statement stands behind it');
		if (words.includes(token.upper)) throw new Refused(`it holds ${token.upper}`);
	}
}

/** What stands between CREATE and what is made. */
function takeAttributes(read: Reader): void {
	for (;;) {
		if (read.take('OR', 'REPLACE') || read.take('AGGREGATE')) continue;
		if (read.take('ALGORITHM') && read.takeSign('=')) read.name();
		else if (read.take('SQL', 'SECURITY')) read.name();
		else if (read.take('DEFINER') && read.takeSign('=')) takeAccount(read);
		else return;
	}
}

function takeKind(read: Reader): string {
	const word = read.next()?.upper ?? '';
	if (word === 'PACKAGE' && read.take('BODY')) return 'PACKAGE BODY';
	return word === 'SCHEMA' ? 'DATABASE' : word;
}

/** What a definition of these must not hold. */
const FORBIDDEN: Readonly<Record<string, readonly string[]>> = {
	TABLE: ['SELECT', 'LIKE'],
	VIEW: ['OUTFILE', 'DUMPFILE'],
	SEQUENCE: [],
	DATABASE: [],
};

function judgeRemoval(read: Reader): void {
	const what = read.next()?.upper ?? '';
	if (what === 'PACKAGE') read.take('BODY');
	if (!DROPPED.has(what) || !read.take('IF', 'EXISTS')) throw new Refused('it drops more than objects of its own that may be in the way');
	do read.object();
	while (read.takeSign(','));
	read.end();
}

function judgeLocks(read: Reader): void {
	do {
		read.object();
		if (!read.take('WRITE') && !read.take('READ')) throw new Refused(NOT_UNDERSTOOD);
	} while (read.takeSign(','));
	read.end();
}

/** A sequence's place. */
function judgePlace(read: Reader): void {
	if (!read.takeSign('(')) throw new Refused(NOT_UNDERSTOOD);
	read.object();
	while (!read.isOver && !read.isSign(')')) if (read.next()?.text === '(') throw new Refused(NOT_UNDERSTOOD);
	read.takeSign(')');
	read.end();
}

/** In brackets, where there are any. */
function takeColumns(read: Reader): void {
	if (!read.takeSign('(')) return;
	do read.name();
	while (read.takeSign(','));
	if (!read.takeSign(')')) throw new Refused('its columns are not understood');
}

/** The keys of a table are left for later, or made. */
function takeKeySwitch(read: Reader): void {
	read.object();
	if (!read.take('DISABLE', 'KEYS') && !read.take('ENABLE', 'KEYS')) throw new Refused('no dump holds it');
}

/** A statement that is at its end behind that. */
const only = (take: (read: Reader) => void) => (read: Reader) => {
	take(read);
	read.end();
};

/** A statement behind which no other begins. */
const onlyNoMore = (take: (read: Reader) => void) => (read: Reader, tokens: readonly SqlToken[]) => {
	take(read);
	mustHoldNo(tokens, read.at);
};

const ACCOUNT_WORDS = [
	...[
		'CREATE USER',
		'CREATE ROLE',
		'CREATE OR REPLACE USER',
		'CREATE OR REPLACE ROLE',
		'ALTER USER',
		'ALTER ROLE',
		'DROP USER',
		'DROP ROLE',
	],
	...['SET ROLE', 'SET DEFAULT ROLE', 'GRANT', 'REVOKE', 'FLUSH PRIVILEGES'],
].map((words) => words.split(' '));

function judgeAccounts(read: Reader, tokens: readonly SqlToken[]): void {
	if (OWN_ROLE.has(tokens.map(({ kind, text, upper }) => (kind === 'word' ? upper : text)).join(' '))) return;
	if (!ACCOUNT_WORDS.some((words) => read.take(...words))) throw new Refused('it is not about accounts');
	mustHoldNo(tokens, 0);
}

/**
 * Judges the statements of a file of a backup before a client runs them: only what a dump of one database, or of accounts, is made of. The
 * folder may have been changed by anybody who could also redo its checksums.
 */
export function createJudge({ kind, database }: FilePurpose) {
	/** Of tables whose rows would fire a trigger of this file. */
	const triggered = new Set<string>();
	const settings = createSettings();

	function judgeCreation(read: Reader, tokens: readonly SqlToken[], { oracle }: SqlMode): void {
		takeAttributes(read);
		const what = takeKind(read);
		if (!PROGRAMS.has(what) && FORBIDDEN[what] === undefined)
			throw new Refused(`it makes a ${what.toLowerCase() || 'thing that is not known'}`);
		read.take('IF', 'NOT', 'EXISTS');
		if (what === 'DATABASE') read.database();
		else read.object();
		const forbidden = FORBIDDEN[what];
		if (forbidden === undefined) judgeProgram(read, tokens, { what, isOracle: oracle });
		else mustHoldNo(tokens, read.at, ...forbidden);
	}

	function judgeProgram(read: Reader, tokens: readonly SqlToken[], { what, isOracle }: { what: string; isOracle: boolean }): void {
		if (what === 'TRIGGER') {
			const on = tokens.findIndex((token, at) => at >= read.at && token.upper === 'ON');
			while (on >= 0 && read.at <= on) read.next();
			triggered.add(read.object().toLowerCase());
		}
		if (tokens.some((token) => token.upper === 'SONAME')) throw new Refused('it loads a library into the server');
		if (!isOneProgram(tokens, read.at, what, isOracle)) throw new Refused('another statement may stand behind the program that it makes');
	}

	/** All that a dump of a database is made of, but for SET and rows: how each begins, and what is judged of the rest. */
	const STATEMENTS: readonly (readonly [words: string, judge: (read: Reader, tokens: readonly SqlToken[], mode: SqlMode) => void])[] = [
		['USE', only((read) => read.database())],
		['CREATE', judgeCreation],
		['DROP', judgeRemoval],
		['LOCK TABLES', judgeLocks],
		['UNLOCK TABLES', only(() => undefined)],
		['COMMIT', only(() => undefined)],
		['ALTER DATABASE', onlyNoMore((read) => read.database())],
		['ALTER TABLE', only(takeKeySwitch)],
		['ANALYZE TABLE', onlyNoMore((read) => read.object())],
		['DO SETVAL', judgePlace],
		['SELECT SETVAL', judgePlace],
	];

	function judgeOne(tokens: readonly SqlToken[], mode: SqlMode): void {
		const read = readerOf(tokens, database);
		if (read.isOver) return;
		if (read.upper() === 'SET' && !['ROLE', 'DEFAULT'].includes(read.upper(1))) {
			read.take('SET');
			settings.judge(read, mode);
			read.end();
		} else if (kind === 'accounts') judgeAccounts(read, tokens);
		else {
			const known = STATEMENTS.find(([words]) => read.take(...words.split(' ')));
			if (known === undefined) throw new Refused('no dump holds it');
			known[1](read, tokens, mode);
		}
	}

	/** The beginning of an INSERT up to its rows. */
	function judgeRows(tokens: readonly SqlToken[], mode: SqlMode): void {
		if (kind === 'accounts' || kind === 'post') throw new Refused('it brings rows');
		if (!mode.backslashes || !settings.isModeKnown || settings.isUnsafeForRows)
			throw new Refused('its rows are written in a way that no dump has');
		const read = readerOf(tokens, database);
		if (!read.take('INSERT') && !read.take('REPLACE')) throw new Refused(NOT_UNDERSTOOD);
		for (const word of ['LOW_PRIORITY', 'DELAYED', 'IGNORE']) read.take(word);
		read.take('INTO');
		if (triggered.has(read.object().toLowerCase())) throw new Refused('its rows would fire a trigger that stands before them');
		takeColumns(read);
		if (!read.take('VALUES')) throw new Refused(NOT_UNDERSTOOD);
		read.end();
	}

	function readable(text: Buffer, mode: SqlMode): readonly SqlToken[] {
		if (settings.isUnsafe(text)) throw new Unreadable('servers read its text in its character set otherwise than clients do');
		if (kind !== 'accounts' && !settings.isModeKnown && /[\\"]/.test(text.toString('latin1')))
			throw new Unreadable('how a server reads its quotes is not known, as no sql_mode is set before it');
		const { blank } = settings;
		// As bytes: what is no UTF-8 would be another sign.
		for (const token of blank === null ? [] : tokensIn(text.toString('latin1'), mode))
			if (token.kind === 'word' && token.text.includes(blank ?? '')) throw new Unreadable('a blank of its character set stands in a word');
		const tokens = sqlTokens(text.toString('utf8'), mode);
		if (tokens.some(({ upper }) => upper.endsWith('DELIMITER') || upper.startsWith('$')))
			throw new Unreadable('clients may take a word of it for a command of theirs');
		return tokens;
	}

	/** Null where it may run; else why not. `text` is the whole statement without its delimiter and without plain comments. */
	function whyNot(text: Buffer, mode: SqlMode, judge: (tokens: readonly SqlToken[], mode: SqlMode) => void): string | null {
		try {
			for (const reading of readings(readable(text, mode))) judge(reading, mode);
			return null;
		} catch (error) {
			if (error instanceof Refused || error instanceof Unreadable) return error.message;
			throw error;
		}
	}

	return {
		statement: (text: Buffer, mode: SqlMode): string | null => whyNot(text, mode, judgeOne),
		/** The beginning of an INSERT up to its rows. */
		rows: (text: Buffer, mode: SqlMode): string | null => whyNot(text, mode, judgeRows),
	};
}
