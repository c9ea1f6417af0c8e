import type { SqlToken } from './judged-tokens.ts';

const CASE_IN_EXPRESSION = 'CASE';
/** Between a routine's parameters and its body. */
const CHARACTERISTICS = new Set(
	'LANGUAGE SQL NOT DETERMINISTIC CONTAINS NO READS DATA MODIFIES SECURITY DEFINER INVOKER UNSIGNED SIGNED ZEROFILL BINARY ASCII UNICODE BYTE PRECISION VARYING'.split(
		' ',
	),
);

/** The program cannot be followed to its end. */
class Lost extends Error {}

/**
 * Whether what begins at `from`, behind the name of a trigger, routine, event or package, is one program to the last token. A client sends it
 * with all its semicolons, and a server runs what stands behind the program's end as statements of their own.
 */
export function isOneProgram(tokens: readonly SqlToken[], from: number, kind: string, oracle: boolean): boolean {
	if (!tokens.some((token, at) => at >= from && isSign(token, ';'))) return true;
	try {
		const reader = programReader(tokens, oracle);
		let at = reader.body(from, kind);
		while (at < tokens.length && isSign(tokens[at], ';')) at++;
		return at === tokens.length;
	} catch (error) {
		if (error instanceof Lost) return false;
		throw error;
	}
}

const isSign = (token: SqlToken | undefined, sign: string): boolean => token?.kind === 'sign' && token.text === sign;

