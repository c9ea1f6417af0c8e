import { createHash } from 'node:crypto';

/** The languages that texts are written in: English and Brazilian Portuguese. */
export const LANGUAGES = ['en', 'pt'] as const;
export type Language = (typeof LANGUAGES)[number];

/** Texts by their names; `{name}` in one stands for a value, see {@link fill}. */
export type Phrases = { readonly [name: string]: string | readonly string[] };

type Same<T extends Phrases> = { readonly [K in keyof T]: T[K] extends string ? string : readonly string[] };

/** The same texts in every language. */
export type Translated<T extends Phrases = Phrases> = {
	readonly en: T;
	readonly pt: Same<T>;
	/** {@link digestOf} the English texts that the Portuguese ones were last compared with. */
	readonly compared: string;
};

/** Eight hexadecimal digits that change with any of the texts. */
export const digestOf = (texts: Phrases): string => createHash('sha256').update(JSON.stringify(texts)).digest('hex').slice(0, 8);

/** The language that is asked for, else that of the account's locale, else English. `asked`: one of {@link LANGUAGES}. */
export function languageFrom(env: NodeJS.ProcessEnv, asked?: Language): Language {
	const locale = env.LC_ALL || env.LC_MESSAGES || env.LANG || '';
	return asked ?? (/^pt(?:[_.@-]|$)/i.test(locale) ? 'pt' : 'en');
}

/** The text with a value in the place of each `{name}`; a name without a value stays as it is. */
export const fill = (text: string, values: { readonly [name: string]: string | number }): string =>
	text.replace(/\{(\w+)\}/g, (whole, name: string) => (Object.hasOwn(values, name) ? String(values[name]) : whole));

/** Texts of a check or a lesson in both languages; `compared`: {@link digestOf} the English ones when the Portuguese ones were last compared. */
export const translated = <const T extends Phrases>(en: T, pt: Same<T>, compared: string): Translated<T> => ({ en, pt, compared });
