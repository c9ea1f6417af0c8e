import { Text as InkText, type TextProps } from 'ink';
import { Children } from 'react';
import { harmless } from '../../render/width.ts';

/** Text on a screen: names of servers and words of tools may be anything, and the terminal obeys none of them. */
export function Text({ children, ...props }: TextProps) {
	return (
		<InkText {...props}>
			{typeof children === 'string'
				? harmless(children)
				: Children.map(children, (each) => (typeof each === 'string' ? harmless(each) : each))}
		</InkText>
	);
}
