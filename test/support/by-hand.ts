import type { Manifest } from '../../src/archive/manifest.ts';
import { byHand as mariadb } from '../../src/dialects/mariadb/by-hand.ts';
import { byHand as mysql } from '../../src/dialects/mysql/by-hand.ts';

/** What the vendor of a backup's server says to whoever restores it by hand. */
export const byHandOf = ({ server }: Pick<Manifest, 'server'>) => (server.flavor === 'mariadb' ? mariadb : mysql);
