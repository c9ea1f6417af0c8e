export const on = (value: string | null | undefined): boolean => /^(1|ON|YES)$/i.test(value ?? '');

/** Every transaction has a GTID, and one that could not have one is refused. */
export const gtidOn = (mode: string | null | undefined, consistency: string | null | undefined): boolean =>
	/^ON$/i.test(mode ?? '') && on(consistency);
