import type { Mode } from './mode.ts';

const SOON_MS = 1000;

interface Reader {
	readonly flags: { readonly json?: boolean; readonly quiet?: boolean };
	readonly mode: Mode;
	readonly stderr: Pick<NodeJS.WriteStream, 'isTTY' | 'write'>;
}

/** Says that a server is being connected to where that takes longer than a second and a person reads along; until it is disposed of. */
export const connectingNotice =
	({ flags, mode, stderr }: Reader) =>
	(server: string): Disposable => {
		const isRead = !flags.quiet && !flags.json && (stderr.isTTY || mode === 'plain');
		const timer = isRead ? setTimeout(() => stderr.write(`Connecting to ${server} …\n`), SOON_MS) : undefined;
		return { [Symbol.dispose]: () => clearTimeout(timer) };
	};
