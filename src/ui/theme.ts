import type { Text } from 'ink';
import { type ComponentProps, createContext, useContext } from 'react';
import { type Symbols, symbols } from '../core/format.ts';
import type { Tone } from '../render/page.ts';

type Styles = Pick<ComponentProps<typeof Text>, 'color' | 'dimColor' | 'bold' | 'inverse'>;

export type Theme = {
	readonly signs: Symbols;
	readonly ascii: boolean;
	readonly styles: (tone: Tone) => Styles;
	/** A badge's, the red line's or practice's look. */
	readonly inverse: (tone: 'good' | 'warn' | 'bad' | 'practice') => Styles;
};

const COLORS = { good: 'green', warn: 'yellow', bad: 'red', key: 'cyan', practice: 'magenta' } as const;

/** Sixteen ANSI colours only, so that the terminal's own theme applies. */
export function theme(options: { readonly ascii: boolean; readonly color: boolean }): Theme {
	const { ascii, color } = options;
	return {
		signs: symbols(ascii),
		ascii,
		styles: (tone) => {
			if (tone === 'plain') return {};
			if (tone === 'bold') return { bold: true };
			if (tone === 'dim') return { dimColor: true };
			return color ? { color: COLORS[tone] } : {};
		},
		inverse: (tone) => (color ? { inverse: true, bold: true, color: COLORS[tone] } : { inverse: true, bold: true }),
	};
}

export const ThemeContext = createContext<Theme>(theme({ ascii: false, color: true }));
export const useTheme = (): Theme => useContext(ThemeContext);
