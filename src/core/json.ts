/** What can be written to a journal and read back as it was. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json | undefined };

/**
 * A value as one line of JSON. Readers of lines, Node's own among them, also end a line at U+2028 and U+2029, which JSON leaves as they are and
 * which may be in any name of a server.
 */
export const jsonLine = (value: unknown): string =>
	`${JSON.stringify(value).replaceAll('\u2028', '\\u2028').replaceAll('\u2029', '\\u2029')}\n`;
