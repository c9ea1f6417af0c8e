import type { Piece } from './split.ts';
import { createTokenReader, readableTokens } from './token-reader.ts';

export type DefinerContext = {
	/** What may go on now that this piece, which is wanted, has come. */
	pass(piece: Piece): readonly Piece[];
	/** What was waiting at the end. */
	end(): readonly Piece[];
	readonly isWaiting: boolean;
};

/**
 * The vendors' tools give a database another collation around a trigger or a routine that was made under it, and then the one that it had when
 * it was dumped. Where the object is left out its database, which may have changed since, must be left alone: so the first of the two waits,
 * with the settings that follow, until what it is there for comes.
 */
export function createDefinerContext(): DefinerContext {
	let held: Piece[] | null = null;
	let isAltered = false;
	const release = () => {
		const settings = held?.slice(1) ?? [];
		held = null;
		return settings;
	};
	return {
		pass(piece) {
			const read = createTokenReader(readableTokens(piece.text.toString(), piece.mode));
			if (piece.kind === 'statement' && read.take('ALTER', 'DATABASE')) {
				if (held !== null) return release();
				if (!isAltered) {
					held = [piece];
					return [];
				}
				isAltered = false;
				return [piece];
			}
			if (held === null) return [piece];
			held.push(piece);
			if (piece.kind !== 'statement' || read.isOver || read.take('SET')) return [];
			const all = held;
			held = null;
			isAltered = true;
			return all;
		},
		end: release,
		get isWaiting() {
			return held !== null;
		},
	};
}
