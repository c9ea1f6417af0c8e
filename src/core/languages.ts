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
	/** Digest of the English texts that the Portuguese ones were last compared with: `digestOf` of `test/support/digest.ts`. */
	readonly compared: string;
};

/** The language that is asked for, else that of the account's locale, else English. `asked`: one of {@link LANGUAGES}. */
export function languageFrom(env: NodeJS.ProcessEnv, asked?: Language): Language {
	const locale = env.LC_ALL || env.LC_MESSAGES || env.LANG || '';
	return asked ?? (/^pt(?:[_.@-]|$)/i.test(locale) ? 'pt' : 'en');
}

/** The text with a value in the place of each `{name}`; a name without a value stays as it is. */
export const fill = (text: string, values: { readonly [name: string]: string | number }): string =>
	text.replace(/\{(\w+)\}/g, (whole, name: string) => (Object.hasOwn(values, name) ? String(values[name]) : whole));

/** Texts of a check or a lesson in both languages; `compared` as in {@link Translated}. */
export const translated = <const T extends Phrases>(en: T, pt: Same<T>, compared: string): Translated<T> => ({ en, pt, compared });
