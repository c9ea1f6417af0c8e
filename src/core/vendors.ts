/** Whose servers lockstep knows: each has a dialect (`dialects/`), a family of sandboxes (`sandbox/family.ts`), and is named in manifests. */
export const VENDORS = ['mariadb', 'mysql'] as const;
export type Vendor = (typeof VENDORS)[number];

/** As it writes itself. */
export const VENDOR_NAMES: Readonly<Record<Vendor, string>> = { mariadb: 'MariaDB', mysql: 'MySQL' };
