/** What of the sql_mode changes how SQL is read. */
export type SqlMode = {
	/** Whether a backslash escapes in quotes. */
	readonly backslashes: boolean;
	/** Whether double quotes are those of names. */
	readonly ansiQuotes: boolean;
	/** Whether programs are written in Oracle's way. */
	readonly oracle: boolean;
};

/** Until a dump sets another. */
export const DEFAULT_MODE: SqlMode = { backslashes: true, ansiQuotes: false, oracle: false };

/** What sets ANSI_QUOTES as well. */
const ANSI = new Set(['ANSI_QUOTES', 'ANSI', 'ORACLE', 'DB2', 'MAXDB', 'MSSQL', 'POSTGRESQL']);

/** By the names in a sql_mode, as they were written. */
export function sqlModeOf(names: readonly string[]): SqlMode {
	const modes = names.map((name) => name.trim().toUpperCase());
	return {
		backslashes: !modes.includes('NO_BACKSLASH_ESCAPES'),
		ansiQuotes: modes.some((mode) => ANSI.has(mode)),
		oracle: modes.includes('ORACLE'),
	};
}
