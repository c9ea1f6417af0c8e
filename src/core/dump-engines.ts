/** What reads a backup: our own connections, or the vendor's tool. Each is named in manifests, and a case in `runbooks/backup/plan-dump.ts`. */
export const DUMP_ENGINES = ['parallel', 'vendor'] as const;
export type DumpEngine = (typeof DUMP_ENGINES)[number];
