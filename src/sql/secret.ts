import { inspect } from 'node:util';

/** What stands in every text for a secret, whatever its length. */
export const MASK = '********';

/**
 * A password as a type: printing it in any way gives {@link MASK}.
 * Only `server/` and `exec/` call {@link Secret.reveal}, at the moment they hand it on.
 */
export class Secret {
	readonly #value: string;

	constructor(value: string) {
		this.#value = value;
	}

	reveal(): string {
		return this.#value;
	}

	toString(): string {
		return MASK;
	}

	toJSON(): string {
		return MASK;
	}

	[inspect.custom](): string {
		return MASK;
	}
}
