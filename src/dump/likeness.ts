import { createHash } from 'node:crypto';

/** What differs between two dumps of the same definitions: when they were made, and how far counters have come. */
const PASSING = /^-- (Dump completed|MariaDB dump|MySQL dump)|^(DO|SELECT) SETVAL\(/;
const COUNTER = / AUTO_INCREMENT=\d+/;

/**
 * Tells two dumps of definitions apart: the same text for the same definitions, whenever they were dumped. For dumps without rows: it reads
 * line by line.
 */
export function createLikeness() {
	const hash = createHash('sha256');
	let rest = '';
	const line = (text: string) => {
		if (!PASSING.test(text)) hash.update(`${text.replace(COUNTER, '')}\n`);
	};
	return {
		write(chunk: Uint8Array): void {
			// Byte by byte: a character may be cut in two by the end of a chunk.
			const lines = `${rest}${Buffer.from(chunk).toString('latin1')}`.split('\n');
			rest = lines.pop() ?? '';
			for (const each of lines) line(each);
		},
		/** To be called once. */
		end(): string {
			line(rest);
			return hash.digest('hex');
		},
	};
}
