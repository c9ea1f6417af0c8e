import { WriteStream } from 'node:tty';

/**
 * Whether text for this stream has colours. `auto`: where it is a terminal, or FORCE_COLOR says to treat it as one, and Node's own rules agree:
 * they know NO_COLOR, FORCE_COLOR, TERM and COLORTERM. Source: https://nodejs.org/api/tty.html#writestreamgetcolordepthenv
 */
export function wantsColor(
	when: 'auto' | 'always' | 'never' | undefined,
	out: { readonly isTTY?: boolean },
	env: NodeJS.ProcessEnv,
): boolean {
	if (when === 'always' || when === 'never') return when === 'always';
	// The method rests on nothing but `env`, so that it serves streams that are no terminals, too.
	return (out.isTTY === true || env.FORCE_COLOR !== undefined) && WriteStream.prototype.hasColors(env);
}