function programReader(tokens: readonly SqlToken[], oracle: boolean) {
	const word = (at: number): string => tokens[at]?.upper ?? '';
	const sign = (at: number, text: string): boolean => isSign(tokens[at], text);
	const isName = (at: number): boolean => tokens[at]?.kind === 'word' || tokens[at]?.kind === 'name';
	const expect = (at: number, text: string): number => {
		if (word(at) !== text) throw new Lost();
		return at + 1;
	};

	/** Behind the bracket that closes the one at `at`. */
	function brackets(at: number): number {
		let depth = 0;
		for (let i = at; i < tokens.length; i++) {
			if (sign(i, '(')) depth++;
			if (sign(i, ')') && --depth === 0) return i + 1;
		}
		throw new Lost();
	}

	/** Behind the first of these words that stands in no brackets and in no CASE of an expression. */
	function skipWords(from: number, ...words: readonly string[]): number {
		let cases = 0;
		for (let at = from; at < tokens.length; at++) {
			if (sign(at, '(')) at = brackets(at) - 1;
			else if (sign(at, ';')) break;
			else if (cases === 0 && words.includes(word(at))) return at + 1;
			else if (word(at) === CASE_IN_EXPRESSION) cases++;
			else if (word(at) === 'END' && cases > 0) cases--;
		}
		throw new Lost();
	}

	/** Statements, each with its semicolon, up to one of these words. */
	function list(from: number, ...ends: readonly string[]): number {
		let at = from;
		while (!ends.includes(word(at))) {
			at = statement(at);
			if (!sign(at, ';')) throw new Lost();
			at++;
		}
		return at;
	}

	const label = (at: number): number => (isName(at) ? at + 1 : at);

	function block(from: number): number {
		let at = list(from, 'END', 'EXCEPTION');
		if (word(at) === 'EXCEPTION') {
			at++;
			while (word(at) === 'WHEN') at = list(skipWords(at + 1, 'THEN'), 'WHEN', 'END');
		}
		return label(expect(at, 'END'));
	}

	function conditional(from: number): number {
		let at = list(skipWords(from, 'THEN'), 'ELSEIF', 'ELSIF', 'ELSE', 'END');
		while (word(at) === 'ELSEIF' || word(at) === 'ELSIF') at = list(skipWords(at + 1, 'THEN'), 'ELSEIF', 'ELSIF', 'ELSE', 'END');
		if (word(at) === 'ELSE') at = list(at + 1, 'END');
		return expect(expect(at, 'END'), 'IF');
	}

	function choice(from: number): number {
		let at = skipWords(from, 'WHEN') - 1;
		while (word(at) === 'WHEN') at = list(skipWords(at + 1, 'THEN'), 'WHEN', 'ELSE', 'END');
		if (word(at) === 'ELSE') at = list(at + 1, 'END');
		return expect(expect(at, 'END'), 'CASE');
	}

	const loop = (from: number, kind: string): number => label(expect(expect(list(from, 'END'), 'END'), kind));

	function simple(from: number): number {
		for (let at = from; ; at++) {
			if (at >= tokens.length || sign(at, ';')) {
				if (at === from) throw new Lost();
				return at;
			}
			if (sign(at, '(')) at = brackets(at) - 1;
		}
	}

	function handler(from: number): number {
		for (let at = from; ; ) {
			if (word(at) === 'NOT') at += 2;
			else if (word(at) === 'SQLSTATE') at += word(at + 1) === 'VALUE' ? 3 : 2;
			else at++;
			if (!sign(at, ',')) return statement(at);
			at++;
		}
	}

	/** Behind the label before a statement. */
	function labelled(from: number): number {
		const at = isName(from) && sign(from + 1, ':') && !sign(from + 2, '=') ? from + 2 : from;
		return oracle && sign(at, '<') && sign(at + 1, '<') ? at + 5 : at;
	}

	/** A loop with its condition, behind the word that it begins with. */
	const conditionalLoop = (from: number, kind: string): number =>
		oracle ? loop(skipWords(from, 'LOOP'), 'LOOP') : loop(skipWords(from, 'DO'), kind);

	function declaration(at: number): number {
		if (word(at + 2) === 'HANDLER') return handler(expect(at + 3, 'FOR'));
		return oracle ? block(expect(list(at + 1, 'BEGIN'), 'BEGIN')) : simple(at);
	}

	function statement(from: number): number {
		const at = labelled(from);
		switch (word(at)) {
			case 'BEGIN':
				return block(word(at + 1) === 'NOT' && word(at + 2) === 'ATOMIC' ? at + 3 : at + 1);
			case 'IF':
				return conditional(at + 1);
			case 'CASE':
				return choice(at + 1);
			case 'LOOP':
				return loop(at + 1, 'LOOP');
			case 'WHILE':
			case 'FOR':
				return conditionalLoop(at + 1, word(at));
			case 'REPEAT':
				return label(expect(skipWords(list(at + 1, 'UNTIL') + 1, 'END'), 'REPEAT'));
			case 'DECLARE':
				return declaration(at);
			default:
				return simple(at);
		}
	}

	/** Declarations and a block, behind AS or IS of Oracle's mode. */
	const oracleBody = (from: number): number => block(expect(list(from, 'BEGIN'), 'BEGIN'));

	/** Declared only, or with its body. */
	function packageRoutine(from: number): number {
		let end = from;
		while (end < tokens.length && !sign(end, ';') && word(end) !== 'AS' && word(end) !== 'IS')
			end = sign(end, '(') ? brackets(end) : end + 1;
		return sign(end, ';') ? simple(from) : oracleBody(end + 1);
	}

	function packageBody(from: number): number {
		let at = from;
		while (word(at) !== 'END' && word(at) !== 'BEGIN') {
			at = word(at) === 'PROCEDURE' || word(at) === 'FUNCTION' ? packageRoutine(at) : simple(at);
			if (!sign(at, ';')) throw new Lost();
			at++;
		}
		return word(at) === 'BEGIN' ? block(at + 1) : label(expect(at, 'END'));
	}

	/** Behind the type of what a function returns. */
	function type(from: number): number {
		let at = from;
		for (;;) {
			if (sign(at, '.') || (word(at) === 'OF' && word(at - 1) === 'TYPE')) at += 2;
			else if (word(at) === 'TYPE' && word(at - 1) === 'ROW') at++;
			else return sign(at, '(') ? brackets(at) : at;
		}
	}

	function characteristics(from: number): number {
		let at = from;
		for (;;) {
			if (['CHARSET', 'COLLATE', 'COMMENT'].includes(word(at))) at += 2;
			else if (word(at) === 'CHARACTER' && word(at + 1) === 'SET') at += 3;
			else if (CHARACTERISTICS.has(word(at))) at++;
			else return at;
		}
	}

	/** Through the body of a routine: behind its parameters, type and characteristics. */
	function routine(from: number): number {
		const behind = sign(from, '(') ? brackets(from) : from;
		const isFunction = word(behind) === 'RETURNS' || word(behind) === 'RETURN';
		const at = characteristics(isFunction ? type(behind + 2) : behind);
		return oracle && (word(at) === 'AS' || word(at) === 'IS') ? oracleBody(at + 1) : statement(at);
	}

	return {
		body(from: number, kind: string): number {
			if (kind === 'PROCEDURE' || kind === 'FUNCTION') return routine(from);
			if (kind === 'EVENT') return statement(skipWords(from, 'DO'));
			if (kind === 'TRIGGER') {
				let at = skipWords(from, 'ROW');
				if (word(at) === 'FOLLOWS' || word(at) === 'PRECEDES') at += 2;
				return statement(at);
			}
			const at = skipWords(from, 'AS', 'IS');
			return kind === 'PACKAGE' ? label(expect(list(at, 'END'), 'END')) : packageBody(at);
		},
	};
}
