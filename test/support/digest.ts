import { createHash } from 'node:crypto';
import type { Phrases } from '../../src/core/languages.ts';

/** Eight hexadecimal digits that change with any of the texts. */
export const digestOf = (texts: Phrases): string => createHash('sha256').update(JSON.stringify(texts)).digest('hex').slice(0, 8);
